"""From the SDK's results to LiteLLM's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litellm.litellm_core_utils.core_helpers import process_response_headers
from litellm.types.utils import EmbeddingResponse, ModelResponse, ModelResponseStream, Usage

from github_models_azure.trail import trail_as_json, trail_headers, trail_of

from ._requests import Call

TRAIL = "github_models_trail"
"""The key of ``_hidden_params`` under which a response keeps its trail."""

_NOT_SHOWN = frozenset(
    {"connection", "content-encoding", "content-length", "set-cookie", "transfer-encoding"}
)


class Headers:
    """Takes the headers of the answer, as a call's ``raw_response_hook``."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def __call__(self, response: Any) -> None:
        """Keep the headers of one answer; the last one is that of the target that served."""
        self.seen = shown_headers(response.http_response.headers)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that callers may see, in lower case."""
    return {
        name.lower(): value for name, value in headers.items() if name.lower() not in _NOT_SHOWN
    }


def hidden_params(result: object, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what LiteLLM keeps beside a response: the trail, and the headers of the answer."""
    trail = trail_of(result)
    told = {} if trail is None else trail_headers(trail)
    # LiteLLM marks what came from a provider, so that nothing can pass for its own headers.
    hidden: dict[str, Any] = {"additional_headers": process_response_headers({**headers, **told})}
    if trail is not None:
        hidden[TRAIL] = trail_as_json(trail)
    return hidden


def chat_response(result: Any, headers: Mapping[str, str], call: Call) -> ModelResponse:
    """Return a completion as LiteLLM's."""
    data = result.as_dict()
    usage = data.pop("usage", None)
    response = ModelResponse(**{name: data[name] for name in data if name != "object"})
    if usage is not None:
        response.usage = Usage(**usage)  # type: ignore[attr-defined]  # of pydantic's extra members
    _keep(response, result, headers, call)
    return response


def embedding_response(result: Any, headers: Mapping[str, str], call: Call) -> EmbeddingResponse:
    """Return embeddings as LiteLLM's."""
    data = result.as_dict()
    response = EmbeddingResponse(
        model=data.get("model") or call.model,
        object="list",
        data=data.get("data") or [],
        usage=Usage(**(data.get("usage") or {})),
    )
    _keep(response, result, headers, call)
    return response


def _keep(response: Any, result: object, headers: Mapping[str, str], call: Call) -> None:
    before = getattr(call.response, "_hidden_params", None)
    known = before if isinstance(before, Mapping) else {}
    response._hidden_params = {**known, **hidden_params(result, headers)}
    response._response_headers = dict(headers)


class Chunks:
    """Makes LiteLLM's chunks of a stream's updates, in the order in which LiteLLM reads them.

    It takes no more once it has seen a finish reason, though the usage comes after that; and of
    each chunk it reads the first choice only.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._hidden: dict[str, Any] = {}
        self._shared: dict[str, Any] = {}
        self._usage: Mapping[str, Any] | None = None
        self._finish: str | None = None

    def opened(self, stream: object, headers: Mapping[str, str]) -> None:
        """Take what all chunks carry beside their content."""
        self._hidden = hidden_params(stream, headers)

    def take(self, update: Any) -> list[ModelResponseStream]:
        """Return the chunks of one update: one for each choice that says something."""
        data = update.as_dict()
        self._usage = data.get("usage") or self._usage
        self._shared = {
            name: data[name] for name in ("id", "created", "system_fingerprint") if data.get(name)
        }
        choices = data.get("choices") or []
        return [
            self._chunk(choices=[choice]) for choice in map(self._open, choices) if choice["delta"]
        ]

    def end(self) -> list[ModelResponseStream]:
        """Return the chunks that close the stream: its usage, then its finish reason."""
        chunks = []
        if self._usage is not None:
            chunks.append(self._chunk(choices=[_EMPTY], usage=dict(self._usage)))
        if self._finish is not None:
            chunks.append(self._chunk(choices=[{**_EMPTY, "finish_reason": self._finish}]))
        return chunks

    def _open(self, choice: dict[str, Any]) -> dict[str, Any]:
        """Take the finish reason out of a choice; the first choice's is the one that is told."""
        reason = choice.get("finish_reason")
        if reason is not None and (self._finish is None or choice.get("index", 0) == 0):
            self._finish = reason
        delta = {
            name: value for name, value in (choice.get("delta") or {}).items() if value is not None
        }
        return {**choice, "finish_reason": None, "delta": delta}

    def _chunk(self, **members: Any) -> ModelResponseStream:
        chunk = ModelResponseStream(model=self._model, **self._shared, **members)
        chunk._hidden_params = dict(self._hidden)
        return chunk


_EMPTY: dict[str, Any] = {"index": 0, "delta": {}}
