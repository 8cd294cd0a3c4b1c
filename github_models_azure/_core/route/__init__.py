"""Whom to ask: the needs of a request, the plan of a call, cooldowns."""
