"""The async twins of the clients."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .. import _sdk_aio as _sdk
from .._calls import check_keywords, keep_trail, reported
from .._setup import Parts
from .._transport import async_transport
from .._wired import WiredClient
from ..policies import AsyncFallbackPolicy, AsyncTargetAuthenticationPolicy, RoutePlan
from ..policies._report import REPORT_OPTION, CallReport, RoutePlanned
from ._credentials import GitHubTokenCredential

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]

_PARTS = Parts(
    AsyncFallbackPolicy, AsyncTargetAuthenticationPolicy, GitHubTokenCredential, async_transport
)


async def _call(send: Any, args: Any, kwargs: Any) -> Any:
    check_keywords(kwargs)
    report = CallReport()
    with reported(report):
        result = await send(*args, **kwargs, **{REPORT_OPTION: report})
    return keep_trail(result, report)


async def _plan(send: Any, args: Any, kwargs: Any) -> RoutePlan:
    check_keywords(kwargs)
    try:
        await send(*args, **kwargs, **{REPORT_OPTION: CallReport(plan_only=True)})
    except RoutePlanned as planned:
        return planned.route
    raise TypeError("The body is not a JSON object, so there is no route to plan.")


class ChatCompletionsClient(WiredClient, _sdk.ChatCompletionsClient):
    """Chat completions with fallback, async; otherwise as the sync client."""

    _parts = _PARTS

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ChatCompletionsClient.complete)
        async def complete(self, *args, **kwargs):
            return await _call(super().complete, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``complete`` takes.

        Nothing is sent.
        """
        return await _plan(super().complete, args, kwargs)


class EmbeddingsClient(WiredClient, _sdk.EmbeddingsClient):
    """Text embeddings with fallback, async; otherwise as the sync client."""

    _parts = _PARTS

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.EmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call(super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return await _plan(super().embed, args, kwargs)


class ImageEmbeddingsClient(WiredClient, _sdk.ImageEmbeddingsClient):
    """Image embeddings with fallback, async; otherwise as the sync client."""

    _parts = _PARTS

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ImageEmbeddingsClient.embed)
        async def embed(self, *args, **kwargs):
            return await _call(super().embed, args, kwargs)

    async def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return await _plan(super().embed, args, kwargs)
