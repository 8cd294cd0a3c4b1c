"""The async twin of the Entra credential."""

from __future__ import annotations

import asyncio
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

from ..credentials.entra import PACKAGE, default_credential


class EntraCredential:
    """Asks the async ``DefaultAzureCredential``; otherwise as its sync twin."""

    def __init__(self) -> None:
        self._inner: Any = None

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return a token for the scopes."""
        token: AccessToken = await (await self._made()).get_token(*scopes, **kwargs)
        return token

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
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
