"""Credentials: GitHub's token, stored keys, Entra, and checks of all of them."""
