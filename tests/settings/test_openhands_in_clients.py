"""An application's settings in use: who is asked, with which key, through both twins."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import EndpointRetiredError
from tests.harness import (
    HELLO,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
    hello_stream,
    limited,
    timed,
)

OWN, OTHER = "https://llm.example/v1", "https://other.example/v1"
WRITTEN = f"""
[core]
max_iterations = 10

[llm]
model = "openai/first"
base_url = "{OWN}"
api_key = "key-1"
num_retries = 2
retry_min_wait = 5
retry_max_wait = 20
retry_multiplier = 8
temperature = 0.25
top_p = 0.5
max_output_tokens = 64

[llm.fallback1]
model = "openai/second"

[llm.fallback2]
model = "hosted_vllm/third"
base_url = "{OTHER}"
api_key = "key-2"
"""


def write(text: str) -> None:
    Path("config.toml").write_text(text, "utf-8")


def client_of(twin: Twin, service: Service, *args: Any, **options: Any) -> Any:
    """A client that is given nothing but what the test gives it."""
    options = {"transport": twin.transport(service), **timed(service.clock), **options}
    return twin.package.ChatCompletionsClient(*args, **options)


def ask(twin: Twin) -> Any:
    """Ask over a real connection, and close it in the loop that it belongs to."""
    client = twin.package.ChatCompletionsClient()
    if not twin.is_async:
        with client:
            return client.complete(messages=HELLO)

    async def asked() -> Any:
        async with client:
            return await client.complete(messages=HELLO)

    return asyncio.run(asked())


def two_are_limited(sent: Sent) -> Answer:
    if sent.model in ("first", "second"):
        return limited()
    return hello_stream() if sent.body.get("stream") else chat(sent.model)


def key_of(sent: Sent) -> str:
    return sent.headers.get("authorization", "").removeprefix("Bearer ")


def test_two_fallbacks_answer_when_the_first_two_are_limited(twin: Twin) -> None:
    """The file of an application is enough: no argument, no variable."""
    write(WRITTEN)
    service = Service(two_are_limited)
    answer = twin.complete(client_of(twin, service))
    assert answer.choices[0].message.content == "Hi there"
    assert [(sent.model, key_of(sent)) for sent in service.sent] == [
        ("first", "key-1"),
        ("second", "key-1"),
        ("third", "key-2"),
    ]
    assert [sent.url.partition("?")[0] for sent in service.sent] == [
        f"{OWN}/chat/completions",
        f"{OWN}/chat/completions",
        f"{OTHER}/chat/completions",
    ]
    assert service.slept == []
    trail = trail_of(answer)
    assert trail is not None
    assert (trail.requested, trail.served_by) == ("llm/first", "llm.fallback2/third")


def test_a_stream_falls_back_too(twin: Twin) -> None:
    """Before its first content."""
    write(WRITTEN)
    service = Service(two_are_limited)
    text, updates = twin.read(client_of(twin, service))
    assert text == "Hello"
    assert service.models == ["first", "second", "third"]
    assert trail_of(updates).served_by == "llm.fallback2/third"  # type: ignore[union-attr]


def test_what_the_table_says_of_calls_is_sent_where_a_call_says_nothing(twin: Twin) -> None:
    """temperature, top_p and max_output_tokens; an argument goes before, also at construction."""
    write(WRITTEN)
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service, top_p=1.0)
    twin.complete(client)
    twin.complete(client, temperature=0.75, max_tokens=5)
    first, second = (sent.body for sent in service.sent)
    assert (first["temperature"], first["top_p"], first["max_tokens"]) == (0.25, 1.0, 64)
    assert (second["temperature"], second["max_tokens"]) == (0.75, 5)


def test_variables_drive_a_client_as_well(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing falls back that was not listed."""
    for name, value in {"MODEL": "openai/x", "BASE_URL": OWN, "API_KEY": "k"}.items():
        monkeypatch.setenv(f"LLM_{name}", value)
    monkeypatch.setenv("LLM_NUM_RETRIES", "1")
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert [(sent.model, key_of(sent)) for sent in service.sent] == [("x", "k")]


