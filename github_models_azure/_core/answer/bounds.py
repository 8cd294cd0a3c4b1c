"""How large what a server sends may be, after decompression."""

from __future__ import annotations

from dataclasses import dataclass

_MB = 1024 * 1024
ANSWER_BYTES, VECTORS_BYTES = 64 * _MB, 256 * _MB
EVENT_BYTES, ERROR_BYTES = 16 * _MB, _MB


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most bytes of a whole answer, of one event of a stream, and of an error.

    What an answer grows beyond is not read. Of an error the first bytes are kept and judged.
    """

    answer: int = ANSWER_BYTES
    event: int = EVENT_BYTES
    error: int = ERROR_BYTES


USUAL = Bounds()


def told_size(most: int) -> str:
    """Say that an answer is too large, and which option allows a larger one."""
    return f"the answer is larger than {most:,} bytes (max_answer_bytes)"


def told_ahead(most: int) -> str:
    """Say that a stream brings many events and no content."""
    return f"no content among the first {most:,} bytes of a stream (max_answer_bytes)"
