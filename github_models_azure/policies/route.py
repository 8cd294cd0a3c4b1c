"""From a model name to the ordered targets that may serve it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureKeyCredential

from .._core.request.defaults import NO_DEFAULTS, Defaults
from .._core.request.fit import SDK
from .._core.request.fit_messages import IMAGES
from .._core.route.needs import UNKNOWN, ModelFacts, Operation
from .._core.route.plan import Candidate
from ..credentials.fingerprint import fingerprint
from ..credentials.keys import key_of
from ..endpoints import Endpoint, Target, endpoint_for
from ..registry import ModelInfo
from .names import answered_as, heir_of, listed_target, model_at, named_target, substitution
from .options import FallbackSettings

_EPOCH = date(1970, 1, 1)

NO_MODEL = "(its own model)"
"""Stands in a target's name for a request that leaves the model to the endpoint."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an attempt goes: the endpoint, the URL and its query, the model name for the body.

    ``note`` is said in the trail: the route that was asked for is not the one that is taken.
    ``substitution`` is, too: the model that was asked for is not the one that answers.
    ``defaults`` are what the settings say of the endpoint and of the model.
    """

    endpoint: Endpoint
    url: str
    query: str
    model: str | None
    note: str | None = None
    substitution: str | None = None
    defaults: Defaults = NO_DEFAULTS

    @property
    def notes(self) -> tuple[str, ...]:
        """What the trail says of this attempt before its changes."""
        return tuple(filter(None, (self.note, self.substitution)))


@dataclass(frozen=True, slots=True)
class Route:
    """The candidates of one request, and where each is found.

    ``has_terms`` says that some have retries, waits or a strictness of their own.
    ``listed`` counts those that the caller or the settings named: no models of a tier, no heirs.
    """

    requested: str
    candidates: tuple[Candidate, ...]
    destinations: Mapping[str, Destination]
    keys: tuple[str, ...]
    origins: tuple[str, ...]
    credentials: tuple[tuple[object, str | None], ...] = field(repr=False)
    has_terms: bool = False
    listed: int = 0

    def is_current(self) -> bool:
        """Return whether the credentials have the keys that they had when the route was made."""
        for credential, known in self.credentials:
            if isinstance(credential, AzureKeyCredential):
                key: str | None = credential.key
            else:
                key = key_of(credential)
            if key != known:
                return False
        return True


def build_route(
    settings: FallbackSettings,
    own: Endpoint,
    model: str | None,
    operation: Operation,
    now: float,
) -> Route:
    """Order the targets for a model: the requested one, then those the settings name.

    :param own: the endpoint that the request was addressed to.
    :param model: as the caller wrote it; ``None`` where the endpoint decides.
    :raises ValueError: where ``auto`` is left without any model.
    """
    today = _EPOCH + timedelta(seconds=now)
    candidates: list[Candidate] = []
    destinations: dict[str, Destination] = {}
    keys: list[str] = []
    places: dict[int, _Place] = {}
    listed = 0
    wanted = _with_heirs(settings, _targets(settings, own, model, operation), today)
    for declared, name, chosen, substituted in wanted:
        place = places.get(id(declared))
        if place is None:
            place = places[id(declared)] = _Place.of(settings, declared, operation, today)
        candidate, wire_name, defaults = _place(settings, place, name, today, chosen=chosen)
        if candidate.key in destinations:
            continue
        candidates.append(candidate)
        listed += not (chosen or substituted)
        destinations[candidate.key] = Destination(
            _taking(place.endpoint, defaults), place.url, place.query, wire_name, place.note,
            substituted or _substitution(settings, place.endpoint, name, chosen=chosen), defaults,
        )  # fmt: skip
        keys.append(candidate.key)
        if candidate.endpoint not in keys:
            keys.append(candidate.endpoint)
    if not candidates:
        raise ValueError(
            f"model={model!r} stands for no model that the plan {settings.plan.value!r} has. "
            "Name a model, or set plan=."
        )
    origins = dict.fromkeys(place.endpoint.origin for place in destinations.values())
    credentials = {
        id(used): used for used in (d.endpoint.credential for d in destinations.values())
    }
    return Route(
        candidates[0].target,
        tuple(candidates),
        destinations,
        tuple(keys),
        tuple(origins),
        tuple((one, key_of(one)) for one in credentials.values()),
        has_terms=any(destination.defaults.has_terms for destination in destinations.values()),
        listed=listed,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """An endpoint as it stands today: where it has moved to, and whether it serves the operation.

    ``base`` tells it apart in the ledger, by address and credential. ``declared`` is kept so that
    no other object takes over its identity while a route is made.
    """

    declared: Endpoint
    endpoint: Endpoint
    base: str
    url: str
    query: str
    note: str | None
    refused: str | None

    @classmethod
    def of(
        cls, settings: FallbackSettings, declared: Endpoint, operation: Operation, today: date
    ) -> _Place:
        endpoint, note = declared, None
        if declared.moved_to and not settings.allow_retired and declared.gone(today):
            endpoint = replace(endpoint_for(declared.moved_to), name=declared.name)
            known = declared.dialect if endpoint.dialect is SDK else endpoint.dialect
            endpoint = replace(
                endpoint, credential=declared.credential, headers=declared.headers,
                anonymous=declared.anonymous, dialect=known, defaults=declared.defaults,
                extra_body=declared.extra_body, timeout=declared.timeout,
            )  # fmt: skip
            note = f"{declared.gone(today)}, sent to {endpoint.base_url()} instead"
        path = endpoint.dialect.path(operation)
        kind = operation.name.lower().replace("_", " ")
        return cls(
            declared=declared,
            endpoint=endpoint,
            base=f"{endpoint.base_url()}#{fingerprint(endpoint.credential)}",
            url=endpoint.base_url() + (path or operation.value),
            query=urlsplit(endpoint.url).query,
            note=note,
            refused=None if path else f"{endpoint.dialect} endpoints do not serve {kind}",
        )


def _taking(endpoint: Endpoint, defaults: Defaults) -> Endpoint:
    """Return an endpoint that takes what the settings say it is to be sent."""
    members = endpoint.dialect.members
    if members is None or defaults.as_written <= members:
        return endpoint
    wider = replace(endpoint.dialect, members=members | defaults.as_written)
    return replace(endpoint, dialect=wider)


_Wanted = tuple[Endpoint, str | None, bool]


def _with_heirs(
    settings: FallbackSettings, targets: Iterator[_Wanted], today: date
) -> Iterator[tuple[Endpoint, str | None, bool, str | None]]:
    """Put after each retired model that the caller named the one that answers for it."""
    for endpoint, name, chosen in targets:
        yield endpoint, name, chosen, None
        heir = None if chosen else heir_of(settings, endpoint, name, today)
        if heir is not None:
            yield endpoint, heir.id, False, answered_as(str(name), heir)


def _substitution(
    settings: FallbackSettings, endpoint: Endpoint, name: str | None, *, chosen: bool
) -> str | None:
    info = model_at(settings.registry, endpoint, name)
    if chosen or name is None or info is None or not endpoint.dialect.is_github:
        return None
    return substitution(settings.registry, name, info)


def _targets(
    settings: FallbackSettings, own: Endpoint, model: str | None, operation: Operation
) -> Iterator[_Wanted]:
    """Yield the targets; the last part tells those we chose from those the caller named."""
    fallback = settings.fallback
    named, name = named_target(settings, own, model)
    endpoint = settings.stand_in(named)
    if name is not None and settings.registry.is_auto(name):
        for choice in _auto(settings, endpoint, name):
            yield endpoint, choice.id, True
        if fallback == "tier":
            return
    else:
        yield endpoint, name, False
    info = model_at(settings.registry, endpoint, name)
    if isinstance(fallback, Mapping):
        fallback = _listed(fallback, model, name, info)
    if isinstance(fallback, tuple):
        for target in fallback:
            other, listed = listed_target(settings, own, target)
            yield settings.stand_in(other), listed, False
    elif fallback == "tier" and info is not None and _has_tiers(endpoint, operation):
        for same in settings.registry.same_tier(info.id):
            # An endpoint that was asked for a bare name is given bare names.
            alike = same.id if "/" in str(name) else same.legacy_name or same.id
            yield endpoint, alike, True


def _has_tiers(endpoint: Endpoint, operation: Operation) -> bool:
    """Tell whether models of one tier can stand in for each other.

    Vectors of another model are another space, and deployments go by names of their own.
    """
    by_model = endpoint.dialect.is_github or endpoint.dialect is SDK
    return operation is Operation.CHAT and by_model


def _auto(settings: FallbackSettings, endpoint: Endpoint, name: str) -> tuple[ModelInfo, ...]:
    plan = settings.plan if endpoint.dialect.is_github else None
    return settings.registry.auto_candidates(name, plan=plan)


def _listed(
    fallback: Mapping[str, tuple[Target, ...]],
    model: str | None,
    name: str | None,
    info: ModelInfo | None,
) -> tuple[Target, ...]:
    for key in (model, name, info.id if info else None, "*"):
        if key is not None and key in fallback:
            return fallback[key]
    return ()


def _place(
    settings: FallbackSettings,
    place: _Place,
    name: str | None,
    today: date,
    *,
    chosen: bool,
) -> tuple[Candidate, str | None, Defaults]:
    endpoint, base = place.endpoint, place.base
    github = endpoint.dialect.is_github
    info = model_at(settings.registry, endpoint, name)
    wire = _wire_name(endpoint, name, info)
    # On GitHub a model has many names, elsewhere every name may be a model of its own.
    known = info.id if info is not None and github else wire
    gone = _gone(settings, endpoint, info, today, chosen=chosen)
    if gone and name is not None and github:
        gone = "; ".join(filter(None, (gone, settings.registry.elsewhere(name))))
    defaults = endpoint.terms.with_extra(info.extra_body if info is not None else {})
    # Facts are GitHub's: elsewhere they guide our choice, and leave the caller's own alone.
    firm = chosen or github
    candidate = Candidate(
        target=f"{endpoint.name}/{known or NO_MODEL}",
        key=f"{base}|{(known or '').lower()}",
        endpoint=base,
        # Nobody asks what a target could do that is not there any more.
        facts=UNKNOWN if gone else _facts(settings, endpoint, info, firm=firm),
        firm=firm,
        gone=gone,
        # What the caller names is asked: the plan may be a default that nobody thought of.
        refused=place.refused
        or (_refused(settings, endpoint, info) if chosen and not gone else None),
        advice=endpoint.successor,
        retries=defaults.retries,
        own_waits=defaults.waits is not None,
    )
    return candidate, wire, defaults


def _wire_name(endpoint: Endpoint, name: str | None, info: ModelInfo | None) -> str | None:
    if info is None or not endpoint.dialect.is_github:
        return name
    if endpoint.dialect.model_names == "legacy":
        return info.legacy_name or info.id
    return info.id


def _facts(
    settings: FallbackSettings, endpoint: Endpoint, info: ModelInfo | None, *, firm: bool
) -> ModelFacts:
    lacks: dict[str, Any] = dict.fromkeys(endpoint.dialect.lacks, False)
    if not endpoint.dialect.tool_choice:
        lacks["forced_choice"] = False
    if IMAGES in endpoint.dialect.refuses or endpoint.defaults.text_only:
        lacks["drops_images"] = True
    if info is None:
        return replace(UNKNOWN, **lacks) if lacks else UNKNOWN
    facts = info.facts() if firm else replace(info.facts(), rejects=frozenset())
    facts = replace(facts, **lacks) if lacks else facts
    quota = settings.registry.quota(info, settings.plan)
    cap = quota.input_tokens_per_request if quota is not None else None
    if cap is None:
        return facts
    if not endpoint.dialect.is_github:  # the tiers are GitHub's; who serves here is not known
        return replace(facts, advised_input_tokens=cap)
    return replace(facts, input_tokens=min(cap, facts.input_tokens or cap))


def _gone(
    settings: FallbackSettings,
    endpoint: Endpoint,
    info: ModelInfo | None,
    today: date,
    *,
    chosen: bool,
) -> str | None:
    if settings.allow_retired:
        return None
    reason = endpoint.gone(today)
    if reason is None and info is not None and (chosen or endpoint.dialect.is_github):
        retired = info.retired_on
        if retired is not None and retired <= today:
            successor = f"; its successor is {info.successor}" if info.successor else ""
            reason = f"{info.id} was retired on {retired.isoformat()}{successor}"
    return reason


def strict_route(route: Route, losses: Mapping[str, str]) -> Route:
    """Refuse the candidates that would lose something; ``losses`` gives it by candidate key."""
    if not losses:
        return route
    refused = tuple(
        replace(candidate, refused=f"would lose: {losses[candidate.key]}")
        if candidate.key in losses
        else candidate
        for candidate in route.candidates
    )
    return replace(route, candidates=refused)


def on_terms(route: Route, *, retries: bool, waits: bool) -> Route:
    """Take from the candidates the retries or the waits of their own, if the call says them."""
    if retries and waits:
        return route
    candidates = tuple(
        replace(one, retries=one.retries if retries else None, own_waits=one.own_waits and waits)
        for one in route.candidates
    )
    return replace(route, candidates=candidates)


def _refused(settings: FallbackSettings, endpoint: Endpoint, info: ModelInfo | None) -> str | None:
    if info is None or not endpoint.dialect.is_github:
        return None
    quota = settings.registry.quota(info, settings.plan)
    if quota is not None and not quota.available:
        return f"not available on the plan {settings.plan.value}"
    return None
