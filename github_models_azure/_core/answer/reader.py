"""Follows one streamed answer: where its content begins, and whether it came to a proper end."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType

from ..failure.classify import classify_ok_body, classify_stream_error
from ..failure.kinds import Failure, FailureKind, Scope, Window
from .forced_call import CUT, called_tools, ignored, is_kept
from .normalise import UpdateNormaliser
from .sse import SSEDecoder, SSEEvent, SSEOverflowError
from .text_calls import TextCallStream

_DONE = b"[DONE]"
_BODY_LIMIT = 64 * 1024  # of an answer that is no event stream, enough to say what it is
_SNIFFED = 64  # bytes within which an event stream under another label shows itself
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")  # no JSON and no page begins so
_CONTENT = (
    "content", "tool_calls", "reasoning_content", "reasoning", "refusal", "function_call", "audio",
)  # fmt: skip


class StreamFault(Exception):
    """A streamed answer that broke: carries the failure, raised to the shell that reads it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(slots=True)
class StreamReader:
    """Reads the bytes of a streamed answer and frames them anew, one ``data: `` line an event.

    An event goes out byte for byte as it came, unless it differs from OpenAI's form in a known way.

    ``has_content`` turns true with the first event that carries an answer (text, a tool call, a
    finish reason); until then another target can still take over unseen. Where ``demanded`` names a
    tool that must be called, nothing else is an answer. What ``text_calls`` holds back is none yet.
    ``tap`` is called with every event that goes out.
    ``asked`` tells the request from others, for ids that are made.
    """

    content_type: str = "text/event-stream"
    demanded: str | None = None
    text_calls: TextCallStream | None = None
    tap: Callable[[Mapping[str, object]], None] | None = None
    asked: str = ""
    has_content: bool = False
    done: bool = False
    _seen: set[int] = field(default_factory=set)
    _finished: set[int] = field(default_factory=set)
    _decoder: SSEDecoder = field(default_factory=SSEDecoder)
    _updates: UpdateNormaliser = field(init=False)
    _text: list[str] = field(default_factory=list)
    _body: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._updates = UpdateNormaliser(self.asked)

    @property
    def partial_text(self) -> str:
        """The text of the first choice as far as it has arrived."""
        return "".join(self._text)

    def feed(self, chunk: bytes) -> bytes:
        """Return the events that ``chunk`` completes, framed anew.

        :raises StreamFault: for an error event, a malformed one, or one of absurd size.
        """
        if self.done:
            return b""
        if not self._is_event_stream():
            begun = bytes(self._body) + chunk if len(self._body) < _SNIFFED else b""
            if not begun.lstrip().startswith(_FIELDS):
                self._body += chunk[: max(0, _BODY_LIMIT - len(self._body))]
                return b""
            chunk, self.content_type = begun, "text/event-stream"  # it was labelled wrongly
        try:
            events = self._decoder.feed(chunk)
        except SSEOverflowError as error:
            raise StreamFault(_bad(str(error))) from error
        return b"".join([self._take(event) for event in events])

    def end(self) -> bytes:
        """Return what was left at the end of the answer.

        :raises StreamFault: where the answer is cut off, empty, or no event stream at all.
        """
        if self.done:
            return b""
        if not self._is_event_stream():
            raise StreamFault(self._not_a_stream())
        rest = b""
        event = self._decoder.close()
        if event is not None and not (self._finished and not _parses(event.data)):
            rest = self._take(event)
        if not self._is_complete():
            raise StreamFault(_bad("the stream ended without a finish_reason and without [DONE]"))
        return rest

    def _is_complete(self) -> bool:
        return self.done or bool(self._finished and self._finished == self._seen)

    def _is_event_stream(self) -> bool:
        return not any(kind in self.content_type.lower() for kind in ("json", "html"))

    def _not_a_stream(self) -> Failure:
        body = bytes(self._body)
        try:
            value: object = json.loads(body)
        except (ValueError, RecursionError):
            value = body.decode("utf-8", "replace")
        known = classify_ok_body(value, content_type=self.content_type)
        if known is not None and known.code != "malformed_answer":
            return known
        return _bad(f"answered {self.content_type or 'no content type'} instead of an event stream")

    def _take(self, event: SSEEvent) -> bytes:
        data = event.data.strip()
        if self.done or not data:
            return b""
        if data == _DONE:
            self.done = True
            rest = self._held_back()
            if not self.has_content:
                raise StreamFault(_bad("the stream ended before its first content"))
            return rest + b"data: [DONE]\n\n"
        if event.event == "error":
            raise StreamFault(classify_stream_error(_read(data)))
        update = _parse(data)
        fitted = self._updates.take(update)
        if self.text_calls is not None:
            fitted = self.text_calls.take(fitted)
        self._notice(fitted)
        if self.tap is not None:
            self.tap(fitted)
        if fitted is not update:
            data = _dump(fitted, data)
        # Line ends inside JSON can only be white space between tokens.
        return b"data: " + data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n\n"

    def _held_back(self) -> bytes:
        """Return the event with what no finish reason has set free."""
        update = None if self.text_calls is None else self.text_calls.rest()
        if update is None:
            return b""
        self._notice(update)
        if self.tap is not None:
            self.tap(update)
        return b"data: " + _dump(update, b"{}") + b"\n\n"

    def _notice(self, update: Mapping[str, object]) -> None:
        choices = update.get("choices")
        if _states_error(update):
            raise StreamFault(classify_stream_error(update))
        if choices is None:
            return
        if not isinstance(choices, list) or not all(isinstance(c, Mapping) for c in choices):
            raise StreamFault(_bad("an event has choices that are no list of objects"))
        for choice in choices:
            self._notice_choice(choice)

    def _notice_choice(self, choice: Mapping[str, object]) -> None:
        given, finished = choice.get("index"), choice.get("finish_reason")
        index = given if isinstance(given, int) else 0
        self._seen.add(index)
        if choice.get("error") or finished == "error":
            raise StreamFault(classify_stream_error(choice))
        delta = choice.get("delta")
        if not isinstance(delta, (Mapping, NoneType)):
            raise StreamFault(_bad(f"a delta is not an object: {type(delta).__name__}"))
        text = delta.get("content") if isinstance(delta, Mapping) else None
        if isinstance(text, str) and not index:
            self._text.append(text)
        if finished not in CUT and self._holds_back(delta):
            if finished:
                raise StreamFault(ignored(self.demanded or ""))
            return
        if finished:
            self.has_content = True
            self._finished.add(index)
        if isinstance(delta, Mapping) and any(delta.get(name) for name in _CONTENT):
            self.has_content = True

    def _holds_back(self, delta: object) -> bool:
        """Tell whether the demanded call is still to come."""
        if self.demanded is None or self.has_content:
            return False
        return not is_kept(self.demanded, called_tools(delta))


