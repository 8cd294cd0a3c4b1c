"""One span for each call, one below it for each attempt, with what the conventions want.

About `integrations/telemetry/_observer.py`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
)
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import SpanKind, StatusCode

from github_models_azure import Endpoint
from github_models_azure.exceptions import CredentialScopeError, FallbackExhaustedError
from tests.harness import (
    FIRST,
    HELLO,
    SECOND,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
    falls_back,
    limited,
)

from .conftest import Telemetry

WHERE = "models.example"


def client_of(twin: Twin, telemetry: Telemetry, service: Service, **options: Any) -> Any:
    options = {"model": FIRST, "fallback": [SECOND], "observer": telemetry.observer(), **options}
    return twin.client(service, **options)


def test_a_call_is_a_span_with_one_attempt_below(twin: Twin, telemetry: Telemetry) -> None:
    """Where the first target answers, that is all: who was asked, and what came back."""
    client = client_of(twin, telemetry, Service(lambda sent: chat("gpt-4.1-2025-04-14")))
    twin.complete(client, temperature=0.5, max_tokens=7, seed=3)
    call, attempt = telemetry.spans
    assert (call.name, call.kind, call.parent) == (f"complete {FIRST}", SpanKind.INTERNAL, None)
    assert call.status.status_code is StatusCode.UNSET
    assert attempt.parent.span_id == call.context.span_id
    assert (attempt.name, attempt.kind) == (f"chat {FIRST}", SpanKind.CLIENT)
    assert dict(attempt.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.inference",
        "gen_ai.system": "az.ai.inference",
        "gen_ai.request.model": FIRST,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 7,
        "gen_ai.request.seed": 3,
        "gen_ai.response.id": "1",
        "gen_ai.response.model": "gpt-4.1-2025-04-14",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 2,
        "server.address": WHERE,
        "server.port": 443,
        "http.response.status_code": 200,
        "github_models.target": f"{WHERE}/{FIRST}",
        "github_models.requested": f"{WHERE}/{FIRST}",
        "github_models.attempt": 1,
        "github_models.retry": False,
        "github_models.emulated": False,
    }
    assert dict(call.attributes) == {
        "github_models.requested": f"{WHERE}/{FIRST}",
        "github_models.served_by": f"{WHERE}/{FIRST}",
        "github_models.operation": "chat",
        "github_models.stream": False,
        "github_models.attempts": 1,
        "github_models.skipped": 0,
        "github_models.adaptations": 0,
        "github_models.waited": 0.0,
        "github_models.fell_back": False,
        "github_models.emulated": False,
    }


def test_every_name_of_the_conventions_is_theirs() -> None:
    """What is set under ``gen_ai.`` is what the conventions' package knows."""
    import re
    from pathlib import Path

    from github_models_azure.integrations import telemetry as package

    known = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI")}
    text = "".join(file.read_text("utf-8") for file in Path(package.__file__).parent.glob("*.py"))
    used = set(re.findall(r'"(gen_ai\.[\w.]+)"', text))
    metrics = {name for name in used if name.startswith("gen_ai.client.")}
    assert len(used) > 20
    assert used - metrics - known == set()


def test_a_fallback_shows_two_attempts(twin: Twin, telemetry: Telemetry) -> None:
    """The failed attempt says how it failed, the next one what it stands in for and why."""
    client = client_of(twin, telemetry, Service(falls_back))
    twin.complete(client)
    call, first, second = telemetry.spans
    assert [span.parent.span_id for span in (first, second)] == [call.context.span_id] * 2
    assert [span.name for span in (first, second)] == [f"chat {FIRST}", f"chat {SECOND}"]
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description == "rate_limited"
    said = first.attributes
    assert (said["error.type"], said["http.response.status_code"]) == ("429", 429)
    assert said["github_models.failure.kind"] == "rate_limited"
    assert said["github_models.failure.window"] == "day"
    assert said["github_models.failure.code"] == "RateLimitReached"
    assert said["github_models.failure.retry_after"] == 86400.0
    assert "github_models.fallback.reason" not in said
    assert second.status.status_code is StatusCode.UNSET
    said = second.attributes
    assert said["github_models.fallback.from"] == f"{WHERE}/{FIRST}"
    assert said["github_models.fallback.reason"] == "rate_limited"
    assert said["gen_ai.request.model"] == said["gen_ai.response.model"] == SECOND
    assert (said["github_models.attempt"], said["github_models.retry"]) == (2, False)
    assert call.attributes["github_models.fell_back"] is True
    assert call.attributes["github_models.served_by"] == f"{WHERE}/{SECOND}"
    assert call.status.status_code is StatusCode.UNSET


def test_a_target_that_cools_down_is_an_event(twin: Twin, telemetry: Telemetry) -> None:
    """The second call asks the second target at once; the call's span says whom it passed over."""
    client = client_of(twin, telemetry, Service(falls_back))
    twin.complete(client)
    telemetry.exporter.clear()
    twin.complete(client)
    call, attempt = telemetry.spans
    (event,) = call.events
    assert event.name == "github_models.skipped"
    assert event.attributes["github_models.target"] == f"{WHERE}/{FIRST}"
    assert event.attributes["github_models.reason"].startswith("rate limited, returns in")
    assert attempt.attributes["github_models.fallback.reason"] == "skipped"
    assert attempt.attributes["github_models.fallback.from"] == f"{WHERE}/{FIRST}"


