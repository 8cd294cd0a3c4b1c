"""The embedding service."""

from __future__ import annotations

from typing import Any

from azure.ai.inference.models import EmbeddingsResult
from numpy import array, ndarray
from semantic_kernel.connectors.ai.embedding_generator_base import EmbeddingGeneratorBase
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.exceptions.service_exceptions import ServiceInvalidResponseError

from ...aio import EmbeddingsClient
from ...endpoints import Endpoint
from ...trail import attach_trail, trail_of
from .._common import vectors_of
from ._service import GitHubModelsService, service_errors, service_fields
from ._settings import GitHubModelsEmbeddingPromptExecutionSettings


class Vectors(list[list[float]]):
    """One vector for each text, in order; ``trail_of`` tells who made them.

    ``usage`` is the SDK's, ``None`` where the server told none.

    :param count: how many texts were sent.
    :raises ServiceInvalidResponseError: where as many vectors did not come back.
    """

    def __init__(self, result: EmbeddingsResult, count: int) -> None:
        try:
            super().__init__(vectors_of(result, count))
        except ValueError as error:
            attach_trail(error, trail_of(result))
            raise ServiceInvalidResponseError(str(error)) from error
        self.usage = result.usage
        attach_trail(self, trail_of(result))


class GitHubModelsTextEmbedding(GitHubModelsService, EmbeddingGeneratorBase):
    """Text embeddings for Semantic Kernel, with fallback to the same model elsewhere.

    Takes what :class:`GitHubModelsChatCompletion` takes, for our async ``EmbeddingsClient``.
    """

    def __init__(
        self,
        ai_model_id: str | None = None,
        *,
        service_id: str | None = None,
        api_key: Any = None,
        endpoint: str | Endpoint | None = None,
        client: EmbeddingsClient | None = None,
        env_file_path: str | None = None,
        env_file_encoding: str | None = None,
        **client_options: Any,
    ) -> None:
        env_file = (env_file_path, env_file_encoding)
        fields = service_fields(
            EmbeddingsClient, ai_model_id, service_id, client, endpoint, api_key, env_file,
            client_options,
        )  # fmt: skip
        super().__init__(**fields)

    def get_prompt_execution_settings_class(self) -> type[PromptExecutionSettings]:
        """Return the class of the settings that this service takes."""
        return GitHubModelsEmbeddingPromptExecutionSettings

    async def generate_embeddings(
        self, texts: list[str], settings: PromptExecutionSettings | None = None, **kwargs: Any
    ) -> ndarray:
        """Return one row for each text."""
        return array(await self.generate_raw_embeddings(texts, settings, **kwargs))

    async def generate_raw_embeddings(
        self, texts: list[str], settings: PromptExecutionSettings | None = None, **kwargs: Any
    ) -> Vectors:
        """Return one list of numbers for each text, with the usage and the trail."""
        own = self.get_prompt_execution_settings_from_settings(
            settings or PromptExecutionSettings()
        )
        model = getattr(own, "ai_model_id", None) or self.ai_model_id
        with service_errors(self, "make embeddings"):
            result = await self.ask(
                self.client.embed, input=texts, model=model, **own.prepare_settings_dict()
            )
        return Vectors(result, len(texts))
