"""The end of a match that has met every case."""

from __future__ import annotations

from typing import NoReturn


def assert_never(value: NoReturn, /) -> NoReturn:
    """Fail for a value that the type checker takes to be impossible.

    ``typing.assert_never``, which Python 3.10 does not have.
    """
    raise AssertionError(f"unexpected: {value!r}")
