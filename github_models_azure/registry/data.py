"""Everything a registry is made of, as one value, and the data that come with the package.

``catalog.json`` is kept by hand; its own first lines say how it is ordered and graded. A test
checks it against the schema in ``schema.py``, so that loading needs no validation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .model_info import NOT_AVAILABLE, ModelInfo, Plan, Quota, parse_tier
from .names import Alias

CATALOG_FILE = Path(__file__).with_name("catalog.json")

PlanQuotas = Mapping[Plan, Quota]

_SETS = ("input_modalities", "output_modalities", "rejects")
_DATES = ("deprecated_on", "retired_on")


@dataclass(frozen=True, slots=True)
class RegistryData:
    """Models in order, quotas by quota class, aliases, and ids recommended by task.

    The mappings are not to be changed: a registry shares them with those made from it.
    """

    models: tuple[ModelInfo, ...] = ()
    quotas: Mapping[str, PlanQuotas] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    recommended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
            Alias(name, group["to"], group["reason"])
            for group in content["aliases"]
            for name in group["names"]
        ),
        recommended={task: tuple(ids) for task, ids in content["recommended"].items()},
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
