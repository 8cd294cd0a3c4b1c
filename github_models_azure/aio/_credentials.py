"""The async twins of the credentials."""

from __future__ import annotations

import asyncio
from contextlib import suppress
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
        # Its connections belong to the event loop in which they were opened.
        self._inner: dict[asyncio.AbstractEventLoop, Any] = {}

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token for the scopes."""
        token: AccessToken = await self._ask("get_token", *scopes, **kwargs)
        return token

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token for the scopes in the newer form of azure-core."""
        token: AccessTokenInfo = await self._ask("get_token_info", *scopes, options=options)
        return token

    async def close(self) -> None:
        """Close the connections of the credential, where there is one by now."""
        here, inner = asyncio.get_running_loop(), dict(self._inner)
        self._inner.clear()
        for loop, one in inner.items():
            if loop is here:
                await one.close()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(one.close(), loop)
            else:
                with suppress(RuntimeError):  # of a loop that is over
                    await one.close()

    def __repr__(self) -> str:
        return "EntraCredential()"

    async def _ask(self, method: str, *scopes: str, **options: Any) -> Any:
        loop = asyncio.get_running_loop()
        # It may have a token from another loop; whether its connections still work shows only then.
        inner = self._inner.get(loop) or next(iter(self._inner.values()), None)
        if inner is None:
            inner = await self._made()
        try:
            return await getattr(inner, method)(*scopes, **options)
        except Exception:
            if inner is self._inner.get(loop):
                raise
            inner = await self._made()
            return await getattr(inner, method)(*scopes, **options)

    async def _made(self) -> Any:
        loop = asyncio.get_running_loop()
        # The import takes its time: not on the event loop.
        made = await asyncio.to_thread(default_credential, f"{PACKAGE}.aio")
        if loop not in self._inner:  # another call was no faster
            self._inner[loop] = made()
        return self._inner[loop]
