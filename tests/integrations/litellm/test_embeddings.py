"""Embeddings through LiteLLM, sync and async alike."""

from __future__ import annotations

import litellm
import pytest

from github_models_azure.integrations.litellm import GitHubModelsLLM
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import SMALL, Caller, served_by

TEXTS = ["pears", "figs"]


def test_embeddings_are_litellms(caller: Caller, llm: GitHubModelsLLM) -> None:
    """Vectors in the order of their texts, the model, and usage."""
    response = caller.embedding(input=TEXTS)
    assert isinstance(response, litellm.EmbeddingResponse)
    assert [item["index"] for item in response.data] == [0, 1]
    assert len(response.data[0]["embedding"]) == 1536
    assert response.model == "text-embedding-3-small"
    assert response.usage.prompt_tokens == response.usage.total_tokens > 0
    assert served_by(response) == "openai/text-embedding-3-small"
    assert response._hidden_params["additional_headers"]["llm_provider-x-emulated-by"]


def test_one_text_is_a_list_of_one(caller: Caller, llm: GitHubModelsLLM) -> None:
    """LiteLLM takes a text as well."""
    (item,) = caller.embedding(input="pears").data
    (same,) = caller.embedding(input=["pears"]).data
    assert item["embedding"] == same["embedding"]


def test_dimensions_go_in_the_extra_body(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """LiteLLM lets no custom provider have OpenAI's parameters of embeddings by their names."""
    with pytest.raises(litellm.UnsupportedParamsError, match="dimensions"):
        caller.embedding(input=TEXTS, dimensions=64)
    response = caller.embedding(input=TEXTS, extra_body={"dimensions": 64})
    assert {len(item["embedding"]) for item in response.data} == {64}
    assert "extra-parameters" not in emulator.journal[-1].headers


def test_errors_of_embeddings_have_their_classes(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """As those of chats."""
    with pytest.raises(litellm.NotFoundError):
        caller.embedding("github_models/openai/text-embedding-9", input=TEXTS)
    emulator.fault("slow_first_byte", seconds=20)
    with pytest.raises(litellm.Timeout):
        caller.embedding(SMALL, input=TEXTS, timeout=0.2, max_retries=0)
