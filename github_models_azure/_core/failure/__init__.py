"""What to do about it: failure kinds, classification, error bodies, reset times."""
