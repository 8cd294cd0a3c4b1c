"""What a runner hands out: calls, records of calls, events, and the run as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..trail import Trail

if TYPE_CHECKING:
    from azure.ai.inference.models import ChatCompletions
import re
from collections.abc import Sequence
from enum import Enum

_RUN_KEY = "_github_models_tool_run"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model wants, and that has not been run.

    :ivar id: the model's name for this call.
    :ivar name: the tool.
    :ivar arguments: JSON text, as the model wrote it.
    :ivar values: the arguments as the function will be given them.
    :ivar round: the round of the run, from 1.
    """

    id: str
    name: str
    arguments: str
    values: Mapping[str, Any] = field(hash=False)
    round: int = 1


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What became of one call.

    :ivar id: the model's name for this call.
    :ivar name: the tool, as the model called it.
    :ivar arguments: JSON text, as the model wrote it.
    :ivar result: the text that the model was given; ``None`` where there was no result.
    :ivar error: what the model was told instead.
    :ivar refused: whether ``approve`` said no.
    :ivar seconds: how long the function ran.
    :ivar round: the round of the run, from 1.
    :ivar cause: the exception behind the error, if any.
    """

    id: str
    name: str
    arguments: str
    result: str | None = None
    error: str | None = None
    refused: bool = False
    seconds: float = 0.0
    round: int = 1
    cause: Exception | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A conversation with tools, from the question to the answer.

    :ivar message: the last message of the model, the object that came; ``None`` before any came.
    :ivar messages: the whole conversation, a new list, to go on from.
    :ivar calls: a record for each call that was dealt with, in the order of the model's.
    :ivar pending: calls of definitions without a function: add a ``ToolMessage`` for each.
    :ivar rounds: how often the model answered.
    :ivar completion: the last answer, ``usage`` and all; a streamed one is put together.
    :ivar trails: the trail of each answer that has one.
    """

    message: Any
    messages: list[Any] = field(hash=False)
    calls: tuple[CallRecord, ...] = ()
    pending: tuple[ToolCall, ...] = ()
    rounds: int = 0
    completion: ChatCompletions | None = None
    trails: tuple[Trail, ...] = ()

    @property
    def text(self) -> str:
        """The text of the last message; empty where it has none."""
        content = self.message.get("content") if isinstance(self.message, Mapping) else None
        return content if isinstance(content, str) else ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's text; also before tool calls, if it says something there."""

    text: str
    round: int = 1


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A function is about to be called."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class CallFinished:
    """A call has come to its end; one that could not be run finishes without having started."""

    record: CallRecord


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run is over; the last event."""

    run: ToolRun


RunEvent = TextDelta | CallStarted | CallFinished | RunFinished
"""What a run does, as it does it."""


def run_of(error: BaseException) -> ToolRun | None:
    """Return the run that an error or an interrupt ended, as far as it came; else ``None``.

    Its ``messages`` end with the last results that are complete: a new run goes on from there, and
    nothing that is in them is run again.
    """
    found = getattr(error, _RUN_KEY, None)
    return found if isinstance(found, ToolRun) else None


def keep_run(error: BaseException, run: ToolRun) -> None:
    """Put the run on an error, unless an inner run has."""
    if run_of(error) is None:
        try:
            setattr(error, _RUN_KEY, run)
        except AttributeError:  # an exception with slots
            return


CUT = (
    "Error: The answer was cut off before the arguments were complete, so none of its calls was "
    "run. Make fewer calls, or shorter ones."
)
REFUSED = "The user refused this call."
OUT_OF_TIME = "Error: not run, the time is up."

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
    raise TypeError(f"a {type(value).__name__} is not data")
