"""Entra tokens from azure-identity, which is loaded when the first one is needed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from ..exceptions import CredentialUnavailableError

PACKAGE = "azure.identity"


@dataclass(frozen=True, slots=True)
class Entra:
    """Stands in the settings for the credential that each client makes for itself."""


class EntraCredential:
    """Asks ``DefaultAzureCredential``, which is made with the first token.

    A client has one for all its endpoints, and closes it; closed, it begins anew when it is asked.

    :raises CredentialUnavailableError: when asked for a token, and azure-identity is missing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inner: Any = None

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token for the scopes."""
        token: AccessToken = self._made().get_token(*scopes, **kwargs)
        return token

    def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token for the scopes in the newer form of azure-core."""
        token: AccessTokenInfo = self._made().get_token_info(*scopes, options=options)
        return token

    def close(self) -> None:
        """Close the connections of the credential, where there is one by now."""
        with self._lock:
            inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()

    def __repr__(self) -> str:
        return "EntraCredential()"

    def _made(self) -> Any:
        with self._lock:
            if self._inner is None:
                self._inner = default_credential(PACKAGE)()
            return self._inner


def default_credential(package: str) -> Any:
    """Load the class ``DefaultAzureCredential`` of ``azure.identity`` or of its ``aio``.

    :raises CredentialUnavailableError: where the package is not installed.
    """
    try:
        return import_module(package).DefaultAzureCredential
    except ModuleNotFoundError as error:
        raise CredentialUnavailableError(
            "Entra credentials need a package that is not installed: "
            'pip install "github-models-azure[entra]"'
        ) from error
