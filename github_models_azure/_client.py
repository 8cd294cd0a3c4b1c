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


class _SyncClient(WiredClient):
    """What the sync clients share: how one is closed."""

    _is_async = False

    def close(self) -> None:
        """Close the connections, also those of the Entra credential that the client made."""
        try:
            super().close()  # type: ignore[misc]  # of the SDK's client, the next class in line
        finally:
            self._entra.close()

    def __exit__(self, *exc_details: Any) -> None:
        try:
            super().__exit__(*exc_details)  # type: ignore[misc]
        finally:
            self._entra.close()


class ChatCompletionsClient(_SyncClient, _sdk.ChatCompletionsClient):
    """Chat completions with fallback: the keywords and the results of the SDK."""

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ChatCompletionsClient.complete)
        def complete(self, *args, **kwargs):
            return _call(super().complete, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``complete`` takes.

        Nothing is sent.
        """
        return _plan(super().complete, args, kwargs)


class EmbeddingsClient(_SyncClient, _sdk.EmbeddingsClient):
    """Text embeddings with fallback to the same model elsewhere, or to the targets listed.

    Another model is another vector space, so models of the same tier never take over.
    """

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.EmbeddingsClient.embed)
        def embed(self, *args, **kwargs):
            return _call(super().embed, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return _plan(super().embed, args, kwargs)


class ImageEmbeddingsClient(_SyncClient, _sdk.ImageEmbeddingsClient):
    """Image embeddings with fallback to the same model elsewhere, or to those listed.

    Another model is another vector space, so models of the same tier never take over.
    """

    if not TYPE_CHECKING:  # the SDK's overloads stay what type checkers see

        @functools.wraps(_sdk.ImageEmbeddingsClient.embed)
        def embed(self, *args, **kwargs):
            return _call(super().embed, args, kwargs)

    def plan_route(self, *args: Any, **kwargs: Any) -> RoutePlan:
        """Say who would be asked, in order, and who would not; takes what ``embed`` takes.

        Nothing is sent.
        """
        return _plan(super().embed, args, kwargs)
