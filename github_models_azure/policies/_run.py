"""One call on its way: translates between azure-core's objects and the values of the core.

Both policies drive it. It decides nothing that the plan does not say, and never sends, sleeps,
reads or closes; what those need is done by the shells.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

from azure.core.exceptions import HttpResponseError, ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import HttpRequest

from .._core.answer.calls import asked_in
from .._core.answer.forced_call import breach, demanded_call
from .._core.answer.reader import StreamFault, StreamReader
from .._core.answer.text_calls import TextCallStream, wanted_text_calls
from .._core.answer.text_grammar import TextCalls
from .._core.failure.kinds import Failure, FailureKind
from .._core.failure.lifecycle import read_lifecycle
from .._core.request.dialect import KEEP, Dialect
from .._core.request.fit import adapt
from .._core.request.repairs import API_VERSION, lessons_of, told_version, wanted_version
from .._core.route.cooldown import covers_endpoint, format_seconds
from .._core.route.plan import Candidate, GiveUp, Plan, Step, Try, Wait
from .._core.trail_events import Adaptation, Attempt, Change, Event, Pause, Skip
from ..credentials.keys import key_of
from ..endpoints import origin_of
from ..registry import UnknownModelError
from ..trail import TRAIL_KEY, Trail, attach_trail
from ._answers import bring_into_form, read_body
from ._back_off import BackOff
from ._error_members import HIDDEN, hide
from ._faults import is_callers_mistake
from ._judge import answer_in, judge_answer, judge_error, unless_redirected
from ._outcome import outcome
from ._outgoing import Outgoing
from ._route import Destination, Route
from ._structured import STRUCTURED_OPTION, Structured
from ._watch import UNWATCHED, Unwatched
from .options import FallbackSettings

_LOGGER = logging.getLogger(__name__)
_ANNOUNCING = ("deprecation", "sunset", "link")
_SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word
_REFUSAL_RETRY = 300.0  # a token may be renewed, a refusal without a code may be a firewall's


class Run:
    """The state of one call."""

    __slots__ = (
        "_attempt", "_back_off", "_candidate", "_context", "_deadline", "_events", "_fitted",
        "_last", "_outgoing", "_request", "_route", "_seen", "_settings", "_started",
        "_structured", "_unfitted", "plan", "reader", "served_by", "watch",
    )  # fmt: skip
    _attempt: Attempt
    _fitted: frozenset[str]
    _unfitted: Mapping[str, Any]

    def __init__(
        self,
        settings: FallbackSettings,
        request: PipelineRequest[HttpRequest],
        outgoing: Outgoing,
        route: Route,
        plan: Plan,
        now: float,
    ) -> None:
        self._settings, self._request, self._route, self.plan = settings, request, route, plan
        self._outgoing, self._context = outgoing, request.context
        self._deadline, self._started = settings.deadline(outgoing.options, now), now
        self._structured: Structured | None = outgoing.options.pop(STRUCTURED_OPTION, None)
        if self._structured is not None:
            self.plan = self._structured.weigh(plan, settings.tokenizer)
        self._back_off: BackOff | None = None
        self._events: list[Event] = []
        self._seen: set[tuple[str, str]] = set()
        self._last: tuple[PipelineResponse[Any, Any] | None, BaseException | None] = (None, None)
        self._candidate: Candidate = plan.route[0]
        self.reader: StreamReader | None = None
        self.served_by: str | None = None
        self.watch: Unwatched = UNWATCHED

    @property
    def is_streamed(self) -> bool:
        """Whether the caller asked for the answer as a stream."""
        return self._outgoing.is_streamed

    @property
    def patience(self) -> float:
        """How many seconds a stream that has begun may bring no event."""
        return self._outgoing.read_timeout

    def now(self) -> float:
        """Return the time, by the clock of the settings."""
        return self._settings.clock()

    def trail(self) -> Trail:
        """Return the trail as it stands now."""
        return Trail(self._route.requested, tuple(self._events), self.served_by)

    def step(self) -> Step:
        """Decide what to do next, and note in the trail who was passed over."""
        ledger = self._settings.ledger
        while True:
            now = self._settings.clock()
            step = self.plan.next(
                now=now,
                deadline=self._deadline,
                cooldowns=ledger.in_force(self._route.keys, now),
                back_off=self._wait_for_unavailable,
            )
            if isinstance(step, Try) and not step.forced:
                keys = (step.candidate.key, step.candidate.endpoint)
                if not ledger.admit(keys, now):  # another call took the probe a moment ago
                    continue
            self._note(step.passed)
            return step

    def _wait_for_unavailable(self) -> float:
        if self._back_off is None:
            options, settings = self._outgoing.options, self._settings
            self._back_off = BackOff(
                options.get("retry_backoff_factor", settings.retry_backoff_factor),
                options.get("retry_backoff_max", settings.retry_backoff_max),
                settings.jitter,
                settings.retry_backoff_min,
            )
        return self._back_off.after(len(self.plan.attempts))

    def prepare(self, step: Try) -> PipelineRequest[HttpRequest]:
        """Make the request ready for one target, always from the original one."""
        candidate = self._candidate = step.candidate
        if self.plan.attempts and not step.retry:
            _LOGGER.info("Switching to fallback model: %s", candidate.target)
        destination, known = self._destination, self._known(candidate)
        dialect, unfitted = destination.endpoint.dialect, self._outgoing.payload
        asked: tuple[Change, ...] = ()
        if self._structured is not None:
            unfitted, asked = self._structured.ask(unfitted, candidate, known, dialect)
        self._unfitted = unfitted
        payload, changes = adapt(unfitted, known, dialect)
        self._fitted, version = known, wanted_version(known)
        if destination.note or version != KEEP:
            notes = (destination.note, told_version(version))
            changes = (*(Change(note) for note in notes if note), *changes)
        self.declare((*asked, *changes))
        self._started = self._settings.clock()
        self.watch.attempt_started(step, destination, payload, len(self.plan.attempts))
        return self._outgoing.attempt(
            destination,
            payload,
            seconds=self._seconds_left(),
            pristine=not self.plan.attempts,
            version=version,
        )

    def declare(self, changes: tuple[Change, ...]) -> None:
        """Note what was changed for the present target, each change once."""
        for change in changes:
            event = Adaptation(self._candidate.target, change.text, change.lossy)
            if event not in self._events:
                self._events.append(event)

    @property
    def _destination(self) -> Destination:
        return self._route.destinations[self._candidate.key]

    @property
    def _dialect(self) -> Dialect:
        return self._destination.endpoint.dialect

    def _known(self, candidate: Candidate) -> frozenset[str]:
        """Give what is known of a target beside its dialect: facts, and what was learnt."""
        ledger = self._settings.ledger
        return (
            candidate.facts.rejects
            | ledger.learnt(candidate.key)
            | ledger.learnt(candidate.endpoint)
        )

    def open_stream(self, http: Any) -> StreamReader:
        """Start reading a streamed answer."""
        checked, written = not self._dialect.tool_choice, self._written_calls()
        self.reader = StreamReader(
            str(http.headers.get("content-type") or "text/event-stream"),
            demanded=demanded_call(self._outgoing.payload) if checked else None,
            text_calls=TextCallStream(written) if written is not None else None,
            tap=self.watch.tap,
            asked=asked_in(self._outgoing.payload),
        )
        return self.reader

    def _written_calls(self) -> TextCalls | None:
        """Give the tool calls to look for in the text of an answer."""
        return wanted_text_calls(self._outgoing.payload, self._dialect.text_calls)

    def check_overdue(self) -> None:
        """Stop an attempt that has gone on for longer than it may without any content.

        :raises ServiceResponseTimeoutError: when it has.
        """
        now, limit = self._settings.clock(), self._settings.attempt_timeout
        if now >= self._deadline or (limit is not None and now - self._started >= limit):
            spent = format_seconds(now - self._started)
            raise ServiceResponseTimeoutError(f"no content within {spent}")

    def accept(self, response: PipelineResponse[Any, Any]) -> bool:
        """Judge an answer; ``False`` asks for the next step."""
        http, failure, value = response.http_response, None, None
        if http.status_code != 200 or not self.is_streamed:
            value = read_body(response)
            now, operation = self._settings.clock(), self._outgoing.operation
            failure = judge_answer(http, value, operation, now, self._dialect)
            failure = unless_redirected(failure, http, self._destination.endpoint.origin)
            if failure is None:
                asked = asked_in(self._outgoing.payload)
                value = bring_into_form(response, operation, self._written_calls(), asked=asked)
            if failure is None and not self._dialect.tool_choice:
                failure = breach(value, demanded_call(self._outgoing.payload))
            if failure is None and self._structured is not None:
                failure = self._structured.settle(response, value)
        self._record(failure, http, value)
        if failure is None:
            self.served_by = self._candidate.target
            if self._structured is not None:
                self.declare(self._structured.notes)
            return True
        self._last = (response, None if self._structured is None else self._structured.error)
        return False

    def fail(self, error: BaseException) -> None:
        """Take note of an exception that came in place of an answer."""
        if is_callers_mistake(error) and not self._is_redirected():
            raise error  # something to mend, not an outage to route around
        http = answer_in(error)
        failure = judge_error(error, self._settings.clock(), self._dialect)
        self.hide_key(error)  # an observer is shown it
        self._record(failure, http, error)
        answer = None
        if http is not None and http.status_code != 200:
            answer = PipelineResponse(self._request.http_request, http, self._context)
        self._last = (answer, error)

    def paused(self, step: Wait) -> None:
        """Take note of a wait that was carried out."""
        self._happened(Pause(step.candidate.target, step.seconds))
        self.plan = self.plan.wait(step)

    def deliver(
        self, response: PipelineResponse[Any, Any], stream: Any = None
    ) -> PipelineResponse[Any, Any]:
        """Hand over the answer of the target that served; ``stream`` stands in for a stream's."""
        if stream is not None:
            response = PipelineResponse(response.http_request, stream, response.context)
        self._publish(response)
        if self.served_by != self._route.requested:
            _LOGGER.info("Successfully used fallback model: %s", self.served_by)
        if stream is None:
            self.watch.over(self.trail)
        return response

    def finish(self, step: GiveUp) -> PipelineResponse[Any, Any]:
        """Hand back the last answer as it is, or raise what the caller can act upon."""
        response, error = self._last
        raised = outcome(self.plan, step, response, error, self.trail(), self._settings.clock())
        if raised is None and response is not None:
            self._publish(response)
            self.watch.over(self.trail)
            return response
        failure = raised if raised is not None else error
        if failure is None:  # pragma: no cover - the plan gives up without a failure or a reason
            raise RuntimeError(f"nothing to hand back after {step}")
        self.hide_key(failure)
        attach_trail(failure, self.trail())
        if failure is error:
            raise failure
        raise failure from error

    def go_on(self, trail: Trail | None) -> None:
        """Add the trail of a call that went on for this one."""
        self._events += trail.events if trail else ()
        self.served_by = trail.served_by if trail else None

    def hide_key(self, error: BaseException) -> None:
        """Take the last attempt's own key out of what an error says."""
        key = self._spoken_key()
        if key is None:
            return
        if isinstance(error, HttpResponseError):
            hide(error, key)
        elif isinstance(error, StreamFault):  # seen in tracebacks, as a cause
            error.args = (str(error).replace(key, HIDDEN),)

    def interrupted(self, failure: Failure) -> Failure:
        """Take note of a stream that broke after its first content; return it without its key."""
        now, failure = self._settings.clock(), self._without_key(failure)
        last = self._attempt
        seconds = max(0.0, now - last.started)
        self._events[-1] = replace(last, failure=failure, seconds=seconds)
        cooldown = self._settings.ledger.fail(self._candidate.key, failure, now)
        self.watch.cooled(self._candidate.target, cooldown, now)
        return failure

    def nearest_models(self) -> tuple[str, ...]:
        """Return the known models whose names come nearest to an unknown one."""
        model = self._outgoing.payload.get("model")
        try:
            self._settings.registry.get(str(model))
        except UnknownModelError as error:
            return error.suggestions
        return ()

    def _seconds_left(self) -> float:
        limit = self._settings.attempt_timeout
        most = limit if limit is not None else inf
        return most if self._deadline == inf else min(most, self._deadline - self._started)

    def _is_redirected(self) -> bool:
        """Tell whether the request was on its way to where a server sent it."""
        return origin_of(self._request.http_request.url) != self._destination.endpoint.origin

    def _record(self, failure: Failure | None, http: Any, came: object) -> None:
        candidate, now = self._candidate, self._settings.clock()
        if failure is not None:
            failure = self._about_credential(failure)
            if self._structured is not None:
                failure = self._structured.about(failure)
        attempt = Attempt(
            candidate.target,
            self._started,
            max(0.0, now - self._started),
            http.status_code if http is not None else None,
            failure,
            retry=any(tried.key == candidate.key for tried, _ in self.plan.attempts),
            emulated=http is not None and "x-emulated-by" in http.headers,
        )
        self._events.append(attempt)
        self._attempt = attempt
        self.watch.recorded(attempt, came, streamed=self.is_streamed)
        if http is not None:
            self._note_lifecycle(candidate, http.headers, now)
        if failure is None:
            self._settings.ledger.succeed((candidate.key, candidate.endpoint), now)
            return
        repair = self._learn(candidate, failure) or self._asks_otherwise(candidate, failure)
        if not repair:
            key = candidate.endpoint if covers_endpoint(failure) else candidate.key
            cooldown = self._settings.ledger.fail(key, failure, now)
            self.watch.cooled(candidate.target, cooldown, now)
            _log(candidate, failure)
        self.plan = self.plan.record(candidate, attempt, repair=repair)

    def _note_lifecycle(self, candidate: Candidate, headers: Any, now: float) -> None:
        if not any(name in headers for name in _ANNOUNCING):
            return
        lifecycle = read_lifecycle(headers, now=now)
        if lifecycle and self._settings.ledger.note_lifecycle(candidate.endpoint, lifecycle):
            _LOGGER.warning("%s announces its end: %s", candidate.target, lifecycle)

    def _about_credential(self, failure: Failure) -> Failure:
        """Take the attempt's own key out of what a server said, and time a token's refusal."""
        credential = self._destination.endpoint.credential
        failure = self._without_key(failure)
        lasting = key_of(credential) is not None and failure.code is not None
        if failure.kind is FailureKind.AUTH and not failure.retry_after and not lasting:
            failure = replace(failure, retry_after=_REFUSAL_RETRY)
        return failure

    def _without_key(self, failure: Failure) -> Failure:
        key, code = self._spoken_key(), failure.code
        if key is None or key not in f"{failure.message} {code}":
            return failure
        message = failure.message.replace(key, HIDDEN)
        return replace(failure, message=message, code=code and code.replace(key, HIDDEN))

    def _spoken_key(self) -> str | None:
        """Give the key that the attempt was signed with, for a server may repeat it."""
        endpoint, own = self._destination.endpoint, self._settings.endpoint
        if endpoint.credential is None and own is not None and own.origin == endpoint.origin:
            endpoint = own
        key = key_of(endpoint.credential)
        return key if key is not None and len(key) >= _SHORTEST_KEY else None

    def _learn(self, candidate: Candidate, failure: Failure) -> bool:
        """Remember what was refused; true where the same target may be asked once more."""
        if failure.kind is not FailureKind.WRONG_DIALECT or self._settings.adapt == "strict":
            return False
        # What held when it was sent: another call may have learnt the same since.
        known, payload = self._fitted, self._unfitted
        sent = adapt(payload, known, self._dialect)[0]
        lessons = lessons_of(failure, sent) - known
        versions = frozenset(name for name in lessons if name.startswith(API_VERSION))
        same = wanted_version(known | versions) == wanted_version(known)
        if same and adapt(payload, known | lessons, self._dialect)[0] == sent:
            return False
        for lesson in sorted(lessons):
            # What a URL may carry concerns all models behind it.
            key = candidate.endpoint if lesson in versions else candidate.key
            self._settings.ledger.learn(key, lesson)
        return True

    def _asks_otherwise(self, candidate: Candidate, failure: Failure) -> bool:
        """Tell whether another way may get a structured answer from the same target."""
        if self._structured is None:
            return False
        repair, lesson = self._structured.mend(failure)
        if lesson is not None:
            self._settings.ledger.learn(candidate.key, lesson)
        return repair

    def _note(self, passed: tuple[Skip, ...]) -> None:
        for skip in passed:
            mark = (skip.target, skip.reason.partition(",")[0])
            if mark not in self._seen:
                self._seen.add(mark)
                self._happened(skip)
                _LOGGER.debug("Skipped %s: %s", skip.target, skip.reason)

    def _happened(self, event: Skip | Pause) -> None:
        self._events.append(event)
        self.watch.noticed(event)

    def _publish(self, response: PipelineResponse[Any, Any]) -> None:
        # A method would tie this call, body and all, into a circle that only gc breaks.
        trail = self.trail if self.is_streamed else self.trail()
        attach_trail(response.http_response, trail)
        self._context[TRAIL_KEY] = trail


def _log(candidate: Candidate, failure: Failure) -> None:
    if failure.kind is FailureKind.AUTH:
        _LOGGER.warning("%s refused the credential: %s", candidate.target, failure.message)
    elif failure.kind is FailureKind.RATE_LIMITED:
        _LOGGER.info("Rate limit hit for %s, attempting fallback", candidate.target)
    else:
        _LOGGER.info("%s failed (%s): %s", candidate.target, failure.kind.value, failure.message)
