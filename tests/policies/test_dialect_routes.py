"""Which path an endpoint is asked at, what it does not serve, and what it is known to ignore."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from azure.ai.inference.models import (
    ChatCompletionsNamedToolChoice,
    ChatCompletionsNamedToolChoiceFunction,
    ChatCompletionsToolDefinition,
    FunctionDefinition,
    JsonSchemaFormat,
)
from azure.core.exceptions import HttpResponseError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.endpoints import DIALECTS, PRESETS, Dialect
from github_models_azure.exceptions import FallbackExhaustedError, RateLimitedError
from tests.harness import NOW, URL, Answer, Clock, Sent, Service, Twin, chat, error, limited
from tests.policies.test_dialects import MODELS, SDK_VERSION, answers, ask, client_of, mine

BEFORE = 1_787_000_000.0  # 2026-08-17


@pytest.mark.parametrize("streamed", [False, True])
def test_the_retired_route_of_azure_is_asked_where_it_moved(twin: Twin, streamed: bool) -> None:
    """Same host, same key, same deployment name; the trail says so."""
    service = Service(answers)
    trail = ask(twin, service, MODELS, streamed=streamed, model="my-gpt")
    (sent,) = service.sent
    assert sent.url == "https://res.services.ai.azure.com/openai/v1/chat/completions"
    assert (sent.model, sent.headers["authorization"]) == ("my-gpt", "Bearer key")
    assert "api-key" not in sent.headers
    assert str(trail.events[0]) == (
        "adapted for res.services.ai.azure.com/my-gpt: https://res.services.ai.azure.com was "
        "retired on 2026-08-26, sent to https://res.services.ai.azure.com/openai/v1 instead"
    )


@pytest.mark.parametrize(
    ("now", "allow"), [(BEFORE, False), (BEFORE, True), (1_800_000_000.0, True)]
)
def test_the_retired_route_is_asked_itself_before_its_day_and_on_demand(
    twin: Twin, now: float, allow: bool
) -> None:
    """With its version and both headers, as the SDK does."""
    service = Service(answers, Clock(now))
    trail = ask(twin, service, MODELS, allow_retired=allow)
    (sent,) = service.sent
    assert sent.url == f"{MODELS}/chat/completions?{SDK_VERSION}"
    assert sent.headers["authorization"] == f"Bearer {sent.headers['api-key']}" == "Bearer key"
    assert len(trail.events) == 1


def test_a_route_moves_on_its_day_in_a_client_that_lives_on(twin: Twin) -> None:
    """What is remembered of a route holds for a day."""
    service = Service(answers, Clock(BEFORE))
    client = client_of(twin, service, MODELS)
    for now in (BEFORE, BEFORE + 10 * 86_400):
        service.clock.now = now
        twin.complete(client)
    assert [sent.url.partition("?")[0] for sent in service.sent] == [
        f"{MODELS}/chat/completions",
        "https://res.services.ai.azure.com/openai/v1/chat/completions",
    ]


def test_a_moved_endpoint_of_ones_own_keeps_what_it_speaks(twin: Twin) -> None:
    """Key, headers and dialect go along, where the new address tells of no other dialect."""
    old = Endpoint(
        "mine", "https://mine.example/old", "k3y", "mistral", date(2026, 1, 1),
        headers={"X-Team": "t"}, moved_to="https://mine.example/new",
    )  # fmt: skip
    service = Service(answers)
    trail = ask(twin, service, old, call={"seed": 7})
    (sent,) = service.sent
    assert sent.url == "https://mine.example/new/chat/completions"
    assert sent.body["random_seed"] == 7
    assert sent.headers["x-team"] == "t"
    assert sent.headers["authorization"] == "Bearer k3y"
    assert trail.served_by == "mine/m"


def test_a_dialect_may_have_a_path_of_its_own(twin: Twin) -> None:
    """Below the base URL, in place of the SDK's."""
    service = Service(answers)
    ask(twin, service, mine(routes={"chat": "/v2/chat"}))
    assert service.sent[0].url == "https://mine.example/v1/v2/chat"


