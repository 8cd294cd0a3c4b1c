"""What the rarer keys of `openhands_route` do in a call, in a file and as variables; both twins."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.settings.load import load_settings
from tests.harness import Answer, Sent, Service, Twin, chat, error, limited
from tests.settings.test_openhands_in_clients import OWN, WRITTEN, client_of, key_of, write


def vectors(_: Sent) -> Answer:
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(200, {"data": [{"index": 0, "embedding": [0.5]}], "model": "e", "usage": usage})


@pytest.mark.parametrize(
    ("lines", "model"),
    [
        ({"embedding_model": "text-embedding-3-small"}, "text-embedding-3-small"),
        ({"embedding_model": "openai/e"}, "e"),
        ({"embedding_model": "groq/e"}, "llm/groq/e"),
        ({"embedding_deployment_name": "mine", "embedding_model": "e"}, "mine"),
    ],
)
def test_the_embedding_model_is_the_default_of_the_embeddings_client(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, lines: dict[str, str], model: str
) -> None:
    """In the file and by variable; at the endpoint of ``[llm]``, an argument goes before."""

    def asked(**options: Any) -> Sent:
        client = twin.package.EmbeddingsClient(transport=twin.transport(service), **options)
        twin.run(client.embed(input=["a"]))
        return service.sent[-1]

    service = Service(vectors)
    write(
        WRITTEN.replace("[llm]", "\n".join(["[llm]", *(f"{n} = '{v}'" for n, v in lines.items())]))
    )
    wanted = model.removeprefix("llm/")
    assert (asked().model, asked().url.partition("?")[0]) == (wanted, f"{OWN}/embeddings")
    assert key_of(asked()) == "key-1"
    assert asked(model="own").model == "own"
    write(WRITTEN)
    for name, value in lines.items():
        monkeypatch.setenv(f"LLM_{name.upper()}", value)
    assert asked().model == wanted


def test_a_deployment_for_embeddings_has_a_url_of_its_own(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure names the deployment in the path."""
    resource = "https://r.openai.azure.com"
    for name, value in {
        "MODEL": "azure/gpt-4o",
        "BASE_URL": resource,
        "API_KEY": "k",
        "API_VERSION": "2024-10-21",
        "EMBEDDING_DEPLOYMENT_NAME": "vectors",
    }.items():
        monkeypatch.setenv(f"LLM_{name}", value)
    service = Service(vectors)
    client = twin.package.EmbeddingsClient(transport=twin.transport(service))
    twin.run(client.embed(input=["a"]))
    (sent,) = service.sent
    assert sent.url == (f"{resource}/openai/deployments/vectors/embeddings?api-version=2024-10-21")
    assert sent.headers["api-key"] == "k"


@pytest.mark.parametrize("status", [404, 400])
def test_embeddings_without_any_model_say_to_name_one(twin: Twin, status: int) -> None:
    """Where the server refuses what names no model; the chat model is not asked."""
    write(WRITTEN)
    service = Service(lambda _: error(status, "unknown_model", "Unknown model: /"))
    client = twin.package.EmbeddingsClient(transport=twin.transport(service))
    with pytest.raises(HttpResponseError, match="LLM_EMBEDDING_MODEL"):
        twin.run(client.embed(input=["a"]))
    with pytest.raises(HttpResponseError) as caught:
        twin.run(client.embed(input=["a"], model="odd"))
    assert "LLM_EMBEDDING_MODEL" not in str(caught.value)


def test_a_chat_model_for_embeddings_says_to_name_another(twin: Twin) -> None:
    """GITHUB_MODELS_MODEL is one, most of the time."""
    service = Service(vectors)
    client = twin.client(service, kind="Embeddings", model="openai/gpt-4o", endpoint="github")
    with pytest.raises(HttpResponseError, match="Name an embeddings model"):
        twin.run(client.embed(input=["a"], allow_retired=True))
    assert service.sent == []


IMAGE = {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}
SEEN = {"type": "text", "text": "What is this?"}


@pytest.mark.parametrize("model", ["openai/x", "github/openai/gpt-4.1"])
def test_vision_that_is_off_everywhere_sends_the_text(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    """Without the images, which the trail says; what has no image is sent as it is."""
    for name, value in {"MODEL": model, "BASE_URL": OWN, "API_KEY": "k"}.items():
        monkeypatch.setenv(f"LLM_{name}", value)
    monkeypatch.setenv("LLM_DISABLE_VISION", "true")
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service)
    said = [
        {"role": "user", "content": [SEEN, IMAGE, IMAGE]},
        {"role": "user", "content": [IMAGE]},
        {"role": "user", "content": [SEEN]},
        {"role": "user", "content": "Hello"},
    ]
    answer = twin.run(client.complete(messages=said))
    assert [message["content"] for message in service.sent[0].body["messages"]] == [
        [SEEN],
        "",
        [SEEN],
        "Hello",
    ]
    (adaptation,) = trail_of(answer).adaptations  # type: ignore[union-attr]
    assert (adaptation.change, adaptation.lossy) == ("messages: images dropped", True)
    assert not trail_of(twin.complete(client)).adaptations  # type: ignore[union-attr]


