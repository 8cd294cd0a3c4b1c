"""The policy in a stock client of the SDK.

About `policies/pipeline.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    HttpResponseError,
)

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import CredentialScopeError
from tests.harness import (
    FIRST,
    SECOND,
    URL,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    delta,
    error,
    falls_back,
    limited,
    stream,
)

OTHER = Endpoint("other", "https://llm.example/v1?own=1", AzureKeyCredential("other-key"))


def elsewhere(sent: Sent) -> Answer:
    """The first origin is limited, the other answers."""
    return limited() if "models.example" in sent.url else chat(sent.model)


def stock(twin: Twin, service: Service, **policies: Any) -> Any:
    import azure.ai.inference
    import azure.ai.inference.aio

    package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    return package.ChatCompletionsClient(
        URL, AzureKeyCredential("key"), model=FIRST, transport=twin.transport(service), **policies
    )


def policy(twin: Twin, service: Service, *args: Any, **options: Any) -> Any:
    from github_models_azure.policies import AsyncFallbackPolicy, FallbackPolicy

    made = AsyncFallbackPolicy if twin.is_async else FallbackPolicy
    return made(*args, clock=service.clock, **options)


@pytest.mark.parametrize("streamed", [False, True])
def test_the_policy_works_in_a_stock_client(twin: Twin, streamed: bool) -> None:
    """Two requests, no sleep; then one, as long as the first model is limited."""

    def answer(sent: Sent) -> Answer:
        if sent.model == FIRST:
            return limited()
        return stream(delta("Hi", finish="stop")) if streamed else chat(sent.model)

    service = Service(answer)
    client = stock(twin, service, per_call_policies=[policy(twin, service, [SECOND])])
    call = twin.read if streamed else twin.complete
    call(client)
    assert (service.models, service.slept) == ([FIRST, SECOND], [])
    call(client)
    assert service.models == [FIRST, SECOND, SECOND]


def test_a_stock_stream_and_a_stock_error_carry_the_trail(twin: Twin) -> None:
    """Where results cannot carry it, streams, errors and raw responses do."""
    service = Service(lambda sent: stream(delta("Hi", finish="stop")))
    client = stock(twin, service, per_call_policies=[policy(twin, service, None)])
    assert trail_of(twin.read(client)[1]).served_by.endswith(FIRST)
    service = Service(lambda sent: error(400, "x", "bad"))
    client = stock(twin, service, per_call_policies=[policy(twin, service, None)])
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    assert trail_of(caught.value).attempts[0].status == 400
    service = Service(lambda sent: chat(sent.model))
    client = stock(twin, service, per_call_policies=[policy(twin, service, None)])
    kept: list[Any] = []
    twin.complete(client, raw_response_hook=kept.append)
    assert trail_of(kept[0]).served_by.endswith(FIRST)


def test_a_stock_client_refuses_targets_on_other_origins(twin: Twin) -> None:
    """Without a policy that binds credentials, its key would go along: refused before sending."""
    service = Service(falls_back)
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other"))
    client = stock(twin, service, per_call_policies=[policy(twin, service, [Target("m", other)])])
    with pytest.raises(CredentialScopeError, match="TargetAuthenticationPolicy"):
        twin.complete(client)
    assert service.sent == []


def test_a_stock_client_may_cross_with_bound_credentials(twin: Twin) -> None:
    """With TargetAuthenticationPolicy each origin gets its own key."""
    from github_models_azure.policies import (
        AsyncTargetAuthenticationPolicy,
        TargetAuthenticationPolicy,
    )

    service = Service(lambda sent: limited() if "models.example" in sent.url else chat(sent.model))
    bind = AsyncTargetAuthenticationPolicy if twin.is_async else TargetAuthenticationPolicy
    other = Endpoint("other", "https://llm.example/v1", AzureKeyCredential("other-key"))
    client = stock(
        twin,
        service,
        per_call_policies=[policy(twin, service, [Target("m", other)])],
        authentication_policy=bind(Endpoint("own", URL, AzureKeyCredential("key"))),
    )
    twin.complete(client)
    assert service.sent[0].headers["authorization"] == "Bearer key"
    assert service.sent[1].headers["authorization"] == "Bearer other-key"
    assert '"key"' not in json.dumps(service.sent[1].headers)


def test_an_unknown_keyword_of_the_policy_is_named(twin: Twin) -> None:
    """A typing mistake in a policy's keyword is not taken for an option."""
    with pytest.raises(TypeError, match="fallback_max_time"):
        policy(twin, Service(falls_back), fallback_max_time=3)


@pytest.mark.parametrize("place", ["per_call_policies", "per_retry_policies"])
def test_binding_credentials_too_early_is_no_binding(twin: Twin, place: str) -> None:
    """A stock client whose own policy signs after ours would take its key along: refused."""
    from github_models_azure.policies import (
        AsyncTargetAuthenticationPolicy,
        TargetAuthenticationPolicy,
    )

    bind = AsyncTargetAuthenticationPolicy if twin.is_async else TargetAuthenticationPolicy
    service = Service(elsewhere)
    binding = bind(Endpoint("own", URL, AzureKeyCredential("key")))
    policies = {"per_call_policies": [policy(twin, service, [Target("m", OTHER)])]}
    policies.setdefault(place, []).append(binding)
    with pytest.raises(CredentialScopeError):
        twin.complete(stock(twin, service, **policies))
    assert service.sent == []
