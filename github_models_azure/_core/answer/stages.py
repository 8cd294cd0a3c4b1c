"""What an answer passes through, whole or update by update: errors, content, observers.

A stage has two methods that must agree: ``whole`` takes a chat completion, ``update`` the next
update of a stream. Each returns what it was given if nothing has to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Protocol

from ..failure.classify import (
    classify_ok_body,
    classify_response,
    classify_stream_error,
)
from ..failure.kinds import Failure, FailureKind
from ..request.dialect import Dialect
from ..route.needs import Operation
from .content import holds_content, holds_content_at_all
from .reasons import failed_reason

Body = Mapping[str, object]


class AnswerFault(Exception):
    """An answer that is not one, or that broke: carries the failure to whoever reads it.

    :param partial: the text of a whole answer that broke after it had begun; ``None`` if it is no
        such.
    """

    def __init__(self, failure: Failure, partial: str | None = None) -> None:
        super().__init__(failure.message)
        self.failure, self.partial = failure, partial

    def __reduce__(self) -> tuple[object, ...]:
        return AnswerFault, (self.failure, self.partial)


class Stage(Protocol):
    """One thing that is done with an answer."""

    def whole(self, body: Body) -> Body:
        """Return a completion as the next stage is to see it.

        :raises AnswerFault: if it cannot be the answer.
        """

    def update(self, update: Body) -> Body:
        """Return the next update of a stream as the next stage is to see it.

        :raises AnswerFault: if the stream cannot be the answer, or no longer.
        """


@dataclass(slots=True)
class StatedErrors:
    """The stage that finds an error under a 200: in the body, in a choice, in an event.

    :ivar headers: of the answer, for the reset times of a limit; ``now`` is its time.
    """

    operation: Operation = Operation.CHAT
    dialect: Dialect | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    now: float = 0.0

    def whole(self, body: Body) -> Body:
        """Return a body that is what was asked for."""
        if not is_answer(body, self.operation):
            raise AnswerFault(self.failure_of(body))
        choices = body.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if reason := failed_reason(choice):
                raise AnswerFault(broken_off(reason), _begun(choices))
        return body

    def update(self, update: Body) -> Body:
        """Return an update that states no error and has the shape of one."""
        if states_error(update):
            raise AnswerFault(classify_stream_error(update))
        choices = update.get("choices")
        if choices is None:
            return update
        if not isinstance(choices, list) or not all(isinstance(c, Mapping) for c in choices):
            raise AnswerFault(bad_stream("an event has choices that are not a list of objects"))
        for choice in choices:
            if choice.get("error") or choice.get("finish_reason") == "error":
                raise AnswerFault(classify_stream_error(choice))
            if reason := failed_reason(choice):
                raise AnswerFault(broken_off(reason))
            if not isinstance(delta := choice.get("delta"), (Mapping, NoneType)):
                kind = type(delta).__name__
                raise AnswerFault(bad_stream(f"a delta is not an object: {kind}"))
        return update

    def failure_of(self, value: object) -> Failure:
        """Return what a 200 with this body means, which is not an answer.

        :param value: the JSON value, or the text if the body is not JSON.
        """
        found = self.stated_in(value)
        if found is None:
            return classify_response(200, self.headers, b"", now=self.now, dialect=self.dialect)
        return found

    def stated_in(self, value: object) -> Failure | None:
        """Return the failure that the body of a 200 states; ``None`` if it states none."""
        return classify_ok_body(
            value, content_type=self.content_type, headers=self.headers, now=self.now
        )


@dataclass(slots=True)
class Heard:
    """The stage that notes that content came, before others hold any of it back.

    :ivar content: whether some has come; reset by whoever takes note of it.
    """

    content: bool = False

    def whole(self, body: Body) -> Body:
        """Note whether a completion has content."""
        return self.update(body)

    def update(self, update: Body) -> Body:
        """Note whether an update has content."""
        if not self.content and holds_content_at_all(update):
            self.content = True
        return update


class Awaited(Protocol):
    """Something that must come before anything counts as content."""

    kept: bool


@dataclass(slots=True)
class Progress:
    """The stage that notes content, text and finish reasons; it changes nothing.

    :param forced: until its call has come, nothing counts as content.
    :ivar has_content: whether text, a tool call or a finish reason has come.
    """

    forced: Awaited | None = None
    has_content: bool = False
    finished: set[int] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _text: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the first choice as far as it has come."""
        return "".join(self._text)

    @property
    def is_complete(self) -> bool:
        """Whether every choice that began has its finish reason."""
        return bool(self.finished) and self.finished == self._seen

    def whole(self, body: Body) -> Body:
        """Note what a completion holds."""
        self._note(body, "message")
        return body

    def update(self, update: Body) -> Body:
        """Note what an update of a stream adds."""
        self._note(update, "delta")
        return update

    def _note(self, body: Body, member: str) -> None:
        choices = body.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping):
                self._note_choice(choice, choice.get(member))

    def _note_choice(self, choice: Body, said: object) -> None:
        given, finished = choice.get("index"), choice.get("finish_reason")
        index = given if isinstance(given, int) else 0
        self._seen.add(index)
        text = said.get("content") if isinstance(said, Mapping) else None
        if isinstance(text, str) and not index:
            self._text.append(text)
        if self.forced is not None and not self.forced.kept:
            return
        if finished:
            self.has_content = True
            self.finished.add(index)
        if not self.has_content and holds_content(said):
            self.has_content = True


