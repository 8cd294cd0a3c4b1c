"""Memories that callers and servers fill, bounded by the bytes of what they are kept under."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

LONGEST_NAME = 500
"""Characters of a model's name; what is longer is no name, and nothing is kept under it."""

LONGEST_URL = 2000
"""Characters of a URL that is remembered with what it leads to."""

KEPT_BYTES = 2 * 1024 * 1024
ENTRY_BYTES = 512  # of an entry, beside its key

T = TypeVar("T")


class Bounded(Generic[T]):
    """Keeps values by key, the latest ones if there is no room for all.

    :param most: bytes of all keys and entries.
    """

    __slots__ = ("_most", "_sizes", "_values", "size")

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._values: dict[str, T] = {}
        self._sizes: dict[str, int] = {}
        self._most, self.size = most, 0

    def get(self, key: str) -> T | None:
        """Return a value; ``None`` if it is not kept."""
        return self._values.get(key)

    def put(self, key: str, value: T, size: int = 0) -> None:
        """Keep a value, and drop the oldest ones beyond the bound.

        :param size: bytes of the value, if that is much.
        """
        self.pop(key)
        size += len(key) + ENTRY_BYTES
        if size > self._most:
            return
        self._values[key], self._sizes[key] = value, size
        self.size += size
        while self.size > self._most:
            self.pop(next(iter(self._values)))

    def pop(self, key: str) -> T | None:
        """Drop a value and return it; ``None`` if it is not kept."""
        self.size -= self._sizes.pop(key, 0)
        return self._values.pop(key, None)

    def clear(self) -> None:
        """Keep nothing."""
        self._values.clear()
        self._sizes.clear()
        self.size = 0

    def items(self) -> Iterator[tuple[str, T]]:
        """Iterate over what is kept, the oldest first."""
        return iter(list(self._values.items()))

    def __len__(self) -> int:
        return len(self._values)
