"""Everything a registry is made of: models, quotas, and the names that models go by.

``catalog.json`` is kept by hand; its own first lines say how it is ordered and graded. A test
checks it against the schema in ``schema.py``, so that loading needs no validation.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .model_info import NOT_AVAILABLE, ModelInfo, Plan, Quota, parse_tier

_LONGEST_GUESS = 100  # difflib takes quadratic time; a longer name is not a typing error
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_AZUREML = "azureml://"
_PROVIDERS = ("github/", "azure_ai/")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that no model of the catalogue has, the id it stands for, and why.

    ``substitute``: it is the name of another model, which the one it stands for replaced.
    """

    name: str
    target: str
    reason: str
    substitute: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Names of models that GitHub Models never had, and who serves them; ``*`` ends a beginning."""

    names: tuple[str, ...]
    offer: str

    def covers(self, name: str) -> bool:
        """Return whether a name is one of them."""
        key = without_provider(_key(name))
        return any(
            key.startswith(one[:-1]) if one.endswith("*") else key == one for one in self.names
        )


class NameIndex:
    """Finds models by name in constant time, whatever the case.

    In this order a name is: an id; a legacy name; an alias; a marketplace path
    (``azure-openai/gpt-4o``), an ``azureml://`` id of any version, or a legacy name with the
    model's dated version; the last part of an id that only one model has.

    Loose spellings come after all of them: LiteLLM's ``github/`` or ``azure_ai/`` in front of any
    name, an alias after the publisher of its model (``openai/gpt-4``), and names as pages show
    them (``Cohere Command R+``).
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
        self._shown = {
            _plain(model.name): model.id.lower() for model in reversed(models) if model.name
        }
        self._shown |= {
            f"{self._found[key].id.partition('/')[0].lower()}/{key}": key
            for key in self._aliases
            if "/" not in key
        }

    def find(self, name: str, *, strict: bool = False) -> ModelInfo | None:
        """Return the model of that name, ``None`` if there is none.

        :param strict: leaves out the loose spellings.
        """
        return self._found.get(_key(name) if strict else self._resolve(name))

    def alias(self, name: str) -> Alias | None:
        """Return the alias that a name is, ``None`` if it names a model itself."""
        return self._aliases.get(self._resolve(name))

    def _resolve(self, name: str) -> str:
        """Return the key of a name in any of its spellings; the name's own if none is known."""
        key = _key(name)
        bare = without_provider(key)
        for spelling in (key, bare, _plain(bare)):
            if spelling in self._found:
                return spelling
            if (shown := self._shown.get(spelling)) is not None:
                return shown
        return key

    def nearest(self, name: str, most: int = 3) -> tuple[str, ...]:
        """Return ids whose names look like this one, the most alike first."""
        if len(name) > _LONGEST_GUESS:
            return ()
        import difflib  # for an error message only, so not at the cost of every import

        close = difflib.get_close_matches(_key(name), self._found, n=3 * most, cutoff=0.6)
        return tuple(dict.fromkeys(self._found[key].id for key in close))[:most]


def without_provider(name: str) -> str:
    """Return a name without LiteLLM's name of GitHub Models in front."""
    for prefix in _PROVIDERS:
        if name.lower().startswith(prefix) and len(name) > len(prefix):
            return name[len(prefix) :]
    return name


def _plain(name: str) -> str:
    """Write a name that is meant for people as ids are written."""
    return "-".join(name.strip().lower().replace("+", "-plus").split())


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


CATALOG_FILE = Path(__file__).with_name("catalog.json")

PlanQuotas = Mapping[Plan, Quota]

_SETS = ("input_modalities", "output_modalities", "rejects")
_DATES = ("deprecated_on", "retired_on")


@dataclass(frozen=True, slots=True)
class RegistryData:
    """Models in order, quotas by quota class, aliases, and ids recommended by task.

    ``elsewhere`` are models that GitHub Models never had.

    The mappings are not to be changed: a registry shares them with those made from it.
    """

    models: tuple[ModelInfo, ...] = ()
    quotas: Mapping[str, PlanQuotas] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    recommended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: tuple[Elsewhere, ...] = ()


def load_bundled() -> RegistryData:
    """Read the bundled data, which takes about a millisecond."""
    content = json.loads(CATALOG_FILE.read_bytes())
    table: Mapping[str, str] = content["sources"]
    usual = table[content["default_source"]]
    return RegistryData(
        models=tuple(_model(row, table, usual) for row in content["models"]),
        quotas={
            name: _plans(plans, content["quota_columns"])
            for name, plans in content["quotas"].items()
        },
        aliases=tuple(
            Alias(name, group["to"], group["reason"], group.get("substitute", False))
            for group in content["aliases"]
            for name in group["names"]
        ),
        recommended={task: tuple(ids) for task, ids in content["recommended"].items()},
        elsewhere=tuple(
            Elsewhere(tuple(group["names"]), group["offer"]) for group in content["elsewhere"]
        ),
    )


def _model(row: dict[str, Any], table: Mapping[str, str], usual: str) -> ModelInfo:
    named = row.pop("sources", {})
    sources = dict.fromkeys(row, usual)
    for key, fields in named.items():
        sources.update(dict.fromkeys(fields.split(), table[key]))
    for name in _SETS:
        if name in row:
            row[name] = frozenset(row[name])
    for name in _DATES:
        if name in row:
            row[name] = date.fromisoformat(row[name])
    if "tier" in row:
        row["tier"] = parse_tier(row["tier"])
    row["tags"] = tuple(row.get("tags", ()))
    return ModelInfo(**row, sources=sources)


def _plans(plans: Mapping[str, list[int | None] | None], columns: list[str]) -> PlanQuotas:
    return {Plan(plan): _quota(numbers, columns) for plan, numbers in plans.items()}


def _quota(numbers: list[int | None] | None, columns: list[str]) -> Quota:
    if numbers is None:
        return NOT_AVAILABLE
    limits: dict[str, Any] = dict(zip(columns, numbers, strict=True))
    return Quota(**limits)
