"""One call on its way: the plan, the ledger and the trail, from the first step to the outcome.

Both policies drive it. It decides nothing that the plan does not say, and never sends, sleeps,
reads or closes; what those need is done by the shells.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from math import inf
from typing import Any

from azure.core.exceptions import DecodeError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import HttpRequest

from .._core.answer.demands import Said
from .._core.answer.framing import is_framed, value_in
from .._core.failure.kinds import Failure, FailureKind
from .._core.request.defaults import Waits
from .._core.route.needs import NO_EMBEDDINGS, Operation
from .._core.route.plan import Candidate, GiveUp, Plan, Step, Try, Wait
from .._core.trail_events import Adaptation, Change, Event, Pause, Skip
from ..exceptions import StreamInterruptedError
from ..trail import TRAIL_KEY, Spent, Trail, attach_trail
from ._attempt import OpenAttempt, Unstructured
from ._lessons import cool, learn, note_lifecycle
from ._outcome import outcome
from .errors import answer_in, is_callers_mistake
from .names import hint_for
from .observers import UNWATCHED, Unwatched
from .options import FallbackSettings
from .outgoing import Outgoing
from .responses import hidden_response
from .route import Route
from .secrets import (
    hide_in_error,
    hide_in_failure,
    note_endpoint,
    note_proxies,
    note_signed,
    secrets_of,
)
from .waits import BackOff

_LOGGER = logging.getLogger(__name__)
_ABOUT_THE_MODEL = (
    FailureKind.MODEL_GONE, FailureKind.REJECTED, FailureKind.UNCLEAR, FailureKind.WRONG_DIALECT,
)  # fmt: skip
_OF_ANY_MODEL = (FailureKind.AUTH, FailureKind.RATE_LIMITED, FailureKind.UNAVAILABLE)
_Outcome = tuple[PipelineResponse[Any, Any] | None, BaseException | None]


class Call:
    """What lives as long as a call; what lives for one attempt is an :class:`OpenAttempt`.

    :ivar plan: what was tried, and what may be tried next.
    :ivar served_by: the target that answered; ``None`` until one did.
    :ivar watch: tells the observer of the call.
    """

    __slots__ = (
        "_back_off", "_context", "_deadline", "_doubted", "_events", "_last", "_open", "_outgoing",
        "_own_back_offs", "_request", "_route", "_secrets", "_seen", "_settings", "_spent",
        "_structured", "plan", "served_by", "watch",
    )  # fmt: skip
    _doubted: _Outcome  # of the attempt that the plan has its doubts about
    _open: OpenAttempt  # the last one

    def __init__(
        self,
        settings: FallbackSettings,
        request: PipelineRequest[HttpRequest],
        outgoing: Outgoing,
        route: Route,
        plan: Plan,
        structured: Unstructured,
        now: float,
    ) -> None:
        self._settings, self._request, self._outgoing = settings, request, outgoing
        self._context, self._route, self._structured = request.context, route, structured
        self._secrets = secrets_of(request)
        self.plan = structured.weigh(plan, settings.tokenizer)
        self._deadline = settings.deadline(outgoing.options, now)
        self._back_off: BackOff | None = None
        self._own_back_offs: dict[str, BackOff] = {}
        self._events: list[Event] = []
        self._seen: set[tuple[str, str]] = set()
        self._last: _Outcome = (None, None)
        self.served_by: str | None = None
        self._spent: Spent = None  # of a call that went on for this one
        self.watch: Unwatched = UNWATCHED

    # What is asked of it from outside

    @property
    def is_streamed(self) -> bool:
        """Whether the caller asked for the answer as a stream."""
        return self._outgoing.is_streamed

    @property
    def said(self) -> Said:
        """What the answer of a wanted shape says."""
        return self._open.reader.said

    @property
    def has_ended(self) -> bool:
        """Whether a stream has said all, its last word included."""
        return self._open.reader.done

    def now(self) -> float:
        """Return the time, by the clock of the settings."""
        return self._settings.clock()

    def away(self, seconds: float) -> None:
        """Leave out time in which the caller of a stream asked for nothing."""
        self._deadline += seconds

    def trail(self) -> Trail:
        """Return the trail as it stands now."""
        spent = self._spent
        if spent is None and self.served_by is not None:
            spent = self._open.spending
        return Trail(self._route.requested, tuple(self._events), self.served_by, spent)

    def hide_secrets(self, error: BaseException) -> None:
        """Take what the attempts were signed with out of an error and its causes."""
        self._note_sent()
        hide_in_error(self._secrets, error)

    def _note_sent(self) -> None:
        note_signed(self._request)
        note_proxies(self._secrets, self._outgoing.options)

    def hide(self, text: str) -> str:
        """Return a text without what the attempts were signed with."""
        return self._secrets.text(text)

    def model_hint(self) -> str | None:
        """Return what an unknown model probably was, or who serves it; ``None`` if not known."""
        failure = self.plan.last_failure
        if failure is not None and failure.kind in _OF_ANY_MODEL:
            return None
        return hint_for(self._settings, str(self._outgoing.payload.get("model")))

    def lacks_embeddings_model(self) -> bool:
        """Return whether a call for embeddings failed because it names no model for them."""
        if self._outgoing.operation is Operation.CHAT:
            return False
        failure = self.plan.last_failure
        if failure is None:
            skips = [event for event in self._events if isinstance(event, Skip)]
            return bool(skips) and all(skip.reason == NO_EMBEDDINGS for skip in skips)
        return not self._outgoing.payload.get("model") and failure.kind in _ABOUT_THE_MODEL

    def budget_left(self) -> dict[str, Any] | None:
        """Return the limits of a second call within those of this one; ``None`` if none is left."""
        rules = self.plan.rules
        attempts = rules.max_attempts - len(self.trail().attempts)
        seconds = self._deadline - self._settings.clock()
        if attempts < 1 or seconds <= 0:
            return None
        wait = max(0.0, rules.max_wait - self.plan.waited)
        left: dict[str, Any] = {"fallback_max_attempts": attempts, "fallback_max_wait": wait}
        return left if seconds == inf else {**left, "timeout": seconds}

    # Steps

    def step(self) -> Step:
        """Decide what to do next, and note in the trail which targets were passed over."""
        ledger = self._settings.ledger
        while True:
            now = self._settings.clock()
            step = self.plan.next(
                now=now,
                deadline=self._deadline,
                cooldowns=ledger.in_force(self._route.keys, now),
                back_off=self._wait_for_unavailable,
                own_back_off=self._wait_for,
            )
            if isinstance(step, Try) and not step.forced:
                keys = (step.candidate.key, step.candidate.endpoint)
                if not ledger.admit(keys, now):  # another call took the probe a moment ago
                    continue
            self._note_passed(step.passed)
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

    def _wait_for(self, candidate: Candidate) -> float:
        """Return the wait of a target that has waits of its own, by its own attempts."""
        made = self._own_back_offs.get(candidate.key)
        if made is None:
            waits = self._route.destinations[candidate.key].defaults.waits or Waits()
            made = self._own_back_offs[candidate.key] = BackOff(
                waits.factor, waits.most, self._settings.jitter, waits.least
            )
        return made.after(max(1, self.plan.tries_of(candidate)))

    def paused(self, step: Wait) -> None:
        """Note a wait that was carried out."""
        self._note(Pause(step.candidate.target, step.seconds))
        self.plan = self.plan.wait(step)

    # Attempts

    def open(self, step: Try) -> OpenAttempt:
        """Begin an attempt."""
        candidate, ledger = step.candidate, self._settings.ledger
        if self.plan.attempts and not step.retry:
            _LOGGER.info("Switching to fallback model: %s", candidate.target)
        learnt = ledger.learnt(candidate.key) | ledger.learnt(candidate.endpoint)
        self._open = OpenAttempt(
            self._settings,
            self._outgoing,
            step,
            self._route.destinations[candidate.key],
            candidate.facts.rejects | learnt,
            self._structured,
            self._deadline,
            self.plan.needs.input_tokens,
            self._secrets,
        )
        note_endpoint(self._secrets, self._open.destination.endpoint, self._settings.endpoint)
        return self._open

    def prepare(self, attempt: OpenAttempt) -> PipelineRequest[HttpRequest]:
        """Return the request of an attempt, and note what was changed for its target."""
        payload, changes = attempt.fit()
        self.declare(changes)
        before, destination = len(self.plan.attempts), attempt.destination
        self.watch.attempt_started(
            attempt.step, destination.endpoint, destination.model, payload, before
        )
        return attempt.sign_off(payload, pristine=not before, sees=self.watch.tap)

    def accept(
        self, attempt: OpenAttempt, response: PipelineResponse[Any, Any]
    ) -> PipelineResponse[Any, Any] | None:
        """Judge an answer and return it as it is handed on; ``None`` asks for the next step."""
        if response.http_response.status_code != 200:
            self._note_sent()
            hidden = hidden_response(response.http_response, self._secrets)
            response = PipelineResponse(response.http_request, hidden, response.context)
        answer, failure = attempt.judge(response)
        self._record(attempt, failure, response.http_response)
        if attempt.partial is not None and attempt.event.failure is not None:
            raise self._broken_off(attempt, attempt.event.failure)
        if failure is not None:
            self._keep(response, self._structured.error)
            return None
        self.served_by = attempt.candidate.target
        self.declare(self._structured.notes)
        return answer

    def _broken_off(self, attempt: OpenAttempt, failure: Failure) -> StreamInterruptedError:
        """Return the error for a whole answer that failed after it had begun."""
        made = StreamInterruptedError(
            f"The answer of {attempt.candidate.target} broke off: {failure.message}",
            partial_text=attempt.partial or "",
        )
        self.hide_secrets(made)
        attach_trail(made, self.trail())
        return made

    def framed_in(self, error: BaseException) -> PipelineResponse[Any, Any] | None:
        """Return the answer of a plain call that azure-core could not read for what frames it.

        That is JSON with ``[DONE]`` behind it, or an event stream. ``None`` for everything else.
        """
        http = answer_in(error) if isinstance(error, DecodeError) else None
        if self.is_streamed or http is None or http.status_code != 200:
            return None
        body = http.content if isinstance(http.content, bytes) else b""
        if not is_framed(body) and value_in(body.decode("utf-8", "replace")) is None:
            return None
        return PipelineResponse(self._request.http_request, http, self._context)

    def fail(self, attempt: OpenAttempt, error: BaseException) -> None:
        """Note an exception that came instead of an answer.

        :raises BaseException: the same, if the caller has something to mend.
        """
        self.hide_secrets(error)  # before it is judged, which cuts what it says
        if is_callers_mistake(error) and not attempt.is_redirected(self._request.http_request.url):
            raise error  # not an outage to route around
        http = answer_in(error)
        failure = attempt.judge_error(error)
        self._record(attempt, failure, http)
        answer = None
        if http is not None and http.status_code != 200:
            answer = PipelineResponse(self._request.http_request, http, self._context)
        self._keep(answer, error)

    def _keep(
        self, response: PipelineResponse[Any, Any] | None, error: BaseException | None
    ) -> None:
        """Keep what came of the last attempt, in case the call has nothing better."""
        self._last = (response, error)
        if self.plan.doubt == len(self.plan.attempts) - 1:
            self._doubted = self._last

    def interrupted(self, attempt: OpenAttempt, failure: Failure, *, cools: bool = True) -> Failure:
        """Note a stream that broke after its first content; return the failure without its key.

        :param cools: whether the target is to be left out for a while.
        """
        now, failure = self._settings.clock(), hide_in_failure(self._secrets, failure)
        spent = max(0.0, now - attempt.started)
        self._events[-1] = replace(attempt.event, failure=failure, seconds=spent)
        if cools:
            cooldown = self._settings.ledger.fail(attempt.candidate.key, failure, now)
            self.watch.cooled(attempt.candidate.target, cooldown, now)
        return failure

    def declare(self, changes: tuple[Change, ...]) -> None:
        """Note what was changed for the present target, each change once."""
        for change in changes:
            event = Adaptation(self._open.candidate.target, change.text, change.lossy)
            if event not in self._events:
                self._events.append(event)

    def _record(self, attempt: OpenAttempt, failure: Failure | None, http: Any) -> None:
        candidate, now = attempt.candidate, self._settings.clock()
        event = attempt.close(failure, http, now)
        self._events.append(event)
        self.watch.recorded(event, attempt.came, streamed=self.is_streamed)
        if http is not None:
            note_lifecycle(self._settings.ledger, candidate, http.headers, now)
        if event.failure is None:
            self._settings.ledger.succeed((candidate.key, candidate.endpoint), now)
            return
        ledger = self._settings.ledger
        repair = learn(ledger, attempt, event.failure, self._structured)
        if not repair:
            self.watch.cooled(candidate.target, cool(ledger, candidate, event.failure, now), now)
        self.plan = self.plan.record(candidate, event, repair=repair)

    def _note_passed(self, passed: tuple[Skip, ...]) -> None:
        for skip in passed:
            mark = (skip.target, skip.reason.partition(",")[0])
            if mark not in self._seen:
                self._seen.add(mark)
                self._note(skip)
                _LOGGER.debug("Skipped %s: %s", skip.target, skip.reason)

    def _note(self, event: Skip | Pause) -> None:
        self._events.append(event)
        self.watch.noticed(event)

    # The end

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
        response, error = self._last if step.attempt is None else self._doubted
        raised = outcome(self.plan, step, response, error, self.trail(), self._settings.clock())
        if raised is None and response is not None:
            self._publish(response)
            self.watch.over(self.trail)
            return response
        failure = raised if raised is not None else error
        if failure is None:  # pragma: no cover - the plan gives up without a failure or a reason
            raise RuntimeError(f"nothing to hand back after {step}")
        self.hide_secrets(failure)
        attach_trail(failure, self.trail())
        if failure is error:
            raise failure
        raise failure from error

    def unserved(self, failure: Failure) -> None:
        """Note that an answer which came whole is not one after all."""
        self.interrupted(self._open, failure)
        self.served_by = None

    def go_on(self, trail: Trail | None) -> None:
        """Add the trail of a call that went on for this one."""
        self._events += trail.events if trail else ()
        self.served_by = trail.served_by if trail else None
        self._spent = trail.spent if trail else None

    def _publish(self, response: PipelineResponse[Any, Any]) -> None:
        # A stream's trail goes on, so it keeps the call; that circle is left to the collector.
        trail = self.trail if self.is_streamed else self.trail()
        attach_trail(response.http_response, trail)
        self._context[TRAIL_KEY] = trail
