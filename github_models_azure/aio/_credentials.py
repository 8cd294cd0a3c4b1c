"""The async twin of the GitHub token credential."""

from __future__ import annotations

import asyncio
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

from ..credentials.github import TokenFinder


class GitHubTokenCredential:
    """A GitHub token as an async credential of azure-core; otherwise as its sync twin."""

    github_only = True
    """Its token is sent to GitHub's hosts and to this machine, nowhere else."""

    def __init__(self, token: str | None = None, *, validate: bool = False, **kwargs: Any) -> None:
        self._finder = TokenFinder(token, validate=validate, **kwargs)

    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        """Return the token; scopes mean nothing to GitHub and are ignored."""
        token, until = await self._find()
        return AccessToken(token, int(until))

    async def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """Return the token in the newer form of azure-core."""
        token, until = await self._find()
        return AccessTokenInfo(token, int(until))

    async def check(self) -> bool:
        """Ask GitHub now whether it knows the token; false where GitHub could not be asked.

        :raises CredentialUnavailableError: where there is no token.
        :raises ClientAuthenticationError: where GitHub refuses it; says where it came from.
        """
        return await asyncio.to_thread(self._finder.check)

    @property
    def demo(self) -> bool:
        """Whether the token is ``demo_token``: the embedded emulator answers."""
        return self._finder.demo

    @property
    def source(self) -> str | None:
        """Where the token comes from, such as ``GITHUB_TOKEN``; ``None`` where there is none."""
        return self._finder.source()

    async def close(self) -> None:
        """Forget the token that was looked up."""
        self._finder.forget()

    async def __aenter__(self) -> GitHubTokenCredential:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"GitHubTokenCredential({self._finder!r})"

    async def _find(self) -> tuple[str, float]:
        # The keyring, gh and a check may take their time: not on the event loop.
        return await asyncio.to_thread(self._finder.find)