def embedded(sent: Sent) -> Answer:
    """Answer with one vector, or with a limit from the harness's own endpoint."""
    if "models.example" in sent.url:
        return limited()
    data = [{"index": 0, "object": "embedding", "embedding": [0.5]}]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(200, {"id": "1", "model": sent.model, "data": data, "usage": usage})


def test_an_endpoint_without_embeddings_is_passed_over(twin: Twin) -> None:
    """With the reason in the trail, and without a request."""
    service = Service(embedded)
    client = twin.client(
        service, kind="Embeddings", model="e", fallback=[
            Target("a", PRESETS["groq"]),
            Target("b", mine("cerebras")),
            Target("c", mine("openai")),
        ],
    )  # fmt: skip
    trail = trail_of(twin.run(client.embed(input=["x"])))
    assert service.models == ["e", "c"]
    assert [str(skip) for skip in trail.skipped] == [
        "skipped groq/a: groq endpoints do not serve embeddings",
        "skipped mine/b: cerebras endpoints do not serve embeddings",
    ]


def test_what_no_endpoint_serves_is_a_clear_error(twin: Twin) -> None:
    """Nothing is sent; the kind is named."""
    service = Service(embedded)
    client = twin.client(service, mine("groq"), kind="Embeddings", model="e", fallback=None)
    with pytest.raises(FallbackExhaustedError, match="groq endpoints do not serve embeddings"):
        twin.run(client.embed(input=["x"]))
    client = twin.package.ImageEmbeddingsClient(
        mine("openai"), transport=twin.transport(service), model="e", fallback=None
    )
    with pytest.raises(
        FallbackExhaustedError, match="openai endpoints do not serve image embeddings"
    ):
        twin.run(client.embed(input=[{"image": "data:,"}]))
    assert service.sent == []


# ---- what is ignored


TOOL = ChatCompletionsToolDefinition(function=FunctionDefinition(name="f", parameters={}))
NAMED = ChatCompletionsNamedToolChoice(function=ChatCompletionsNamedToolChoiceFunction(name="f"))


def called(name: str) -> Answer:
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return chat("m", "", tool_calls=[call])


@pytest.mark.parametrize("choice", ["required", NAMED])
@pytest.mark.parametrize("dialect", ["ollama", "llama-cpp"])
def test_who_ignores_a_demanded_call_is_passed_over(twin: Twin, choice: Any, dialect: str) -> None:
    """A 200 with prose is no answer to ``tool_choice`` (ollama#17921); the next one is asked."""
    service = Service(lambda sent: called("f") if "models.ex" in sent.url else chat("m", "Sure."))
    own = mine(dialect)
    other = Endpoint("other", URL, "key", DIALECTS[dialect])
    client = client_of(twin, service, own, fallback=[Target("n", other)])
    call = {"tools": [TOOL], "tool_choice": choice}
    for _ in range(2):
        answer = twin.complete(client, **call)
        assert answer.choices[0].message.tool_calls[0].function.name == "f"
        attempt = trail_of(answer).attempts[0]
        assert "tool_choice demands" in attempt.failure.message
        assert attempt.status == 200
    assert service.models == ["m", "n"] * 2  # a fault of this request, not of the target


def test_a_call_of_another_tool_is_not_the_one_that_was_demanded(twin: Twin) -> None:
    """Where no other target is left, the error says what was missing."""
    service = Service(lambda sent: called("g"))
    with pytest.raises(HttpResponseError, match="without a call of f, which tool_choice demands"):
        ask(twin, service, mine("ollama"), call={"tools": [TOOL], "tool_choice": NAMED})
    assert len(service.sent) == 1