def test_the_waits_are_as_written(twin: Twin) -> None:
    """Attempts of one model as OpenHands counts them, between the least and the longest wait."""
    table = WRITTEN.partition("[llm.fallback1]")[0].replace("num_retries = 2", "num_retries = 5")
    write(table.replace("retry_multiplier = 8", "retry_multiplier = 2"))
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert len(service.sent) == 5
    # OpenHands waits 5, 5, 8 and 16 seconds. A 503's own cooldown may add to the shorter ones.
    assert len(service.slept) == 4
    assert all(seconds >= 5 for seconds in service.slept)
    assert sum(service.slept) <= 5 + 5 + 8 + 16


def test_an_argument_goes_before_the_retries_of_the_table(twin: Twin) -> None:
    """``retry_total`` of the client, or of one call."""
    write(WRITTEN.partition("[llm.fallback1]")[0])
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service, retry_total=0))
    assert len(service.sent) == 1


@pytest.mark.parametrize("given", ["endpoint", "credential", "both"])
def test_a_client_with_an_endpoint_or_a_key_takes_nothing_of_it(twin: Twin, given: str) -> None:
    """Not even the key, for the origin is another; and a key is not sent to their endpoint."""
    write(WRITTEN)
    arguments: dict[str, dict[str, Any]] = {
        "endpoint": {"endpoint": "https://mine.example/v1"},
        "credential": {"credential": "mine", "allow_retired": True},
        "both": {"endpoint": "https://mine.example/v1", "credential": "mine"},
    }
    service = Service(lambda sent: chat(sent.model or "m"))
    client = client_of(twin, service, fallback=None, **arguments[given])
    twin.complete(client, model="m")
    (sent,) = service.sent
    assert "llm.example" not in sent.url
    assert sent.body == {"model": "m", "messages": HELLO}
    assert key_of(sent) == ("" if given == "endpoint" else "mine")


@pytest.mark.parametrize("url", [OWN, "https://llm.example/other", "https://LLM.example:443/v1"])
def test_the_key_goes_to_its_own_origin_when_the_endpoint_is_named(twin: Twin, url: str) -> None:
    """The key, and nothing else of the table."""
    write(WRITTEN)
    service = Service(lambda sent: chat(sent.model))
    twin.complete(client_of(twin, service, url, fallback=None), model="m")
    (sent,) = service.sent
    assert key_of(sent) == "key-1"
    assert "temperature" not in sent.body


