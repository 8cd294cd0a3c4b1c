"""The vectors of an embeddings answer, for every connector."""

from __future__ import annotations

import base64
import struct
from typing import Any


def vectors_of(answer: Any, count: int) -> list[list[float]]:
    """Return one vector for each text that was sent, in their order.

    :param answer: the SDK's ``EmbeddingsResult``.
    :param count: how many texts were sent.
    :raises ValueError: where another number came back, or something that is no vector.
    """
    items = list(enumerate(answer["data"]))
    if len(items) != count:
        raise ValueError(f"{count} texts were sent, and {len(items)} vectors came back.")
    items.sort(key=lambda numbered: _place(numbered[1], numbered[0]))
    return [_vector(item["embedding"]) for _, item in items]


def _place(item: Any, came: int) -> int:
    """Return where a vector belongs: where it came, if the server does not say."""
    index = item.get("index")
    return index if isinstance(index, int) else came


def _vector(given: Any) -> list[float]:
    if isinstance(given, str):  # encoding_format="base64": 32-bit floats, the lowest byte first
        read = base64.b64decode(given, validate=True)
        if len(read) % 4:
            raise ValueError(
                f"A vector of {len(read)} bytes came back, which are no 32-bit floats."
            )
        return [number for (number,) in struct.iter_unpack("<f", read)]
    if not isinstance(given, list):
        raise ValueError(f"A vector came back as {type(given).__name__}, not as numbers.")
    return list(given)
