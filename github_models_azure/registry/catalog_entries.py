"""The answer of ``GET /catalog/models``: checked, turned into models, laid over known ones."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .data import RegistryData
from .errors import CatalogError, clip, list_problems
from .model_info import ModelInfo, RateLimitTier, parse_tier

if TYPE_CHECKING:
    from .schema import CatalogEntry

LARGEST_CATALOG = 8 * 1024 * 1024
"""Bytes; the real catalogue was well under one per cent of it."""

_MOST_COMPLAINTS = 5


@dataclass(frozen=True, slots=True)
class CatalogEntries:
    """The good entries, and one line for each that was left out."""

    entries: tuple[CatalogEntry, ...]
    skipped: tuple[str, ...] = ()


def parse_catalog(content: bytes) -> CatalogEntries:
    """Read a catalogue: a JSON array of entries, or an object with the array as ``data``.

    :raises CatalogError: where not one entry is good.
    """
    if len(content) > LARGEST_CATALOG:
        raise CatalogError(
            f"The catalogue has {len(content)} bytes, more than the {LARGEST_CATALOG} allowed; "
            "check the address."
        )
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CatalogError(
            f"The catalogue is not JSON (it starts with {clip(content[:40])}); check the address."
        ) from error
    rows = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise CatalogError(
            "The catalogue should be a JSON array of models, or an object with one as 'data'; it "
            f"is {clip(answer)}. Check the address."
        )
    return check_entries(rows)


def check_entries(rows: Iterable[object]) -> CatalogEntries:
    """Sort good entries from bad ones.

    :raises CatalogError: where not one is good.
    """
    from pydantic import ValidationError

    from .schema import CatalogEntry

    good: dict[str, CatalogEntry] = {}
    skipped: list[str] = []
    for number, row in enumerate(rows):
        subject = f"entry {number}"
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            subject += f" ({clip(row['id'])})"
        try:
            entry = CatalogEntry.model_validate(row)
        except ValidationError as error:
            skipped.append("; ".join(list_problems(subject, error, CatalogEntry)))
            continue
        if entry.id.lower() in good:
            skipped.append(f"{subject}: the id appears twice")
        else:
            good[entry.id.lower()] = entry
    if not good:
        reasons = skipped[:_MOST_COMPLAINTS] or ["it is empty"]
        raise CatalogError("\n".join(("The catalogue holds no usable model:", *reasons)))
    return CatalogEntries(tuple(good.values()), tuple(skipped))


def lay_over(data: RegistryData, entries: Iterable[CatalogEntry], source: str) -> RegistryData:
    """Return the data with checked entries on top: known facts replaced, new models at the end.

    :param source: grade and origin for the facts replaced.
    """
    models = {model.id.lower(): model for model in data.models}
    for entry in entries:
        known = models.get(entry.id.lower()) or ModelInfo(id=entry.id)
        models[entry.id.lower()] = _update(known, entry, source)
    return replace(data, models=tuple(models.values()))


def _update(known: ModelInfo, entry: CatalogEntry, source: str) -> ModelInfo:
    tier = parse_tier(entry.rate_limit_tier)
    facts: dict[str, Any] = {
        "name": entry.name,
        "publisher": entry.publisher,
        "registry": entry.registry,
        "version": entry.version,
        "summary": entry.summary or None,
        "tier": tier,
        "tags": tuple(entry.tags) if entry.tags else None,
        "input_modalities": _words(entry.supported_input_modalities),
        "output_modalities": _words(entry.supported_output_modalities),
    }
    if tier != RateLimitTier.CUSTOM:
        facts["quota_class"] = str(tier)
    elif known.tier != tier:
        facts["quota_class"] = None
    if entry.limits is not None:
        facts["max_input_tokens"] = entry.limits.max_input_tokens or None
        facts["max_output_tokens"] = entry.limits.max_output_tokens or None  # 0: embeddings
    facts |= _abilities(entry.capabilities)
    given = {name: value for name, value in facts.items() if value is not None}
    if "quota_class" in facts:
        given["quota_class"] = facts["quota_class"]
    sources = {**known.sources, **dict.fromkeys(given, source)}
    return replace(known, **given, sources=sources)


def _abilities(capabilities: list[str] | None) -> dict[str, bool]:
    """Read capabilities; a list without one of the two that most models have denies it."""
    if not capabilities:
        return {}
    found = {
        "tool_calling": "tool-calling" in capabilities,
        "streaming": "streaming" in capabilities,
    }
    if "reasoning" in capabilities:
        found["reasoning"] = True
    return found


def _words(words: list[str] | None) -> frozenset[str] | None:
    return frozenset(words) if words else None
