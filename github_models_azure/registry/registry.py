"""The registry: which models there are, and what is known of each."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from os import PathLike

from .data import Alias, Elsewhere, NameIndex, PlanQuotas, RegistryData, load_bundled
from .errors import UnknownModelError
from .model_info import ModelInfo, Plan, Quota, RateLimitTier

_AUTO = "auto"
_TASK_NAMES = {
    "": "general",
    "best-overall": "general",
    "code": "coding",
    "cost-effective": "cheap",
    "large-context": "long-context",
    "open": "open-weights",
    "open-alternative": "open-weights",
    "open-source": "open-weights",
    "rag": "retrieval",
    "vision": "multimodal",
}


class ModelRegistry:
    """An ordered, unchanging collection of models with their quotas.

    The order is that of preference among equals: in the bundled data the most capable and most
    widely used models come first, then those that the catalogue of 2026 no longer listed, then
    the embedding models. Whatever changes a registry returns a new one. Safe to share.

    Names are understood in any case: ids, legacy names (``Phi-4``), aliases (``gpt-4``),
    ``azureml://`` ids, and the last part of an id where only one model has it; also with LiteLLM's
    ``github/`` in front, and as pages show them (``Llama 3.3 70B``).

    :param models: in the order of preference.
    :param quotas: by quota class, then by plan.
    :param aliases: names that stand for a model's id.
    :param recommended: ids by task, the best first.
    :param elsewhere: models that GitHub Models never had.
    """

    __slots__ = ("_data", "_names")

    def __init__(
        self,
        models: Iterable[ModelInfo] = (),
        *,
        quotas: Mapping[str, PlanQuotas] | None = None,
        aliases: Iterable[Alias] = (),
        recommended: Mapping[str, tuple[str, ...]] | None = None,
        elsewhere: Iterable[Elsewhere] = (),
    ) -> None:
        self._data = RegistryData(
            tuple(models), quotas or {}, tuple(aliases), recommended or {}, tuple(elsewhere)
        )
        self._names = NameIndex(self._data.models, self._data.aliases)

    @classmethod
    def bundled(cls) -> ModelRegistry:
        """Return a registry of the data that comes with the package."""
        return cls._of(load_bundled())

    @classmethod
    def load(cls, *, cache_dir: str | PathLike[str] | None = None) -> ModelRegistry:
        """Return the bundled data with the last refreshed catalogue, if any, on top.

        A cached file that cannot be read is left out with a logged warning.

        :param cache_dir: the folder given to ``refresh_catalog``; the user's own by default.
        """
        from .refresh import read_cached_catalog

        return cls._of(read_cached_catalog(load_bundled(), cache_dir))

    @classmethod
    def _of(cls, data: RegistryData) -> ModelRegistry:
        return cls(
            data.models,
            quotas=data.quotas,
            aliases=data.aliases,
            recommended=data.recommended,
            elsewhere=data.elsewhere,
        )

    def __repr__(self) -> str:
        return f"<ModelRegistry of {len(self)} models>"

    def __len__(self) -> int:
        return len(self._data.models)

    def __iter__(self) -> Iterator[ModelInfo]:
        return iter(self._data.models)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def get(self, name: str) -> ModelInfo:
        """Return the model of that name.

        :raises UnknownModelError: names the ids that come nearest, or says who serves the model.
        """
        model = self.find(name)
        if model is None:
            elsewhere = self.elsewhere(name)
            nearest = () if elsewhere else self._names.nearest(name)
            raise UnknownModelError(name, nearest, elsewhere)
        return model

    def find(self, name: str, *, strict: bool = False) -> ModelInfo | None:
        """Return the model of that name, or ``None``.

        :param strict: leaves out spellings that are not GitHub Models' own: ``github/`` in front,
            an alias after its publisher, a name as pages show it.
        """
        return self._names.find(name, strict=strict)

    def elsewhere(self, name: str) -> str | None:
        """Say that GitHub Models never had a model, and who serves it; ``None`` if not known."""
        if self.find(name) is not None:
            return None
        found = next((one for one in self._data.elsewhere if one.covers(name)), None)
        return f"GitHub Models never had {name:.80}: {found.offer}" if found is not None else None

    def alias_of(self, name: str) -> Alias | None:
        """Return the alias behind a name, with its reason; ``None`` for a model's own names."""
        return self._names.alias(name)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """All aliases."""
        return self._data.aliases

    @property
    def quota_classes(self) -> tuple[str, ...]:
        """The names under which quotas are known."""
        return tuple(self._data.quotas)

    def models(
        self, tier: RateLimitTier | str | None = None, capability: str | None = None
    ) -> tuple[ModelInfo, ...]:
        """Return the models, all or those of a tier or known to have a capability, in order.

        :raises ValueError: for a tier that is not GitHub's and that no model has, and for a word
            that names no capability.
        """
        chosen = self._data.models
        if tier is not None:
            wanted = str(tier).strip().lower()
            known = {str(member) for member in RateLimitTier}
            known |= {str(model.tier) for model in chosen if model.tier is not None}
            if wanted not in {word.lower() for word in known}:
                raise ValueError(
                    f"Unknown tier {str(tier)!r:.80}; use one of {', '.join(sorted(known))}."
                )
            chosen = tuple(
                model
                for model in chosen
                if model.tier is not None and str(model.tier).lower() == wanted
            )
        if capability is not None:
            chosen = tuple(model for model in chosen if model.supports(capability))
        return chosen

    def tier_of(self, name: str) -> RateLimitTier | str | None:
        """Return the tier of a model; ``None`` where the tier or the model is unknown."""
        model = self.find(name)
        return None if model is None else model.tier

    def quota(self, model: str | ModelInfo, plan: Plan | str = Plan.FREE) -> Quota | None:
        """Return what a plan may ask of a model; ``None`` where nothing is known.

        A plan without access to the model has a quota whose ``available`` is false.

        :raises ValueError: for an unknown plan.
        """
        info = self.find(model) if isinstance(model, str) else model
        wanted = Plan.parse(plan)
        if info is None or info.quota_class is None:
            return None
        plans = self._data.quotas.get(info.quota_class)
        return None if plans is None else plans.get(wanted)

    def same_tier(self, name: str) -> tuple[ModelInfo, ...]:
        """Return the model first, then the others of its tier in order.

        For ``custom`` the quota class decides. Embedding models and chat models never mix. A
        model whose tier or quota class is unknown stands alone; an unknown name gives nothing.
        """
        model = self.find(name)
        if model is None:
            return ()
        if model.tier is None or model.quota_class is None:
            return (model,)
        others = (
            other
            for other in self._data.models
            if other.id != model.id
            and other.tier == model.tier
            and other.quota_class == model.quota_class
            and other.supports("embeddings") is model.supports("embeddings")
        )
        return (model, *others)

    def recommended(self, task: str = "general") -> tuple[ModelInfo, ...]:
        """Return models for a task, the best first: our own judgement, not a measurement.

        The ``purpose`` of each says in a line what it is for.

        :param task: ``general`` (``best overall``), ``coding``, ``reasoning``, ``cheap``
            (``cost-effective``), ``multimodal``, ``open-weights``, ``european``,
            ``long-context`` or ``retrieval``; spaces and underscores are as good as hyphens.
        :raises ValueError: for another task.
        """
        word = "-".join(task.lower().replace("_", " ").replace("-", " ").split())
        ids = self._data.recommended.get(_TASK_NAMES.get(word, word))
        if ids is None:
            known = ", ".join((*self._data.recommended, "cost-effective"))
            raise ValueError(f"Unknown task {task!r:.80}; use one of {known}.")
        return tuple(model for id_ in ids if (model := self.find(id_)) is not None)

    @staticmethod
    def is_auto(name: str) -> bool:
        """Tell whether a model name leaves the choice to us: ``auto`` or ``auto:TASK``."""
        return name.strip().lower().partition(":")[0] == _AUTO

    def auto_candidates(
        self, name: str = _AUTO, *, plan: Plan | str | None = None
    ) -> tuple[ModelInfo, ...]:
        """Return the models that ``auto`` or ``auto:TASK`` stands for, in order of preference.

        :param plan: leaves out the models to which this plan has no access; none by default.
        :raises ValueError: for another name or task, and for an unknown plan.
        """
        if not self.is_auto(name):
            raise ValueError(f"{name!r:.80} is not auto; use auto or auto:TASK.")
        candidates = self.recommended(name.partition(":")[2])
        if plan is None:
            return candidates
        quotas = ((model, self.quota(model, plan)) for model in candidates)
        return tuple(model for model, quota in quotas if quota is None or quota.available)

    def retired(self, now: date) -> tuple[ModelInfo, ...]:
        """Return the models known to be gone at ``now``, a date or a datetime."""
        return tuple(model for model in self._data.models if model.is_retired(now))

    def with_overlay(
        self,
        models: Mapping[str, Mapping[str, object]] | None = None,
        *,
        tiers: Mapping[str, Mapping[str, object]] | None = None,
    ) -> ModelRegistry:
        """Return a registry with a user's corrections, new models and tiers on top.

        A key of ``models`` that :meth:`find` knows, other than as an alias, changes that model:
        fields given replace what was known, ``None`` makes it unknown. Any other key is the id of
        a new model, placed last. Besides the fields of :class:`ModelInfo` a list of ``aliases``
        may be given.

        A key of ``tiers`` names a user-made tier, or the quota class whose quota it changes; its
        fields are those of :class:`Quota` and hold for every plan.

        :raises OverlayError: with one line for each wrong field.
        """
        from .overlays import apply_overlay

        return self._of(apply_overlay(self._data, models or {}, tiers or {}))

    def function_calling_models(self) -> tuple[str, ...]:
        """Return the ids of the models known to call tools."""
        return _ids(self.models(capability="tool_calling"))

    def prompt_cache_models(self) -> tuple[str, ...]:
        """Return the ids of the models known to cache prompts."""
        return _ids(self.models(capability="prompt_cache"))

    def reasoning_effort_models(self) -> tuple[str, ...]:
        """Return the ids of the models known to take ``reasoning_effort``."""
        return _ids(self.models(capability="reasoning_effort"))

    def no_stop_words_models(self) -> tuple[str, ...]:
        """Return the ids of the models known to refuse ``stop``."""
        return _ids(model for model in self._data.models if "stop" in model.rejects)


def _ids(models: Iterable[ModelInfo]) -> tuple[str, ...]:
    return tuple(model.id for model in models)


_default: list[ModelRegistry] = []
_default_lock = threading.Lock()


def default_registry() -> ModelRegistry:
    """Return the bundled registry, the same object for the whole process."""
    with _default_lock:
        if not _default:
            _default.append(ModelRegistry.bundled())
        return _default[0]
