"""Which model a name means: ids, legacy names, aliases and the other spellings in use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .model_info import ModelInfo

_LONGEST_GUESS = 100  # difflib takes quadratic time; a longer name is not a typing error
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_AZUREML = "azureml://"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that no model of the catalogue has, the id it stands for, and why."""

    name: str
    target: str
    reason: str


class NameIndex:
    """Finds models by name in constant time, whatever the case.

    In this order a name is: an id; a legacy name; an alias; a marketplace path
    (``azure-openai/gpt-4o``), an ``azureml://`` id of any version, or a legacy name with the
    model's dated version; the last part of an id that only one model has.
    """

    def __init__(self, models: Sequence[ModelInfo], aliases: Iterable[Alias]) -> None:
        self._found: dict[str, ModelInfo] = {model.id.lower(): model for model in models}
        self._aliases: dict[str, Alias] = {}
        for model in models:
            if model.legacy_name:
                self._found.setdefault(model.legacy_name.lower(), model)
        for alias in aliases:
            key, target = alias.name.lower(), self._found.get(alias.target.lower())
            if target is not None and key not in self._found:
                self._found[key] = target
                self._aliases[key] = alias
        for model in models:
            for spelling in _derived(model):
                self._found.setdefault(spelling.lower(), model)
        bare = [model.id.rpartition("/")[2].lower() for model in models]
        count = Counter(bare)
        for name, model in zip(bare, models, strict=True):
            if count[name] == 1:
                self._found.setdefault(name, model)

    def find(self, name: str) -> ModelInfo | None:
        """Return the model of that name, ``None`` where there is none."""
        return self._found.get(_key(name))

    def alias(self, name: str) -> Alias | None:
        """Return the alias that a name is, ``None`` where it names a model itself."""
        return self._aliases.get(_key(name))

    def nearest(self, name: str, most: int = 3) -> tuple[str, ...]:
        """Return ids whose names look like this one, the most alike first."""
        if len(name) > _LONGEST_GUESS:
            return ()
        import difflib  # for an error message only, so not at the cost of every import

        close = difflib.get_close_matches(_key(name), self._found, n=3 * most, cutoff=0.6)
        return tuple(dict.fromkeys(self._found[key].id for key in close))[:most]


def _key(name: str) -> str:
    key = name.strip().lower()
    if key.startswith(_AZUREML):
        key = key.partition("/versions/")[0].partition("/labels/")[0]
    return key


def _derived(model: ModelInfo) -> Iterable[str]:
    if model.legacy_name and model.registry:
        yield f"{model.registry}/{model.legacy_name}"
        yield f"{_AZUREML}registries/{model.registry}/models/{model.legacy_name}"
    # The upstream answers with the dated name, which people then copy into a request.
    if model.legacy_name and model.version and _DATED.fullmatch(model.version):
        yield f"{model.legacy_name}-{model.version}"
