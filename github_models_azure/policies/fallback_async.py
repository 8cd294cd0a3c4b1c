"""The async twin of :mod:`.fallback`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from .._core.route.plan import Try, Wait
from ._begin import Planner
from ._faults import BROKEN, as_azure_error
from ._pipeline import binds_credentials, has_retry
from ._run import Run
from ._stream import AsyncStreamedResponse, finish, in_time_async
from .options import configure

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Fallback, FallbackOptions


class AsyncFallbackPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Falls back to the next target when one is limited, down, retired or cannot serve.

    The twin of :class:`FallbackPolicy` for async clients, with the same keywords; the two may share
    a ledger.
    """

    def __init__(self, fallback: Fallback = "tier", **options: Unpack[FallbackOptions]) -> None:
        super().__init__()
        self.settings = configure(fallback, options)
        self._planner = Planner(
            self.settings,
            crosses=lambda: binds_credentials(self),
            retries=lambda: has_retry(self),
        )

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Send the request to the first target that serves it."""
        run = self._planner.begin(request)
        if run is None:
            return await self.next.send(request)
        try:
            while True:
                step = run.step()
                if isinstance(step, Try):
                    try:
                        response = await self.next.send(run.prepare(step))
                        head = await self._read_ahead(run, response)
                    except BROKEN as error:
                        run.fail(error)
                        continue
                    if run.accept(response):
                        return run.deliver(response, head)
                elif isinstance(step, Wait):
                    await request.context.transport.sleep(step.seconds)  # type: ignore[union-attr, misc]
                    run.paused(step)
                else:
                    return run.finish(step)
        except BaseException as error:
            run.watch.over(run.trail, error)
            raise

    async def _read_ahead(
        self, run: Run, response: PipelineResponse[HttpRequest, AsyncHttpResponse]
    ) -> AsyncStreamedResponse | None:
        """Read a stream up to its first content, while another target can still take over."""
        http = response.http_response
        if not run.is_streamed:
            return None
        if http.status_code != 200:
            pieces = http.iter_bytes()
            http.iter_bytes = lambda **_: in_time_async(run, pieces)  # type: ignore[method-assign]
            body = await http.read()
            http.read = lambda: _known(body)  # type: ignore[method-assign] # of an empty one but once
            return None
        reader, head, rest = run.open_stream(http), [], http.iter_bytes()
        try:
            while not (reader.has_content or reader.done):
                chunk = await anext(rest, None)
                head.append(reader.end() if chunk is None else reader.feed(chunk))
                if chunk is None:
                    break
                run.check_overdue()
        except BaseException as error:
            await finish(rest)
            await http.close()
            if isinstance(error, Exception):  # not a cancellation, not Ctrl-C
                raise as_azure_error(error) from error
            raise
        return AsyncStreamedResponse(http, run, b"".join(head), rest)


async def _known(body: bytes) -> bytes:
    return body
