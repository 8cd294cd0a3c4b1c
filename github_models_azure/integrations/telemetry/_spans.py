"""The spans of one call: its own, and one below it for each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from dataclasses import dataclass
from time import perf_counter

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer

from ..._core.route.cooldown import Cooldown
from ...policies import AttemptStart, CallStart
from ...trail import Attempt, Pause, Skip, Trail
from ._attributes import (
    Attributes,
    answer_attributes,
    attempt_attributes,
    call_attributes,
    common_attributes,
    error_type,
    outcome_attributes,
    pause_attributes,
    skip_attributes,
    trail_attributes,
)
from ._content import Gathered, completion_attributes, prompt_attributes
from ._metrics import Metrics

_VERBS = {"chat": "complete", "embeddings": "embed"}


@dataclass(slots=True)
class _Attempt:
    """One attempt that is under way."""

    start: AttemptStart
    span: Span
    common: Attributes
    since: float
    gathered: Gathered | None = None


class CallSpans:
    """Told what a call does, it opens and closes spans and records metrics.

    An attempt's span is current while its request is sent and its answer judged, so that the spans
    of HTTP clients lie below it; what a caller does with a stream lies where the caller is.
    """

    def __init__(self, tracer: Tracer, metrics: Metrics, call: CallStart, *, content: bool) -> None:
        self._tracer, self._metrics, self._call, self._content = tracer, metrics, call, content
        self._since = perf_counter()
        outside = context.get_current()
        name = _VERBS.get(call.operation, call.operation)
        model = call.body.get("model")
        self._span = tracer.start_span(
            f"{name} {model}" if isinstance(model, str) else name,
            context=outside,
            attributes=call_attributes(call),
        )
        self._outside, self._current = outside, self._span
        self._inside = trace.set_span_in_context(self._span, outside)
        self._attempt: _Attempt | None = None
        self._token: Token[context.Context] | None = None

    def attempt_started(self, attempt: AttemptStart) -> None:
        """Open a span and make it current."""
        self._metrics.attempt_started(self._call, attempt)
        operation, model = self._call.operation, attempt.model
        span = self._tracer.start_span(
            operation if model is None else f"{operation} {model}",
            context=self._inside,
            kind=SpanKind.CLIENT,
            attributes=attempt_attributes(self._call, attempt),
        )
        common = common_attributes(self._call, attempt)
        self._attempt = _Attempt(attempt, span, common, perf_counter())
        self._current = span
        self._token = context.attach(trace.set_span_in_context(span, self._inside))
        if self._content and span.is_recording():
            span.set_attributes(prompt_attributes(attempt.body))

    def stream_started(self) -> None:
        """Leave the attempt's context: the stream is read elsewhere."""
        self._leave()

    def stream_update(self, update: Mapping[str, object]) -> None:
        """Gather what a stream says."""
        attempt = self._attempt
        if attempt is None:
            return
        if attempt.gathered is None:
            attempt.gathered = Gathered(content=self._content)
            seconds = perf_counter() - attempt.since
            attempt.span.set_attribute("gen_ai.response.time_to_first_chunk", seconds)
            self._metrics.first_chunk(attempt.common, seconds)
        attempt.gathered.take(update)

    def attempt_ended(
        self, attempt: Attempt | None, answer: Mapping[str, object] | None, error: object
    ) -> None:
        """Close the attempt's span."""
        # A coroutine that is thrown away ends in whatever context throws it away.
        self._leave(here=not isinstance(error, GeneratorExit))
        open_one, self._attempt = self._attempt, None
        if open_one is None:
            return
        if open_one.gathered is not None:
            answer = open_one.gathered.answer()
        said = answer if answer is not None and (attempt is None or attempt.status == 200) else {}
        answered, ended = answer_attributes(said), outcome_attributes(attempt, error)
        span = open_one.span
        span.set_attributes({**answered, **ended})
        if self._content and span.is_recording():
            span.set_attributes(completion_attributes(said))
            if attempt is not None and attempt.failure is not None:
                span.set_attribute("github_models.failure.message", attempt.failure.message)
        if "error.type" in ended:
            kind = ended.get("github_models.failure.kind", ended["error.type"])
            span.set_status(Status(StatusCode.ERROR, kind))
        span.end()
        seconds = perf_counter() - open_one.since
        self._metrics.attempt_ended(
            open_one.start, open_one.common, answered, attempt, error, seconds
        )

    def skipped(self, skip: Skip) -> None:
        """Note a target that is passed over."""
        self._span.add_event("github_models.skipped", skip_attributes(skip))

    def waited(self, pause: Pause) -> None:
        """Note a wait."""
        self._span.add_event("github_models.waited", pause_attributes(pause))
        self._metrics.waited(pause.target, pause.seconds)

    def cooled(self, target: str, cooldown: Cooldown, seconds: float) -> None:
        """Count a cooldown."""
        self._metrics.cooled(target, cooldown.kind.value)

    def call_ended(self, trail: Trail, error: BaseException | None, *, abandoned: bool) -> None:
        """Close the call's span."""
        self._span.set_attributes(trail_attributes(trail))
        if self._call.streamed and trail.served_by is not None:
            self._span.set_attribute("github_models.stream.abandoned", abandoned)
        last = trail.attempts[-1].failure if trail.attempts else None
        kind = error_type(last, error) if error or trail.served_by is None else None
        if kind is not None:
            self._span.set_attribute("error.type", kind)
            self._span.set_status(Status(StatusCode.ERROR, kind))
        self._span.end()
        self._metrics.call_ended(self._call, trail, kind, perf_counter() - self._since)

    def _leave(self, *, here: bool = True) -> None:
        token, self._token = self._token, None
        if token is None:
            return
        if here:
            context.detach(token)
        elif trace.get_current_span() is self._current:
            context.attach(self._outside)  # the token is of the context that it began in
