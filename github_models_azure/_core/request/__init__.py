"""What to send: a request fitted to the dialect of its target, and repaired."""
