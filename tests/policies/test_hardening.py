"""Ways to break a call that were tried once and must not work again."""

from __future__ import annotations

import asyncio
import copy
import gc
import json
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import CredentialScopeError, FallbackExhaustedError
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
from tests.policies.test_stock_client import policy, stock

OTHER = Endpoint("other", "https://llm.example/v1?own=1", AzureKeyCredential("other-key"))


def elsewhere(sent: Sent) -> Answer:
    """The first origin is limited, the other answers."""
    return limited() if "models.example" in sent.url else chat(sent.model)


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


def test_nothing_of_the_callers_crosses_origins_unasked(twin: Twin) -> None:
    """Headers and query of the first endpoint stay there; the other keeps its own query."""
    service = Service(elsewhere)
    client = twin.client(
        service,
        URL + "?sig=SECRET",
        model=FIRST,
        fallback=[Target("m", OTHER)],
        headers={"Ocp-Apim-Subscription-Key": "SECRET"},
    )
    twin.complete(client, headers={"X-Goog-Api-Key": "SECRET"}, params={"key": "SECRET"})
    own, foreign = service.sent
    assert "sig=SECRET" in own.url
    assert "SECRET" not in foreign.url + json.dumps(foreign.headers)
    assert "own=1" in foreign.url
    assert "api-version=" in foreign.url


def test_redirects_are_few(twin: Twin) -> None:
    """A server that redirects to itself does not multiply the requests of an attempt."""
    service = Service(lambda sent: Answer(307, None, {"location": "/inference/chat/completions"}))
    client = twin.client(service, model=FIRST, fallback=None, fallback_max_attempts=2)
    with pytest.raises(AzureError):
        twin.complete(client)
    assert len(service.sent) <= 6


def test_an_estimate_near_the_limit_lets_the_server_decide(twin: Twin) -> None:
    """About 6,500 real tokens are estimated at 8,129: they are sent all the same."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, "github", model="openai/gpt-4.1", allow_retired=True)
    twin.complete(client, messages=[{"role": "user", "content": "word " * 6500}])
    assert len(service.sent) == 1
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client, messages=[{"role": "user", "content": "word " * 10_000}])


def test_a_fallbacks_new_key_is_tried(twin: Twin) -> None:
    """ "Until the credential changes" holds for the credentials of fallbacks too."""

    def answer(sent: Sent) -> Answer:
        if "models.example" in sent.url:
            return limited()
        good = sent.headers.get("authorization") == "Bearer new"
        return chat("m") if good else error(401, "unauthorized")

    service, credential = Service(answer), AzureKeyCredential("old")
    other = Endpoint("other", "https://llm.example/v1", credential)
    client = twin.client(service, model=FIRST, fallback=[Target("m", other)])
    with pytest.raises(HttpResponseError):
        twin.complete(client)
    credential.update("new")
    assert trail_of(twin.complete(client)).served_by == "other/m"


def test_a_token_that_failed_once_is_fetched_again(twin: Twin) -> None:
    """A hiccup of the identity service does not cost the endpoint for good."""

    class Hiccup:
        calls = 0

        def get_token(self, *scopes: str, **_: Any) -> Any:
            self.calls += 1
            if self.calls == 1:
                raise ClientAuthenticationError("identity service timed out")
            return AccessToken("entra", 4_000_000_000)

    class AsyncHiccup(Hiccup):
        async def get_token(self, *scopes: str, **_: Any) -> Any:
            return Hiccup.get_token(self)

    service = Service(lambda sent: chat(sent.model))
    credential = AsyncHiccup() if twin.is_async else Hiccup()
    client = twin.client(service, credential=credential, model=FIRST, fallback=[Target("m", OTHER)])
    twin.complete(client)
    service.clock.now += 61
    twin.complete(client)
    assert service.models == ["m", FIRST]


def test_other_requests_do_not_sleep_for_a_day(twin: Twin) -> None:
    """GET /info against a day limit is an error at once."""
    service = Service(lambda sent: limited(86400))
    with pytest.raises(HttpResponseError):
        twin.run(twin.client(service).get_model_info())
    assert (len(service.sent), service.slept) == (1, [])


def test_an_error_body_that_drips_is_left(twin: Twin) -> None:
    """The body of a refused stream is read no longer than the attempt may take."""
    slow = Answer(500, chunks=[b"a", 3.0, b"b", 3.0, b"c"])
    good = stream(delta("Hello", finish="stop"), b"data: [DONE]\n\n")
    service = Service(lambda sent: slow if sent.model == FIRST else good)
    client = twin.client(service, model=FIRST, fallback=[SECOND], attempt_timeout=5)
    text, updates = twin.read(client)
    assert text == "Hello"
    assert "no content within" in trail_of(updates).attempts[0].failure.message


def test_a_stand_in_can_be_copied(twin: Twin) -> None:
    """Copying a streamed response copies it, and does not ask itself for ever."""
    service = Service(lambda sent: stream(delta("Hi", finish="stop"), b"data: [DONE]\n\n"))
    _, updates = twin.read(twin.client(service, model=FIRST))
    response = copy.copy(updates._response)
    assert response.status_code == 200


def test_none_is_no_option(twin: Twin) -> None:
    """``timeout=None`` of a call means what the client says."""
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, model=FIRST), timeout=None)
    assert len(service.sent) == 1


def test_own_policies_without_retry_work(twin: Twin) -> None:
    """The SDK's keyword ``policies`` may leave azure-core's retry out."""
    from azure.core.pipeline.policies import ContentDecodePolicy

    service = Service(lambda sent: falls_back(sent) if sent.model else Answer(404, {}))
    client = twin.client(service, model=FIRST, fallback=[SECOND], policies=[ContentDecodePolicy()])
    twin.complete(client)
    with pytest.raises(HttpResponseError):
        twin.run(client.get_model_info())
    assert service.models == [FIRST, SECOND, None]
    assert all("retry_total" not in sent.options for sent in service.sent)


@pytest.mark.parametrize(
    "choices",
    ["abc", [None], [{"error": {"code": 502, "message": "down"}, "finish_reason": "error"}], 5],
)
def test_choices_that_are_none_are_no_answer(twin: Twin, choices: Any) -> None:
    """A 200 whose choices hold an error, or are no list of objects, falls back."""
    service = Service(
        lambda sent: Answer(200, {"choices": choices}) if sent.model == FIRST else chat("m")
    )
    trail = trail_of(twin.complete(twin.client(service, model=FIRST, fallback=[SECOND])))
    assert trail.attempts[0].failure is not None
    assert service.models == [FIRST, SECOND]


@pytest.mark.parametrize("choices", [{"a": 1}, [None], "abc"])
def test_odd_choices_in_a_stream_fall_back(twin: Twin, choices: Any) -> None:
    """The SDK's model classes never see them."""
    odd = b"data: " + json.dumps({"choices": choices}).encode() + b"\n\n"
    good = stream(delta("Hello", finish="stop"), b"data: [DONE]\n\n")
    service = Service(lambda sent: stream(odd) if sent.model == FIRST else good)
    assert twin.read(twin.client(service, model=FIRST, fallback=[SECOND]))[0] == "Hello"


