"""The policy that binds each credential to the origin it was declared for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from ..endpoints import Endpoint
from ._authentication import bind_credential, scopes_of


class TargetAuthenticationPolicy(HTTPPolicy[HttpRequest, HttpResponse]):
    """Signs each attempt with the credential of its own endpoint, and with no other.

    Goes into a client as ``authentication_policy=``. A request that a redirect or a fallback takes
    to another origin loses every credential and every header that was meant for the first.

    :param endpoint: the endpoint that the client was made for, with its credential.
    :keyword credential_scopes: the scopes asked of token credentials for the origin of
        ``endpoint``; left out, and elsewhere, they are those of the endpoint's dialect.
    :raises CredentialScopeError: when sending, where a credential would travel in clear text to
        another machine, or a GitHub token to another host than GitHub's.
    """

    def __init__(
        self, endpoint: Endpoint, *, credential_scopes: Iterable[str] | None = None
    ) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._scopes = tuple(credential_scopes) if credential_scopes else None
        self._token_policies: dict[object, BearerTokenCredentialPolicy[Any, Any]] = {}

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Sign the request and send it on."""
        credential = bind_credential(request, self._endpoint)
        if credential is None:
            return self.next.send(request)
        # The token policy refuses http altogether; bind_credential has allowed loopback only.
        request.context.options["enforce_https"] = False
        scopes = scopes_of(request, self._endpoint, self._scopes)
        return self._token_policy(credential, scopes).send(request)

    def _token_policy(
        self, credential: Any, scopes: tuple[str, ...]
    ) -> BearerTokenCredentialPolicy[Any, Any]:
        policy = self._token_policies.get((id(credential), scopes))
        if policy is None:
            policy = BearerTokenCredentialPolicy(credential, *scopes)
            policy.next = self.next
            self._token_policies[id(credential), scopes] = policy
        return policy
