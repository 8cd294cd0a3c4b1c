"""LangChain's standard integration tests against the emulator: all of them, with every capability.

What a capability means on the wire is asserted in the tests beside this one.
"""

from __future__ import annotations

import base64
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_tests.integration_tests import (
    ChatModelIntegrationTests,
    EmbeddingsIntegrationTests,
)

from github_models_azure.integrations.langchain import ChatGitHubModels, GitHubModelsEmbeddings

from . import download_helpers as downloads
from . import emulator_helpers as emulated

Details = Literal[
    "audio_input", "audio_output", "reasoning_output", "cache_read_input", "cache_creation_input"
]


# There is nothing to time where nothing is recorded: the emulator answers at once.
pytestmark = pytest.mark.filterwarnings("ignore:Benchmark fixture was not used at all")


class TestChat(ChatModelIntegrationTests):
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_urls = True
    supports_image_tool_message = True
    supports_pdf_inputs = True
    supports_pdf_tool_message = True
    supports_audio_inputs = True
    supports_anthropic_inputs = True
    supports_model_override = True
    model_override_value = "gpt-4o-mini"
    enable_vcr_tests = True

    @property
    def chat_model_class(self) -> type[ChatGitHubModels]:
        return ChatGitHubModels

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": emulated.CHAT, **emulated.place()}

    @property
    def supported_usage_metadata_details(
        self,
    ) -> dict[Literal["invoke", "stream"], list[Details]]:
        counted: list[Details] = ["audio_input", "reasoning_output", "cache_read_input"]
        return {"invoke": counted, "stream": counted}

    def invoke_with_audio_input(self, *, stream: bool = False) -> AIMessage:
        heard = {
            "type": "audio",
            "mime_type": "audio/wav",
            "base64": base64.b64encode(downloads.sound()).decode(),
        }
        message = _asked(emulated.chat(), [HumanMessage([heard])], stream)
        assert message.usage_metadata["input_token_details"]["audio"] > 0
        return message

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        model = emulated.chat(model="openai/o3-mini", reasoning_effort="low")
        message = _asked(model, "Think.", stream)
        assert message.usage_metadata["output_token_details"]["reasoning"] > 0
        return message

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        return _asked(emulated.chat(), "Once more.", stream)


class TestChatWithJsonSchema(TestChat):
    """The same, with structured output by a response format."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "json_schema"}


class TestChatOfMistral(TestChat):
    """The same with a model of another family: whole calls in one piece, stricter bodies."""

    supported_usage_metadata_details = {"invoke": [], "stream": []}  # noqa: RUF012 - LangChain's

    @property
    def chat_model_params(self) -> dict[str, Any]:
        place = emulated.place()
        return {"model": "mistral-ai/mistral-medium-2505", "fallback": [emulated.CHAT], **place}


class TestEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[GitHubModelsEmbeddings]:
        return GitHubModelsEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": emulated.EMBEDDINGS, **emulated.place()}


def _asked(model: ChatGitHubModels, question: Any, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(question)
    first, *rest = model.stream(question)
    return first + rest
