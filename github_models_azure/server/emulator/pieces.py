"""Cut text into token-like pieces: the unit of usage, of limits and of streamed deltas."""

from __future__ import annotations

import re

# Up to six letters with the space before them, or one punctuation mark: about four characters of
# English a piece, which is what the real tokenizers average.
_PIECE = re.compile(r"\s?(?:\w{1,6}|[^\w\s])|\s+")


def split_pieces(text: str) -> tuple[str, ...]:
    """Return the pieces of ``text``; joined again they are the same text."""
    return tuple(_PIECE.findall(text))


def count_pieces(text: str) -> int:
    """Return how many pieces, that is emulated tokens, ``text`` has."""
    return sum(1 for _ in _PIECE.finditer(text))
