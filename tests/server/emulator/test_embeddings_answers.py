"""Embeddings: unit vectors that depend on the text alone."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

import pytest
from emulator_helpers import Answer, Service, service
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure.server.emulator.embeddings import vector_of

SMALL = "openai/text-embedding-3-small"


@pytest.fixture
def emulated() -> Service:
    return service()


def embed(emulated: Service, input: Any, **body: Any) -> Answer:
    return emulated.post("/inference/embeddings", {"model": SMALL, "input": input, **body})


@given(st.text(), st.sampled_from([1, 2, 256, 1536]))
def test_vectors_have_length_one(text: str, dimensions: int) -> None:
    """Every vector is normalised, in however few dimensions."""
    vector = vector_of(text, dimensions)
    assert len(vector) == dimensions
    assert math.isclose(sum(value * value for value in vector), 1.0, rel_tol=1e-5)


def test_texts_that_share_words_are_near() -> None:
    """Similarity means something: enough for a demonstration of search."""
    question = vector_of("how do I bake bread", 1536)
    near = vector_of("bake bread at home", 1536)
    far = vector_of("the stock market fell", 1536)

    def product(other: tuple[float, ...]) -> float:
        return sum(a * b for a, b in zip(question, other, strict=True))

    assert product(near) > 0.4 > product(far)


@pytest.mark.parametrize(
    ("path", "model", "dimensions"),
    [
        ("/inference/embeddings", SMALL, 1536),
        ("/inference/embeddings", "openai/text-embedding-3-large", 3072),
        ("/orgs/acme/inference/embeddings", "cohere/cohere-embed-v3-english", 1024),
        ("/embeddings", "text-embedding-3-small", 1536),
    ],
)
def test_models_have_their_own_dimensions(
    emulated: Service, path: str, model: str, dimensions: int
) -> None:
    """Every path serves embeddings in the model's default length."""
    answer = emulated.post(path, {"model": model, "input": ["a", "b"]})
    assert [len(item["embedding"]) for item in answer.json["data"]] == [dimensions] * 2
    assert [item["index"] for item in answer.json["data"]] == [0, 1]


def test_dimensions_are_honoured(emulated: Service) -> None:
    """A shorter vector is as normalised as a long one."""
    (item,) = embed(emulated, "text", dimensions=64).json["data"]
    assert len(item["embedding"]) == 64


def test_base64_holds_the_same_numbers(emulated: Service) -> None:
    """Both encodings are of the same single-precision vector."""
    (plain,) = embed(emulated, "text", dimensions=8).json["data"]
    (coded,) = embed(emulated, "text", dimensions=8, encoding_format="base64").json["data"]
    assert list(struct.unpack("<8f", base64.b64decode(coded["embedding"]))) == plain["embedding"]


def test_usage_counts_the_input(emulated: Service) -> None:
    """Prompt and total tokens are the same number."""
    usage = embed(emulated, ["two words", "more"]).json["usage"]
    assert usage["prompt_tokens"] == usage["total_tokens"] == 3


def test_token_arrays_are_taken(emulated: Service) -> None:
    """Tokens instead of text count one each."""
    answer = embed(emulated, [[1, 2, 3], [4]])
    assert len(answer.json["data"]) == 2
    assert answer.json["usage"]["prompt_tokens"] == 4


@pytest.mark.parametrize(
    ("input", "code"),
    [
        ([], "empty_array"),
        ("", "invalid_value"),
        (["a", ""], "invalid_value"),
        (["a"] * 2049, "array_above_max_length"),
        (None, "invalid_type"),
        ([{"a": 1}], "invalid_type"),
        (7, "invalid_type"),
    ],
)
def test_other_inputs_are_refused(emulated: Service, input: Any, code: str) -> None:
    """Nothing, too much and the wrong kind are errors of the caller."""
    answer = embed(emulated, input)
    assert (answer.status, answer.error["code"]) == (400, code)


@pytest.mark.parametrize("members", [{"dimensions": 4000}, {"encoding_format": "int8"}])
def test_other_options_are_refused(emulated: Service, members: Any) -> None:
    """More dimensions than the model has, and other encodings, are refused."""
    assert embed(emulated, "text", **members).error["code"] == "invalid_value"


def test_cohere_has_no_dimensions_to_choose(emulated: Service) -> None:
    """Only text-embedding-3 can be shortened."""
    answer = embed(emulated, "text", model="cohere/cohere-embed-v3-english", dimensions=64)
    assert answer.error["code"] == "unsupported_parameter"


def test_a_chat_model_does_not_embed(emulated: Service) -> None:
    """The operation does not work with the model."""
    assert embed(emulated, "text", model="openai/gpt-4o").error["code"] == "OperationNotSupported"


def test_embeddings_have_the_quota_of_their_tier(emulated: Service) -> None:
    """The sixteenth request of a minute is refused."""
    assert [embed(emulated, "x").status for _ in range(16)] == [200] * 15 + [429]


def test_embeddings_of_more_than_64000_tokens_are_too_large(emulated: Service) -> None:
    """The tier's input limit counts all texts together."""
    answer = embed(emulated, ["word " * 8000] * 9)
    assert answer.error["message"].endswith("Max size: 64000 tokens.")