def test_images_are_left_out_for_the_target_that_takes_none(twin: Twin) -> None:
    """It steps in when the one that may see them has failed, which is not left the text alone."""
    write(WRITTEN.replace("[llm.fallback1]", "[llm.fallback1]\ndisable_vision = true"))
    service = Service(lambda sent: chat(sent.model) if sent.model == "second" else limited())
    answer = twin.run(
        client_of(twin, service).complete(messages=[{"role": "user", "content": [SEEN, IMAGE]}])
    )
    assert service.models == ["first", "third", "second"]
    contents = [sent.body["messages"][0]["content"] for sent in service.sent]
    assert contents == [[SEEN, IMAGE], [SEEN, IMAGE], [SEEN]]
    assert [event.target for event in trail_of(answer).adaptations] == ["llm.fallback1/second"]  # type: ignore[union-attr]


def test_vision_that_is_off_is_no_loss_under_strictness(twin: Twin) -> None:
    """``drop_params = false`` loses nothing else, and the user asked for exactly this."""
    write('[llm]\nmodel = "groq/x"\napi_key = "k"\ndisable_vision = true\ndrop_params = false\n')
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service)
    answer = twin.run(client.complete(messages=[{"role": "user", "content": [SEEN, IMAGE]}]))
    assert service.sent[0].body["messages"][0]["content"] == [SEEN]
    (adaptation,) = trail_of(answer).adaptations  # type: ignore[union-attr]
    assert (adaptation.change, adaptation.lossy) == ("messages: images dropped", True)
    with pytest.raises(HttpResponseError, match="would lose: logit_bias"):
        twin.complete(client, model_extras={"logit_bias": {"1": 2}})


@pytest.mark.parametrize("strict", ["true", "false"])
def test_vision_that_is_off_by_variable_is_off_for_every_table(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, strict: str
) -> None:
    """The tables of the file take it over, but for one that says otherwise itself."""
    write(WRITTEN)
    monkeypatch.setenv("LLM_DISABLE_VISION", "true")
    monkeypatch.setenv("LLM_DROP_PARAMS", strict)
    service = Service(lambda sent: chat(sent.model) if sent.model == "third" else limited())
    said = [{"role": "user", "content": [SEEN, IMAGE]}]
    answer = twin.run(client_of(twin, service).complete(messages=said))
    contents = [sent.body["messages"][0]["content"] for sent in service.sent]
    assert contents == [[SEEN]] * 3
    changes = [event.change for event in trail_of(answer).adaptations]  # type: ignore[union-attr]
    assert changes == ["messages: images dropped"] * 3
    write(WRITTEN.replace("[llm.fallback2]", "[llm.fallback2]\ndisable_vision = false"))
    seeing = Service(lambda sent: chat(sent.model))
    twin.run(client_of(twin, seeing).complete(messages=said))
    assert [(sent.model, sent.body["messages"]) for sent in seeing.sent] == [("third", said)]


def test_the_api_version_reaches_an_endpoint_of_githubs_shape(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its query; a server that takes none is not sent it, and a note says so."""
    for name, value in {
        "MODEL": "openai/gpt-4o",
        "BASE_URL": "http://127.0.0.1:9/inference",
        "API_KEY": "k",
        "API_VERSION": "2024-10-21",
    }.items():
        monkeypatch.setenv(f"LLM_{name}", value)
    monkeypatch.setenv("LLM_CUSTOM_LLM_PROVIDER", "github")
    service = Service(lambda sent: chat(sent.model))
    twin.complete(client_of(twin, service))
    assert service.sent[0].url.endswith("/inference/chat/completions?api-version=2024-10-21")
    assert load_settings().notes == ()
    monkeypatch.setenv("LLM_CUSTOM_LLM_PROVIDER", "openai")
    monkeypatch.setenv("LLM_BASE_URL", OWN)
    twin.complete(client_of(twin, service))
    assert "2024-10-21" not in service.sent[1].url
    (note,) = load_settings().notes
    assert note == "LLM_API_VERSION is not used: https://llm.example takes no api-version."