@dataclass(slots=True)
class Tap:
    """The stage that shows an answer to whoever observes the call.

    :param sees: called with each update; a whole body is kept as ``body``.
    """

    sees: Callable[[Body], None] | None = None
    body: Body | None = None

    def whole(self, body: Body) -> Body:
        """Keep the body, which an observer gets with the end of the attempt."""
        self.body = body
        return body

    def update(self, update: Body) -> Body:
        """Show an update."""
        if self.sees is not None:
            self.sees(update)
        return update


def is_answer(value: object, operation: Operation) -> bool:
    """Return whether a body is, at a glance, what was asked for."""
    if not isinstance(value, Mapping) or value.get("error"):
        return False
    chat = operation is Operation.CHAT
    items = value.get("choices" if chat else "data")
    if not isinstance(items, list) or not items:
        return False
    for item in items:
        if not isinstance(item, dict) or item.get("error"):
            return False
        if chat and not isinstance(item.get("message"), (dict, NoneType)):
            return False
    return True


def states_error(update: Body) -> bool:
    """Return whether an event says so itself: nested, or at the top of one without choices."""
    if update.get("error"):
        return True
    if update.get("choices") is not None:
        return False
    object_, kind = str(update.get("object")), str(update.get("type"))
    if "error" in (object_, kind) or isinstance(update.get("detail"), str | list):
        return True
    coded = kind.endswith("error") or any(
        _is_error(update.get(name)) for name in ("code", "status")
    )
    return coded and isinstance(update.get("message"), str)


_GOING_ON = frozenset(
    {
        "", "completed", "in_progress", "loading", "ok", "pending", "processing", "progress",
        "queued", "running", "starting", "succeeded", "success",
    }
)  # fmt: skip


def _is_error(code: object) -> bool:
    """Tell whether a code or status is one of an error, not of what goes well or goes on."""
    said = "" if code is None else str(code).strip().lower()
    well = said == "0" or (said.isdecimal() and len(said) == 3 and said < "400")
    return not well and said not in _GOING_ON


_CHUNK = ("choices", "usage", "object", "model", "created", "x_groq", "prompt_filter_results")


def is_chunk(value: Body) -> bool:
    """Return whether an event is a piece of an answer or states an error, and is no mere ping."""
    return "choices" in value or any(name in value for name in _CHUNK) or states_error(value)


def broken_off(reason: str) -> Failure:
    """Return the failure of an answer that ended with a reason which tells of one."""
    return bad_stream(f"the answer failed, its finish_reason is {reason[:80]!r}")


def _begun(choices: object) -> str | None:
    """Return the text of a whole answer's first choice; ``None`` if none has any content."""
    said = [choice.get("message") for choice in choices] if isinstance(choices, list) else []
    if not any(map(holds_content, said)):
        return None
    content = said[0].get("content") if isinstance(said[0], Mapping) else None
    return content if isinstance(content, str) else ""


def bad_stream(message: str) -> Failure:
    """Return the failure of a stream that breaks the protocol."""
    return Failure(FailureKind.BAD_STREAM, message=message)
