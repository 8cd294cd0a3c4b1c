"""The async twin of :mod:`.fallback`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from .._core.never import assert_never
from .._core.route.plan import GiveUp, Try, Wait
from ._attempt import OpenAttempt
from ._call import Call
from ._stream import AsyncStreamedResponse, finish
from .errors import BROKEN, as_azure_error
from .options import configure
from .pipeline import binds_credentials, has_retry
from .planner import Planner
from .responses import AsyncReadResponse
from .waits import wait_async

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Fallback, FallbackOptions, FallbackSettings
    from .planner import RoutePlan


class AsyncFallbackPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Falls back to the next target when one is limited, down, retired or cannot serve.

    The twin of :class:`FallbackPolicy` for async clients, with the same keywords; the two may share
    a ledger.
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

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Send the request to the first target that serves it."""
        call = self._planner.begin(request)
        if call is None:
            return await self.next.send(request)
        try:
            while True:
                step = call.step()
                if isinstance(step, Try):
                    attempt = call.open(step)
                    try:
                        response = await self.next.send(call.prepare(attempt))
                        response, stream = await self._read_ahead(call, attempt, response)
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
                    await wait_async(step.seconds, self.settings.clock, request.context)
                    call.paused(step)
                elif isinstance(step, GiveUp):
                    return call.finish(step)
                else:
                    assert_never(step)
        except BaseException as error:
            call.watch.over(call.trail, error)
            raise

    async def _read_ahead(
        self,
        call: Call,
        attempt: OpenAttempt,
        response: PipelineResponse[HttpRequest, AsyncHttpResponse],
    ) -> tuple[PipelineResponse[HttpRequest, AsyncHttpResponse], AsyncStreamedResponse | None]:
        """Read a stream up to its first content, while another target can still take over."""
        http = response.http_response
        if not call.is_streamed:
            return response, None
        rest = http.iter_bytes()
        try:
            if http.status_code != 200:
                refused: Any = AsyncReadResponse(http, await _read(attempt, rest))
                await finish(rest)
                await http.close()
                return PipelineResponse(response.http_request, refused, response.context), None
            reader, head = attempt.open_reader(http), []
            while not (reader.has_content or reader.done):
                chunk = await anext(rest, None)
                head += reader.end() if chunk is None else reader.feed(chunk)
                if chunk is None:
                    break
                attempt.check_overdue()
        except BaseException as error:
            await finish(rest)
            await http.close()
            if isinstance(error, Exception):  # not a cancellation, not Ctrl-C
                raise as_azure_error(error) from error
            raise
        return response, AsyncStreamedResponse(http, call, attempt, head, rest)


async def _read(attempt: OpenAttempt, pieces: AsyncIterator[bytes]) -> bytes:
    """Read the body of a refusal, as long as the attempt may go on."""
    body = bytearray()
    async for piece in pieces:
        body += piece
        attempt.check_overdue()
        if len(body) > attempt.bounds.error:
            break
    return bytes(body[: attempt.bounds.error + 1])