@pytest.mark.parametrize(
    ("dialect", "choice", "answer"),
    [
        ("ollama", "auto", chat("m", "Hello")),
        ("ollama", None, chat("m", "Hello")),
        ("openai", "required", chat("m", "Hello")),
    ],
)
def test_other_answers_are_taken_as_they_are(
    twin: Twin, dialect: str, choice: Any, answer: Answer
) -> None:
    """Nothing was demanded, or the server is not known to ignore it."""
    service = Service(lambda sent: answer)
    ask(twin, service, mine(dialect), call={"tools": [TOOL], "tool_choice": choice})
    assert len(service.sent) == 1


def test_a_demanded_call_that_came_is_an_answer(twin: Twin) -> None:
    """Whichever tool, where any was wanted."""
    service = Service(lambda sent: called("g"))
    client = client_of(twin, service, mine("ollama"))
    assert trail_of(twin.complete(client, tools=[TOOL], tool_choice="required")).served_by


def test_what_a_dialect_lacks_comes_last(twin: Twin) -> None:
    """llama-cpp-python has no json_schema: another target is asked first, it alone all the same."""
    service = Service(answers)
    schema = JsonSchemaFormat(name="s", schema={"type": "object"})
    own, call = mine("llama-cpp-python"), {"response_format": schema}
    other = Endpoint("other", URL, "key")
    trail = ask(twin, service, own, fallback=[Target("n", other)], call=call)
    assert service.models == ["n"]
    assert trail.skipped[0].reason == "does not support json_schema"
    ask(twin, service, own, call=call)
    assert service.models == ["n", "m"]


# ---- a dialect of the user's


ODD = Dialect(
    name="odd",
    api_version="drop",
    auth="X-Odd-Key",
    error_codes={"E_SLOW_DOWN": "rate_limited", "E_NO_SUCH": "model_gone"},  # type: ignore[dict-item]
    reset_headers=("X-Odd-Reset",),
)


def test_a_users_own_error_codes_decide(twin: Twin) -> None:
    """A limit that comes as a 400 moves on, and cools down for as long as its own header says."""
    service = Service(
        lambda sent: error(400, "E_SLOW_DOWN", X_Odd_Reset="90") if "odd." in sent.url
        else answers(sent)
    )  # fmt: skip
    odd = Endpoint("odd", "https://odd.example/v1", "k3y", dialect=ODD)
    client = client_of(twin, service, odd, fallback=[Target("n", Endpoint("o", URL, "key"))])
    for now, asked in ((NOW, ["m", "n"]), (NOW + 89, ["n"]), (NOW + 91, ["m", "n"])):
        service.clock.now, before = now, len(service.sent)
        twin.complete(client)
        assert service.models[before:] == asked
    assert service.sent[0].headers["x-odd-key"] == "k3y"


def test_a_users_own_limit_is_the_error_of_a_limit(twin: Twin) -> None:
    """With the wait from its header."""
    service = Service(lambda sent: error(400, "E_SLOW_DOWN", X_Odd_Reset="2m30s"))
    odd = Endpoint("odd", "https://odd.example/v1", "k3y", dialect=ODD)
    with pytest.raises(RateLimitedError, match="returns in 2 min 30 s") as caught:
        ask(twin, service, odd)
    assert caught.value.retry_after == 150.0


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_every_dialect_can_be_asked(twin: Twin, name: str) -> None:
    """Plain and streamed, one request each, with a key where the dialect says."""
    dialect = DIALECTS[name]
    headers = dict.fromkeys(dialect.required_headers, "mine")
    endpoint = Endpoint("e", "https://e.example/v1", "k3y", dialect=dialect, headers=headers)
    service = Service(answers)
    for streamed in (False, True):
        ask(twin, service, endpoint, streamed=streamed, call={"max_tokens": 5})
    for sent in service.sent:
        assert sent.url.startswith("https://e.example/v1/chat/completions")
        assert sent.body["max_tokens"] == 5
        assert any("k3y" in value for value in sent.headers.values())
    assert len(service.sent) == 2
