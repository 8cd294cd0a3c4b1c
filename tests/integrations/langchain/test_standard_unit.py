"""LangChain's standard unit tests, all of them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from langchain_core.load import load as langchain_load
from langchain_tests.unit_tests import ChatModelUnitTests, EmbeddingsUnitTests

from github_models_azure.integrations.langchain import ChatGitHubModels, GitHubModelsEmbeddings

from .emulator_helpers import CHAT, EMBEDDINGS


class TestChatUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[ChatGitHubModels]:
        return ChatGitHubModels

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": CHAT, "base_url": "https://models.example/inference"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        variables = {"GITHUB_MODELS_MODEL": CHAT, "GITHUB_MODELS_API_KEY": "test"}
        return variables, {}, {"model": CHAT}

    @pytest.fixture(autouse=True)
    def trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """LangChain reads back the classes of its partners alone, unless told which others.

        The suite has no way to tell; `test_fields.py` does it as a user would.
        """
        module = sys.modules[langchain_load.__module__]
        path = ("github_models_azure", "integrations", "langchain", "ChatGitHubModels")
        monkeypatch.setitem(module.ALL_SERIALIZABLE_MAPPINGS, path, path)
        monkeypatch.setattr(module, "_default_class_paths_cache", {})


class TestEmbeddingsUnit(EmbeddingsUnitTests):
    @property
    def embeddings_class(self) -> type[GitHubModelsEmbeddings]:
        return GitHubModelsEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": EMBEDDINGS, "base_url": "https://models.example/inference"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"GITHUB_MODELS_MODEL": EMBEDDINGS}, {}, {"model": EMBEDDINGS}
