"""The clients: the SDK's own, with a pipeline that falls back."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from . import _sdk
from ._wired import WiredClient

if TYPE_CHECKING:
    from .policies import RoutePlan

__all__ = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]


def _call(send: Any, args: Any, kwargs: Any) -> Any:
    from ._calls import begin, keep_trail, reported  # loaded by the first client

    report = begin(kwargs)
    with reported(report):
        result = send(*args, **kwargs)
    return keep_trail(result, report)


def _plan(send: Any, args: Any, kwargs: Any) -> RoutePlan:
    from ._calls import RoutePlanned, begin

    begin(kwargs, plan_only=True)
    try:
        send(*args, **kwargs)
    except RoutePlanned as planned:
        return planned.route
    raise TypeError("The body is not a JSON object, so there is no route to plan.")


class ChatCompletionsClient(WiredClient, _sdk.ChatCompletionsClient):
    """Chat completions with fallback: the keywords and the results of the SDK."""

    _is_async = False

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ChatCompletionsClient.complete)
        def complete(self, *args, **kwargs):
            return _call(super().complete, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``complete`` takes.

        Nothing is sent.
        """
        return _plan(super().complete, args, kwargs)


class EmbeddingsClient(WiredClient, _sdk.EmbeddingsClient):
    """Text embeddings with fallback to the same model elsewhere, or to the targets listed.

    Another model is another vector space, so models of the same tier never take over.
    """

    _is_async = False

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.EmbeddingsClient.embed)
        def embed(self, *args, **kwargs):
            return _call(super().embed, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return _plan(super().embed, args, kwargs)


class ImageEmbeddingsClient(WiredClient, _sdk.ImageEmbeddingsClient):
    """Image embeddings with fallback to the same model elsewhere, or to those listed.

    Another model is another vector space, so models of the same tier never take over.
    """

    _is_async = False

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ImageEmbeddingsClient.embed)
        def embed(self, *args, **kwargs):
            return _call(super().embed, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return _plan(super().embed, args, kwargs)
