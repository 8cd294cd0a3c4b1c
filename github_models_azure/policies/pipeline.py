"""Looks down the pipeline that a policy stands in: the one place that needs a private name of it.

The SDK is frozen at 1.0.0b9; ``tests/client/test_sdk_pin.py`` holds what is relied upon here.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from azure.core.pipeline import PipelineContext, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    AzureKeyCredentialPolicy,
    AzureSasCredentialPolicy,
    BearerTokenCredentialPolicy,
    RetryPolicy,
)
from azure.core.rest import HttpRequest

from .authentication import AsyncTargetAuthenticationPolicy, TargetAuthenticationPolicy

_BINDING = (TargetAuthenticationPolicy, AsyncTargetAuthenticationPolicy)
_SIGNING = (
    AsyncBearerTokenCredentialPolicy,
    AzureKeyCredentialPolicy,
    AzureSasCredentialPolicy,
    BearerTokenCredentialPolicy,
)


def binds_credentials(policy: Any) -> bool:
    """Tell whether a policy further down binds credentials to origins, and none signs after it."""
    bound = False
    for following in _after(policy):
        if isinstance(following, _BINDING):
            bound = True
        elif isinstance(following, _SIGNING):
            bound = False
    return bound


def has_retry(policy: Any) -> bool:
    """Tell whether azure-core's own retry stands further down, to be switched off."""
    return any(isinstance(found, RetryPolicy | AsyncRetryPolicy) for found in _after(policy))


def wrapped_policy(node: Any) -> Any:
    """Return the policy that a node of a pipeline runs: azure-core wraps those without ``send``."""
    return getattr(node, "_policy", node)


def _after(policy: Any) -> Iterator[Any]:
    following = getattr(policy, "next", None)
    while following is not None:
        yield wrapped_policy(following)
        following = getattr(following, "next", None)


class Capture:
    """Takes the place of the SDK's pipeline client in a call that is only planned.

    The SDK builds the request, nothing is sent, and no policy runs.
    """

    request: HttpRequest
    options: dict[str, Any]

    def __init__(self, client: Any) -> None:
        self.format_url = client._client.format_url
        self._pipeline = self

    @classmethod
    def of(cls, client: Any, sdk_class: type) -> tuple[Any, Capture]:
        """Return a client of the SDK's class with the parts of another, and what it captures with.

        It is not of the caller's class, which may close those parts when it is dropped.
        """
        capture = cls(client)
        planning: Any = object.__new__(sdk_class)
        vars(planning).update(vars(client), _client=capture)
        return planning, capture

    def run(self, request: HttpRequest, **options: Any) -> Any:
        """Keep a request and its options; return an empty answer."""
        self.request, self.options = request, options
        answer = SimpleNamespace(
            status_code=200,
            headers={},
            json=lambda: {"choices": [], "data": []},
            iter_bytes=lambda: iter(()),
        )
        return PipelineResponse(request, answer, PipelineContext(None))


class AsyncCapture(Capture):
    """The async twin."""

    async def run(self, request: HttpRequest, **options: Any) -> Any:
        """Keep a request and its options; return an empty answer."""
        return super().run(request, **options)
