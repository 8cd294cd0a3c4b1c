"""A user's corrections, new models and tiers, laid over what a registry knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .data import Alias, NameIndex, RegistryData
from .errors import OverlayError, clip, list_problems
from .model_info import ModelInfo, Plan, Quota, RateLimitTier, parse_tier

if TYPE_CHECKING:
    from .schema import OverlayRow

_SOURCE = "set by an overlay"
_LISTS: dict[str, Any] = {
    "input_modalities": frozenset,
    "output_modalities": frozenset,
    "rejects": frozenset,
    "tags": tuple,
}


def apply_overlay(
    data: RegistryData,
    models: Mapping[str, Mapping[str, object]],
    tiers: Mapping[str, Mapping[str, object]],
) -> RegistryData:
    """Return the data with the user's settings on top; rules in ``ModelRegistry.with_overlay``.

    :raises OverlayError: with one line for each wrong field.
    """
    problems: list[str] = []
    quotas = {**data.quotas, **_quotas(data, tiers, problems)}
    overlay = _Overlay(data, quotas, problems)
    for name, row in _entries("model", models, problems):
        overlay.add(name, row)
    result = overlay.result()
    if problems:
        raise OverlayError(problems)
    return result


class _Overlay:
    """Collects the changed and new models, and what is wrong with them."""

    def __init__(
        self, data: RegistryData, quotas: Mapping[str, Mapping[Plan, Quota]], problems: list[str]
    ) -> None:
        self._data = data
        self._quotas = quotas
        self._problems = problems
        self._names = NameIndex(data.models, ())  # aliases name no model of their own here
        self._models = {model.id: model for model in data.models}
        self._aliases: dict[str, Alias] = {}
        self._given: dict[str, OverlayRow] = {}

    def add(self, name: str, row: Mapping[str, object]) -> None:
        from pydantic import ValidationError

        from .schema import LONGEST_NAME, OverlayRow

        if not name.isprintable() or any(map(str.isspace, name)) or len(name) > LONGEST_NAME:
            self._problems.append(
                f"model {clip(name)}: a name is printable, without white space, and has at most "
                f"{LONGEST_NAME} characters"
            )
            return
        try:
            given = OverlayRow.model_validate(dict(row))
        except ValidationError as error:
            self._problems.extend(list_problems(f"model {clip(name)}", error, OverlayRow))
            return
        known = self._names.find(name)
        if known is None:
            publisher, _, last = name.rpartition("/")
            known = ModelInfo(id=name, name=last, publisher=publisher)
        if known.id in self._given:
            self._problems.append(
                f"model {clip(name)}: {known.id} is described twice; keep one of the two"
            )
            return
        self._given[known.id] = given
        self._models[known.id] = self._change(known, given)
        for alias in given.aliases:
            self._aliases[alias.lower()] = Alias(alias, known.id, _SOURCE)

    def result(self) -> RegistryData:
        models = tuple(self._models.values())
        aliases = (*self._aliases.values(), *self._data.aliases)
        index = NameIndex(models, aliases)
        for id_, given in self._given.items():
            self._check_names(index, self._models[id_], given)
        models = tuple(self._with_successor(index, model) for model in models)
        return replace(self._data, models=models, quotas=self._quotas, aliases=aliases)

    def _change(self, known: ModelInfo, given: OverlayRow) -> ModelInfo:
        changes: dict[str, Any] = {
            name: getattr(given, name) for name in given.model_fields_set - {"aliases"}
        }
        for name, collection in _LISTS.items():
            if changes.get(name) is not None:
                changes[name] = collection(changes[name])
        if "tier" in changes or "quota_class" in changes:
            changes |= self._tier(known, given)
        sources = {**known.sources, **dict.fromkeys(changes, _SOURCE)}
        if "rejects" in changes:
            sources = {key: why for key, why in sources.items() if not key.startswith("rejects.")}
        return replace(known, **changes, sources=sources)

    def _tier(self, known: ModelInfo, given: OverlayRow) -> dict[str, str | None]:
        """Return tier and quota class; where only one is given, the other follows from it."""
        tier = known.tier
        if "tier" in given.model_fields_set:
            tier = None if given.tier is None else parse_tier(given.tier)
        if tier is not None and not isinstance(tier, RateLimitTier) and tier not in self._quotas:
            self._problems.append(
                f"model {clip(known.id)}: tier = {clip(tier)}: should be one of "
                f"{_join(RateLimitTier)} or a tier that you define"
            )
        if "quota_class" in given.model_fields_set:
            quota_class = given.quota_class
            if quota_class is not None and quota_class not in self._quotas:
                self._problems.append(
                    f"model {clip(known.id)}: quota_class = {clip(quota_class)}: should be one "
                    f"of {_join(self._quotas)}"
                )
        elif tier == RateLimitTier.CUSTOM:
            quota_class = known.quota_class if known.tier == tier else None
        else:
            quota_class = None if tier is None else str(tier)
        return {"tier": tier, "quota_class": quota_class}

    def _check_names(self, index: NameIndex, model: ModelInfo, given: OverlayRow) -> None:
        wanted = [("aliases", alias) for alias in given.aliases]
        if given.legacy_name is not None:
            wanted.append(("legacy_name", given.legacy_name))
        for field, value in wanted:
            owner = self._owner(value, model) or index.find(value)
            if owner is not None and owner.id != model.id:
                self._problems.append(
                    f"model {clip(model.id)}: {field} = {clip(value)}: already names {owner.id}"
                )

    def _owner(self, name: str, but: ModelInfo) -> ModelInfo | None:
        """Return another model that has the name as its id or legacy name."""
        key = name.lower()
        for model in self._models.values():
            own = (model.id.lower(), (model.legacy_name or "").lower())
            if key in own and model.id != but.id:
                return model
        return None

    def _with_successor(self, index: NameIndex, model: ModelInfo) -> ModelInfo:
        given = self._given.get(model.id)
        if given is None or given.successor is None:
            return model
        successor = index.find(given.successor)
        if successor is None or successor.id == model.id:
            self._problems.append(
                f"model {clip(model.id)}: successor = {clip(given.successor)}: should be "
                "another model that is known"
            )
            return model
        return replace(model, successor=successor.id)


def _quotas(
    data: RegistryData, tiers: Mapping[str, Mapping[str, object]], problems: list[str]
) -> dict[str, Mapping[Plan, Quota]]:
    from pydantic import ValidationError

    from .schema import TierRow

    changed: dict[str, Mapping[Plan, Quota]] = {}
    for name, row in _entries("tier", tiers, problems):
        key = str(parse_tier(name))
        if key == RateLimitTier.CUSTOM:
            problems.append(
                "tier 'custom': has no quota of its own; use a quota class such as "
                f"{_join(set(data.quotas) - set(map(str, RateLimitTier)))}"
            )
            continue
        try:
            given = TierRow.model_validate(dict(row))
        except ValidationError as error:
            problems.extend(list_problems(f"tier {clip(name)}", error, TierRow))
            continue
        known = data.quotas.get(key, {})
        numbers = given.model_dump(include=given.model_fields_set)
        changed[key] = {
            plan: replace(known.get(plan, Quota()), **numbers, available=True) for plan in Plan
        }
    return changed


def _entries(
    kind: str, settings: object, problems: list[str]
) -> Iterable[tuple[str, Mapping[str, object]]]:
    """Yield the well-formed entries of a table of tables."""
    if not isinstance(settings, Mapping):
        problems.append(f"{kind}s = {clip(settings)}: should be a table of {kind}s by name")
        return
    for name, row in settings.items():
        if not isinstance(name, str) or not name:
            problems.append(f"{kind} {clip(name)}: a name should be a string")
        elif not isinstance(row, Mapping) or not all(isinstance(key, str) for key in row):
            problems.append(f"{kind} {clip(name)} = {clip(row)}: should be a table of fields")
        else:
            yield name, row


def _join(words: Iterable[str]) -> str:
    return ", ".join(str(word) for word in sorted(words))
