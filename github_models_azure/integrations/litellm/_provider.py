"""The provider: LiteLLM's calls, answered by this package's clients; and how to register it."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import litellm
from azure.ai.inference.models import ChatCompletions, EmbeddingsResult
from litellm.llms.custom_llm import CustomLLM
from litellm.types.llms.custom_llm import CustomLLMItem
from litellm.types.utils import EmbeddingResponse, LlmProviders, ModelResponse
from litellm.utils import custom_llm_setup

import github_models_azure
from github_models_azure import aio
from github_models_azure.endpoints import Endpoint

from ._answers import Headers, chat_response, embedding_response
from ._clients import Lent, Loops, Shelf
from ._errors import as_litellm
from ._requests import PROVIDER, Call
from ._streams import AsyncChunkStream, ChunkStream

_BUILT_IN = frozenset(provider.value for provider in LlmProviders)
_MISTAKES = (TypeError, ValueError)

_lock = threading.Lock()  # of the list of providers


class GitHubModelsLLM(CustomLLM):
    """Serves LiteLLM's ``github_models/...`` models; :func:`register` tells LiteLLM of it.

    It takes what the clients take: ``fallback``, ``plan``, ``ledger``, ``registry`` and so on. They
    can be given per call too, as keywords of ``litellm.completion``.

    :param endpoint: what is asked where a call has no ``api_base``; left out, the settings decide.
    :param credential: goes to that endpoint only. Where a call has an ``api_key``, that is sent; a
        call with another ``api_base`` and no ``api_key`` uses what the settings have for it.

    Safe for threads and event loops. Clients are made once for each endpoint and key; the async
    ones are closed with their loop, all others by :meth:`close`, :meth:`aclose` or ``with``.
    """

    def __init__(
        self,
        endpoint: str | Endpoint | None = None,
        credential: Any = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self._endpoint, self._credential = endpoint, credential
        self._options = options
        self._shelf, self._loops = Shelf(), Loops()

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r:.80}" for name, value in self._options.items())
        return f"GitHubModelsLLM(endpoint={self._endpoint!r}{options})"

    def completion(self, *_: Any, **given: Any) -> ModelResponse:
        """Answer ``litellm.completion``; LiteLLM passes everything by name."""
        call = Call.chat(given)
        with self._sending(call, github_models_azure.ChatCompletionsClient) as (client, headers):
            result = client.complete(call.body, **call.options, raw_response_hook=headers)
        _log_answer(call, result)
        return chat_response(result, headers.seen, call)

    async def acompletion(self, *_: Any, **given: Any) -> ModelResponse:
        """Answer ``litellm.acompletion``."""
        call = Call.chat(given)
        async with self._sending_async(call, aio.ChatCompletionsClient) as (client, headers):
            result = await client.complete(call.body, **call.options, raw_response_hook=headers)
        _log_answer(call, result)
        return chat_response(result, headers.seen, call)

    def streaming(self, *_: Any, **given: Any) -> ChunkStream:  # type: ignore[override] # chunks
        """Answer ``litellm.completion(stream=True)``; returns once the first content has come."""
        call, headers = Call.chat(given, stream=True), Headers()
        _log(call)
        with as_litellm(call, *_MISTAKES):
            lent = self._take(self._shelf, call, github_models_azure.ChatCompletionsClient)
            try:
                stream = lent.client.complete(call.body, **call.options, raw_response_hook=headers)
            except BaseException:
                self._give_back(lent)
                raise
        return ChunkStream(call, stream, headers.seen, lambda: self._give_back(lent))

    def astreaming(self, *_: Any, **given: Any) -> AsyncChunkStream:  # type: ignore[override]
        """Answer ``litellm.acompletion(stream=True)``.

        LiteLLM calls this outside its event loop, so the stream is opened with its first chunk.
        """
        call = Call.chat(given, stream=True)
        return AsyncChunkStream(call, lambda: self._open(call))

    def embedding(self, *_: Any, **given: Any) -> EmbeddingResponse:
        """Answer ``litellm.embedding``."""
        call = Call.embedding(given)
        with self._sending(call, github_models_azure.EmbeddingsClient) as (client, headers):
            result = client.embed(call.body, **call.options, raw_response_hook=headers)
        _log_answer(call, result)
        return embedding_response(result, headers.seen, call)

    async def aembedding(self, *_: Any, **given: Any) -> EmbeddingResponse:
        """Answer ``litellm.aembedding``."""
        call = Call.embedding(given)
        async with self._sending_async(call, aio.EmbeddingsClient) as (client, headers):
            result = await client.embed(call.body, **call.options, raw_response_hook=headers)
        _log_answer(call, result)
        return embedding_response(result, headers.seen, call)

    def close(self) -> None:
        """Close the sync clients; a later call makes new ones."""
        for client in self._shelf.clear():
            client.close()

    async def aclose(self) -> None:
        """Close the sync clients, and the async ones of the running event loop."""
        self.close()
        await self._loops.close()

    def __enter__(self) -> GitHubModelsLLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> GitHubModelsLLM:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    @contextmanager
    def _sending(self, call: Call, kind: Callable[..., Any]) -> Iterator[tuple[Any, Headers]]:
        _log(call)
        with as_litellm(call, *_MISTAKES):
            lent = self._take(self._shelf, call, kind)
            try:
                yield lent.client, Headers()
            finally:
                self._give_back(lent)

    @asynccontextmanager
    async def _sending_async(
        self, call: Call, kind: Callable[..., Any]
    ) -> AsyncIterator[tuple[Any, Headers]]:
        _log(call)
        with as_litellm(call, *_MISTAKES):
            # A sync call with LiteLLM's own `fallbacks` comes in a loop made for it, which LiteLLM
            # closes without the finishing that a loop's shelf waits for.
            shelf = Shelf(kept=0) if call.from_sync else await self._loops.shelf()
            lent = self._take(shelf, call, kind)
            try:
                yield lent.client, Headers()
            finally:
                await _give_back_async(shelf, lent)

    async def _open(self, call: Call) -> tuple[Any, dict[str, str], Callable[[], Awaitable[None]]]:
        headers = Headers()
        _log(call)
        with as_litellm(call, *_MISTAKES):
            shelf = await self._loops.shelf()
            lent = self._take(shelf, call, aio.ChatCompletionsClient)
            try:
                stream = await lent.client.complete(
                    call.body, **call.options, raw_response_hook=headers
                )
            except BaseException:
                await _give_back_async(shelf, lent)
                raise
        return stream, headers.seen, lambda: _give_back_async(shelf, lent)

    def _take(self, shelf: Shelf, call: Call, kind: Callable[..., Any]) -> Lent:
        own = call.api_base is None or call.api_base == self._endpoint  # a name or a URL as given
        endpoint = self._endpoint if own else call.api_base
        credential = call.api_key or (self._credential if own else None)
        place = (endpoint, call.api_key)
        return shelf.take((kind, place), lambda: kind(endpoint, credential, **self._options))

    def _give_back(self, lent: Lent) -> None:
        for client in self._shelf.give_back(lent):
            client.close()


async def _give_back_async(shelf: Shelf, lent: Lent) -> None:
    for client in shelf.give_back(lent):
        await client.close()


def _log(call: Call) -> None:
    """Tell LiteLLM's callbacks what is sent; no key and no header is among it."""
    if call.logging is not None:
        details = {"complete_input_dict": call.body, "api_base": call.api_base or ""}
        call.logging.pre_call(input=call.asked, api_key=None, additional_args=details)


