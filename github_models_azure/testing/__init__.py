"""For the tests of code that uses the clients: clocks that shorten waits."""

from .clocks import FastClock, ManualClock

__all__ = ["FastClock", "ManualClock"]
