"""Local servers: the emulator of GitHub Models, and what it shares with other local servers."""
