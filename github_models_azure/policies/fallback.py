"""The policy that falls back to the next target that can serve the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from .._core.route.plan import Try, Wait
from ._begin import Planner
from ._faults import BROKEN, as_azure_error
from ._pipeline import binds_credentials, has_retry
from ._run import Run
from ._stream import StreamedResponse, in_time
from .options import configure

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Fallback, FallbackOptions


class FallbackPolicy(HTTPPolicy[HttpRequest, HttpResponse]):
    """Falls back to the next target when one is limited, down, retired or cannot serve.

    Give it to a client as ``per_call_policies=[FallbackPolicy()]``, or use the clients of this
    package, which carry one. It owns retry as well as fallback: one loop, one budget.

    :param fallback: ``"tier"`` for the models of the same tier, a list of targets
        (``"openai/gpt-4o-mini"``, ``"github/meta/llama-3.3-70b-instruct"``), a mapping of model to
        such lists (``"*"`` for all others), or ``None`` for no other target.
    :keyword fallback_on: the failure kinds that may move on to the next target; by default all that
        are not the caller's error.
    :keyword fallback_max_wait: seconds that one call may wait in all, 60 by default.
    :keyword fallback_max_attempts: requests that one call may send in all, 6 by default.
    :keyword attempt_timeout: seconds until an answer, or a stream's first content, must have come;
        ``None`` leaves it to the transport (300).
    :keyword plan: the Copilot plan whose quotas hold: free (default), pro, business or enterprise.
    :keyword adapt: ``"lenient"`` (default) fits the request to what a target refuses and declares
        it in the trail; ``"strict"`` passes over targets for which something would be lost.
    :keyword allow_retired: try endpoints and models even if they are known to be retired.
    :keyword registry: the models that are known; the bundled ones by default.
    :keyword ledger: the memory of cooldowns; share one between clients to share what they learn.
    :keyword tokenizer: counts the tokens of a text; without one they are estimated from its
        characters.
    :keyword observer: watches what every call does, for telemetry: an :class:`.Observer`.
    :raises ValueError: for a value out of range; TypeError for one of a wrong type.
    """

    def __init__(self, fallback: Fallback = "tier", **options: Unpack[FallbackOptions]) -> None:
        super().__init__()
        self.settings = configure(fallback, options)
        self._planner = Planner(
            self.settings,
            crosses=lambda: binds_credentials(self),
            retries=lambda: has_retry(self),
        )

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Send the request to the first target that serves it."""
        run = self._planner.begin(request)
        if run is None:
            return self.next.send(request)
        try:
            while True:
                step = run.step()
                if isinstance(step, Try):
                    try:
                        response = self.next.send(run.prepare(step))
                        head = self._read_ahead(run, response)
                    except BROKEN as error:
                        run.fail(error)
                        continue
                    if run.accept(response):
                        return run.deliver(response, head)
                elif isinstance(step, Wait):
                    request.context.transport.sleep(step.seconds)  # type: ignore[union-attr]
                    run.paused(step)
                else:
                    return run.finish(step)
        except BaseException as error:
            run.watch.over(run.trail, error)
            raise

    def _read_ahead(
        self, run: Run, response: PipelineResponse[HttpRequest, HttpResponse]
    ) -> StreamedResponse | None:
        """Read a stream up to its first content, while another target can still take over."""
        http = response.http_response
        if not run.is_streamed:
            return None
        if http.status_code != 200:
            pieces = http.iter_bytes()
            http.iter_bytes = lambda **_: in_time(run, pieces)  # type: ignore[method-assign]
            http.read()
            return None
        reader, head, rest = run.open_stream(http), [], http.iter_bytes()
        try:
            while not (reader.has_content or reader.done):
                chunk = next(rest, None)
                head.append(reader.end() if chunk is None else reader.feed(chunk))
                if chunk is None:
                    break
                run.check_overdue()
        except BaseException as error:
            http.close()
            if isinstance(error, Exception):  # not a cancellation, not Ctrl-C
                raise as_azure_error(error) from error
            raise
        return StreamedResponse(http, run, b"".join(head), rest)
