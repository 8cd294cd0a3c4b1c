"""What an exception was caused by, in every way in which the transports' libraries keep that."""

from __future__ import annotations

from collections.abc import Iterator


def causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception and all that it was caused by, itself first, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None)]
        waiting += [getattr(found, "inner_exception", None), getattr(found, "os_error", None)]
        waiting += [argument for argument in found.args if isinstance(argument, BaseException)]
