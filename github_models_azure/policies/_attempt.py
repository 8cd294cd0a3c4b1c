"""One attempt of a call: its request, the reader of its answer, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from azure.core.exceptions import ServiceResponseTimeoutError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import HttpRequest

from .._core.answer.calls import id_seed_of
from .._core.answer.reader import AnswerReader
from .._core.answer.stages import AnswerFault
from .._core.answer.text_calls import wanted_text_calls
from .._core.failure.kinds import Failure, FailureKind
from .._core.request.fit import adapt
from .._core.request.repairs import repair, told_version, wanted_version
from .._core.route.cooldown import format_seconds
from .._core.route.needs import demanded_call
from .._core.route.plan import Try
from .._core.trail_events import Attempt, Change
from ..endpoints import origin_of
from ._outgoing import Outgoing
from .errors import judge_error, refusal_in, unless_redirected
from .options import FallbackSettings
from .responses import read_body, with_body
from .route import Destination, key_of
from .secrets import Secret, secret_of
from .structured import Unstructured

_REFUSAL_RETRY = 300.0  # a token may be renewed, a refusal without a code may be a firewall's
Body = Mapping[str, Any]


class OpenAttempt:
    """One HTTP exchange with one target, from the choice of the target to its outcome.

    :param known: what the target is known to refuse beside its dialect: facts, and what was learnt.
    :param deadline: the moment after which the call is over.
    :ivar request: the request as it was fitted; set by :meth:`fit`.
    :ivar came: the body or the exception that came back, as observers are to see it.
    :ivar event: the attempt as it stands in the trail, once it is over.
    """

    __slots__ = (
        "_deadline", "_known", "_outgoing", "_settings", "_structured", "_unfitted", "came",
        "candidate", "destination", "event", "reader", "started", "step",
    )  # fmt: skip
    _unfitted: Body
    event: Attempt

    def __init__(
        self,
        settings: FallbackSettings,
        outgoing: Outgoing,
        step: Try,
        destination: Destination,
        known: frozenset[str],
        structured: Unstructured,
        deadline: float,
    ) -> None:
        self._settings, self._outgoing, self._known = settings, outgoing, known
        self._structured, self._deadline = structured, deadline
        self.step, self.candidate, self.destination = step, step.candidate, destination
        self.started = settings.clock()
        self.reader = AnswerReader()
        self.came: object = None

    # What to send

    def fit(self) -> tuple[Body, tuple[Change, ...]]:
        """Return the body in the target's dialect, and what was changed for that."""
        dialect, note = self.destination.endpoint.dialect, self.destination.note
        unfitted, told = self._structured.ask(
            self._outgoing.payload, self.candidate, self._known, dialect
        )
        self._unfitted = unfitted
        payload, changes = adapt(unfitted, self._known, dialect)
        notes = (note, told_version(wanted_version(self._known)))
        return payload, (*told, *(Change(text) for text in notes if text), *changes)

    def sign_off(
        self, payload: Body, *, pristine: bool, sees: Callable[[Body], None] | None
    ) -> PipelineRequest[HttpRequest]:
        """Return the request that is sent, always made of the original one.

        :param pristine: whether no attempt has been made yet.
        :param sees: is shown the updates of a stream.
        """
        self.started = self._settings.clock()
        dialect, asked = self.destination.endpoint.dialect, self._outgoing.payload
        self.reader = AnswerReader(
            self._outgoing.operation,
            dialect,
            id_seed=id_seed_of(asked),
            written=wanted_text_calls(asked, dialect.text_calls),
            demanded=None if dialect.tool_choice else demanded_call(asked),
            wanted=self._structured.is_wanted,
            tool=self._structured.tool,
            sees=sees,
        )
        return self._outgoing.attempt(
            self.destination,
            payload,
            seconds=self._seconds_left(),
            pristine=pristine,
            version=wanted_version(self._known),
        )

    def _seconds_left(self) -> float:
        limit = self._settings.attempt_timeout
        most = limit if limit is not None else inf
        return most if self._deadline == inf else min(most, self._deadline - self.started)

    # What came

    def check_overdue(self) -> None:
        """Stop an attempt that has gone on for longer than it may without any content.

        :raises ServiceResponseTimeoutError: if it has.
        """
        now, limit = self._settings.clock(), self._settings.attempt_timeout
        if now >= self._deadline or (limit is not None and now - self.started >= limit):
            spent = format_seconds(now - self.started)
            raise ServiceResponseTimeoutError(f"no content within {spent}")

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
        self.came = value = read_body(response)
        if http.status_code != 200:
            failure = refusal_in(http, self._settings.clock(), self.destination.endpoint.dialect)
        else:
            content: bytes = http.content if isinstance(http.content, bytes) else b""
            body = content.decode("utf-8", "replace") if value is None else value
            try:
                fitted = self.open_reader(http).whole(body)
            except AnswerFault as fault:
                failure = fault.failure
            else:
                self.came = self.reader.observed
                failure = self._structured.settle(self.reader.said, http)
                if failure is None and fitted is not value:
                    response = with_body(response, fitted)
        return response, unless_redirected(failure, http, self.destination.endpoint.origin)

    def judge_error(self, error: BaseException) -> Failure:
        """Return what an exception means that came in place of an answer."""
        self.came = error
        return judge_error(error, self._settings.clock(), self.destination.endpoint.dialect)

    # What to do about it

    @property
    def secret(self) -> Secret:
        """The key that the attempt was signed with, for a server may repeat it."""
        return secret_of(self.destination.endpoint, self._settings.endpoint)

    def is_redirected(self, url: str) -> bool:
        """Return whether the request was on its way to where a server sent it."""
        return origin_of(url) != self.destination.endpoint.origin

    def close(self, failure: Failure | None, http: Any, now: float) -> Attempt:
        """Return the attempt as it stands in the trail."""
        if failure is not None:
            failure = self._structured.about(self._timed(self.secret.out_of_failure(failure)))
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
        if failure.kind is not FailureKind.WRONG_DIALECT or self._settings.adapt == "strict":
            return frozenset()
        # What held when it was sent: another call may have learnt the same since.
        return repair(failure, self._unfitted, self._known, self.destination.endpoint.dialect)
