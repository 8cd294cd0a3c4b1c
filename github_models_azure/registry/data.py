"""Everything a registry is made of, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .model_info import ModelInfo
from .names import Alias
from .tiers import Plan, Quota

PlanQuotas = Mapping[Plan, Quota]


@dataclass(frozen=True, slots=True)
class RegistryData:
    """Models in order, quotas by quota class, aliases, and ids recommended by task.

    The mappings are not to be changed: a registry shares them with those made from it.
    """

    models: tuple[ModelInfo, ...] = ()
    quotas: Mapping[str, PlanQuotas] = field(default_factory=dict)
    aliases: tuple[Alias, ...] = ()
    recommended: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