def test_a_vendors_own_variable_goes_before_a_borrowed_key(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``endpoint="groq"`` means GROQ_API_KEY where it is set."""
    monkeypatch.setenv("LLM_MODEL", "groq/x")
    monkeypatch.setenv("LLM_API_KEY", "borrowed")
    service = Service(lambda sent: chat(sent.model))

    def key() -> str:
        service.sent.clear()
        twin.complete(client_of(twin, service, "groq", model="m"))
        return key_of(service.sent[0])

    assert key() == "borrowed"
    monkeypatch.setenv("GROQ_API_KEY", "vendor's")
    assert key() == "vendor's"


def test_a_withheld_key_is_a_clear_error_and_nothing_is_sent(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may not lead the environment's key to a server of its choice."""
    write(f'[llm]\nmodel = "openai/x"\nbase_url = "{OWN}"\n')
    monkeypatch.setenv("LLM_API_KEY", "secret-of-the-environment")
    service = Service(lambda sent: chat(sent.model))
    with pytest.raises(ClientAuthenticationError) as caught:
        twin.complete(client_of(twin, service))
    assert "LLM_API_KEY is not sent to https://llm.example" in str(caught.value)
    assert "secret-of-the-environment" not in str(caught.value)
    assert service.sent == []


@pytest.mark.parametrize("model", ["openai/gpt-4o", "meta/llama-3.3-70b-instruct"])
def test_a_github_token_stays_away_from_a_file_of_githubs_shape(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Whatever URL a file names, the token that lies around is GitHub's."""
    monkeypatch.setenv("GITHUB_TOKEN", "github-token")
    write(f'[llm]\nmodel = "{model}"\nbase_url = "https://evil.example/inference"\n')
    service = Service(lambda sent: chat(sent.model))
    twin.complete(client_of(twin, service, fallback=None))
    assert all("github-token" not in str(sent.headers) for sent in service.sent)
    assert len(service.sent) == 1


def test_embeddings_take_endpoint_and_key_only(twin: Twin) -> None:
    """The models of the tables are chat models, and another model is another vector space."""
    write(WRITTEN)
    vectors = {"data": [{"index": 0, "embedding": [0.5]}], "model": "e", "usage": {}}
    service = Service(lambda _: Answer(200, vectors))
    given = {"transport": twin.transport(service), **timed(service.clock)}
    client = twin.package.EmbeddingsClient(model="e", **given)
    twin.run(client.embed(input=["a"]))
    (sent,) = service.sent
    assert (sent.url.partition("?")[0], key_of(sent)) == (f"{OWN}/embeddings", "key-1")
    assert sent.body == {"model": "e", "input": ["a"]}
    bare = twin.package.EmbeddingsClient(**given)
    twin.run(bare.embed(input=["a"]))
    assert service.models[-1] is None


def test_vision_that_is_off_is_asked_last(twin: Twin) -> None:
    """A request with an image goes to a model that may see it."""
    write(
        WRITTEN.replace("[llm]", "[llm]\ndisable_vision = true").replace(
            "[llm.fallback2]", "[llm.fallback2]\ndisable_vision = false"
        )
    )
    service = Service(lambda sent: chat(sent.model))
    image = {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}
    client = client_of(twin, service)
    twin.run(client.complete(messages=[{"role": "user", "content": [image]}]))
    twin.complete(client)
    assert service.models == ["third", "first"]


def test_logais_settings_lead_to_the_retired_endpoint(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which says what to set; its token goes there only where that is insisted on."""
    monkeypatch.setenv("LOGAI_LLM_PROVIDER", "github")
    monkeypatch.setenv("LOGAI_GITHUB_TOKEN", "token")
    service = Service(lambda sent: chat(sent.model))
    with pytest.raises(EndpointRetiredError):
        twin.complete(client_of(twin, service, fallback=None))
    assert service.sent == []
    twin.complete(client_of(twin, service, fallback=None, allow_retired=True))
    assert [(sent.model, key_of(sent)) for sent in service.sent] == [("gpt-4o", "token")]


@pytest.mark.extras
@pytest.mark.parametrize(
    "environ",
    [
        {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": "demo_token"},
        {"LLM_MODEL": "github/gpt-4o", "LLM_API_KEY": "demo_token"},
    ],
    ids=["logai", "openhands"],
)
def test_the_demo_token_works_there_too(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """On GitHub's hosts it is the switch to the emulator."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    answer = ask(twin)
    assert "[emulated openai/gpt-4o]" in answer.choices[0].message.content


@pytest.mark.extras
def test_an_openhands_file_answers_from_the_emulator(twin: Twin) -> None:
    """Two models are limited for a day; the second fallback answers, over real connections."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    from github_models_azure.server.emulator import Emulator

    with Emulator(plan="enterprise") as emulator:
        write(limited_file(emulator))
        answer = ask(twin)
        asked = [entry.body["model"] for entry in emulator.journal]  # type: ignore[index,call-overload]
    assert asked == ["openai/gpt-4.1", "openai/gpt-4o", "meta/llama-3.3-70b-instruct"]
    trail = trail_of(answer)
    assert trail is not None
    assert trail.served_by == "llm.fallback2/meta/llama-3.3-70b-instruct"


def limited_file(emulator: Any) -> str:
    """A file whose first model and first fallback are limited."""
    day = {"times": None, "type": "UserByModelByDay", "seconds": 80_000}
    for model in ("openai/gpt-4.1", "openai/gpt-4o"):
        emulator.fault("rate_limit", model=model, **day)
    return f"""
[llm]
model = "openai/openai/gpt-4.1"
base_url = "{emulator.inference_url}"
api_key = "key-1"

[llm.fallback1]
model = "openai/openai/gpt-4o"

[llm.fallback2]
model = "openai/meta/llama-3.3-70b-instruct"
"""
