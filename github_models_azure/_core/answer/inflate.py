"""Undoing ``Content-Encoding`` in small pieces: a bomb is noticed before it is in memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

ACCEPTED = "gzip, deflate"
"""What is asked for: the libraries' other codings are not decoded in small pieces everywhere."""

_PIECE = 65536
_MOST_CODINGS = 2  # each multiplies by up to a thousand
_GZIP = frozenset({"gzip", "x-gzip"})
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class CodingError(ValueError):
    """A body comes in a coding that was not asked for."""


class Inflater:
    """Decodes a body as it arrives.

    :param codings: the value of ``Content-Encoding``.
    :raises CodingError: for codings that are not among :data:`ACCEPTED`.
    """

    __slots__ = ("_stages",)

    def __init__(self, codings: str | None) -> None:
        names = [name.strip() for name in (codings or "").lower().split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > _MOST_CODINGS or not set(names) <= _GZIP | {"deflate"}:
            raise CodingError(
                f"the answer's Content-Encoding is {codings!r:.60}; asked for was {ACCEPTED}"
            )
        self._stages = [_Coding(is_gzip=name in _GZIP) for name in reversed(names)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what more bytes decode to, in pieces of at most 64 KiB if they are encoded.

        :raises zlib.error: if they are not what the header says.
        """
        return _through(self._stages, data)


def _through(stages: list[_Coding], data: bytes) -> Iterator[bytes]:
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from _through(stages[1:], piece)


class _Coding:
    """One coding; ``deflate`` is zlib's format or, as some servers have it, the bare one."""

    __slots__ = ("_bits", "_held", "_object")

    def __init__(self, *, is_gzip: bool) -> None:
        self._bits = _GZIP_BITS if is_gzip else 0
        self._held = b""
        self._object = zlib.decompressobj(_GZIP_BITS)

    def feed(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        if self._bits == 0:
            self._held = data
            if len(data) < 2:
                return
            self._held, self._bits = b"", _bits_of(data)
            self._object = zlib.decompressobj(self._bits)
        while True:
            piece = self._object.decompress(data, _PIECE)
            if piece:
                yield piece
            data = self._object.unconsumed_tail
            if self._object.eof:
                data = self._next_member()
            # zlib may hold more in itself if it filled the whole piece.
            if not data and len(piece) < _PIECE:
                return

    def _next_member(self) -> bytes:
        """Return what follows the end, if it is one more member of gzip; other garbage is not."""
        rest = self._object.unused_data
        if self._bits != _GZIP_BITS or not rest.startswith(_GZIP_MAGIC[: len(rest)]):
            return b""
        if rest:
            self._object = zlib.decompressobj(_GZIP_BITS)
        return rest


def _bits_of(data: bytes) -> int:
    is_zlib = data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0
    return _ZLIB_BITS if is_zlib else _RAW_BITS
