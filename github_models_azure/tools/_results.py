"""What a tool returned, as the text that a model reads. Imported on use: it needs pydantic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

from pydantic_core import PydanticSerializationError, to_json

_HALVES = re.compile("[\ud800-\udfff]")  # of surrogate pairs: no server reads a body with one


def result_text(value: object, owner: str) -> str:
    """Return text as it is, and anything else as compact JSON.

    Half of a surrogate pair is no character, and becomes U+FFFD. Bytes that are no UTF-8
    become base64; numbers that JSON lacks become ``null``.

    :param owner: what errors call the function.
    :raises TypeError: if the value cannot be written as JSON.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    try:
        return _json(value)
    except (ValueError, RecursionError) as error:
        raise TypeError(
            f"{owner} returned a {type(value).__name__} that cannot be written as JSON: {error}. "
            "Return text, plain data, a dataclass or a pydantic model."
        ) from error


def _json(value: object) -> str:
    try:
        return to_json(value, fallback=_plain, inf_nan_mode="null").decode()
    except PydanticSerializationError as error:
        if "utf-8" not in str(error):
            raise
    written = to_json(value, fallback=_plain, inf_nan_mode="null", bytes_mode="base64")
    return written.decode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no data")
