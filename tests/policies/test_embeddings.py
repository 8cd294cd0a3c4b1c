"""Embeddings, and errors of an only target."""

from __future__ import annotations

import pytest
from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
)

from github_models_azure import trail_of
from tests.harness import (
    Answer,
    Sent,
    Service,
    Twin,
    limited,
)


def test_embeddings_fall_back_to_listed_targets_only(twin: Twin) -> None:
    """Another model is another vector space: the tier is no fallback for embeddings."""

    def answer(sent: Sent) -> Answer:
        if sent.model == "openai/text-embedding-3-small":
            return limited()
        data = [{"index": 0, "object": "embedding", "embedding": [0.1]}]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return Answer(200, {"id": "1", "model": sent.model, "data": data, "usage": usage})

    service = Service(answer)
    client = twin.client(service, kind="Embeddings", model="openai/text-embedding-3-small")
    with pytest.raises(HttpResponseError):
        twin.run(client.embed(input=["a"]))
    assert service.models == ["openai/text-embedding-3-small"]
    client = twin.client(
        service, kind="Embeddings", model="openai/text-embedding-3-small", fallback=["mine"]
    )
    result = twin.run(client.embed(input=["a"]))
    assert result.data[0].embedding == [0.1]
    assert trail_of(result).served_by.endswith("mine")
    assert twin.run(client.plan_route(input=["a"])).targets[0].endswith("mine")


def test_a_refused_connection_of_an_only_target_is_the_transports_error(twin: Twin) -> None:
    """The class that the plain SDK raises is raised here too."""
    service = Service(lambda sent: Answer(error=ServiceRequestError("refused")))
    client = twin.client(service, model="m", fallback=None, retry_total=0)
    with pytest.raises(ServiceRequestError, match="refused") as caught:
        twin.complete(client)
    assert trail_of(caught.value).attempts[0].status is None


def test_decode_errors_are_http_errors() -> None:
    """What the tests above rely on: azure-core's DecodeError is an HttpResponseError."""
    assert issubclass(DecodeError, HttpResponseError)
