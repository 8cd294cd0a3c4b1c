"""The end of a ``match`` that must be complete; ``typing`` has one from Python 3.11 on."""

from __future__ import annotations

from typing import NoReturn


def assert_never(value: NoReturn, /) -> NoReturn:
    """Fail at a value that no case took; type checkers find it before it happens."""
    raise AssertionError(f"unexpected: {value!r}")
