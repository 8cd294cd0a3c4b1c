"""The embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.embeddings import Embeddings
from pydantic import Field

from .._common import vectors_of
from ._connected import Connected
from ._request import call_keywords, refuse_place


def _embeddings_clients() -> tuple[Any, Any]:
    from ... import EmbeddingsClient
    from ...aio import EmbeddingsClient as AsyncEmbeddingsClient

    return EmbeddingsClient, AsyncEmbeddingsClient


class GitHubModelsEmbeddings(Connected, Embeddings):
    """Embeddings of texts, with fallback to the same model elsewhere, or to the targets listed.

    Another model is another vector space, so models of the same tier never take over.

    :raises ValueError: for an unknown field, or one of a wrong type.
    """

    dimensions: int | None = Field(default=None, ge=1)
    """How long the vectors are, where the model can shorten them."""

    chunk_size: int = Field(default=64, ge=1)
    """How many texts one request carries."""

    document_input_type: str | None = None
    """What documents are embedded as (``document``), for models that tell them from queries."""

    query_input_type: str | None = None
    """What queries are embedded as (``query``)."""

    _client_classes = staticmethod(_embeddings_clients)

    def __enter__(self) -> GitHubModelsEmbeddings:
        return self

    def __exit__(self, *exc_details: object) -> None:
        self.close()

    async def __aenter__(self) -> GitHubModelsEmbeddings:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.aclose()

    def embed_documents(
        self, texts: Sequence[str], chunk_size: int | None = None, **kwargs: Any
    ) -> list[list[float]]:
        """Return one vector for each text, in their order.

        :param chunk_size: how many texts one request carries, in place of the field.
        """
        vectors: list[list[float]] = []
        for some in self._chunks(texts, chunk_size):
            asked = self._keywords(some, self.document_input_type, kwargs)
            vectors += vectors_of(self._sync_client().embed(**asked), len(some))
        return vectors

    def embed_query(self, text: str, **kwargs: Any) -> list[float]:
        """Return the vector of a text that is looked for."""
        asked = self._keywords([text], self.query_input_type, kwargs)
        return vectors_of(self._sync_client().embed(**asked), 1)[0]

    async def aembed_documents(
        self, texts: Sequence[str], chunk_size: int | None = None, **kwargs: Any
    ) -> list[list[float]]:
        """Return one vector for each text, in their order.

        :param chunk_size: how many texts one request carries, in place of the field.
        """
        client = await self._get_async_client()
        vectors: list[list[float]] = []
        for some in self._chunks(texts, chunk_size):
            asked = self._keywords(some, self.document_input_type, kwargs)
            vectors += vectors_of(await client.embed(**asked), len(some))
        return vectors

    async def aembed_query(self, text: str, **kwargs: Any) -> list[float]:
        """Return the vector of a text that is looked for."""
        client = await self._get_async_client()
        asked = self._keywords([text], self.query_input_type, kwargs)
        return vectors_of(await client.embed(**asked), 1)[0]

    def _chunks(self, texts: Sequence[str], size: int | None) -> list[list[str]]:
        size = self.chunk_size if size is None else size
        if size < 1:
            raise ValueError(f"chunk_size is at least 1, not {size}.")
        return [list(texts[start : start + size]) for start in range(0, len(texts), size)]

    def _keywords(
        self, texts: list[str], input_type: str | None, given: dict[str, Any]
    ) -> dict[str, Any]:
        refuse_place(given)
        call = {**self._call_options, **self.model_kwargs, **given}
        named = {"dimensions": self.dimensions, "input_type": input_type}
        for name in ("dimensions", "input_type", "encoding_format"):
            named[name] = call.pop(name, named.get(name))
        keywords = {name: value for name, value in named.items() if value is not None}
        return {**call_keywords(call), **keywords, "input": texts}
