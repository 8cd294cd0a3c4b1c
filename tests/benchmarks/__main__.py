"""Prints what the package costs beside the plain SDK; ``--json`` for programs.

Every row is measured in rounds that alternate with its baseline in the same process, by CPU time;
the best round of each counts, and ratios are the figures to quote.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest

from github_models_azure._core.route.tokens import estimate_text
from github_models_azure.policies import FallbackPolicy
from github_models_azure.registry import ModelRegistry
from github_models_azure.registry.data import CATALOG_FILE
from tests.harness import Answer, FakeTransport, Sent, Service, chat, delta, limited, stream

BODY = json.dumps(
    {"messages": [{"role": "user", "content": "What is the capital of France?"}], "model": "m"}
)
URL = "https://models.example/inference"


class Passing(HTTPPolicy[Any, Any]):
    """The cheapest policy there is: what any further policy costs at least."""

    def send(self, request: Any) -> Any:
        return self.next.send(request)


class End(HTTPPolicy[Any, Any]):
    """The end of the pipeline: an answer from memory."""

    class Http:
        status_code, headers = 200, {"content-type": "application/json"}

    http, body = Http(), chat("m").body

    def send(self, request: Any) -> Any:
        request.context["deserialized_data"] = self.body
        return PipelineResponse(request.http_request, self.http, request.context)


def cpu_us(function: Callable[[], Any], calls: int) -> float:
    """CPU microseconds of one call, over a round of ``calls``."""
    start = time.process_time()
    for _ in range(calls):
        function()
    return (time.process_time() - start) / calls * 1e6


def compare(ours: Callable[[], Any], base: Callable[[], Any], calls: int) -> dict[str, float]:
    """Alternate rounds of both; the best round of each."""
    rounds = [(cpu_us(base, calls), cpu_us(ours, calls)) for _ in range(9)]
    best_base, best_ours = min(r[0] for r in rounds), min(r[1] for r in rounds)
    return {
        "base_us": best_base,
        "ours_us": best_ours,
        "difference_us": best_ours - best_base,
        "ratio": best_ours / best_base,
    }


def through(policy: HTTPPolicy[Any, Any]) -> Callable[[], Any]:
    """A function that sends one request through a policy."""
    policy.next = End()

    def send() -> Any:
        url = f"{URL}/chat/completions?api-version=2024-05-01-preview"
        request = HttpRequest("POST", url, headers={"Content-Type": "a"}, content=BODY)
        return policy.send(PipelineRequest(request, PipelineContext(None, stream=False)))

    return send


def clients(answer: Callable[[Sent], Answer], **options: Any) -> tuple[Any, Any]:
    """A client of this package and one of the SDK, on the same service in memory."""
    from azure.ai.inference import ChatCompletionsClient as Stock
    from azure.core.credentials import AzureKeyCredential

    from github_models_azure import ChatCompletionsClient

    service = Service(answer)
    service.sent = service.responses = _Nothing()  # type: ignore[assignment]
    ours = ChatCompletionsClient(URL, "key", transport=FakeTransport(service), **options)
    stock = Stock(URL, AzureKeyCredential("key"), transport=FakeTransport(service))
    return ours, stock


class _Nothing(list[Any]):
    """A journal that keeps nothing, so that rounds do not grow."""

    def append(self, _: Any) -> None: ...


def call(client: Any, **keywords: Any) -> Callable[[], Any]:
    messages = [{"role": "user", "content": "Hi"}]
    return lambda: client.complete(messages=messages, **keywords)


def streamed(client: Any) -> Callable[[], Any]:
    make = call(client, stream=True, model="m")
    return lambda: list(make())


def imports() -> dict[str, float]:
    """CPU milliseconds of a process that imports, beside one that imports the SDK."""

    def once(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    rounds = [
        (once("import azure.ai.inference"), once("import github_models_azure")) for _ in range(12)
    ]
    base, ours = min(r[0] for r in rounds), min(r[1] for r in rounds)
    return {"base_us": base * 1e6, "ours_us": ours * 1e6, "ratio": ours / base}


def measure() -> dict[str, dict[str, float]]:
    """All rows."""
    rows = {"import": imports()}
    content = CATALOG_FILE.read_bytes()
    rows["registry, beside its JSON"] = compare(
        ModelRegistry.bundled, lambda: json.loads(content), 50
    )
    text = "What is the capital of France, and how large is it? " * 20_000
    rows["tokens of 1 MB, beside split"] = compare(lambda: estimate_text(text), text.split, 5)
    rows["policy, healthy call"] = compare(through(FallbackPolicy()), through(Passing()), 2000)
    ours, stock = clients(lambda sent: chat("m"))
    rows["client, healthy call"] = compare(call(ours, model="m"), call(stock, model="m"), 300)
    chunks = [delta("word ") for _ in range(200)] + [delta(finish="stop"), b"data: [DONE]\n\n"]
    ours, stock = clients(lambda sent: stream(*chunks))
    rows["stream of 200 chunks"] = compare(streamed(ours), streamed(stock), 5)
    models = iter(range(10**9))
    ours, stock = clients(
        lambda sent: limited() if sent.model.startswith("l") else chat("m"), fallback=["m"]
    )
    rows["limited, then answered"] = compare(
        lambda: call(ours, model=f"l{next(models)}")(), call(stock, model="m"), 200
    )
    rows["retired: error at once"] = compare(refused(), call(stock, model="m"), 200)
    for name, observer in observers().items():
        watched, _ = clients(lambda sent: chat("m"), observer=observer)
        alone, _ = clients(lambda sent: chat("m"))
        row = compare(call(watched, model="m"), call(alone, model="m"), 300)
        rows[f"{name}: call"] = row
        watched, _ = clients(lambda sent: stream(*chunks), observer=observer)
        alone, _ = clients(lambda sent: stream(*chunks))
        rows[f"{name}: 200 chunks"] = compare(streamed(watched), streamed(alone), 5)
    return rows


class _Silent:
    """An observer, and of each call, that does nothing."""

    def call_started(self, call: Any) -> Any:
        return self

    def _nothing(self, *_: Any, **__: Any) -> None: ...

    attempt_started = stream_started = stream_update = attempt_ended = _nothing
    skipped = waited = cooled = call_ended = _nothing


def observers() -> dict[str, Any]:
    """What may watch calls, by name; telemetry where OpenTelemetry is installed."""
    found: dict[str, Any] = {"silent observer": _Silent()}
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        return found
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    from github_models_azure.integrations.telemetry import TelemetryObserver

    off = TelemetryObserver()
    on = TelemetryObserver(
        tracer_provider=TracerProvider(),
        meter_provider=MeterProvider([InMemoryMetricReader()]),
    )
    return {**found, "telemetry, off": off, "telemetry": on}


def refused() -> Callable[[], Any]:
    """A call of a client on the default endpoint, which is known to be gone."""
    from github_models_azure import ChatCompletionsClient
    from github_models_azure.exceptions import EndpointRetiredError

    make = call(ChatCompletionsClient(credential="t"), model="gpt-4.1")

    def ask() -> None:
        with suppress(EndpointRetiredError):
            make()

    return ask


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON")
    rows = measure()
    if parser.parse_args().json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'':28} {'SDK or no-op':>14} {'ours':>12} {'difference':>12} {'ratio':>7}")
    for name, row in rows.items():
        base, ours = f"{row['base_us']:,.1f} us", f"{row['ours_us']:,.1f} us"
        more = f"{row['ours_us'] - row['base_us']:+,.1f} us"
        print(f"{name:28} {base:>14} {ours:>12} {more:>12} {row['ratio']:>7.2f}")


if __name__ == "__main__":
    main()
