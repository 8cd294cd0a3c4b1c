"""Quotas counted in one file, for all processes of a user on this machine."""
