"""The endpoints that are known by name, with the day each went away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from .._core.error_body import clean_text
from .endpoint import Endpoint

_ADVICE = (
    "Set GITHUB_MODELS_ENDPOINT (or endpoint=) to a service you can use, such as Foundry's "
    "https://YOUR-RESOURCE.services.ai.azure.com/openai/v1, together with its key, or list "
    "targets elsewhere in fallback=."
)

# github.blog/changelog/2026-07-30-github-models-is-now-retired
GITHUB = Endpoint(
    "github",
    "https://models.github.ai/inference",
    dialect="github",
    retired_on=date(2026, 7, 30),
    successor=_ADVICE,
)

# github.blog/changelog/2025-07-17-deprecation-of-azure-endpoint-for-github-models
GITHUB_AZURE = Endpoint(
    "github-azure",
    "https://models.inference.ai.azure.com",
    dialect="github-legacy",
    retired_on=date(2025, 10, 17),
    successor=_ADVICE,
)

DEFAULT_ENDPOINT = GITHUB_AZURE

PRESETS: Mapping[str, Endpoint] = MappingProxyType(
    {endpoint.name: endpoint for endpoint in (GITHUB, GITHUB_AZURE)}
)

GITHUB_HOSTS = frozenset({"models.github.ai", "models.inference.ai.azure.com", "api.github.com"})
"""The hosts that a GitHub token may be sent to."""

_ORGANISATION = re.compile(r"/?orgs/[\w.-]+/inference/?")
_SHAPES = (
    # GitHub Models' own base paths: the emulator, or a proxy in the service's place.
    (re.compile(r"(/orgs/[^/]+)?/inference/?"), "github"),
    # Foundry answers 400 to any api-version there (goai#54, pydantic-ai#5066).
    (re.compile(r"(/api/projects/[^/]+)?/openai/v1/?"), "openai-v1"),
)


def endpoint_for(
    value: str | Endpoint | None,
    credential: Any = None,
    *,
    known: Mapping[str, Endpoint] = PRESETS,
) -> Endpoint:
    """Return the endpoint that a name, a URL, an organisation path or ``None`` stands for.

    ``None`` is the default endpoint, ``/orgs/{org}/inference`` the one of an organisation on GitHub
    Models. A ``credential`` given here replaces the endpoint's own.

    :raises ValueError: for text that is neither a known name nor a URL.
    """
    if isinstance(value, Endpoint):
        found = value
    elif value is None:
        found = DEFAULT_ENDPOINT
    elif value in known:
        found = known[value]
    elif _ORGANISATION.fullmatch(value):
        path = value.strip("/")
        found = replace(GITHUB, name=f"github/{path}", url=f"https://models.github.ai/{path}")
    elif "://" in value:
        found = _from_url(value, known)
    else:
        names = ", ".join(sorted(known))
        raise ValueError(
            f"The endpoint {clean_text(value, 60)!r} is neither a URL nor a known name. "
            f"Known names: {names}. A key is given as credential, not as endpoint."
        )
    return found if credential is None else replace(found, credential=credential)


def _from_url(url: str, known: Mapping[str, Endpoint]) -> Endpoint:
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path.rstrip("/")
    for preset in known.values():
        base = urlsplit(preset.url)
        if base.netloc.lower() == parts.netloc.lower() and base.path.rstrip("/") == path:
            return replace(preset, url=url)
    if host == "models.github.ai":
        return replace(GITHUB, url=url)
    if host == "models.inference.ai.azure.com":
        return replace(GITHUB_AZURE, url=url)
    dialect = next((name for shape, name in _SHAPES if shape.fullmatch(parts.path)), "unknown")
    return Endpoint(parts.netloc.rpartition("@")[2].lower(), url, dialect=dialect)
