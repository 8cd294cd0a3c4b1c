"""Whom a model's name means: the endpoint that is asked, and the name of the model there."""

from __future__ import annotations

from datetime import date

from .._core.request.fit import SDK
from ..endpoints import GITHUB, GITHUB_AZURE, Endpoint, Target
from ..endpoints.dialects import COMPATIBLE, LITELLM
from ..registry import ModelInfo, ModelRegistry, UnknownModelError
from ..registry.data import without_provider
from .options import FallbackSettings

_SERVICE = frozenset({GITHUB.name, GITHUB_AZURE.name})
# Servers that give their models names of their own, often after the provider behind them.
_NAMES_FREELY = frozenset({SDK.name, COMPATIBLE.name, LITELLM.name})


def named_target(
    settings: FallbackSettings, own: Endpoint, model: str | None
) -> tuple[Endpoint, str | None]:
    """Split ``endpoint-name/model-id`` if the front is no part of a known model's own id.

    ``github/`` stays on an endpoint that stands in GitHub Models' place, and on a server of
    unknown names it is a part of that server's own name.
    """
    if model is None:
        return own, None
    if settings.registry.find(model, strict=True) is None:
        prefix, _, rest = model.partition("/")
        named = settings.endpoints.get(prefix) if rest else None
        if named is not None and _is_service(named):
            if stands_in(own):
                return own, service_name(settings.registry, own, rest)
            if prefix == GITHUB.name and own.dialect.name in _NAMES_FREELY:
                return own, model
        if named is not None:
            return named, service_name(settings.registry, named, rest)
    return own, service_name(settings.registry, own, model)


def listed_target(
    settings: FallbackSettings, own: Endpoint, target: Target
) -> tuple[Endpoint, str]:
    """Return where a target of the fallback is asked, and for which name."""
    endpoint, name = target.endpoint or own, target.model
    if _is_service(endpoint):
        if stands_in(own):
            endpoint = own
        elif own.dialect.name == LITELLM.name and endpoint.name == GITHUB.name:
            return own, str(target)
    return endpoint, service_name(settings.registry, endpoint, name)


def stands_in(endpoint: Endpoint) -> bool:
    """Return whether an endpoint has GitHub Models' shape on a host that is not GitHub's."""
    return endpoint.dialect.is_github and not endpoint.on_github


def _is_service(endpoint: Endpoint) -> bool:
    return endpoint.on_github and endpoint.name in _SERVICE


def service_name(registry: ModelRegistry, endpoint: Endpoint, name: str) -> str:
    """Return a name without LiteLLM's ``github/`` or ``azure_ai/``, on GitHub-shaped endpoints."""
    if not endpoint.dialect.is_github or registry.find(name, strict=True) is not None:
        return name
    return without_provider(name)


def model_at(registry: ModelRegistry, endpoint: Endpoint, name: str | None) -> ModelInfo | None:
    """Return the model that a name means at an endpoint.

    Only on GitHub-shaped endpoints do loose spellings count: a server of its own may mean another
    model by ``deepseek/deepseek-chat``.
    """
    return None if name is None else registry.find(name, strict=not endpoint.dialect.is_github)


def heir_of(
    settings: FallbackSettings, endpoint: Endpoint, name: str | None, today: date
) -> ModelInfo | None:
    """Return the model that answers for one that was retired; ``None`` if it was not."""
    if settings.allow_retired or not endpoint.dialect.is_github or endpoint.gone(today):
        return None
    info = first = model_at(settings.registry, endpoint, name)
    seen: set[str] = set()
    while info is not None and info.is_retired(today) and info.id not in seen:
        seen.add(info.id)
        info = settings.registry.find(info.successor) if info.successor else None
    if info is None or info is first or info.id in seen:
        return None
    return info


def substitution(registry: ModelRegistry, name: str, info: ModelInfo) -> str | None:
    """Say that another model answers than the name meant; ``None`` if it is the same one."""
    alias = registry.alias_of(name)
    if alias is None or not alias.substitute:
        return None
    return answered_as(name, info)


def answered_as(name: str, info: ModelInfo) -> str:
    """Say which model answers for a name that was its predecessor's."""
    return f"{name} is answered as {info.id}, its successor"


def hint_for(settings: FallbackSettings, model: str) -> str | None:
    """Return what an unknown model probably was, or who serves it; ``None`` if not known."""
    own, registry = settings.endpoint, settings.registry
    if own is not None and registry.find(named_target(settings, own, model)[1] or ""):
        return None  # known, once the endpoint's name in front is left out
    try:
        registry.get(model)
    except UnknownModelError as error:
        if error.elsewhere is not None and own is not None and own.dialect.is_github:
            return f"{error.elsewhere}."
        if error.suggestions:
            return f"Nearest known models: {', '.join(error.suggestions)}."
    return None
