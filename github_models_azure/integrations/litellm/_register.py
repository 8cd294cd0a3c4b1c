"""How LiteLLM learns of the provider."""

from __future__ import annotations

import threading

import litellm
from litellm.types.llms.custom_llm import CustomLLMItem
from litellm.types.utils import LlmProviders
from litellm.utils import custom_llm_setup

from ._provider import GitHubModelsLLM
from ._requests import PROVIDER

_BUILT_IN = frozenset(provider.value for provider in LlmProviders)
_LOCK = threading.Lock()


def register(handler: GitHubModelsLLM | None = None, *, name: str = PROVIDER) -> GitHubModelsLLM:
    """Make ``litellm`` hand the models of a prefix to this package; return who serves them.

    Registering again changes nothing, unless another handler is given: that one takes over.

    :param handler: left out, the one that is registered, else one whose options come from the
        settings.
    :param name: the prefix; several handlers can stand side by side under names of their own.
    :raises ValueError: for a name that LiteLLM serves itself, or under which somebody else's
        handler is registered.
    :raises TypeError: for a handler of another kind.
    """
    if handler is not None and not isinstance(handler, GitHubModelsLLM):
        raise TypeError(f"handler is a GitHubModelsLLM, not {type(handler).__name__}.")
    if not name or "/" in name:
        raise ValueError(f"name={name!r} cannot stand before the slash of a model.")
    if name in _BUILT_IN:
        raise ValueError(
            f"LiteLLM serves {name}/ models itself and would never ask this handler; "
            f"leave name= out for {PROVIDER!r}, or choose another."
        )
    with _LOCK:
        serving = _registered(name)
        if serving is not None and not isinstance(serving, GitHubModelsLLM):
            raise ValueError(
                f"{type(serving).__name__} is registered as {name!r} already; choose another name=."
            )
        chosen = handler or serving or GitHubModelsLLM()
        if chosen is not serving:
            others = [item for item in litellm.custom_provider_map if item["provider"] != name]
            made = CustomLLMItem(provider=name, custom_handler=chosen)
            litellm.custom_provider_map = [*others, made]
        # LiteLLM does this at each call too, but a Router wants to know the name before any.
        custom_llm_setup()  # type: ignore[no-untyped-call]
    return chosen


def _registered(name: str) -> object:
    handlers = (
        item["custom_handler"] for item in litellm.custom_provider_map if item["provider"] == name
    )
    return next(handlers, None)
