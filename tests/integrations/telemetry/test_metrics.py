"""Attempts, fallbacks, cooldowns, waits, lengths and tokens are counted."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics

from github_models_azure import trail_of
from github_models_azure.exceptions import FallbackExhaustedError
from tests.harness import (
    FIRST,
    SECOND,
    Service,
    Twin,
    chat,
    error,
    falls_back,
    hello_stream,
    limited,
)

from .conftest import Telemetry

HERE = "models.example/"


def client_of(twin: Twin, telemetry: Telemetry, answer: Any, **options: Any) -> Any:
    options = {"model": FIRST, "fallback": [SECOND], "observer": telemetry.observer(), **options}
    return twin.client(Service(answer), **options)


def test_attempts_and_fallbacks_are_counted(twin: Twin, telemetry: Telemetry) -> None:
    """By target and outcome; a fallback by where it came from and why."""
    client = client_of(twin, telemetry, falls_back)
    twin.complete(client)
    twin.complete(client)
    attempts = {
        (point.attributes["github_models.target"], point.attributes["github_models.outcome"]): (
            point.value
        )
        for point in telemetry.points("github_models.client.attempts")
    }
    assert attempts == {(HERE + FIRST, "rate_limited"): 1, (HERE + SECOND, "served"): 2}
    fallbacks = {
        point.attributes["github_models.fallback.reason"]: point.value
        for point in telemetry.points("github_models.client.fallbacks")
    }
    assert fallbacks == {"rate_limited": 1, "skipped": 1}
    (cooldown,) = telemetry.points("github_models.client.cooldowns")
    assert cooldown.value == 1
    assert dict(cooldown.attributes) == {
        "github_models.target": HERE + FIRST,
        "github_models.failure.kind": "rate_limited",
    }


def test_tokens_and_lengths_have_the_conventions_attributes(
    twin: Twin, telemetry: Telemetry
) -> None:
    """One duration for each attempt, tokens of each direction for those that say them."""
    client = client_of(twin, telemetry, falls_back)
    twin.complete(client)
    common = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.inference",
        "server.address": "models.example",
        "server.port": 443,
    }
    served = {"gen_ai.request.model": SECOND, "gen_ai.response.model": SECOND, **common}
    durations = telemetry.points(gen_ai_metrics.GEN_AI_CLIENT_OPERATION_DURATION)
    assert [(dict(point.attributes), point.count) for point in durations] == [
        ({"gen_ai.request.model": FIRST, "error.type": "429", **common}, 1),
        (served, 1),
    ]
    assert durations[0].explicit_bounds[:2] == (0.01, 0.02)
    tokens = telemetry.points(gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE)
    assert [(dict(point.attributes), point.sum) for point in tokens] == [
        ({**served, "gen_ai.token.type": "input"}, 1),
        ({**served, "gen_ai.token.type": "output"}, 2),
    ]
    assert tokens[0].explicit_bounds[:3] == (1, 4, 16)


def test_waits_are_measured(twin: Twin, telemetry: Telemetry) -> None:
    """Each wait by the target that was waited for."""
    answers = [error(429, "RateLimitReached", retry_after="7"), chat(FIRST)]
    client = client_of(twin, telemetry, lambda sent: answers.pop(0), fallback=None)
    twin.complete(client)
    (wait,) = telemetry.points("github_models.client.wait.duration")
    assert (wait.count, wait.sum) == (1, 7.0)
    assert dict(wait.attributes) == {"github_models.target": HERE + FIRST}
    retries = [
        point.attributes["github_models.retry"]
        for point in telemetry.points("github_models.client.attempts")
    ]
    assert sorted(retries) == [False, True]


def test_calls_are_measured(twin: Twin, telemetry: Telemetry) -> None:
    """By what was requested, who served and what was raised."""
    answers = [chat(FIRST), limited(), limited()]
    client = client_of(twin, telemetry, lambda sent: answers.pop(0))
    twin.complete(client)
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client)
    served, failed = telemetry.points("github_models.client.call.duration")
    assert served.attributes["github_models.served_by"] == HERE + FIRST
    assert "error.type" not in served.attributes
    assert failed.attributes["error.type"] == "429"
    assert "github_models.served_by" not in failed.attributes


def test_the_first_chunk_is_measured(twin: Twin, telemetry: Telemetry) -> None:
    """Once for each stream."""
    client = client_of(twin, telemetry, lambda sent: hello_stream())
    twin.read(client)
    name = gen_ai_metrics.GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK
    (point,) = telemetry.points(name)
    assert point.count == 1
    assert telemetry.points(gen_ai_metrics.GEN_AI_CLIENT_TOKEN_USAGE) == []


def test_an_estimate_of_tokens_is_no_measurement(twin: Twin, telemetry: Telemetry) -> None:
    """Where the server counts nothing, neither metric nor span has a number."""

    def uncounted(sent: Any) -> Any:
        answer = chat(sent.model)
        del answer.body["usage"]
        return answer

    trail = trail_of(twin.complete(client_of(twin, telemetry, uncounted)))
    assert trail is not None
    assert trail.usage is not None
    assert trail.usage.estimated
    assert telemetry.points("gen_ai.client.token.usage") == []
    assert not [name for span in telemetry.spans for name in span.attributes if "usage" in name]
