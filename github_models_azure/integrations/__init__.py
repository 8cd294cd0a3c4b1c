"""Connectors to frameworks; each module needs the extra of its name and loads on import."""