def _log_answer(call: Call, result: ChatCompletions | EmbeddingsResult) -> None:
    if call.logging is not None:
        call.logging.post_call(
            input=call.asked,
            api_key=None,
            original_response=json.dumps(result.as_dict()),
            additional_args={"complete_input_dict": call.body},
        )


def register(handler: GitHubModelsLLM | None = None, *, name: str = PROVIDER) -> GitHubModelsLLM:
    """Make ``litellm`` hand the models of a prefix to this package; return who serves them.

    Registering again changes nothing, unless another handler is given: that one takes over.

    :param handler: left out, the one that is registered, else one whose options come from the
        settings.
    :param name: the prefix; several handlers can stand side by side under names of their own.
    :raises ValueError: for a name that LiteLLM serves itself, or under which somebody else's
        handler is registered.
    :raises TypeError: for a handler of another kind.
    """
    if handler is not None and not isinstance(handler, GitHubModelsLLM):
        raise TypeError(f"handler is a GitHubModelsLLM, not {type(handler).__name__}.")
    if not name or "/" in name:
        raise ValueError(f"name={name!r} cannot stand before the slash in the name of a model.")
    if name in _BUILT_IN:
        raise ValueError(
            f"LiteLLM serves {name}/ models itself and would never ask this handler; "
            f"leave name= out for {PROVIDER!r}, or choose another."
        )
    with _lock:
        serving = _registered(name)
        if serving is not None and not isinstance(serving, GitHubModelsLLM):
            raise ValueError(
                f"{type(serving).__name__} is registered as {name!r} already; choose another name=."
            )
        chosen = handler or serving or GitHubModelsLLM()
        if chosen is not serving:
            others = [item for item in litellm.custom_provider_map if item["provider"] != name]
            made = CustomLLMItem(provider=name, custom_handler=chosen)
            litellm.custom_provider_map = [*others, made]
        # LiteLLM does this at each call too, but a Router wants to know the name before any.
        custom_llm_setup()  # type: ignore[no-untyped-call]
    return chosen


def _registered(name: str) -> object:
    handlers = (
        item["custom_handler"] for item in litellm.custom_provider_map if item["provider"] == name
    )
    return next(handlers, None)
