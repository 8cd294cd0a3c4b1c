"""From a command's options to a client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._errors import WrongUsageError

if TYPE_CHECKING:
    from .. import ChatCompletionsClient, Endpoint, ModelRegistry
    from ..settings.model import Settings

_RETRIES = 2  # of one target: somebody sits there and waits, and can ask again


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What the options of a command say about where a request goes; ``None``: not given."""

    model: str | None = None
    endpoint: str | None = None
    token: str | None = None
    fallback: tuple[str, ...] = ()
    demo: bool = False
    plan: str | None = None
    allow_retired: bool = False

    def client(self) -> ChatCompletionsClient:
        """Make the client.

        :raises WrongUsageError: for options that exclude each other, or a model that is missing.
        """
        from .. import ChatCompletionsClient

        endpoint, keywords = self.arguments()
        return ChatCompletionsClient(
            endpoint, self.token, model=self._model(endpoint), retry_total=_RETRIES, **keywords
        )

    def arguments(self) -> tuple[str | Endpoint | None, dict[str, Any]]:
        """Return the endpoint and the keywords of a client; token and model stand beside them.

        :raises WrongUsageError: for options that exclude each other.
        """
        keywords: dict[str, Any] = {}
        if self.fallback:
            keywords["fallback"] = _fallback(self.fallback)
        if self.plan is not None:
            keywords["plan"] = self.plan
        if self.allow_retired:
            keywords["allow_retired"] = True
        endpoint: str | Endpoint | None = self.endpoint
        if self.demo:
            if self.endpoint is not None or self.token is not None:
                raise WrongUsageError(
                    "--demo brings its own endpoint: leave out --endpoint and --token."
                )
            from ..server.emulator.runner import demo_endpoint

            endpoint = demo_endpoint()
        if self.token is not None and not self.token.strip():
            raise WrongUsageError("--token is empty.")
        return endpoint, keywords

    def may_stream(self) -> bool:
        """Tell whether a stream can be asked for: not of a model that is known to have none."""
        from ..registry import default_registry

        known = default_registry().find(self.model) if self.model is not None else None
        return known is None or known.streaming is not False

    def _model(self, endpoint: str | Endpoint | None) -> str | None:
        from ..settings.load import load_settings
        from ..settings.own_endpoint import own_endpoint

        decided = endpoint is not None or self.token is not None
        settings = load_settings(decided=decided)
        own = own_endpoint(settings, endpoint, self.token).endpoint
        model = chosen_model(self.model, settings, own)
        if model is None and own.key_variable is not None:  # a service of many models
            raise WrongUsageError(f"{own.name} has many models. Name one with --model.")
        return model


def chosen_model(model: str | None, settings: Settings, own: Endpoint) -> str | None:
    """Where nobody names a model, let the registry choose one that the endpoint has."""
    named = model if model is not None else settings.model
    return "auto" if named is None and own.dialect.is_github else named


def known_models() -> ModelRegistry:
    """Return the bundled models, a refreshed catalogue and the user's own settings on top."""
    from ..registry import ModelRegistry
    from ..settings.load import load_settings

    registry = ModelRegistry.load()
    settings = load_settings(decided=True)  # models and tiers are our own settings alone
    if settings.overlays or settings.tiers:
        registry = registry.with_overlay(settings.overlays, tiers=settings.tiers)
    return registry


def _fallback(targets: tuple[str, ...]) -> str | list[str] | None:
    words = {target.strip().lower() for target in targets}
    special = words & {"tier", "none"}
    if not special:
        return list(targets)
    if len(words) > 1:
        raise WrongUsageError(f"--fallback {special.pop()} cannot be combined with other targets.")
    return None if special == {"none"} else "tier"