def _parse(data: bytes) -> Mapping[str, object]:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        shown = data[:80].decode("utf-8", "replace")
        raise StreamFault(_bad(f"an event is not JSON: {shown!r}")) from error
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and value and isinstance(value[0], dict) and _states_error(value[0]):
        raise StreamFault(classify_stream_error(value))
    raise StreamFault(_bad(f"an event is not an object: {type(value).__name__}"))


def _read(data: bytes) -> object:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
    return value


def _states_error(update: Mapping[str, object]) -> bool:
    """Tell an error event by its own words: nested, or at the top of an event without choices."""
    if update.get("error"):
        return True
    if update.get("choices") is not None:
        return False
    object_, kind = str(update.get("object")), str(update.get("type"))
    if "error" in (object_, kind) or isinstance(update.get("detail"), str | list):
        return True
    coded = kind.endswith("error") or any(update.get(name) for name in ("code", "status"))
    return coded and isinstance(update.get("message"), str)


def _dump(update: Mapping[str, object], as_sent: bytes) -> bytes:
    try:
        return json.dumps(update, separators=(",", ":")).encode()
    except (ValueError, RecursionError):  # nested too deep: what was read cannot always be written
        return as_sent


def _parses(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return data.strip() == _DONE


def _bad(message: str) -> Failure:
    return Failure(
        kind=FailureKind.BAD_STREAM, scope=Scope.TARGET, message=message, window=Window.UNKNOWN
    )
