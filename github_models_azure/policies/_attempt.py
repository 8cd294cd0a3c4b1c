"""One attempt of a call: its request, the reader of its answer, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

from azure.core.exceptions import ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import HttpRequest

from .._core.answer.bounds import told_size
from .._core.answer.demands import Said
from .._core.answer.normalise import asked_choices
from .._core.answer.reader import AnswerReader
from .._core.answer.silence import Silence
from .._core.answer.stages import AnswerFault
from .._core.answer.usage import Spending
from .._core.failure.kinds import Failure, FailureKind
from .._core.failure.redact import Redactor
from .._core.request.dialect import KEEP, Dialect
from .._core.request.fit import adapt
from .._core.request.repairs import repair, told_version, wanted_version
from .._core.route.needs import Operation
from .._core.route.plan import Candidate, Plan, Try
from .._core.trail_events import Attempt, Change
from ..credentials.keys import key_of
from ..endpoints import origin_of
from ..exceptions import OutputValidationError
from .errors import judge_error, refusal_in, unless_redirected
from .options import FallbackSettings
from .outgoing import Outgoing
from .responses import BODY, with_body
from .route import Destination
from .secrets import hide_in_failure

_REFUSAL_RETRY = 300.0  # a token may be renewed, a refusal without a code may be a firewall's
Body = Mapping[str, Any]


class Unstructured:
    """Takes the place of :class:`Structured` for calls whose answer may have any shape."""

    __slots__ = ()
    is_wanted = False

    @property
    def tool(self) -> str | None:
        """The tool whose call is demanded as the answer."""
        return None

    @property
    def notes(self) -> tuple[Change, ...]:
        """What the trail is to say of the answer."""
        return ()

    @property
    def error(self) -> OutputValidationError | None:
        """What is raised unless another attempt does better."""
        return None

    def weigh(self, plan: Plan, count: Callable[[str], int]) -> Plan:
        """Return the plan with what this adds to the input."""
        return plan

    def ask(
        self,
        payload: Mapping[str, Any],
        candidate: Candidate,
        known: frozenset[str],
        dialect: Dialect,
    ) -> tuple[Mapping[str, Any], tuple[Change, ...]]:
        """Return the body that asks one target, and what to declare."""
        return payload, ()

    def about(self, failure: Failure) -> Failure:
        """Return what a failure means for this call."""
        return failure

    def mend(self, failure: Failure) -> tuple[bool, str | None]:
        """Say whether to ask the same target again, and what to remember of it."""
        return False, None

    def settle(self, said: Said, http: Any) -> Failure | None:
        """Return what is wrong with a whole answer."""
        return None


UNSTRUCTURED = Unstructured()


class OpenAttempt:
    """One HTTP exchange with one target, from the choice of the target to its outcome.

    :param known: what the target is known to refuse beside its dialect: facts, and what was learnt.
    :param deadline: the moment after which the call is over.
    :param prompt: the tokens of the prompt, as they were counted for the route.
    :param secrets: hides what the attempts of the call are signed with.
    :ivar request: the request as it was fitted; set by :meth:`fit`.
    :ivar bounds: of what comes back.
    :ivar came: the body or the exception that came back, as observers are to see it.
    :ivar event: the attempt as it stands in the trail, once it is over.
    :ivar silence: how long its stream may say nothing.
    :ivar spending: what the answer uses.
    """

    __slots__ = (
        "_asked", "_deadline", "_known", "_limit", "_outgoing", "_secrets", "_settings",
        "_structured", "_unfitted", "_version", "bounds", "came", "candidate", "destination",
        "event", "partial", "reader", "silence", "spending", "started", "step",
    )  # fmt: skip
    _unfitted: Body
    event: Attempt
    reader: AnswerReader
    silence: Silence  # of a stream only

    def __init__(
        self,
        settings: FallbackSettings,
        outgoing: Outgoing,
        step: Try,
        destination: Destination,
        known: frozenset[str],
        structured: Unstructured,
        deadline: float,
        prompt: int,
        secrets: Redactor,
    ) -> None:
        self._settings, self._outgoing, self._known = settings, outgoing, known
        chat, inputs = outgoing.operation is Operation.CHAT, outgoing.payload.get("input")
        self.spending = Spending(prompt if chat else None, inputs, settings.tokenizer)
        self._structured, self._deadline, self._secrets = structured, deadline, secrets
        self.step, self.candidate, self.destination = step, step.candidate, destination
        self.started = settings.clock()
        self.came: object = None
        self.partial: str | None = None
        self._version = KEEP
        self._limit = settings.attempt_timeout
        self.bounds = settings.bounds(outgoing.operation)

    # What to send

    def fit(self) -> tuple[Body, tuple[Change, ...]]:
        """Return the body in the target's dialect, and what was changed for that."""
        dialect = self.destination.endpoint.dialect
        filled, own = self._filled()
        unfitted, told = self._structured.ask(filled, self.candidate, self._known, dialect)
        told = (*own, *told)
        self._unfitted = unfitted
        payload, changes = adapt(unfitted, self._known, dialect)
        told = (*told, *map(Change, self.destination.notes))
        if self._known:
            self._version = wanted_version(self._known)
            if version := told_version(self._version):
                told = (*told, Change(version))
        return payload, (*told, *changes)

    def _filled(self) -> tuple[Body, tuple[Change, ...]]:
        """Return the body and the seconds as the settings of this target say."""
        defaults, usual = self.destination.defaults, self._settings.usual
        said = self._outgoing.said
        if self._structured.is_wanted:  # it says the shape of the answer
            said |= {"response_format"}
        payload, changes = defaults.fill(self._outgoing.payload, usual, said)
        self._limit, more = defaults.seconds(self._limit, usual, said)
        return payload, (*changes, *more)

    def sign_off(
        self, payload: Body, *, pristine: bool, sees: Callable[[Body], None] | None
    ) -> PipelineRequest[HttpRequest]:
        """Return the request that is sent, always made of the original one.

        :param pristine: whether no attempt has been made yet.
        :param sees: is shown the updates of a stream.
        """
        self.started = self._asked = self._settings.clock()
        self.reader = AnswerReader.of(
            self._outgoing.payload,
            self._outgoing.operation,
            self.destination.endpoint.dialect,
            wanted=self._structured.is_wanted,
            tool=self._structured.tool,
            sees=sees,
            spending=self.spending,
            bounds=self.bounds,
            choices=asked_choices(payload),
        )
        return self._outgoing.attempt(
            self.destination,
            payload,
            seconds=self._seconds_left(),
            content_within=self._content_within(),
            pristine=pristine,
            version=self._version,
            bounds=self.bounds,
        )

    def _content_within(self) -> float:
        """Return how long the first content of a stream may take; ``inf`` for a whole answer."""
        if not self._outgoing.is_streamed:
            return inf
        patience, left = self._outgoing.read_timeout, self._deadline - self.started
        self.silence = Silence(self._limit, patience, left)
        return self.silence.next_wait

    def _seconds_left(self) -> float:
        limit = self._limit
        most = limit if limit is not None else inf
        return most if self._deadline == inf else min(most, self._deadline - self.started)

    # What came

    def check_overdue(self) -> None:
        """Stop the attempt of a stream that has gone on for longer than it may without content.

        :raises ServiceResponseTimeoutError: if it has.
        """
        now = self._settings.clock()
        seconds, self._asked = now - self._asked, now
        late = self.silence.waited(seconds, heard=self.reader.take_heard())
        if late is not None:
            raise ServiceResponseTimeoutError(late)

    def open_reader(self, http: Any) -> AnswerReader:
        """Return the reader of an answer whose head has come."""
        content_type = http.headers.get("content-type")
        return self.reader.open(http.headers, content_type, now=self._settings.clock())

    def judge(
        self, response: PipelineResponse[Any, Any]
    ) -> tuple[PipelineResponse[Any, Any], Failure | None]:
        """Return the answer as it is handed on, and the failure if it is not the answer."""
        http, failure = response.http_response, None
        if http.status_code == 200 and self._outgoing.is_streamed:
            return response, None
        value = read_body(response)
        self.came = value
        if http.status_code != 200:
            failure = self._refusal_in(http)
        elif len(_bytes_of(http)) > self.bounds.answer:  # the transport is somebody else's
            failure = Failure(FailureKind.UNAVAILABLE, message=told_size(self.bounds.answer))
        else:
            body = _text_of(http) if value is None else value
            try:
                fitted = self.open_reader(http).whole(body)
            except AnswerFault as fault:
                failure, self.partial = fault.failure, fault.partial
            else:
                self.came = self.reader.observed
                failure = self._structured.settle(self.reader.said, http)
                if failure is None and fitted is not value:
                    response = with_body(response, fitted)
        if failure is not None:
            self.came = self._secrets.value(self.came)
            failure = unless_redirected(failure, http, self.destination.endpoint.origin)
        return response, failure

    def judge_error(self, error: BaseException) -> Failure:
        """Return what an exception means that came in place of an answer."""
        self.came = error
        dialect = self.destination.endpoint.dialect
        return judge_error(error, self._settings.clock(), dialect, self.bounds)

    def _refusal_in(self, http: Any) -> Failure:
        dialect = self.destination.endpoint.dialect
        return refusal_in(http, self._settings.clock(), dialect, self.bounds)

    # What to do about it

    def is_redirected(self, url: str) -> bool:
        """Return whether the request was on its way to where a server sent it."""
        return origin_of(url) != self.destination.endpoint.origin

    def close(self, failure: Failure | None, http: Any, now: float) -> Attempt:
        """Return the attempt as it stands in the trail."""
        if failure is not None:
            failure = self._structured.about(self._timed(hide_in_failure(self._secrets, failure)))
        self.event = Attempt(
            self.candidate.target,
            self.started,
            max(0.0, now - self.started),
            http.status_code if http is not None else None,
            failure,
            retry=self.step.retry,
            emulated=http is not None and "x-emulated-by" in http.headers,
        )
        return self.event

    def _timed(self, failure: Failure) -> Failure:
        """Give the refusal of a credential that can change an end."""
        credential = self.destination.endpoint.credential
        lasting = key_of(credential) is not None and failure.code is not None
        if failure.kind is FailureKind.AUTH and not failure.retry_after and not lasting:
            return replace(failure, retry_after=_REFUSAL_RETRY)
        return failure

    def lessons(self, failure: Failure) -> frozenset[str]:
        """Return what a refusal teaches by which the same target may be asked again."""
        strict = self.destination.defaults.is_strict(
            self._settings.adapt, self._settings.usual, self._outgoing.said
        )
        if failure.kind is not FailureKind.WRONG_DIALECT or strict:
            return frozenset()
        # What held when it was sent: another call may have learnt the same since.
        return repair(failure, self._unfitted, self._known, self.destination.endpoint.dialect)


def read_body(response: PipelineResponse[Any, Any]) -> object:
    """Return the body of an answer as it was read; JSON counts as such under any label.

    The SDK's own operations do not look at the label either.
    """
    value: object = response.context.get(BODY)
    if isinstance(value, str) and response.http_response.status_code == 200:
        with suppress(ValueError, RecursionError):
            value = response.context[BODY] = json.loads(value)
    return value


def _text_of(http: Any) -> str:
    """Return a body that was not read as anything; responses of older transports have none."""
    return _bytes_of(http).decode("utf-8", "replace")


def _bytes_of(http: Any) -> bytes:
    content: object = getattr(http, "content", None)
    return content if isinstance(content, bytes) else b""
