"""Embeddings: what is sent, and in which order the vectors come back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from tests.harness import Answer, Service, limited

from . import emulator_helpers as emulated
from .side_helpers import Side


def embedded(sent: Any) -> Answer:
    """One number for each text: its length. The vectors come in disorder."""
    data = [
        {"index": index, "object": "embedding", "embedding": [float(len(text))]}
        for index, text in enumerate(sent.body["input"])
    ]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(200, {"model": "e", "data": data[::-1], "usage": usage, "id": "1"})


@pytest.fixture
def service() -> Service:
    return Service(embedded)


def test_each_text_has_its_vector(side: Side, service: Service) -> None:
    """In the order of the texts, over several requests."""
    model = side.embeddings(service, chunk_size=2)
    assert side.embed(model, ["a", "bb", "ccc", "dddd", "eeeee"]) == [
        [1.0],
        [2.0],
        [3.0],
        [4.0],
        [5.0],
    ]
    assert [len(sent.body["input"]) for sent in service.sent] == [2, 2, 1]
    assert side.embed(model, ["a", "bb", "ccc"], chunk_size=3) == [[1.0], [2.0], [3.0]]
    assert len(service.sent) == 4
    assert side.embed(model, []) == []
    assert len(service.sent) == 4


def test_fields_and_keywords_are_sent(side: Side, service: Service) -> None:
    """Documents and queries may be told apart."""
    model = side.embeddings(
        service,
        dimensions=3,
        document_input_type="document",
        query_input_type="query",
        model_kwargs={"user": "ada"},
    )
    side.embed(model, ["a"])
    side.embed_query(model, "b", dimensions=4, model="openai/other")
    first, second = (sent.body for sent in service.sent)
    assert first == {
        "model": "openai/e",
        "input": ["a"],
        "dimensions": 3,
        "input_type": "document",
        "user": "ada",
    }
    assert (second["input_type"], second["dimensions"]) == ("query", 4)
    assert second["model"] == "openai/other"


def test_errors_carry_the_trail(side: Side) -> None:
    """As those of the clients do."""
    model = side.embeddings(Service(lambda sent: limited()), fallback=None)
    with pytest.raises(HttpResponseError) as caught:
        side.embed_query(model, "a")
    assert trail_of(caught.value) is not None


def test_missing_vectors_are_told(side: Side) -> None:
    """A text without a vector would shift all others."""

    def answer(sent: Any) -> Answer:
        made = embedded(sent)
        made.body["data"].pop()
        return made

    with pytest.raises(HttpResponseError, match="1 vectors for 2 inputs"):
        side.embed(side.embeddings(Service(answer)), ["a", "b"])
    with pytest.raises(ValueError, match="chunk_size is at least 1"):
        side.embed(side.embeddings(Service(answer)), ["a"], chunk_size=0)


def test_vectors_without_a_place_stay_where_they_came(side: Side) -> None:
    """Some servers send no index, or null."""
    data = [{"embedding": [1.0]}, {"index": None, "embedding": [2.0]}]
    service = Service(lambda sent: Answer(200, {"model": "e", "data": data}))
    assert side.embed(side.embeddings(service), ["a", "b"]) == [[1.0], [2.0]]


@pytest.mark.parametrize("vector", ["AAA=", "AAAA", "!!!!", 3])
def test_what_is_no_vector_is_told(side: Side, vector: Any) -> None:
    """Rather than read as an empty one."""
    data = [{"index": 0, "embedding": vector}]
    service = Service(lambda sent: Answer(200, {"model": "e", "data": data}))
    with pytest.raises(ValueError, match=r"vector|base64"):
        side.embed(side.embeddings(service), ["a"])


def test_vectors_in_base64_are_read(side: Side) -> None:
    """LangChain wants numbers."""
    model = emulated.embeddings(dimensions=4)
    plain = side.embed_query(model, "Hello")
    packed = side.embed_query(model, "Hello", encoding_format="base64")
    assert packed == pytest.approx(plain, abs=1e-6)


def test_the_emulator_embeds(side: Side) -> None:
    """On a real connection; the vectors are as long as asked."""
    model = emulated.embeddings(dimensions=8)
    (vector,) = side.embed(model, ["Hello"])
    assert len(vector) == 8
    assert side.embed_query(model, "Hello") == vector


async def test_both_halves_close() -> None:
    """In `with` and `async with`."""
    with emulated.embeddings() as model:
        model.embed_query("Hello")
    async with emulated.embeddings() as model:
        await asyncio.gather(model.aembed_query("Hello"), model.aembed_documents(["Hello"]))
    assert model._clients._sync is None
    assert not model._clients._async
