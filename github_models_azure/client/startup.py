"""``validate=True``: whether a client's own credential is accepted, found out before any call."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from ..credentials.check import KeyStatus, check_github_token, check_key
from ..credentials.github import DEMO_TOKEN, TokenFinder, finder_of
from ..credentials.keys import MissingKey, StoredKey, key_of
from ..endpoints import Endpoint
from ..endpoints.endpoint import is_loopback

_LOGGER = logging.getLogger(__name__)


class StartupCheck:
    """Asks once who is to accept a credential; a refusal is raised, and asked about anew next time.

    A GitHub token is checked by GitHub, a key, and any token for this machine, by its own endpoint.

    :raises ValueError: for a credential that cannot be checked: Entra's, say, or none.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._done = False
        is_key = isinstance(endpoint.credential, str | AzureKeyCredential | StoredKey | MissingKey)
        if not is_key and finder_of(endpoint.credential) is None:
            raise ValueError(
                f"validate=True checks tokens and keys, and the endpoint {endpoint.name} has "
                "neither. Leave validate out, or give a key as credential."
            )

    def __call__(self) -> None:
        """Check.

        :raises ClientAuthenticationError: where the credential is refused, or there is none.
        """
        if self._done:
            return
        with self._lock:
            if not self._done:
                self._ask()
                self._done = True

    async def aside(self) -> None:
        """Check in a thread, so that nobody on the event loop waits."""
        if not self._done:
            await asyncio.to_thread(self)

    def _ask(self) -> None:
        endpoint = self._endpoint
        finder = finder_of(endpoint.credential)
        if finder is not None and not is_loopback(endpoint.url):
            finder.check()
            return
        key = self._key(finder)
        if key == DEMO_TOKEN:
            return
        found = check_github_token(key) if endpoint.on_github else check_key(endpoint, key)
        if found.status is KeyStatus.REFUSED:
            raise ClientAuthenticationError(
                f"The key of {endpoint.name} is not valid: {found.reason}. Replace it; "
                "nothing was sent to a model."
            )
        if found.status is KeyStatus.UNKNOWN:
            _LOGGER.warning(
                "The key of %s could not be checked: %s. It is used anyway.",
                endpoint.name,
                found.reason,
            )

    def _key(self, finder: TokenFinder | None) -> str:
        credential = self._endpoint.credential
        if finder is not None:
            return finder.find()[0]
        if isinstance(credential, StoredKey):
            return credential.read()
        if isinstance(credential, MissingKey):
            credential.get_token()
        return key_of(credential) or ""

    def __repr__(self) -> str:
        return f"StartupCheck({self._endpoint!r}, done={self._done})"


class StartupCheckPolicy(SansIOHTTPPolicy[Any, Any]):
    """Checks before the first call goes its way."""

    def __init__(self, check: StartupCheck) -> None:
        self._check = check

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check."""
        self._check()


class AsyncStartupCheckPolicy(SansIOHTTPPolicy[Any, Any]):
    """The async twin."""

    def __init__(self, check: StartupCheck) -> None:
        self._check = check

    async def on_request(self, request: PipelineRequest[Any]) -> None:
        """Check."""
        await self._check.aside()
