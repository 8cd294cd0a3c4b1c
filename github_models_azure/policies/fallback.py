"""The policy that falls back to the next target that can serve the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from .._core.never import assert_never
from .._core.route.plan import GiveUp, Try, Wait
from ._attempt import OpenAttempt
from ._call import Call
from ._stream import StreamedResponse
from .errors import BROKEN, as_azure_error
from .options import configure
from .pipeline import binds_credentials, has_retry
from .planner import Planner
from .responses import ReadResponse
from .waits import wait

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Fallback, FallbackOptions, FallbackSettings
    from .planner import RoutePlan


class FallbackPolicy(HTTPPolicy[HttpRequest, HttpResponse]):
    """Falls back to the next target when one is limited, down, retired or cannot serve.

    Give it to a client as ``per_call_policies=[FallbackPolicy()]``, or use the clients of this
    package, which carry one. It owns retry as well as fallback: one loop, one budget.

    :param fallback: ``"tier"`` for the models of the same tier, a list of targets
        (``"openai/gpt-4o-mini"``, ``"github/meta/llama-3.3-70b-instruct"``), a mapping of model to
        such lists (``"*"`` for all others), or ``None`` for no other target.
    :keyword fallback_on: the failure kinds that may move on to the next target; by default all that
        are not the caller's error. After ``unclear`` one other target is asked.
    :keyword fallback_max_wait: seconds that one call may wait in all, 60 by default.
    :keyword fallback_max_attempts: requests that one call may send in all; by default 6, or the
        number of targets that were listed if that is more.
    :keyword attempt_timeout: seconds until an answer, or a stream's first content, must have come,
        and from one content of a stream to the next; ``None`` leaves both to the SDK's
        ``read_timeout`` (300).
    :keyword max_answer_bytes: bytes of a whole answer, after decompression; by default 64 MiB for a
        completion and 256 MiB for embeddings. A target that sends more counts as unavailable.
    :keyword max_event_bytes: bytes of one event of a stream, 16 MiB by default; a stream's sum has
        no limit.
    :keyword max_error_bytes: bytes of an error that are read and judged, 1 MiB by default.
    :keyword plan: the Copilot plan whose quotas hold: free (default), pro, business or enterprise.
    :keyword adapt: ``"lenient"`` (default) fits the request to what a target refuses and declares
        it in the trail; ``"strict"`` passes over targets for which something would be lost.
    :keyword allow_retired: try endpoints and models even if they are known to be retired.
    :keyword registry: the models that are known; the bundled ones by default.
    :keyword ledger: the memory of cooldowns: ``"process"`` (default) for that of this process, in
        which each endpoint and credential has its own; ``"memory"`` for a new one; or a ledger to
        share. A client with a clock of its own has a new one by default.
    :keyword tokenizer: counts the tokens of a text; without one they are estimated from its
        characters.
    :keyword observer: watches what every call does, for telemetry: an :class:`.Observer`.
    :keyword clock: tells the time that limits, cooldowns and waits go by, in seconds since the
        epoch; for tests, see :mod:`github_models_azure.testing`.
    :keyword jitter: makes a wait for an unavailable target from the longest one allowed; by default
        a random part of it.
    :raises ValueError: for a value out of range; TypeError for one of a wrong type.
    """

    def __init__(self, fallback: Fallback = "tier", **options: Unpack[FallbackOptions]) -> None:
        super().__init__()
        self._planner = Planner(
            configure(fallback, options),
            crosses=lambda: binds_credentials(self),
            retries=lambda: has_retry(self),
        )

    @property
    def settings(self) -> FallbackSettings:
        """What the policy is set to."""
        return self._planner.settings

    def survey(self, request: HttpRequest, options: dict[str, Any]) -> RoutePlan:
        """Say whom a request would be sent to, and who not, with reasons; nothing is sent.

        :param options: the keywords of the call that are not the SDK's.
        :raises TypeError: if the body is not a JSON object.
        """
        return self._planner.survey(request, options)

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Send the request to the first target that serves it."""
        call = self._planner.begin(request)
        if call is None:
            return self.next.send(request)
        try:
            while True:
                step = call.step()
                if isinstance(step, Try):
                    attempt = call.open(step)
                    try:
                        response = self.next.send(call.prepare(attempt))
                        response, stream = self._read_ahead(call, attempt, response)
                    except BROKEN as error:
                        framed = call.framed_in(error)
                        if framed is None:
                            call.fail(attempt, error)
                            continue
                        response, stream = framed, None
                    answer = call.accept(attempt, response)
                    if answer is not None:
                        return call.deliver(answer, stream)
                elif isinstance(step, Wait):
                    wait(step.seconds, self.settings.clock, request.context)
                    call.paused(step)
                elif isinstance(step, GiveUp):
                    return call.finish(step)
                else:
                    assert_never(step)
        except BaseException as error:
            call.watch.over(call.trail, error)
            raise

    def _read_ahead(
        self,
        call: Call,
        attempt: OpenAttempt,
        response: PipelineResponse[HttpRequest, HttpResponse],
    ) -> tuple[PipelineResponse[HttpRequest, HttpResponse], StreamedResponse | None]:
        """Read a stream up to its first content, while another target can still take over."""
        http = response.http_response
        if not call.is_streamed:
            return response, None
        rest = http.iter_bytes()
        try:
            if http.status_code != 200:
                refused: Any = ReadResponse(http, _read(attempt, rest))
                http.close()
                return PipelineResponse(response.http_request, refused, response.context), None
            reader, head = attempt.open_reader(http), []
            while not (reader.has_content or reader.done):
                chunk = next(rest, None)
                head += reader.end() if chunk is None else reader.feed(chunk)
                if chunk is None:
                    break
                attempt.check_overdue()
        except BaseException as error:
            http.close()
            if isinstance(error, Exception):  # not a cancellation, not Ctrl-C
                raise as_azure_error(error) from error
            raise
        return response, StreamedResponse(http, call, attempt, head, rest)


def _read(attempt: OpenAttempt, pieces: Iterator[bytes]) -> bytes:
    """Read the body of a refusal, as long as the attempt may go on."""
    body = bytearray()
    for piece in pieces:
        body += piece
        attempt.check_overdue()
        if len(body) > attempt.bounds.error:
            break
    return bytes(body[: attempt.bounds.error + 1])
