"""The async twins of the credentials."""

from __future__ import annotations

import asyncio
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from ..credentials.entra import PACKAGE, default_credential
from ..credentials.github import GitHubToken


class GitHubTokenCredential(GitHubToken):
    """A GitHub token as an async credential of azure-core; otherwise as its sync twin."""

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the token; scopes mean nothing to GitHub and are ignored."""
        token, until = await self._find()
        return AccessToken(token, int(until))

    async def get_token_info(self, *scopes: str, options: object = None) -> AccessTokenInfo:
        """Return the token in the newer form of azure-core."""
        token, until = await self._find()
        return AccessTokenInfo(token, int(until))

    async def check(self) -> bool:
        """Ask GitHub now whether it knows the token; false where GitHub could not be asked.

        :raises CredentialUnavailableError: where there is no token.
        :raises ClientAuthenticationError: where GitHub refuses it; says where it came from.
        """
        return await asyncio.to_thread(self._finder.check)

    async def close(self) -> None:
        """Forget the token that was looked up."""
        self._finder.forget()

    async def __aenter__(self) -> GitHubTokenCredential:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.close()

    async def _find(self) -> tuple[str, float]:
        # The keyring, gh and a check may take their time: not on the event loop.
        return await asyncio.to_thread(self._finder.find)


class EntraCredential:
    """Asks the async ``DefaultAzureCredential``; otherwise as its sync twin."""

    def __init__(self) -> None:
        self._inner: Any = None

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token for the scopes."""
        token: AccessToken = await (await self._made()).get_token(*scopes, **kwargs)
        return token

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token for the scopes in the newer form of azure-core."""
        inner = await self._made()
        token: AccessTokenInfo = await inner.get_token_info(*scopes, options=options)
        return token

    async def close(self) -> None:
        """Close the connections of the credential, where there is one by now."""
        inner, self._inner = self._inner, None
        if inner is not None:
            await inner.close()

    def __repr__(self) -> str:
        return "EntraCredential()"

    async def _made(self) -> Any:
        if self._inner is None:
            # The import takes its time: not on the event loop.
            made = await asyncio.to_thread(default_credential, f"{PACKAGE}.aio")
            if self._inner is None:  # another call was no faster
                self._inner = made()
        return self._inner
