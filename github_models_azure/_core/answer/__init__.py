"""What came: an answer in one form, whole or streamed, and what it says."""
