"""The async twin of :mod:`.authentication`."""

from __future__ import annotations

from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from ..endpoints import Endpoint
from ._authentication import DEFAULT_SCOPES, bind_credential


class AsyncTargetAuthenticationPolicy(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Signs each attempt with the credential of its own endpoint, and with no other.

    The twin of :class:`TargetAuthenticationPolicy` for async clients, with the same keywords.
    """

    def __init__(self, endpoint: Endpoint, *, credential_scopes: Any = None) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._scopes = tuple(credential_scopes or DEFAULT_SCOPES)
        self._token_policies: dict[int, AsyncBearerTokenCredentialPolicy[Any, Any]] = {}

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """Sign the request and send it on."""
        credential = bind_credential(request, self._endpoint)
        if credential is None:
            return await self.next.send(request)
        # The token policy refuses http altogether; bind_credential has allowed loopback only.
        request.context.options["enforce_https"] = False
        return await self._token_policy(credential).send(request)

    def _token_policy(self, credential: Any) -> AsyncBearerTokenCredentialPolicy[Any, Any]:
        policy = self._token_policies.get(id(credential))
        if policy is None:
            policy = AsyncBearerTokenCredentialPolicy(credential, *self._scopes)
            policy.next = self.next
            self._token_policies[id(credential)] = policy
        return policy
