"""``load_client``: the client for what an endpoint says that it serves.

About `client/loading.py` and `aio/_loading.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from azure.ai.inference.models import ModelType
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from github_models_azure import trail_of
from tests.harness import URL, Answer, Sent, Service, Twin, chat, error, timed

CHAT = [
    *("chat_completion", "chat_completions", "chat", "completion", "chat-completion"),
    *("chat-completions", "chat completion", "chat completions"),
]
TEXTS = ["embeddings", "embedding", "text_embedding", "text-embeddings", "text embeddings"]
IMAGES = ["image_embeddings", "image_embedding", "image-embeddings", "image embedding"]
CASES = [
    *(("ChatCompletionsClient", said) for said in (*CHAT, ModelType.CHAT_COMPLETION.value)),
    *(("EmbeddingsClient", said) for said in (*TEXTS, ModelType.EMBEDDINGS.value)),
    *(("ImageEmbeddingsClient", said) for said in (*IMAGES, ModelType.IMAGE_EMBEDDINGS.value)),
]


def serving(said: object) -> Service:
    info = {"model_name": "m", "model_type": said, "model_provider_name": "p"}
    return Service(lambda sent: Answer(200, info) if "/info" in sent.url else chat("m"))


def load(twin: Twin, service: Service, **keywords: Any) -> Any:
    keywords = {"transport": twin.transport(service), **timed(service.clock), **keywords}
    return twin.run(twin.package.load_client(URL, "key", **keywords))


@pytest.mark.parametrize(("name", "said"), CASES)
def test_the_type_of_the_model_decides(twin: Twin, name: str, said: str) -> None:
    """In every spelling that the SDK understands; the client is ours."""
    client = load(twin, serving(said))
    assert type(client) is getattr(twin.package, name)


def test_the_client_is_asked_with_the_same_arguments(twin: Twin) -> None:
    """A fallback with them; what was found out is not asked again."""
    service = serving("chat")
    client = load(twin, service, model="m", fallback=["n"], temperature=0.5)
    assert twin.run(client.get_model_info()).model_name == "m"
    answer = twin.complete(client)
    assert trail_of(answer).served_by.endswith("/m")
    assert [sent.url.partition("?")[0].rpartition("/")[2] for sent in service.sent] == [
        "info",
        "completions",
    ]
    assert service.sent[1].body["temperature"] == 0.5
    assert "'n'" in repr(client)


def test_endpoint_and_credential_may_be_left_out(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the settings decide, as for every client."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", URL)
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "key")
    service = serving("embeddings")
    client = twin.run(twin.package.load_client(transport=twin.transport(service)))
    assert type(client) is twin.package.EmbeddingsClient
    assert service.sent[0].headers["authorization"] == "Bearer key"


@pytest.mark.parametrize("given", [True, False])
def test_only_a_transport_of_its_own_is_closed(
    twin: Twin, given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's serves the client that is returned."""
    service, closed = serving("chat"), []

    class Watched(type(twin.transport(service))):  # type: ignore[misc]
        def close(self) -> Any:
            closed.append(True)
            return super().close()

        def __exit__(self, *_: object) -> None:
            closed.append(True)

        async def __aexit__(self, *_: object) -> None:
            closed.append(True)

    made = "async_transport" if twin.is_async else "sync_transport"
    monkeypatch.setattr(
        f"github_models_azure.client.transport.{made}", lambda **_: Watched(service)
    )
    keywords = {"transport": Watched(service)} if given else {}
    client = twin.run(twin.package.load_client(URL, "key", **keywords))
    assert closed == ([] if given else [True])
    assert twin.complete(client).choices


def test_an_endpoint_without_the_route_is_explained(twin: Twin) -> None:
    """With the class that the SDK raises."""
    with pytest.raises(ResourceNotFoundError, match="no route /info") as caught:
        load(twin, Service(lambda sent: error(404)))
    assert caught.value.status_code == 404
    assert "Construct ChatCompletionsClient" in caught.value.message


@pytest.mark.parametrize("said", [None, "", "text-generation", "audio"])
def test_a_type_that_no_client_serves_is_named(twin: Twin, said: str | None) -> None:
    """As with the SDK, a ``ValueError``."""
    with pytest.raises(ValueError, match=f"type '?{said}" if said else "names no type"):
        load(twin, serving(said))


def test_other_refusals_stay_as_they_are(twin: Twin) -> None:
    """Of a key, for instance."""
    seen: list[Sent] = []
    service = Service(lambda sent: seen.append(sent) or error(401))
    with pytest.raises(HttpResponseError) as caught:
        load(twin, service)
    assert caught.value.status_code == 401
    assert len(seen) == 1
