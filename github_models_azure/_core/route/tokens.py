"""How many tokens a text has: by an estimate, or by a tokenizer of any common form."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Protocol, SupportsIndex, runtime_checkable

TokenCounter = Callable[[str], int]


@runtime_checkable
class Encoder(Protocol):
    """An object whose ``encode`` makes tokens of a text, as those of tiktoken and Hugging Face."""

    def encode(self, text: str, /) -> Sized:
        """Return the tokens of a text."""


Tokenizer = Callable[[str], SupportsIndex | Sized] | Encoder
"""What counts tokens: a function from a text to their number, or to the tokens; an encoder."""


def estimate_text(text: str) -> int:
    """Estimate how many tokens a text has, rather too many than far too few.

    Four ASCII characters count as a token where white space separates words, as in prose and
    source code. The rarer white space is, the more that falls, down to two characters (minified
    JSON, long identifiers, base64; random base64 can still have 1.5 times the estimate). Beyond
    ASCII a character counts by its length in UTF-8: half a token for two bytes (accented Latin,
    Cyrillic, Greek, Arabic), one for three (Chinese, Japanese, Korean, Thai, Devanagari), one and
    a half for four (emoji). Only an empty text has no tokens. The estimate for two texts together
    is never above the sum of their estimates.

    A tokenizer, any callable from a text to a count, may take this function's place wherever a
    counter is accepted.
    """
    return _tokens(*_parts(text))


def _parts(text: str) -> tuple[int, int, int]:
    """Return the ASCII characters, the white space among them, and the half tokens beyond."""
    spaces = text.count(" ") + text.count("\n") + text.count("\t")
    length = len(text)
    if text.isascii():
        return length, spaces, 0
    plain = len(text.encode("ascii", "ignore"))
    # Lone surrogates reach a prompt through JSON escapes; they must not end in an exception.
    encoded = len(text.encode("utf-8", "surrogatepass"))
    return plain, spaces, (encoded - plain) - (length - plain)  # bytes after each first one


def _tokens(plain: int, spaces: int, beyond: int) -> int:
    # Counted in quarters, so that all sums stay integers.
    return -(-(max(plain, 2 * plain - 16 * spaces) + 2 * beyond) // 4)


@dataclass(slots=True)
class Tally:
    """Estimates a text that comes in pieces without keeping one: as if it had come whole."""

    _plain: int = 0
    _spaces: int = 0
    _beyond: int = 0

    def add(self, piece: str) -> None:
        """Add the next piece of the text."""
        plain, spaces, beyond = _parts(piece)
        self._plain += plain
        self._spaces += spaces
        self._beyond += beyond

    def tokens(self) -> int:
        """Return the estimate for all pieces together."""
        return _tokens(self._plain, self._spaces, self._beyond)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts by a function that returns the number of tokens, or the tokens."""

    function: Callable[[str], object]

    def __call__(self, text: str) -> int:
        """Return how many tokens a text has.

        :raises TypeError: if the function returns neither a count nor tokens.
        """
        found = self.function(text)
        if isinstance(found, Sized):  # first, for an array of numbers has an __index__ too
            return len(found)
        if isinstance(found, SupportsIndex):
            return found.__index__()
        raise TypeError(
            f"The tokenizer returned {found!r:.80} for a text; make it return the number of "
            "tokens, or a list of them."
        )


def counter_of(tokenizer: object = None) -> TokenCounter:
    """Return the counter that a tokenizer is; the estimate for ``None``.

    :raises TypeError: for what is neither a function nor an object with ``encode``.
    """
    if tokenizer is None or tokenizer is estimate_text:
        return estimate_text
    if isinstance(tokenizer, Counter):
        return tokenizer
    # Tokenizers of Hugging Face can be called as well, and then return a dictionary.
    function = getattr(tokenizer, "encode", tokenizer)
    if isinstance(tokenizer, str | bytes) or not callable(function):
        raise TypeError(
            f"tokenizer is a function from a text to its tokens, not {tokenizer!r:.80}. "
            "An object with encode() serves too, such as an encoding of tiktoken."
        )
    return Counter(function)
