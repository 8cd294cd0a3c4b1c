"""Bodies are decoded in small pieces, in whatever pieces they come."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from github_models_azure._core.answer.inflate import CodingError, Inflater

TEXT = bytes(range(256)) * 900  # more than three pieces


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED: list[tuple[str | None, bytes]] = [
    (None, TEXT),
    ("identity", TEXT),
    ("gzip", gzip.compress(TEXT)),
    ("X-GZIP", gzip.compress(TEXT)),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", bare(TEXT)),
    ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
    ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
    ("gzip", gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:])),
    ("gzip", gzip.compress(TEXT) + b"no member"),
    ("deflate", zlib.compress(TEXT) + b"more"),
]


def decoded(codings: str | None, *pieces: bytes) -> bytes:
    inflater = Inflater(codings)
    return b"".join(part for piece in pieces for part in inflater.feed(piece))


@pytest.mark.parametrize(("codings", "packed"), PACKED)
def test_a_body_is_decoded_however_it_is_cut(codings: str | None, packed: bytes) -> None:
    """Whole, in two, and byte by byte it is the same."""
    assert decoded(codings, packed) == TEXT
    assert decoded(codings, packed[:1], packed[1:]) == TEXT
    assert decoded(codings, *(packed[at : at + 1] for at in range(len(packed)))) == TEXT


@pytest.mark.parametrize("codings", ["gzip", "deflate"])
def test_a_bomb_comes_in_small_pieces(codings: str) -> None:
    """Whoever counts can stop after any of them: no more was unpacked."""
    packed = (gzip.compress if codings == "gzip" else zlib.compress)(bytes(10_000_000))
    assert len(packed) < 16_384
    pieces = Inflater(codings).feed(packed)
    assert [len(next(pieces)) for _ in range(3)] == [65536] * 3


def test_what_fills_a_piece_to_the_brim_is_not_lost() -> None:
    """zlib then holds the rest without any input being left."""
    for size in range(65536 - 3, 65536 + 300, 7):
        assert decoded("gzip", gzip.compress(bytes(size))) == bytes(size)


@pytest.mark.parametrize("codings", ["br", "zstd", "gzip, br", "gzip, gzip, gzip", "secret"])
def test_a_coding_that_was_not_asked_for_is_refused(codings: str) -> None:
    """Not every library decodes it piece by piece."""
    with pytest.raises(CodingError, match="asked for was gzip, deflate"):
        Inflater(codings)


@pytest.mark.parametrize("codings", ["gzip", "deflate"])
def test_a_body_that_is_not_what_the_header_says_is_an_error(codings: str) -> None:
    """It is zlib's own."""
    with pytest.raises(zlib.error):
        decoded(codings, b"\xff" * 40)


def test_nothing_decodes_to_nothing() -> None:
    """Neither for a body that is missing, nor for one that is cut in its head."""
    empty: list[Any] = [(None, b""), ("gzip", b""), ("deflate", b"x"), ("gzip", b"\x1f\x8b")]
    assert [decoded(codings, packed) for codings, packed in empty] == [b""] * 4
