"""Reads one answer: whether it is one, in which form it is handed on, what it says.

Whole or streamed, an answer passes the same stages in the same order. What wants to look at
answers is one more stage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from ..failure.classify import classify_stream_error
from ..failure.kinds import MALFORMED_ANSWER, Failure, FailureKind
from ..request.dialect import Dialect
from ..route.needs import Operation, demanded_call
from .assembly import Assembly
from .bounds import USUAL, Bounds, told_ahead
from .demands import AllVectors, ForcedCall, Said, WantedShape, inputs_in
from .framing import event_lines, is_framed, value_in
from .normalise import Form, asked_choices, id_seed_of
from .sse import DONE, SSEDecoder, SSEEvent, SSEOverflowError, Update
from .stages import (
    AnswerFault,
    Body,
    Heard,
    Progress,
    Stage,
    StatedErrors,
    Tap,
    bad_stream,
    is_chunk,
    states_error,
)
from .text_calls import WrittenCalls, wanted_text_calls
from .text_grammar import TextCalls

_BODY_LIMIT = 64 * 1024  # of an answer that is not an event stream, enough to say what it is
_UPDATE_BYTES = 1024  # an update that was read takes more room than what was sent
_SNIFFED = 64  # bytes within which an event stream under another label shows itself


class AnswerReader:
    """Reads one answer of a target; made anew for each attempt.

    :param operation: what was asked for; only chat completions have a form of their own.
    :param id_seed: as in :class:`.normalise.Form`.
    :param written: the tool calls to look for in text, if the server hands them on as such.
    :param demanded: the tool that must be called, as in :class:`.demands.ForcedCall`.
    :param wanted: whether the answer has a wanted shape, so that :attr:`said` is kept;
        ``tool`` is the tool whose forced call holds it.
    :param sees: is shown every update of a stream.
    :param spending: the stage that notes what the answer uses.
    :param bounds: of one event, and of all that comes before the first content.
    :param vectors: how many embeddings there have to be.
    :param choices: how many choices were asked for; ``None`` if that is not known.

    ``done`` says that a stream has said all.
    """

    __slots__ = (
        "_ahead", "_body", "_bounds", "_choices", "_decoder", "_errors", "_fault", "_heard",
        "_id_seed",
        "_odd", "_progress", "_shape", "_stages", "_tap", "_written", "done",
    )  # fmt: skip

    def __init__(
        self,
        operation: Operation = Operation.CHAT,
        dialect: Dialect | None = None,
        *,
        id_seed: str = "",
        written: TextCalls | None = None,
        demanded: str | None = None,
        wanted: bool = False,
        tool: str | None = None,
        sees: Callable[[Body], None] | None = None,
        spending: Stage | None = None,
        bounds: Bounds = USUAL,
        vectors: int = 0,
        choices: int | None = None,
    ) -> None:
        self._id_seed, self._choices = id_seed, choices
        self._bounds, self._ahead = bounds, 0
        self._errors = StatedErrors(operation, dialect)
        self._written = None if written is None else WrittenCalls(written)
        forced = None if demanded is None else ForcedCall(demanded)
        self._progress, self._tap = Progress(forced), Tap(sees)
        self._shape = WantedShape(tool) if wanted else None
        self._heard = Heard()
        stages: list[Stage] = [self._errors, self._heard]
        if operation is Operation.CHAT:
            stages.append(Form(id_seed, choices))
        if vectors:
            stages.append(AllVectors(vectors))
        if self._written is not None:
            stages.append(self._written)
        if forced is not None:
            stages.append(forced)
        if spending is not None:
            stages.append(spending)
        stages += (self._progress, self._tap)
        if self._shape is not None:
            stages.append(self._shape)
        self._stages = stages
        self._decoder: SSEDecoder | None = None  # made for streams only
        self._body = bytearray()
        self._fault: AnswerFault | None = None  # what came behind updates not handed on yet
        self._odd = ""  # the first thing that was passed over
        self.done = False

    @classmethod
    def of(
        cls,
        payload: Mapping[str, object],
        operation: Operation,
        dialect: Dialect,
        *,
        wanted: bool = False,
        tool: str | None = None,
        sees: Callable[[Body], None] | None = None,
        spending: Stage | None = None,
        bounds: Bounds = USUAL,
        choices: int | None = None,
    ) -> AnswerReader:
        """Return the reader of the answer to a request, from a server of a dialect."""
        how = dialect.text_calls
        return cls(
            operation,
            dialect,
            id_seed=id_seed_of(payload),
            written=wanted_text_calls(payload, how) if how else None,
            demanded=None if dialect.tool_choice else demanded_call(payload),
            wanted=wanted,
            tool=tool,
            sees=sees,
            spending=spending,
            bounds=bounds,
            vectors=0 if operation is Operation.CHAT else inputs_in(payload),
            choices=choices or asked_choices(payload),
        )

    @property
    def has_content(self) -> bool:
        """Whether a stream carries an answer yet (text, a tool call, a finish reason).

        Until then another target can still take over unseen.
        """
        return self._progress.has_content

    def take_heard(self) -> bool:
        """Return whether content came since the last time, also such as is held back."""
        heard, self._heard.content = self._heard.content, False
        return heard

    @property
    def is_whole(self) -> bool:
        """Whether every choice of a stream has its finish reason: nothing can spoil the answer."""
        progress = self._progress
        return progress.is_complete and len(progress.finished) >= (self._choices or 1)

    @property
    def text(self) -> str:
        """The text of the first choice as far as it has come."""
        return self._progress.text

    @property
    def said(self) -> Said:
        """What an answer of a wanted shape says."""
        return Said(self.text) if self._shape is None else self._shape.said

    @property
    def observed(self) -> Body | None:
        """The body of a whole answer as observers are to see it; ``None`` if there is none."""
        return self._tap.body

    def open(
        self, headers: Mapping[str, str], content_type: str | None, *, now: float = 0.0
    ) -> AnswerReader:
        """Note the head of the answer; return the reader.

        :param now: seconds since the epoch, for dates in headers.
        """
        self._errors.headers, self._errors.content_type = headers, content_type
        self._errors.now = now
        return self

    def whole(self, body: object) -> Body:
        """Return the body of a 200 in the form in which it is handed on.

        :param body: the JSON value, or the text if it is not JSON.
        :raises AnswerFault: if it is not the answer.
        """
        if isinstance(body, str):
            body = self._unframed(body)
        if not isinstance(body, Mapping):
            raise AnswerFault(self._errors.failure_of(body))
        for stage in self._stages:
            body = stage.whole(body)
        return body

    def update(self, update: Body) -> Body:
        """Return one update of a stream in the form in which it is handed on.

        :raises AnswerFault: for an error event, or one of the wrong shape.
        """
        for stage in self._stages:
            update = stage.update(update)
        return update

    def feed(self, chunk: bytes) -> list[Update]:
        """Return the updates that ``chunk`` completes.

        :raises AnswerFault: for an error event, a malformed one, or one of absurd size.
        """
        self.check()
        if self.done:
            return []
        if not self._is_event_stream():
            begun = bytes(self._body) + chunk if len(self._body) < _SNIFFED else b""
            if not is_framed(begun):
                self._put_by(chunk)
                return []
            chunk, self._errors.content_type = begun, "text/event-stream"  # labelled wrongly
        if self._decoder is None:
            self._decoder = SSEDecoder(line_events=True, max_event_bytes=self._bounds.event)
        try:
            events = self._decoder.feed(chunk)
        except SSEOverflowError as error:
            raise AnswerFault(_too_large(str(error))) from error
        updates: list[Update] = []
        try:
            for event in events:
                self._take(event, updates)
        except AnswerFault as fault:
            # What has come is handed on first, however the network cut it into pieces.
            if not (updates and self.has_content):
                raise
            self._fault = fault
        return updates

    def _put_by(self, chunk: bytes) -> None:
        """Keep what is no event stream so far, enough to say what it is."""
        self._body += chunk[: max(0, _BODY_LIMIT - len(self._body))]
        self._ahead += len(chunk)
        if self._ahead > self._bounds.error:
            failure = self._not_a_stream()
            if failure.kind is FailureKind.BAD_STREAM:
                failure = _too_large(failure.message)
            raise AnswerFault(failure)

    def check(self) -> None:
        """Raise the fault that the last piece ended in, if it held content before that.

        :raises AnswerFault: then; :meth:`feed` and :meth:`end` do the same.
        """
        if self._fault is not None:
            raise self._fault

    def end(self) -> list[Update]:
        """Return what was left at the end of a stream.

        :raises AnswerFault: if it is cut off, empty, or not an event stream at all.
        """
        self.check()
        if self.done:
            return []
        if not self._is_event_stream():
            raise AnswerFault(self._not_a_stream())
        rest: list[Update] = []
        event = None if self._decoder is None else self._decoder.close()
        for part in event_lines(event):
            self._take(part, rest)
        if not self._is_complete():
            broken = "the stream ended without a finish_reason and without [DONE]"
            raise AnswerFault(bad_stream(broken + self._odd))
        return rest

    def _is_complete(self) -> bool:
        return self.done or self._progress.is_complete

    def _is_event_stream(self) -> bool:
        content_type = (self._errors.content_type or "text/event-stream").lower()
        return not any(kind in content_type for kind in ("json", "html"))

    def _not_a_stream(self) -> Failure:
        known = self._errors.stated_in(_value(bytes(self._body)))
        if known is not None and known.code != MALFORMED_ANSWER:
            return known
        kind = self._errors.content_type or "no content type"
        return bad_stream(f"answered {kind} instead of an event stream")

    def _take(self, event: SSEEvent, updates: list[Update]) -> None:
        try:
            self._read(event, updates)
        except AnswerFault:
            if not self.is_whole:  # else it is spoilt by nothing that stands behind it
                raise

    def _read(self, event: SSEEvent, updates: list[Update]) -> None:
        data = event.data.strip()
        if self.done or not data:
            return
        if data == DONE:
            self.done = True
            self._set_free(updates)
            if not self.has_content:
                broken = "the stream ended before its first content"
                raise AnswerFault(bad_stream(broken + self._odd))
            updates.append(Update({}, DONE))
            return
        if event.event == "error":
            raise AnswerFault(classify_stream_error(_value(data)))
        if not self.has_content:
            self._ahead += len(data) + _UPDATE_BYTES
            if self._ahead > self._bounds.answer:
                raise AnswerFault(_too_large(told_ahead(self._bounds.answer)))
        update = self._parse(data)
        if update is not None:
            fitted = self.update(update)
            updates.append(Update(fitted, data, changed=fitted is not update))

    def _parse(self, data: bytes) -> Body | None:
        """Return the piece of the answer in an event; ``None`` for data that is none.

        :raises AnswerFault: for an error, or a piece that is broken.
        """
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError) as error:
            shown = f"an event is not JSON: {data[:80].decode('utf-8', 'replace')!r}"
            if data.startswith(b"{"):
                raise AnswerFault(bad_stream(shown)) from error
            self._odd = self._odd or f"; {shown}"
            return None
        if isinstance(value, dict):
            return value if is_chunk(value) else None
        first = value[0] if isinstance(value, list) and value else None
        if isinstance(first, dict) and states_error(first):
            raise AnswerFault(classify_stream_error(value))
        self._odd = self._odd or f"; an event is not an object: {type(value).__name__}"
        return None

    def _set_free(self, updates: list[Update]) -> None:
        """Add what was held back of choices without a finish reason."""
        for place, stage in enumerate(self._stages):
            held = stage.rest() if isinstance(stage, (Form, WrittenCalls)) else None
            if held is not None:
                for later in self._stages[place + 1 :]:
                    held = later.update(held)
                updates.append(Update(held, b"{}", changed=True))

    def _unframed(self, text: str) -> object:
        """Return the completion in a text: JSON with a frame around it, or an event stream.

        :raises AnswerFault: for an event stream that is no answer.
        """
        data = text.encode("utf-8", "surrogatepass")
        found = value_in(text)
        if found is not None or not is_framed(data):
            return text if found is None else found
        errors, whole = self._errors, Assembly()
        reader = AnswerReader(
            errors.operation,
            errors.dialect,
            id_seed=self._id_seed,
            choices=self._choices,
            bounds=self._bounds,
        ).open(errors.headers, None, now=errors.now)
        try:
            for update in (*reader.feed(data), *reader.end()):
                whole.add(update.value)
        except AnswerFault as fault:
            begun = reader.text if reader.has_content else None
            raise AnswerFault(fault.failure, begun) from fault
        return whole.completion()


def _too_large(message: str) -> Failure:
    return Failure(FailureKind.UNAVAILABLE, message=message)


def _value(data: bytes) -> object:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")
    return value
