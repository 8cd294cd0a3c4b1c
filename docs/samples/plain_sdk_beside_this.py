"""Meets the same failures with the plain SDK and with this package, and prints what came of it.

Everything is measured on loopback: two emulators stand for two services, a fault makes the first
one fail as the row says, and waits are noted down in place of being slept. The table in the README
is this script's output.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.ai.inference import ChatCompletionsClient as PlainClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.transport import RequestsTransport

from github_models_azure import ChatCompletionsClient, Endpoint, Target, trail_of
from github_models_azure.exceptions import StreamInterruptedError
from github_models_azure.server.emulator import Emulator
from github_models_azure.server.emulator.journal import fingerprint

FIRST, SECOND = "openai/gpt-4.1", "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "What is the capital of France?"}]
DAY = 86400
KEY = "key-of-the-first-service"
FIRST_KEY = fingerprint(KEY)  # the emulator keeps no keys, only fingerprints
NOTHING_SAID = {"retry-after": "", "x-ratelimit-timeremaining": ""}


class NotingTransport(RequestsTransport):  # type: ignore[misc]  # azure-core loads it on use
    """Notes down how long it was told to sleep, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0.0

    def sleep(self, duration: float) -> None:
        self.slept += duration


@dataclass
class Services:
    """The service that the code was written for, and one elsewhere."""

    first: Emulator
    other: Emulator

    @property
    def requests(self) -> int:
        return len(self.first.journal) + len(self.other.journal)

    @property
    def key_leaked(self) -> bool:
        """Whether the other service was shown the key of the first."""
        return FIRST_KEY in {entry.credential for entry in self.other.journal}

    def reset(self) -> None:
        self.first.reset()
        self.other.reset()


@dataclass
class Row:
    """One failure: its name, how to bring it about, and how to ask."""

    name: str
    arrange: Callable[[Services], object]
    streamed: bool = False
    elsewhere: bool = False
    second_call: bool = False
    about_the_key: bool = False


def fault(kind: str, **members: Any) -> Callable[[Services], object]:
    """Make every request for the first model go wrong in one way."""
    return lambda services: services.first.fault(kind, times=None, model=FIRST, **members)


DAY_LIMIT = fault("rate_limit", seconds=DAY, span=DAY, type="UserByModelByDay", limit=50)


def redirect(services: Services) -> None:
    """Send every request for the first model to the other service."""
    elsewhere = {"location": f"{services.other.inference_url}/chat/completions"}
    fault("status", status=307, headers=elsewhere)(services)


ROWS = [
    Row("429 with `Retry-After: 86400`", DAY_LIMIT),
    Row("the call after that", DAY_LIMIT, second_call=True),
    Row("429 without `Retry-After`", fault("rate_limit", seconds=30, headers=NOTHING_SAID)),
    Row("502 with an HTML page", fault("html_error")),
    Row("200 with an error in the body", fault("error_in_200")),
    Row("error as the first event of a stream", fault("error_event", after=0), streamed=True),
    Row("error inside a stream", fault("error_event", after=4), streamed=True),
    Row("truncated stream", fault("cut_stream", after=4, polite=True), streamed=True),
    Row("retired endpoint (410)", lambda services: services.first.retire("410"), elsewhere=True),
    Row("redirect to another origin", redirect, about_the_key=True),
]


def plain_sdk(services: Services, transport: NotingTransport, row: Row) -> PlainClient:
    """The SDK as every sample makes it."""
    url, key = services.first.inference_url, AzureKeyCredential(KEY)
    return PlainClient(url, key, model=FIRST, transport=transport)


def this_package(services: Services, transport: NotingTransport, row: Row) -> PlainClient:
    """The same, with another import and a target to fall back to."""
    other = Endpoint("other", services.other.inference_url, credential="key-of-the-other-service")
    return ChatCompletionsClient(
        services.first.inference_url,
        KEY,
        model=FIRST,
        fallback=[Target(SECOND, other)] if row.elsewhere else [SECOND],
        transport=transport,
        ledger="memory",  # each row begins with nothing known
    )


def ask(client: PlainClient, row: Row) -> str:
    """Ask one question; say what the caller gets."""
    try:
        if row.streamed:
            return read(client.complete(messages=QUESTION, stream=True))
        answer = client.complete(messages=QUESTION)
    except StreamInterruptedError as error:
        return f"`StreamInterruptedError` with the {len(error.partial_text)} characters so far"
    except AzureError as error:
        status = getattr(error, "status_code", None)
        return f"`{type(error).__name__}`" + (f" ({status})" if status else "")
    if answer.choices is None:
        return "no error, an answer whose `choices` is `None`"
    return f"an answer{origin(answer)}"


def read(updates: Any) -> str:
    """Read a stream to its end."""
    text, finished = "", False
    for update in updates:
        for choice in update.choices:
            text += (choice.delta.content if choice.delta else None) or ""
            finished = finished or choice.finish_reason is not None
    if finished:
        return f"the whole answer{origin(updates)}"
    return f"no error, {len(text)} characters as if they were all" if text else "no error, no text"


def origin(answer: object) -> str:
    """Tell where an answer comes from, where that is known."""
    trail = trail_of(answer)
    if trail is None or not trail.fell_back:
        return ""
    return " from " + ("the other endpoint" if "other/" in str(trail.served_by) else f"`{SECOND}`")


def measure(services: Services, make: Callable[..., PlainClient], row: Row) -> str:
    """Ask in a world set up anew; say in words what happened."""
    services.reset()
    row.arrange(services)
    transport = NotingTransport()
    before = 0
    with make(services, transport, row) as client:
        if row.second_call:
            ask(client, row)
            before, transport.slept = services.requests, 0.0
        outcome = ask(client, row)
    requests = services.requests - before
    parts = [f"{requests} request" + ("s" if requests != 1 else "")]
    if transport.slept:
        parts.append(f"{transport.slept:,.0f} s of sleep")
    if row.about_the_key:
        parts.append("the key went along" if services.key_leaked else "the key stayed behind")
    return f"{', '.join(parts)}: {outcome}"


def main() -> None:
    logging.getLogger("github_models_azure").addHandler(logging.NullHandler())
    print("| what happens | plain `azure-ai-inference` 1.0.0b9 | this package |")
    print("|---|---|---|")
    with Emulator() as first, Emulator() as other:
        services = Services(first, other)
        for row in ROWS:
            plain = measure(services, plain_sdk, row)
            print(f"| {row.name} | {plain} | {measure(services, this_package, row)} |")


if __name__ == "__main__":
    main()
