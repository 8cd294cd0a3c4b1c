"""What a model is told of a call: what the function returned, or what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum

CUT = (
    "Error: The answer was cut off before the arguments were complete, so none of its calls was "
    "run. Make fewer calls, or shorter ones."
)
REFUSED = "The user refused this call."
OUT_OF_TIME = "Error: not run, the time is over."

_LONGEST_ERROR = 400  # characters
_MOST_NAMES = 20
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


def cut_result(text: str, most: int) -> str:
    """Return the text of a result, cut to ``most`` characters with a note that says so."""
    if len(text) <= most:
        return text
    note = f"\n[cut: {len(text)} characters, of which {{}} are shown]"
    kept = most - len(note.format(most))
    return text[:kept] + note.format(kept)


def describe_failure(what: str, error: Exception) -> str:
    """Return one line that says what failed, and how."""
    try:
        said = f"{type(error).__name__}: {error}"
    except Exception:  # its own __str__ fails
        said = type(error).__name__
    return one_line(f"Error: {what}: {said}")


def describe_unknown(name: str, tools: Sequence[str]) -> str:
    """Return one line about a tool that does not exist, with those that do."""
    more = ", ..." if len(tools) > _MOST_NAMES else ""
    known = f"the tools are {', '.join(tools[:_MOST_NAMES])}{more}" if tools else "none is"
    return one_line(f"Error: there is no tool {name[:64]!r}; {known}.")


def one_line(text: str) -> str:
    """Return text on one line, of at most 400 characters."""
    # Half of a surrogate pair is no character, and no server reads a body with one.
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= _LONGEST_ERROR else line[: _LONGEST_ERROR - 3] + "..."


def _json(value: object) -> str:
    from pydantic_core import PydanticSerializationError, to_json

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
