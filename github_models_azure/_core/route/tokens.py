"""How many tokens a text has, by its characters: no tokenizer is loaded for an estimate."""

from __future__ import annotations

MESSAGE_OVERHEAD = 4
"""Tokens that the role and the separators of one chat message cost, on top of its text."""

_WHITESPACE = (" ", "\n", "\t")


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
    if text.isascii():
        return -(-_ascii_quarters(text, len(text)) // 4)
    length = len(text)
    plain = len(text.encode("ascii", "ignore"))
    # Lone surrogates reach a prompt through JSON escapes; they must not end in an exception.
    encoded = len(text.encode("utf-8", "surrogatepass"))
    beyond = (encoded - plain) - (length - plain)  # half tokens: bytes after each first one
    return -(-(_ascii_quarters(text, plain) + 2 * beyond) // 4)


def _ascii_quarters(text: str, length: int) -> int:
    """Return the tokens of the ASCII part, in quarters, so that all sums stay integers."""
    spaces = sum(map(text.count, _WHITESPACE))
    return max(length, 2 * length - 16 * spaces)
