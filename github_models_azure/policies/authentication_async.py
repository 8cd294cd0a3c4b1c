"""The async twin of :mod:`.authentication`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from ..endpoints import Endpoint
from ._authentication import bind_credential, scopes_of, unread_key


class AsyncTargetAuthenticationPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Signs each attempt with the credential of its own endpoint, and with no other.

    The twin of :class:`TargetAuthenticationPolicy` for async clients, with the same keywords.
    """

    def __init__(
        self, endpoint: Endpoint, *, credential_scopes: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._scopes = tuple(credential_scopes) if credential_scopes else None
        self._token_policies: dict[object, AsyncBearerTokenCredentialPolicy[Any, Any]] = {}

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Sign the request and send it on."""
        if (stored := unread_key(request, self._endpoint)) is not None:
            await asyncio.to_thread(stored.read)  # a keyring may ask its user first
        credential = bind_credential(request, self._endpoint)
        if credential is None:
            return await self.next.send(request)
        # The token policy refuses http altogether; bind_credential has allowed loopback only.
        request.context.options["enforce_https"] = False
        scopes = scopes_of(request, self._endpoint, self._scopes)
        return await self._token_policy(credential, scopes).send(request)

    def _token_policy(
        self, credential: Any, scopes: tuple[str, ...]
    ) -> AsyncBearerTokenCredentialPolicy[Any, Any]:
        policy = self._token_policies.get((id(credential), scopes))
        if policy is None:
            policy = AsyncBearerTokenCredentialPolicy(credential, *scopes)
            policy.next = self.next
            self._token_policies[id(credential), scopes] = policy
        return policy
