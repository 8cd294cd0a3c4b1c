"""The embedding service."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.exceptions.service_exceptions import (
    ServiceException,
    ServiceResponseException,
)

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.aio import EmbeddingsClient
from github_models_azure.integrations.semantic_kernel import (
    GitHubModelsEmbeddingPromptExecutionSettings,
    GitHubModelsTextEmbedding,
)
from github_models_azure.server.emulator import Emulator

from .conftest import nothing_left

SMALL = "openai/text-embedding-3-small"
TEXTS = ["the cat", "the dog", "the weather"]


@pytest_asyncio.fixture
async def service(emulator: Emulator) -> AsyncIterator[GitHubModelsTextEmbedding]:
    async with GitHubModelsTextEmbedding(
        SMALL, endpoint=emulator.inference_url, api_key="any-key"
    ) as made:
        yield made
    await nothing_left()


async def test_texts_become_rows(service: GitHubModelsTextEmbedding) -> None:
    """In order, as numbers."""
    rows = await service.generate_embeddings(TEXTS)
    assert rows.shape == (3, 1536)
    assert rows.dtype == np.float64
    again = await service.generate_embeddings(TEXTS[::-1])
    np.testing.assert_array_equal(rows, again[::-1])


async def test_rows_go_by_the_index_of_the_server(
    service: GitHubModelsTextEmbedding, emulator: Emulator
) -> None:
    """Whatever the order in which it sends them."""
    data = [
        {"object": "embedding", "index": index, "embedding": [float(index)]} for index in (2, 0, 1)
    ]
    emulator.fault("status", status=200, body=json.dumps({"model": "m", "data": data}))
    assert (await service.generate_embeddings(TEXTS)).tolist() == [[0.0], [1.0], [2.0]]


async def test_raw_vectors_say_where_they_come_from(service: GitHubModelsTextEmbedding) -> None:
    """A list of lists of floats, with usage and trail."""
    vectors = await service.generate_raw_embeddings(TEXTS)
    assert len(vectors) == 3
    assert all(type(number) is float for number in vectors[0])
    assert vectors.usage is not None
    assert vectors.usage.prompt_tokens > 0
    trail = trail_of(vectors)
    assert trail is not None
    assert trail.served_by is not None
    assert trail.served_by.endswith(SMALL)


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_settings_reach_the_request(
    service: GitHubModelsTextEmbedding, emulator: Emulator, encoding: Any
) -> None:
    """Own settings; and base64 comes back as numbers."""
    settings = GitHubModelsEmbeddingPromptExecutionSettings(
        dimensions=8, encoding_format=encoding, user="me", extra_parameters={"a": 1}
    )
    plain = await service.generate_embeddings(TEXTS, PromptExecutionSettings(dimensions=8))
    rows = await service.generate_embeddings(TEXTS, settings)
    np.testing.assert_allclose(rows, plain, atol=1e-6)
    body = emulator.journal[-1].body
    assert {name: body[name] for name in ("dimensions", "encoding_format", "user", "a")} == {
        "dimensions": 8,
        "encoding_format": encoding,
        "user": "me",
        "a": 1,
    }


async def test_a_kernel_fills_records(service: GitHubModelsTextEmbedding) -> None:
    """``add_embedding_to_object`` finds the service and indexes what it returns."""

    @dataclass
    class Note:
        text: str
        vector: Any = None

    kernel = Kernel()
    kernel.add_service(service)
    notes = [Note(text) for text in TEXTS]
    await kernel.add_embedding_to_object(
        notes, "text", "vector", {SMALL: PromptExecutionSettings(dimensions=8)}
    )
    assert [len(note.vector) for note in notes] == [8, 8, 8]


async def test_the_same_model_elsewhere_takes_over(emulator: Emulator) -> None:
    """Another endpoint that was listed; the vectors are the same."""
    with Emulator() as other:
        elsewhere = Endpoint("other", other.inference_url, "other-key", "github")
        emulator.fault("rate_limit", times=None, seconds=5631)
        async with EmbeddingsClient(
            emulator.inference_url, "any-key", fallback=[Target(SMALL, elsewhere)]
        ) as client:
            service = GitHubModelsTextEmbedding(SMALL, client=client)
            vectors = await service.generate_raw_embeddings(TEXTS)
            trail = trail_of(vectors)
            assert trail is not None
            assert trail.served_by == f"other/{SMALL}"
            assert other.journal[-1].status == 200


async def test_a_failure_is_the_kernels_error(
    service: GitHubModelsTextEmbedding, emulator: Emulator
) -> None:
    """With the trail."""
    emulator.fault("rate_limit", times=None, seconds=5631)
    with pytest.raises(ServiceResponseException, match="failed to make embeddings") as caught:
        await service.generate_embeddings(TEXTS)
    assert trail_of(caught.value) is not None


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 vectors for 3 inputs"), (4, "3 texts .* 4 vectors")]
)
async def test_as_many_vectors_come_as_texts_were_sent(
    service: GitHubModelsTextEmbedding, emulator: Emulator, count: int, told: str
) -> None:
    """A text without a vector would shift all others."""
    data = [{"object": "embedding", "index": i, "embedding": [1.0]} for i in range(count)]
    emulator.fault("status", status=200, body=json.dumps({"model": "m", "data": data}))
    with pytest.raises(ServiceException, match=told) as caught:
        await service.generate_embeddings(TEXTS)
    assert trail_of(caught.value) is not None
