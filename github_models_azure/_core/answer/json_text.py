"""Taking the JSON out of what a model said: thoughts before it, prose and code fences around."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_THOUGHT_ENDS = "</think>"  # often without its beginning (zettelrobbe#74, Portkey gateway#1327)
_OPENING = re.compile(r"[{\[]")
_MARGIN = "\ufeff \t\r\n"
_MOST = 5
_TOO_DEEP = 100_000  # characters that a text nested too deeply is charged with
_STRIDE = 5_000  # characters: an error of the decoder costs a count of the lines before it
_EFFORT = 20_000_000  # characters read in all: a second or so, however long the text is
_FAILURE = 200  # characters that the decoder's error is charged with
_COPIED = 64  # characters that are copied in the time of reading one
_DECODER = json.JSONDecoder()


def is_json(text: str) -> bool:
    """Tell whether a text is JSON of any kind, with nothing but white space around it."""
    try:
        json.loads(text.strip(_MARGIN))
    except (ValueError, RecursionError):
        return False
    return True


def json_texts(text: str) -> tuple[str, ...]:
    """Return the JSON in a text, what is most likely meant first; at most five texts.

    That is the text itself if it is JSON of any kind, else the outermost objects that stand
    anywhere in it, the longest first, and then the arrays.
    """
    text = text.strip(_MARGIN)
    if is_json(text):
        return (text,)
    spans = list(_values(text))
    end = _end_of_thought(text, spans)
    answer = [span for span in spans if span[0] > end] or spans
    found = [text[start:end] for start, end in answer]
    found.sort(key=lambda one: (one.startswith("{"), len(one)), reverse=True)
    return tuple(found[:_MOST])


def json_start(text: str) -> str | None:
    """Return a text from where its first object or array seems to begin; ``None`` if nowhere."""
    opening = _OPENING.search(text, text.rfind(_THOUGHT_ENDS) + 1) or _OPENING.search(text)
    return text[opening.start() :] if opening else None


def _end_of_thought(text: str, spans: list[tuple[int, int]]) -> int:
    """Return where thoughts end, unless that stands in a value; -1 where there are none."""
    end = text.rfind(_THOUGHT_ENDS)
    for start, stop in reversed(spans):  # in the order of the text, apart from each other
        if start < end < stop:
            end = text.rfind(_THOUGHT_ENDS, 0, start)
    return end


def _values(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the outermost objects and arrays begin and end."""
    position, effort = 0, _EFFORT
    base, rest = 0, text
    while effort > 0 and (opening := _OPENING.search(text, position)):
        start = opening.start()
        if start - base > _STRIDE:
            base, rest = start, text[start:]
            effort -= len(rest) // _COPIED
        try:
            _, end = _DECODER.raw_decode(rest, start - base)
        except json.JSONDecodeError as error:
            position = start + 1
            effort -= base + error.pos - start + _FAILURE
        except (ValueError, RecursionError):  # a number of thousands of digits; nested too deep
            position = start + 1
            effort -= _TOO_DEEP
        else:
            position = base + end
            yield start, position
