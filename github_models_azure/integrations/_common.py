"""What every connector needs: the word on a missing framework, and the vectors of an answer."""

from __future__ import annotations

import base64
import struct
from typing import Any

PACKAGE = "github-models-azure"


def missing_extra(extra: str, error: ModuleNotFoundError) -> ImportError:
    """Return an error that names the install command, to be raised from ``error``.

    :param extra: the extra that brings what is missing.
    """
    return ImportError(
        f"{error.name} is not installed. Get it with: pip install '{PACKAGE}[{extra}]'",
        name=error.name,
    )


def vectors_of(answer: Any, count: int) -> list[list[float]]:
    """Return one vector for each text that was sent, in their order.

    :param answer: the SDK's ``EmbeddingsResult``.
    :param count: how many texts were sent.
    :raises ValueError: where another number came back, or something that is no vector.
    """
    items = list(enumerate(answer["data"]))
    if len(items) != count:
        raise ValueError(f"{count} texts were sent, and {len(items)} vectors came back.")
    items.sort(key=lambda numbered: _position(numbered[1], numbered[0]))
    return [_vector(item["embedding"]) for _, item in items]


def _position(item: Any, came: int) -> int:
    """Return where a vector belongs: where it came, if the server does not say."""
    index = item.get("index")
    return index if isinstance(index, int) else came


def _vector(given: Any) -> list[float]:
    if isinstance(given, str):  # encoding_format="base64": 32-bit floats, the lowest byte first
        read = base64.b64decode(given, validate=True)
        if len(read) % 4:
            raise ValueError(
                f"A vector of {len(read)} bytes came back, which are not 32-bit floats."
            )
        return [number for (number,) in struct.iter_unpack("<f", read)]
    if not isinstance(given, list):
        raise ValueError(f"A vector came back as {type(given).__name__}, not as numbers.")
    return list(given)
