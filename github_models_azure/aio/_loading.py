"""The async twin of ``load_client``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceNotFoundError

from ..client.loading import explain, kind_of, told
from ._client import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient

if TYPE_CHECKING:
    from ..credentials.keys import Credential
    from ..endpoints import Endpoint

_CLASSES: Mapping[str, type[ChatCompletionsClient | EmbeddingsClient | ImageEmbeddingsClient]] = {
    "chat": ChatCompletionsClient,
    "embeddings": EmbeddingsClient,
    "image_embeddings": ImageEmbeddingsClient,
}


async def load_client(
    endpoint: str | Endpoint | None = None, credential: Credential | None = None, **kwargs: Any
) -> ChatCompletionsClient | EmbeddingsClient | ImageEmbeddingsClient:
    """Ask an endpoint what kind of model it serves, and return the client for that, async.

    Otherwise as its sync twin.

    :raises ResourceNotFoundError: if the endpoint has no route ``/info``.
    :raises ValueError: if it names no type of model, or one that no client serves.
    """
    asking = ChatCompletionsClient(endpoint, credential, **kwargs)
    try:
        info = await asking.get_model_info()
    except ResourceNotFoundError as error:
        explain(error)
        raise
    finally:
        if kwargs.get("transport") is None:  # the caller's own serves the next client too
            await asking.close()
    return told(_CLASSES[kind_of(info)](endpoint, credential, **kwargs), info)
