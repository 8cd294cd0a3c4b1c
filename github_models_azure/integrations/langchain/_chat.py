"""The chat model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field

from ..._core.route.needs import MESSAGE_OVERHEAD
from ..._core.route.tokens import counter_of
from ...trail import trail_of
from ._answers import ChunkReader, chat_result
from ._connected import Connected, profile_of
from ._content import is_text, parts_of
from ._messages import wire_messages
from ._metadata import PROVIDER, token_count
from ._request import call_keywords, public_keywords, refuse_place, wire_choice, wire_tools
from ._structured import structured

if TYPE_CHECKING:
    from langchain_core.language_models import LanguageModelInput, ModelProfile

_SENT = (
    "temperature", "max_tokens", "top_p", "stop", "seed", "frequency_penalty", "presence_penalty",
    "n", "logprobs", "top_logprobs", "reasoning_effort", "parallel_tool_calls",
)  # fmt: skip
_IMAGE_TOKENS = 765


def _chat_clients() -> tuple[Any, Any]:
    from ... import ChatCompletionsClient
    from ...aio import ChatCompletionsClient as AsyncChatCompletionsClient

    return ChatCompletionsClient, AsyncChatCompletionsClient


class ChatGitHubModels(Connected, BaseChatModel):
    """A chat model that falls back: LangChain's names, this package's clients.

    All fields may be given per call too (``model.invoke(messages, temperature=0)``), except those
    that say where to connect. ``response_metadata`` of an answer names who served it.

    The connections open with the first call. ``close`` and ``aclose`` close them, and so does the
    end of their event loop; a model may be used in ``with`` and ``async with``.

    :raises ValueError: for an unknown field, or one of a wrong type.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    stop: list[str] | str | None = None
    seed: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    n: int | None = Field(default=None, ge=1)
    """How many answers; a stream has one all the same."""

    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    parallel_tool_calls: bool | None = None

    streaming: bool = False
    """Whether ``invoke`` asks for a stream too."""

    stream_usage: bool = True
    """Whether streams are asked to count their tokens."""

    _client_classes = staticmethod(_chat_clients)

    def __enter__(self) -> ChatGitHubModels:
        return self

    def __exit__(self, *exc_details: object) -> None:
        self.close()

    async def __aenter__(self) -> ChatGitHubModels:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.aclose()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = self._keywords(messages, stop, kwargs)
        answer = self._sync_client().complete(**asked)
        return chat_result(answer, trail_of(answer))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        asked = self._keywords(messages, stop, kwargs)
        client = await self._get_async_client()
        answer = await client.complete(**asked)
        return chat_result(answer, trail_of(answer))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        asked = self._keywords(messages, stop, kwargs, stream=True)
        reader = ChunkReader()
        with self._sync_client().complete(**asked) as updates:
            for update in updates:
                chunk = reader.take(update)
                if chunk is None:
                    continue
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
            last = reader.end(trail_of(updates))
        if run_manager:
            run_manager.on_llm_new_token("", chunk=last)
        yield last

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        asked = self._keywords(messages, stop, kwargs, stream=True)
        reader = ChunkReader()
        client = await self._get_async_client()
        async with await client.complete(**asked) as updates:
            async for update in updates:
                chunk = reader.take(update)
                if chunk is None:
                    continue
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk
            last = reader.end(trail_of(updates))
        if run_manager:
            await run_manager.on_llm_new_token("", chunk=last)
        yield last

    def _keywords(
        self,
        messages: Sequence[BaseMessage],
        stop: list[str] | None,
        given: dict[str, Any],
        *,
        stream: bool = False,
    ) -> dict[str, Any]:
        """Return the keywords of ``complete``."""
        refuse_place(given)
        call = {**self._call_options, **self.model_kwargs, **self._sent, **given}
        if stop is not None:
            call["stop"] = stop
        wants_usage = call.pop("stream_usage", self.stream_usage)
        if stream:
            call.pop("n", None)
            if wants_usage and "stream_options" not in call:
                call["stream_options"] = {"include_usage": True}
            return {**call_keywords(call), "messages": wire_messages(messages), "stream": True}
        call.pop("stream_options", None)
        return {**call_keywords(call), "messages": wire_messages(messages)}

    @property
    def _sent(self) -> dict[str, Any]:
        named = {name: getattr(self, name) for name in _SENT}
        return {name: value for name, value in named.items() if value not in (None, [])}

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: str | bool | dict[str, Any] | None = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return this model with tools to call.

        :param tools: functions, pydantic models, TypedDicts, dicts, or LangChain's tools.
        :param tool_choice: ``auto``, ``none``, ``any`` (or ``required``, or true), a tool's name,
            or a dict.
        :param strict: whether arguments must fit the schema exactly, where the server can see
            to it.
        :param parallel_tool_calls: whether one answer may hold several calls.
        :raises ValueError: for a choice that is not among the tools.
        """
        offered = wire_tools(tools, strict)
        choice = wire_choice(tool_choice, offered)
        if choice is not None:
            kwargs["tool_choice"] = choice
        if parallel_tool_calls is not None:
            kwargs["parallel_tool_calls"] = parallel_tool_calls
        return self.bind(tools=offered, **kwargs)

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        method: Literal["function_calling", "json_schema", "json_mode"] = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return this model with answers of a schema: instances of a pydantic class, else dicts.

        :param schema: a pydantic class, a TypedDict, or a dict in OpenAI's or JSON Schema's form.
        :param method: a forced call of a tool whose arguments are the answer; a response format
            with the schema; or JSON of a form that the prompt describes.
        :param include_raw: whether the result is a dict of ``raw`` (the message), ``parsed`` and
            ``parsing_error``, in which errors of reading do not raise.
        :raises ValueError: for a method, or a combination, that does not exist.
        """
        return structured(
            self, schema, method=method, include_raw=include_raw, strict=strict, **kwargs
        )

    def get_num_tokens(self, text: str) -> int:
        """Return how many tokens a text has: an estimate, unless ``tokenizer`` counts them."""
        return counter_of(self.tokenizer)(text)

    def get_num_tokens_from_messages(
        self, messages: list[BaseMessage], tools: Sequence[Any] | None = None
    ) -> int:
        """Return how many tokens messages and tools have, as the fallback counts them."""
        total = 0
        for message in messages:
            parts = parts_of(message.content)
            texts = sum(self.get_num_tokens(part["text"]) for part in parts if is_text(part))
            total += MESSAGE_OVERHEAD + texts
            total += _IMAGE_TOKENS * sum(part["type"] == "image_url" for part in parts)
            calls = getattr(message, "tool_calls", None)
            total += self.get_num_tokens(str(calls)) if calls else 0
        return total + (self.get_num_tokens(str(wire_tools(tools))) if tools else 0)

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None], /) -> dict[str, Any]:
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        told = [(output or {}).get("token_usage") for output in llm_outputs]
        usages = [usage for usage in told if isinstance(usage, dict)]
        total = {name: sum(token_count(usage, name) or 0 for usage in usages) for name in names}
        model = next((o["model_name"] for o in llm_outputs if o and "model_name" in o), None)
        return {"token_usage": total, **({"model_name": model} if model else {})}

    def _resolve_model_profile(self) -> ModelProfile | None:
        return profile_of(self.model, self.registry)

    @property
    def _llm_type(self) -> str:
        return "github-models-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        named = {"model": self.model, "base_url": self.base_url, "fallback": self.fallback}
        told = {name: value for name, value in named.items() if value not in (None, "")}
        return {**told, **self.model_kwargs, **self._sent}

    def _get_invocation_params(
        self, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        return super()._get_invocation_params(stop=stop, **public_keywords(kwargs))

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        told = super()._get_llm_string(stop=stop, **public_keywords(kwargs))
        return f"{told}---{self._place}" if self._place else told

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        told = {**self._sent, **kwargs}
        params = LangSmithParams(ls_provider=PROVIDER, ls_model_type="chat")
        if name := kwargs.get("model") or self.model:
            params["ls_model_name"] = name
        if (temperature := told.get("temperature")) is not None:
            params["ls_temperature"] = temperature
        limit = told.get("max_tokens", told.get("max_completion_tokens"))
        if limit is not None:
            params["ls_max_tokens"] = limit
        if ends := stop or told.get("stop"):
            params["ls_stop"] = [ends] if isinstance(ends, str) else list(ends)
        return params

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Say that LangChain can write this model down; keys are named, never written."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Return where LangChain finds the class again."""
        return ["github_models_azure", "integrations", "langchain"]

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Return the fields that are secrets, and the variables they are read from."""
        return {"api_key": "GITHUB_MODELS_API_KEY"}
