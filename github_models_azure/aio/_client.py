"""The async twins of the clients."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .. import _sdk_aio as _sdk
from .._wired import WiredClient

if TYPE_CHECKING:
    from ..policies import RoutePlan

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]


async def _call(send: Any, args: Any, kwargs: Any) -> Any:
    from .._calls import begin, keep_trail, reported  # loaded by the first client

    report = begin(kwargs)
    with reported(report):
        result = await send(*args, **kwargs)
    return keep_trail(result, report)


async def _plan(send: Any, args: Any, kwargs: Any) -> RoutePlan:
    from .._calls import RoutePlanned, begin

    begin(kwargs, plan_only=True)
    try:
        await send(*args, **kwargs)
    except RoutePlanned as planned:
        return planned.route
    raise TypeError("The body is not a JSON object, so there is no route to plan.")


class _AsyncClient(WiredClient):
    """What the async clients share: how one is closed."""

    _is_async = True

    async def close(self) -> None:
        """Close the connections, also those of the Entra credential that the client made."""
        try:
            await super().close()  # type: ignore[misc]  # of the SDK's client, the next in line
        finally:
            await self._entra.close()

    async def __aexit__(self, *exc_details: Any) -> None:
        try:
            await super().__aexit__(*exc_details)  # type: ignore[misc]
        finally:
            await self._entra.close()


class ChatCompletionsClient(_AsyncClient, _sdk.ChatCompletionsClient):
    """Chat completions with fallback, async; otherwise as the sync client."""

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ChatCompletionsClient.complete)
        async def complete(self, *args, **kwargs):
            return await _call(super().complete, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``complete`` takes.

        Nothing is sent.
        """
        return await _plan(super().complete, args, kwargs)


class EmbeddingsClient(_AsyncClient, _sdk.EmbeddingsClient):
    """Text embeddings with fallback, async; otherwise as the sync client."""

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.EmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call(super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return await _plan(super().embed, args, kwargs)


class ImageEmbeddingsClient(_AsyncClient, _sdk.ImageEmbeddingsClient):
    """Image embeddings with fallback, async; otherwise as the sync client."""

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ImageEmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call(super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return await _plan(super().embed, args, kwargs)
