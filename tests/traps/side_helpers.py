"""One call through the plain SDK and through this package, with the same server and the same words.

Each test of this folder states the fault on the plain side and its cure on ours, so that it fails
when the SDK is mended as well as when we are broken.
"""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from azure.core.credentials import AccessToken, AzureKeyCredential

from github_models_azure import Endpoint, Trail, trail_of
from github_models_azure.client.transport import async_transport, close_pools, sync_transport
from tests.harness import HELLO, Clock, Twin, text_of, timed
from tests.traps.wire_helpers import Script, Wire, serve

KEY = "secret-key"
Test = TypeVar("Test", bound=Callable[..., None])


def trap(*numbers: int) -> Callable[[Test], Test]:
    """Say which traps a test shows and cures; all of them together are checked for gaps."""

    def mark(test: Test) -> Test:
        test.traps = numbers  # type: ignore[attr-defined]
        return test

    return mark


@dataclass
class Outcome:
    """What came of one or more calls of one client."""

    wire: Wire
    slept: list[float] = field(default_factory=list)
    result: Any = None
    updates: list[Any] = field(default_factory=list)
    error: Exception | None = None

    def take(self, update: Any) -> None:
        """Keep an update, and let a server that waits for it go on."""
        self.updates.append(update)
        self.wire.seen.set()

    @property
    def text(self) -> str:
        """The text of all streamed updates."""
        return "".join(map(text_of, self.updates))

    @property
    def trail(self) -> Trail:
        """The trail of the result, or of the error."""
        found = trail_of(self.result if self.error is None else self.error)
        assert found is not None
        return found


class Side:
    """The plain SDK or this package, sync or async."""

    def __init__(self, twin: Twin, *, is_ours: bool) -> None:
        self.twin, self.is_ours = twin, is_ours
        self._open: list[Any] = []

    def _keep(self, response: Any, **_: Any) -> None:
        self._open.append(response)

    def transport(self, sleep: Callable[[float], None]) -> Any:
        """The transport of this side, with sleeps that take no time."""
        if self.twin.is_async:
            from azure.core.pipeline.transport import AioHttpTransport

            made = async_transport() if self.is_ours else AioHttpTransport()
            made.sleep = _later(sleep)
        else:
            from azure.core.pipeline.transport import RequestsTransport

            made = sync_transport() if self.is_ours else RequestsTransport()
            made.sleep = sleep
            if not self.is_ours:
                made.open()
                made.session.hooks["response"].append(self._keep)
        return made

    def client(self, endpoint: Any, slept: list[float], **options: Any) -> Any:
        """A client for the model "m"; ours without fallback unless it is asked for."""
        import azure.ai.inference
        import azure.ai.inference.aio

        clock = Clock(time.time())

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            clock.now += seconds

        options = {"model": "m", "transport": self.transport(sleep), **options}
        if self.is_ours:
            options = {"credential": KEY, "fallback": None, **timed(clock), **options}
            return self.twin.package.ChatCompletionsClient(endpoint, **options)
        package: Any = azure.ai.inference.aio if self.twin.is_async else azure.ai.inference
        options = {"credential": AzureKeyCredential(KEY), **options}
        return package.ChatCompletionsClient(endpoint, **options)

    def ask(self, script: Script, **options: Any) -> Outcome:
        """Serve a script and ask it: the options are those of :meth:`ask_at`."""
        with serve(script) as wire:
            return self.ask_at(wire, **options)

    def ask_at(
        self,
        wire: Wire,
        *,
        times: int = 1,
        endpoint: Callable[[str], Any] = str,
        made: dict[str, Any] | None = None,
        between: Callable[[], None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Call ``complete`` at a server and read what comes of it.

        :param times: how many calls are made in a row.
        :param endpoint: makes the client's endpoint of the server's URL.
        :param made: what the client is made with.
        :param between: done after each call.
        :param options: what the call is made with.
        """
        options = {"messages": HELLO, **options}
        with self._leaks():
            outcome = Outcome(wire)
            client = self.client(endpoint(wire.url), outcome.slept, **made or {})
            try:
                if self.twin.is_async:
                    asyncio.run(_call_async(client, options, outcome, times, between))
                else:
                    _call(client, options, outcome, times, between)
            except Exception as error:
                outcome.error = error
            del client
        return outcome

    @contextmanager
    def _leaks(self) -> Iterator[None]:
        """Let the plain side, and it alone, leave connections open without a word."""
        if self.is_ours:
            yield
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            yield
            while self._open:  # errors and their histories hold them beyond any collection
                response = self._open.pop()
                response.close()
                close_pools(response.connection)
            gc.collect(1)


def speaking(dialect: str, path: str = "", credential: Any = KEY) -> Callable[[str], Endpoint]:
    """Make an endpoint of a dialect at the server's URL."""
    return lambda url: Endpoint("e", url + path, credential, dialect)


class Token:
    """A credential that fetches tokens, and keeps the scopes it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("entra", 4_000_000_000)


class AsyncToken(Token):
    """Its twin."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # type: ignore[override]
        return Token.get_token(self, *scopes)


def token(side: Side) -> Token:
    """A credential that fetches tokens, of the kind that a side takes."""
    return AsyncToken() if side.twin.is_async else Token()


def _call(client: Any, options: Any, outcome: Outcome, times: int, between: Any) -> None:
    with client, ExitStack() as streams:  # the plain SDK would leave some of them open
        for _ in range(times):
            outcome.result = client.complete(**options)
            if options.get("stream"):
                streams.callback(outcome.result.close)
                for update in outcome.result:
                    outcome.take(update)
            if between:
                between()


async def _call_async(
    client: Any, options: Any, outcome: Outcome, times: int, between: Any
) -> None:
    async with client, AsyncExitStack() as streams:
        for _ in range(times):
            outcome.result = await client.complete(**options)
            if options.get("stream"):
                streams.push_async_callback(outcome.result.aclose)
                async for update in outcome.result:
                    outcome.take(update)
            if between:
                between()


def _later(act: Callable[[float], None]) -> Any:
    async def later(seconds: float) -> None:
        act(seconds)

    return later
