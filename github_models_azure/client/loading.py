"""``load_client``: the client for what an endpoint says it serves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from azure.core.exceptions import ResourceNotFoundError

from .clients import ChatCompletionsClient, EmbeddingsClient, ImageEmbeddingsClient

if TYPE_CHECKING:
    from azure.ai.inference.models import ModelInfo

    from ..credentials.keys import Credential
    from ..endpoints import Endpoint

__all__ = ["load_client"]

_KINDS: Mapping[str, frozenset[str]] = {
    "chat": frozenset({"chat", "completion", "chat completion", "chat completions"}),
    "embeddings": frozenset({"embedding", "embeddings", "text embedding", "text embeddings"}),
    "image_embeddings": frozenset({"image embedding", "image embeddings"}),
}
"""The types of models by what serves them, as servers spell them with any kind of gap."""

_CLASSES: Mapping[str, type[ChatCompletionsClient | EmbeddingsClient | ImageEmbeddingsClient]] = {
    "chat": ChatCompletionsClient,
    "embeddings": EmbeddingsClient,
    "image_embeddings": ImageEmbeddingsClient,
}
_Client = TypeVar("_Client")


def load_client(
    endpoint: str | Endpoint | None = None, credential: Credential | None = None, **kwargs: Any
) -> ChatCompletionsClient | EmbeddingsClient | ImageEmbeddingsClient:
    """Ask an endpoint what kind of model it serves, and return the client for that.

    It asks the route ``/info``, which serverless and managed endpoints of Azure AI have; GitHub
    Models and Azure OpenAI do not. The arguments are those of the clients.

    :raises ResourceNotFoundError: if the endpoint has no such route.
    :raises ValueError: if it names no type of model, or one that no client serves.
    """
    asking = ChatCompletionsClient(endpoint, credential, **kwargs)
    try:
        info = asking.get_model_info()
    except ResourceNotFoundError as error:
        explain(error)
        raise
    finally:
        if kwargs.get("transport") is None:  # the caller's own serves the next client too
            asking.close()
    return told(_CLASSES[kind_of(info)](endpoint, credential, **kwargs), info)


def explain(error: ResourceNotFoundError) -> None:
    """Say in the error of an endpoint without the route what to do."""
    error.message = (
        "load_client cannot ask this endpoint what it serves: it has no route /info. "
        "Construct ChatCompletionsClient or EmbeddingsClient yourself."
    )
    error.args = (error.message, *error.args[1:])


def kind_of(info: ModelInfo) -> str:
    """Return what a model is for: ``chat``, ``embeddings`` or ``image_embeddings``.

    :raises ValueError: if that is not known.
    """
    said = info.model_type
    if not said:
        raise ValueError(
            "The endpoint names no type of its model. "
            "Construct ChatCompletionsClient or EmbeddingsClient yourself."
        )
    value = str(getattr(said, "value", said))
    plain = re.sub(r"[-_ ]+", " ", value.strip().lower())
    for kind, names in _KINDS.items():
        if plain in names:
            return kind
    raise ValueError(f"No client serves models of the type {value!r:.80}.")


def told(client: _Client, info: ModelInfo) -> _Client:
    """Give a client what was found out, so that its ``get_model_info`` need not ask again."""
    vars(client)["_model_info"] = info  # tests/client/test_sdk_pin.py holds the SDK to the name
    return client
