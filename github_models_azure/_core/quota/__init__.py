"""What a quota allows: windows, what was counted in them, who goes next, and when."""