def test_a_wait_is_an_event_and_a_retry_is_marked(twin: Twin, telemetry: Telemetry) -> None:
    """The only target is asked again after a wait: no fallback, and the call says how long."""
    answers = [error(429, "RateLimitReached", retry_after="7"), chat(FIRST)]
    client = client_of(twin, telemetry, Service(lambda sent: answers.pop(0)), fallback=None)
    twin.complete(client)
    call, _, again = telemetry.spans
    (event,) = call.events
    assert (event.name, event.attributes["github_models.waited"]) == ("github_models.waited", 7.0)
    assert again.attributes["github_models.retry"] is True
    assert "github_models.fallback.reason" not in again.attributes
    assert call.attributes["github_models.waited"] == 7.0


def test_an_exhausted_call_ends_in_error(twin: Twin, telemetry: Telemetry) -> None:
    """All spans end, and the call names the class of what it raised."""
    client = client_of(twin, telemetry, Service(lambda sent: limited()))
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client)
    assert len(telemetry.attempts) == 2
    assert telemetry.call.status.status_code is StatusCode.ERROR
    assert telemetry.call.attributes["error.type"] == "429"
    assert "github_models.served_by" not in telemetry.call.attributes


def test_a_refusal_of_the_callers_request_is_an_error(twin: Twin, telemetry: Telemetry) -> None:
    """What the SDK raises from the answer that is handed back as it is."""
    refusal = error(400, "bad", "missing required parameter, in a secret prompt")
    client = client_of(twin, telemetry, Service(lambda sent: refusal))
    with pytest.raises(HttpResponseError):
        twin.complete(client)
    call, attempt = telemetry.spans
    assert call.attributes["error.type"] == attempt.attributes["error.type"] == "400"
    assert attempt.status.description == "rejected"


def test_an_error_of_the_transport_is_named_by_its_class(twin: Twin, telemetry: Telemetry) -> None:
    """Without an answer there is no status; the exception says what it was."""
    broken = Answer(error=ServiceRequestError("down"))
    client = client_of(twin, telemetry, Service(lambda sent: broken), fallback_max_attempts=1)
    with pytest.raises(ServiceRequestError):
        twin.complete(client, fallback=None)
    (attempt,) = telemetry.attempts
    assert attempt.attributes["error.type"] == "azure.core.exceptions.ServiceRequestError"
    assert attempt.attributes["github_models.failure.kind"] == "unavailable"
    assert "http.response.status_code" not in attempt.attributes


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt(), asyncio.CancelledError(), CredentialScopeError("leak")]
)
def test_a_call_that_is_broken_off_ends_its_spans(
    twin: Twin, telemetry: Telemetry, raised: BaseException
) -> None:
    """Ctrl-C, a cancellation, a refused leak: spans end, and no context stays behind."""
    client = client_of(twin, telemetry, Service(lambda sent: Answer(error=raised)))  # type: ignore[arg-type]
    with pytest.raises(type(raised)):
        twin.complete(client)
    call, attempt = telemetry.spans
    assert attempt.attributes["error.type"].endswith(type(raised).__name__)
    assert call.attributes["error.type"] == attempt.attributes["error.type"]
    assert call.attributes["github_models.attempts"] == 0


def test_embeddings_are_observed(twin: Twin, telemetry: Telemetry) -> None:
    """An embedding is an operation of its own, without output tokens."""
    body = {
        "model": "text-embedding-3-small",
        "data": [{"index": 0, "embedding": [0.0], "object": "embedding"}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4},
    }
    client = client_of(
        twin,
        telemetry,
        Service(lambda sent: Answer(200, body)),
        kind="Embeddings",
        model="openai/text-embedding-3-small",
        fallback=None,
    )
    twin.run(client.embed(input=["a"], dimensions=1))
    call, attempt = telemetry.spans
    assert call.name == "embed openai/text-embedding-3-small"
    assert attempt.name == "embeddings openai/text-embedding-3-small"
    assert attempt.attributes["gen_ai.usage.input_tokens"] == 4
    assert attempt.attributes["gen_ai.embeddings.dimension.count"] == 1


def test_the_attempt_is_current_while_it_is_sent(twin: Twin, telemetry: Telemetry) -> None:
    """What the transport makes lies below the attempt, and what the caller makes beside it."""
    tracer = telemetry.tracers.get_tracer("of a transport")

    def answer(sent: Sent) -> Answer:
        tracer.start_span("http").end()
        return falls_back(sent)

    client = client_of(twin, telemetry, Service(answer))
    with tracer.start_as_current_span("outside") as outside:

        async def call() -> None:
            await client.complete(messages=HELLO)
            tracer.start_span("after").end()

        if twin.is_async:
            asyncio.run(call())
        else:
            client.complete(messages=HELLO)
            tracer.start_span("after").end()
    root = next(span for span in telemetry.spans if span.name == "outside")
    assert telemetry.below(None) == ["outside"]
    assert telemetry.below(root) == [telemetry.call.name, "after"]
    assert [telemetry.below(attempt) for attempt in telemetry.attempts] == [["http"], ["http"]]
    assert outside.get_span_context().span_id == root.context.span_id


