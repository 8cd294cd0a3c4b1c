"""Which model a request means, which family serves it, and what it calls itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ...registry.data import without_provider
from . import errors
from .errors import ErrorAnswer, ServiceRefusal
from .settings import BareNames

if TYPE_CHECKING:
    from github_models_azure.registry import ModelInfo, ModelRegistry


class Family(str, Enum):
    """The upstreams whose wire formats differ."""

    OPENAI = "openai"
    SERVERLESS = "serverless"
    XAI = "xai"


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as the emulator serves it; ``name`` is the id without its publisher."""

    info: ModelInfo
    name: str
    upstream: str
    family: Family
    legacy: bool

    @property
    def is_mistral(self) -> bool:
        """Whether the strict Mistral deployments serve it."""
        return self.info.id.startswith("mistral-ai/")

    @property
    def is_embedding(self) -> bool:
        """Whether it answers embeddings and no chat."""
        outputs = self.info.output_modalities
        return "embed" in self.name or (outputs is not None and "embeddings" in outputs)


# The first four are in recordings; the others are the dated names of the same families.
_UPSTREAM = {
    "gpt-4o": "gpt-4o-2024-11-20",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "mistral-large-2411": "mistral-large-2411",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-chat": "gpt-5-chat-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "o1": "o1-2024-12-17",
    "o1-mini": "o1-mini-2024-09-12",
    "o1-preview": "o1-preview-2024-09-12",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
}


def resolve_model(
    name: str, registry: ModelRegistry, *, legacy: bool, bare_names: BareNames
) -> ServedModel:
    """Return the model that ``name`` means on the legacy or on the new paths.

    At the root, where the legacy paths are, LiteLLM's ``github/NAME`` and ``azure_ai/NAME`` mean
    NAME too: who writes them names the bare host and no path.

    :raises ServiceRefusal: in the words of that path, when the name means nothing there.
    """
    info: ModelInfo | None = None
    if legacy:
        meant = without_provider(name)
        info = _bare(meant, registry)
        if info is None and meant != name:
            info = _by_id(meant, registry)
    elif "/" in name:
        info = _by_id(name, registry)
    elif bare_names == "resolve":
        info = _bare(name, registry)
    if info is None:
        raise ServiceRefusal(_unknown(name, legacy=legacy, bare_names=bare_names))
    return served(info, legacy=legacy)


def served(info: ModelInfo, *, legacy: bool = False) -> ServedModel:
    """Return ``info`` with the family and the upstream name it is served under."""
    publisher, _, name = info.id.partition("/")
    family = {"openai": Family.OPENAI, "xai": Family.XAI}.get(publisher, Family.SERVERLESS)
    return ServedModel(info, name, _UPSTREAM.get(name, name), family, legacy)


def _by_id(name: str, registry: ModelRegistry) -> ModelInfo | None:
    # The registry is more generous than the service was: it knows aliases and azureml ids.
    info = registry.find(name)
    return info if info is not None and info.id.lower() == name.lower() else None


def _bare(name: str, registry: ModelRegistry) -> ModelInfo | None:
    info = registry.find(name) if name and "/" not in name else None
    if info is None:
        return None
    own = {(info.legacy_name or "").lower(), info.id.partition("/")[2].lower()}
    return info if name.lower() in own else None


def _unknown(name: str, *, legacy: bool, bare_names: BareNames) -> ErrorAnswer:
    if legacy or "/" in name:
        return errors.unknown_model(name, legacy=legacy)
    if bare_names == "text":
        return errors.unknown_model_text()
    # The new host read "gpt-4o" as a model of the publisher "": hence the slash in its answer.
    return errors.unknown_model(f"/{name}", legacy=False)
