"""The policy that binds each credential to the origin it was declared for, and its async twin."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    BearerTokenCredentialPolicy,
    HTTPPolicy,
)
from azure.core.rest import AsyncHttpResponse, HttpRequest, HttpResponse

from .._core.hosts import GITHUB_HOSTS
from .._core.request.fit import is_sendable, key_headers
from ..credentials.keys import StoredKey
from ..endpoints import Endpoint, origin_of
from ..endpoints.endpoint import is_loopback
from ..exceptions import CredentialScopeError, CredentialUnavailableError
from .outgoing import ENDPOINT_KEY, is_free_header
from .secrets import SECRET_NAME, note_endpoint, note_signed, secrets_of

DEFAULT_SCOPES = ("https://ml.azure.com/.default",)


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
            policy.next = _Noting()
            policy.next.next = self.next
            self._token_policies[id(credential), scopes] = policy
        return policy


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
            policy.next = _AsyncNoting()
            policy.next.next = self.next
            self._token_policies[id(credential), scopes] = policy
        return policy


class _Noting(HTTPPolicy[HttpRequest, HttpResponse]):
    """Remembers the token that a request was signed with, so that it can be hidden."""

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        note_signed(request)
        return self.next.send(request)


class _AsyncNoting(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """The async twin."""

    async def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        note_signed(request)
        return await self.next.send(request)


def bind_credential(request: PipelineRequest[HttpRequest], own: Endpoint) -> Any:
    """Sign the request as its endpoint wants it, and remember what with.

    Returns the endpoint's token credential if there is one: the policy fetches its token.

    :raises CredentialScopeError: where the credential would travel in clear text or leave GitHub.
    """
    note_endpoint(secrets_of(request), request.context.get(ENDPOINT_KEY) or own, own)
    try:
        return _bind_credential(request, own)
    finally:
        note_signed(request)


def _bind_credential(request: PipelineRequest[HttpRequest], own: Endpoint) -> Any:
    """Put the key of the attempt's endpoint on its request, or take every credential off.

    Returns the endpoint's token credential where there is one: the policy fetches its token.

    :raises CredentialScopeError: where the credential would travel in clear text or leave GitHub.
    """
    endpoint: Endpoint = request.context.get(ENDPOINT_KEY) or own
    # The SDK's own keyword for clear text: with a key it would end in the socket layer.
    request.context.options.pop("enforce_https", None)
    http = request.http_request
    if origin_of(http.url) != endpoint.origin:  # a redirect led elsewhere
        _strip(http)
        return None
    # After a way there and back azure-core would still take the signature off.
    request.context.pop("insecure_domain_change", None)
    if endpoint.origin != own.origin:
        _strip(http)
    http.headers.update(endpoint.headers)
    names = (part.partition("=")[0] for part in urlsplit(http.url).query.split("&"))
    if any(SECRET_NAME.search(name) for name in (*http.headers, *names)):
        _refuse_clear_text(http.url, endpoint)
    credential = endpoint.credential
    if credential is None and not endpoint.anonymous and endpoint.origin == own.origin:
        credential = own.credential
    if credential is None:
        return None
    _refuse_leaks(http.url, endpoint, credential)
    key = credential.key if isinstance(credential, AzureKeyCredential) else credential
    if isinstance(credential, StoredKey):
        key = credential.read()
    if not isinstance(key, str):
        return credential
    if not is_sendable(key):
        raise CredentialUnavailableError(
            f"The key of {endpoint.name} has a line end or another character that a header cannot "
            "carry; nothing was sent. Check how it was read from its file or variable."
        )
    http.headers.pop("api-key", None)  # the SDK set it once, a key may have been rotated since
    http.headers.update(key_headers(endpoint.dialect.auth, key))
    return None


def unread_key(request: PipelineRequest[HttpRequest], own: Endpoint) -> StoredKey | None:
    """Give the stored key that an attempt will want, if the keyring has yet to be asked."""
    endpoint: Endpoint = request.context.get(ENDPOINT_KEY) or own
    credential = endpoint.credential
    if not isinstance(credential, StoredKey) or credential.found is not None:
        return None
    return credential if origin_of(request.http_request.url) == endpoint.origin else None


def scopes_of(
    request: PipelineRequest[HttpRequest], own: Endpoint, given: tuple[str, ...] | None
) -> tuple[str, ...]:
    """Give the scopes for the attempt's endpoint: those of its dialect, unless some were given.

    :param given: the scopes that the caller set for the origin of ``own``.
    """
    endpoint: Endpoint = request.context.get(ENDPOINT_KEY) or own
    if given and endpoint.origin == own.origin:
        return given
    return (endpoint.dialect.scope,) if endpoint.dialect.scope else DEFAULT_SCOPES


def _strip(http: HttpRequest) -> None:
    for name in [name for name in http.headers if not is_free_header(name)]:
        del http.headers[name]


def _refuse_clear_text(url: str, endpoint: Endpoint) -> None:
    if not (url.lower().startswith("https://") or is_loopback(url)):
        raise CredentialScopeError(
            f"The credential of {endpoint.name} would travel in clear text to {endpoint.origin}; "
            "nothing was sent. Use https, or declare the endpoint without a credential."
        )


def _refuse_leaks(url: str, endpoint: Endpoint, credential: object) -> None:
    if is_loopback(url):
        return
    _refuse_clear_text(url, endpoint)
    host = (urlsplit(url).hostname or "").lower()
    if getattr(credential, "github_only", False) and host not in GITHUB_HOSTS:
        raise CredentialScopeError(
            f"A GitHub token belongs to GitHub's hosts and would go to {host}; nothing was sent. "
            "Give that endpoint its own key as credential."
        )
