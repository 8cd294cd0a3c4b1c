"""The async twins of the clients."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, overload

from azure.ai.inference import aio as _sdk

from ..client.base import WiredClient, built_like, made_of, signed_like

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Mapping, MutableMapping, Sequence
    from typing import IO, TypeVar

    from azure.ai.inference import models
    from pydantic import TypeAdapter
    from typing_extensions import Self

    from ..client.assemble import Parts
    from ..policies import RoutePlan
    from ..policies.parsed import AsyncParsedStream, ParsedChatCompletions

    T = TypeVar("T")
    # A list of one kind of message is no list of messages to type checkers; a sequence is.
    _Messages = Sequence[models.ChatRequestMessage] | Sequence[Mapping[str, Any]]
    _Format = Literal["text", "json_object"] | models.JsonSchemaFormat
    _ToolChoice = (
        str | models.ChatCompletionsToolChoicePreset | models.ChatCompletionsNamedToolChoice
    )

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]


async def _call(method: str, send: Any, args: Any, kwargs: Any, *shape: Any) -> Any:
    from ..client.calls import begin, check_call, keep_trail, reported  # loaded by the first client

    check_call(method, args, kwargs)
    report = begin(kwargs, *shape)
    with reported(report):
        result = await send(*args, **kwargs)
    return keep_trail(result, report)


async def _call_for_model(method: str, send: Any, args: Any, kwargs: Any) -> Any:
    from ..client.calls import begin, check_call, keep_parsed, keep_trail, reported, structured_call

    check_call(method, args, kwargs)
    structured = structured_call(args, kwargs)
    if structured is None:
        return await _call(method, send, args, kwargs)
    report = begin(kwargs, structured)
    with reported(report):
        result = await send(*args, **kwargs)
    result = keep_trail(result, report)
    ask = functools.partial(_call, method)
    return keep_parsed(result, structured, report, ask, send, args, kwargs)


async def _plan(client: Any, sdk_class: Any, name: str, args: Any, kwargs: Any) -> RoutePlan:
    from ..client.calls import check_call, structured_call
    from ..policies.pipeline import AsyncCapture

    if "response_model" in kwargs:
        structured_call(args, kwargs)
    check_call(name, args, kwargs)
    planning, captured = AsyncCapture.of(client, sdk_class)
    await getattr(sdk_class, name)(planning, *args, **kwargs)
    route: RoutePlan = made_of(client).policy.survey(captured.request, captured.options)
    return route


class _AsyncClient(WiredClient):
    """What the async clients share: how one is opened and closed."""

    @classmethod
    def _parts(cls) -> Parts:
        from ..client.assemble import Parts
        from ..client.startup import AsyncStartupCheckPolicy
        from ..client.transport import async_transport
        from ..policies import AsyncFallbackPolicy, AsyncTargetAuthenticationPolicy
        from ._credentials import EntraCredential, GitHubTokenCredential

        return Parts(
            AsyncFallbackPolicy,
            AsyncTargetAuthenticationPolicy,
            GitHubTokenCredential,
            EntraCredential,
            async_transport,
            AsyncStartupCheckPolicy,
        )

    async def __aenter__(self) -> Self:
        """Check the credential where that was asked for, then open the connections."""
        if self._wired.check is not None:
            await self._wired.check.aside()
        await super().__aenter__()  # type: ignore[misc]
        return self

    async def close(self) -> None:
        """Close the connections, also those of the Entra credential that the client made."""
        try:
            await super().close()  # type: ignore[misc]  # of the SDK's client, the next in line
        finally:
            await self._wired.entra.close()

    async def __aexit__(self, *exc_details: Any) -> None:
        try:
            await super().__aexit__(*exc_details)  # type: ignore[misc]
        finally:
            await self._wired.entra.close()


@built_like(_sdk.ChatCompletionsClient)
class ChatCompletionsClient(_AsyncClient, _sdk.ChatCompletionsClient):
    """Chat completions with fallback, async; otherwise as the sync client."""

    _serves = "chat"

    if TYPE_CHECKING:
        # Overloads cannot be added to: the SDK's own have to be said once more.
        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            response_model: type[T] | TypeAdapter[T],
            tools: list[models.ChatCompletionsToolDefinition],
            stream: Literal[False] = False,
            **kwargs: Any,
        ) -> ParsedChatCompletions[T | None]: ...

        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            response_model: type[T] | TypeAdapter[T],
            stream: Literal[False] = False,
            **kwargs: Any,
        ) -> ParsedChatCompletions[T]: ...

        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            response_model: type[T] | TypeAdapter[T],
            stream: Literal[True],
            **kwargs: Any,
        ) -> AsyncParsedStream[T]: ...

        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            stream: Literal[False] = False,
            frequency_penalty: float | None = None,
            presence_penalty: float | None = None,
            temperature: float | None = None,
            top_p: float | None = None,
            max_tokens: int | None = None,
            response_format: _Format | None = None,
            stop: list[str] | None = None,
            tools: list[models.ChatCompletionsToolDefinition] | None = None,
            tool_choice: _ToolChoice | None = None,
            seed: int | None = None,
            model: str | None = None,
            model_extras: dict[str, Any] | None = None,
            **kwargs: Any,
        ) -> models.ChatCompletions: ...

        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            stream: Literal[True],
            frequency_penalty: float | None = None,
            presence_penalty: float | None = None,
            temperature: float | None = None,
            top_p: float | None = None,
            max_tokens: int | None = None,
            response_format: _Format | None = None,
            stop: list[str] | None = None,
            tools: list[models.ChatCompletionsToolDefinition] | None = None,
            tool_choice: _ToolChoice | None = None,
            seed: int | None = None,
            model: str | None = None,
            model_extras: dict[str, Any] | None = None,
            **kwargs: Any,
        ) -> AsyncIterable[models.StreamingChatCompletionsUpdate]: ...

        @overload
        async def complete(
            self,
            *,
            messages: _Messages,
            stream: bool | None = None,
            frequency_penalty: float | None = None,
            presence_penalty: float | None = None,
            temperature: float | None = None,
            top_p: float | None = None,
            max_tokens: int | None = None,
            response_format: _Format | None = None,
            stop: list[str] | None = None,
            tools: list[models.ChatCompletionsToolDefinition] | None = None,
            tool_choice: _ToolChoice | None = None,
            seed: int | None = None,
            model: str | None = None,
            model_extras: dict[str, Any] | None = None,
            **kwargs: Any,
        ) -> AsyncIterable[models.StreamingChatCompletionsUpdate] | models.ChatCompletions: ...

        @overload
        async def complete(
            self,
            body: MutableMapping[str, Any] | IO[bytes],
            *,
            content_type: str = "application/json",
            **kwargs: Any,
        ) -> AsyncIterable[models.StreamingChatCompletionsUpdate] | models.ChatCompletions: ...

        async def complete(self, *args: Any, **kwargs: Any) -> Any:
            """Ask for a chat completion, as with the SDK.

            :keyword response_model: what the answer is to be an instance of: a pydantic model, a
                dataclass, a TypedDict, or a type such as ``list[str]``. The result has it as
                ``parsed``, a stream at its end.
            :raises OutputValidationError: where the answer is none, also after the model was told.
            """

    else:

        @signed_like(_sdk.ChatCompletionsClient.complete)
        async def complete(self, *args, **kwargs):
            call = _call_for_model if "response_model" in kwargs else _call
            return await call("complete", super().complete, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``complete`` takes.

        Nothing is sent, and no policy of the caller's runs, so what one would change is not seen.
        """
        return await _plan(self, _sdk.ChatCompletionsClient, "complete", args, kwargs)


@built_like(_sdk.EmbeddingsClient)
class EmbeddingsClient(_AsyncClient, _sdk.EmbeddingsClient):
    """Text embeddings with fallback, async; otherwise as the sync client."""

    _serves = "embeddings"

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @signed_like(_sdk.EmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call("embed", super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent, and no policy of the caller's runs, so what one would change is not seen.
        """
        return await _plan(self, _sdk.EmbeddingsClient, "embed", args, kwargs)


@built_like(_sdk.ImageEmbeddingsClient)
class ImageEmbeddingsClient(_AsyncClient, _sdk.ImageEmbeddingsClient):
    """Image embeddings with fallback, async; otherwise as the sync client."""

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @signed_like(_sdk.ImageEmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call("embed", super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent, and no policy of the caller's runs, so what one would change is not seen.
        """
        return await _plan(self, _sdk.ImageEmbeddingsClient, "embed", args, kwargs)
