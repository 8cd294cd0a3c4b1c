"""Looks down the pipeline that a policy stands in: the one place that needs a private name of it.

The SDK is frozen at 1.0.0b9; ``tests/client/test_sdk_pin.py`` holds what is relied upon here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncRetryPolicy,
    AzureKeyCredentialPolicy,
    AzureSasCredentialPolicy,
    BearerTokenCredentialPolicy,
    RetryPolicy,
)

from .authentication import TargetAuthenticationPolicy
from .authentication_async import AsyncTargetAuthenticationPolicy

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