def test_calls_at_once_keep_their_parents_apart(twin: Twin, telemetry: Telemetry) -> None:
    """32 threads, or 50 tasks: each call below its own caller, its attempts below it."""
    client = client_of(twin, telemetry, Service(falls_back), ledger=None)
    tracer = telemetry.tracers.get_tracer("callers")

    def in_thread(number: int) -> None:
        with tracer.start_as_current_span(f"caller {number}"):
            client.complete(messages=HELLO)

    async def in_task(number: int) -> None:
        with tracer.start_as_current_span(f"caller {number}"):
            await client.complete(messages=HELLO)

    async def all_tasks() -> None:
        await asyncio.gather(*map(in_task, range(50)))

    if twin.is_async:
        asyncio.run(all_tasks())
    else:
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(in_thread, range(32)))
    spans = {span.context.span_id: span for span in telemetry.spans}
    callers = [span for span in spans.values() if span.name.startswith("caller")]
    assert len(callers) == (50 if twin.is_async else 32)
    for caller in callers:
        assert telemetry.below(caller) == [f"complete {FIRST}"]
    for attempt in telemetry.attempts:
        assert spans[attempt.parent.span_id].name == f"complete {FIRST}"
        assert attempt.context.trace_id == spans[attempt.parent.span_id].context.trace_id
    served = [a for a in telemetry.attempts if a.attributes["gen_ai.request.model"] == SECOND]
    assert len(served) == len(callers)


def test_an_answer_of_the_emulator_is_marked(twin: Twin, telemetry: Telemetry) -> None:
    """What the emulator says is never taken for a model's answer."""
    answer = chat(FIRST)
    answer.headers["x-emulated-by"] = "github-models-azure"
    client = client_of(twin, telemetry, Service(lambda sent: answer))
    twin.complete(client)
    assert all(span.attributes["github_models.emulated"] is True for span in telemetry.spans)


@pytest.mark.parametrize("content", [True, False])
def test_no_key_and_no_query_is_recorded(twin: Twin, telemetry: Telemetry, content: bool) -> None:
    """Of the endpoint's URL its host and port; of an error that repeats a key, the kind."""
    secrets = ("the-key-of-the-first", "the-query-of-it", "the-header-of-it")
    key, query, header = secrets
    endpoint = Endpoint(
        "first",
        f"https://first.example/v1?sig={query}",
        key,
        headers={"x-secret": header},
    )

    def answer(sent: Sent) -> Answer:
        place = "first" if content else sent.url  # a server's own words are content
        return error(401, "denied", f"{key} at {place} is unknown")

    options = {"observer": telemetry.observer(capture_content=content), "credential": key}
    client = client_of(
        twin, telemetry, Service(answer), endpoint=endpoint, fallback=None, **options
    )
    with pytest.raises(ClientAuthenticationError):
        twin.complete(client)
    assert telemetry.attempts[0].attributes["server.address"] == "first.example"
    exported = telemetry.everything()
    assert [secret for secret in secrets if secret in exported] == []


def test_members_of_a_wrong_type_are_left_out(twin: Twin, telemetry: Telemetry) -> None:
    """Servers say odd things; a span takes what it can and the answer arrives."""
    odd = chat(FIRST)
    odd.body |= {"id": 7, "usage": {"prompt_tokens": "many", "completion_tokens": True}}
    client = client_of(twin, telemetry, Service(lambda sent: odd), fallback=None)
    twin.complete(client, model_extras={"top_k": "odd", "dimensions": "odd"})
    (attempt,) = telemetry.attempts
    names = set(attempt.attributes)
    assert not names & {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"}
    assert "gen_ai.request.top_k" not in names


def test_what_else_a_request_and_an_answer_say(twin: Twin, telemetry: Telemetry) -> None:
    """The kind of output, and the tokens that came from a cache or went into reasoning."""
    answer = chat(FIRST)
    answer.body["usage"] |= {
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 9},
    }
    client = client_of(twin, telemetry, Service(lambda sent: answer))
    extras = {"response_format": {"type": "json_object"}, "encoding_format": "float"}
    twin.complete(client, model_extras=extras)
    said = telemetry.attempts[0].attributes
    assert said["gen_ai.output.type"] == "json"
    assert said["gen_ai.request.encoding_formats"] == ("float",)
    assert said["gen_ai.usage.cache_read.input_tokens"] == 8
    assert said["gen_ai.usage.reasoning.output_tokens"] == 9


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenTelemetry the import says what to install."""
    import importlib
    import sys

    package = "github_models_azure.integrations.telemetry"
    for name in [name for name in sys.modules if name.startswith((package, "opentelemetry"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(ImportError, match=r"pip install 'github-models-azure\[otel\]'"):
        importlib.import_module(package)