def test_every_choice_of_a_stream_has_to_finish(twin: Twin) -> None:
    """With n=2, a stream that ends after the first choice's finish is cut off."""
    second = {"index": 1, "delta": {"content": "half"}, "finish_reason": None}
    event = b"data: " + json.dumps({"choices": [second]}).encode() + b"\n\n"
    service = Service(lambda sent: stream(delta("Hello"), event, delta(finish="stop")))
    with pytest.raises(AzureError, match="finish_reason"):
        twin.read(twin.client(service, model=FIRST, fallback=None))


def test_a_server_that_repeats_the_key_is_not_repeated(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the trail nor the log shows a key that came back in an error."""
    caplog.set_level("DEBUG", "github_models_azure")
    service = Service(
        lambda sent: Answer(401, b"bad key hunter2-key", {"content-type": "text/plain"})
    )
    client = twin.client(service, credential="hunter2-key", model=FIRST, fallback=None)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    assert "hunter2" not in str(trail_of(caught.value)) + caplog.text


def test_swapped_arguments_do_not_show_the_token(twin: Twin) -> None:
    """A token given as endpoint is taken out of the error."""
    with pytest.raises(ValueError, match="endpoint") as caught:
        twin.package.ChatCompletionsClient("ghp_" + "a" * 36, "https://x.example")
    assert "aaaa" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"endpoint": 5}, {"endpoint": []}, {"credential": 5}, {"credential": b"key"}]
)
def test_arguments_of_other_kinds_are_named(twin: Twin, options: dict[str, Any]) -> None:
    """Wrong types are refused when the client is made."""
    (name,) = options
    with pytest.raises(TypeError, match=name):
        twin.package.ChatCompletionsClient(**{"endpoint": URL, "credential": "k", **options})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("retry_total", "3"),
        ("retry_backoff_factor", -1),
        ("retry_backoff_max", "x"),
        ("timeout", float("nan")),
        ("ledger", object()),
        ("registry", {}),
    ],
)
def test_options_of_one_call_are_checked_before_it(twin: Twin, option: str, value: Any) -> None:
    """Not only once something fails."""
    service = Service(lambda sent: chat(sent.model))
    with pytest.raises((TypeError, ValueError), match=option):
        twin.complete(twin.client(service, model=FIRST), **{option: value})
    assert service.sent == []


def test_a_call_leaves_no_circle_behind(twin: Twin) -> None:
    """Bodies are freed with the answer, not by the garbage collector."""
    from github_models_azure.policies._attempt import OpenAttempt
    from github_models_azure.policies._call import Call

    client = twin.client(Service(lambda sent: chat(sent.model)), model=FIRST)
    twin.complete(client)
    gc.collect()
    gc.disable()
    try:
        before = [found for found in gc.get_objects() if isinstance(found, Call | OpenAttempt)]
        for _ in range(3):
            twin.complete(client)
        after = [found for found in gc.get_objects() if isinstance(found, Call | OpenAttempt)]
    finally:
        gc.enable()
    assert len(after) == len(before)


def test_a_stream_of_send_request_can_be_read_whole(twin: Twin) -> None:
    """What stands in for the response has its context manager and its ``read``."""
    from azure.core.rest import HttpRequest

    service = Service(lambda sent: stream(delta("Hi", finish="stop"), b"data: [DONE]\n\n"))
    client = twin.client(service)
    body = {"model": FIRST, "messages": []}
    request = HttpRequest("POST", URL + "/chat/completions", json=body)

    async def read() -> Any:
        async with await client.send_request(request, stream=True) as response:
            return await response.read()

    if twin.is_async:
        content = asyncio.run(read())
    else:
        with client.send_request(request, stream=True) as response:
            content = response.read()
    assert content.endswith(b"data: [DONE]\n\n")
