"""How a call begins: what the request is, and which targets may serve it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest

from .._core.bounded import LONGEST_NAME, Bounded
from .._core.request.fit import adapt
from .._core.request.repairs import facts_learnt
from .._core.route.needs import Operation, derive_needs
from .._core.route.plan import REFUSED, Candidate, Plan
from .._core.trail_events import Skip
from ..endpoints import Endpoint, origin_of
from ..endpoints.presets import endpoint_for
from ..exceptions import CredentialScopeError
from ..ledger import Ledger
from ._attempt import UNSTRUCTURED, Unstructured
from ._call import Call
from .observers import CallStart, watch
from .options import FallbackSettings
from .outgoing import Outgoing
from .route import Route, build_route, on_terms, strict_route

CALL_OPTION = "github_models_call"
"""The one option of ours among azure-core's: the :class:`CallReport` of a call."""


@dataclass(slots=True)
class CallReport:
    """Goes down with a call; the policy leaves there what it has begun.

    ``structured`` is the wanted shape of the answer, ``said`` the keywords of the call.
    """

    structured: Unstructured = UNSTRUCTURED
    call: Call | None = None
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Who would be asked for a request, in order, and who would not, with reasons.

    ``targets`` could be asked at once, ``later`` only after a wait or as a last resort, ``skipped``
    not at all. ``input_tokens`` is the estimate that was used.
    """

    requested: str
    targets: tuple[str, ...]
    later: tuple[Skip, ...]
    skipped: tuple[Skip, ...]
    input_tokens: int

    def __str__(self) -> str:
        lines = [f"requested {self.requested}, about {self.input_tokens:,} input tokens"]
        lines += [f"{number}. {target}" for number, target in enumerate(self.targets, 1)]
        lines += [f"later: {skip.target}: {skip.reason}" for skip in self.later]
        lines += [str(skip) for skip in self.skipped]
        return "\n".join(lines)


_ROUTES_BYTES = 8 * 1024 * 1024
_CANDIDATE_BYTES = 2048  # of one target of a route that is kept
_OPERATIONS = tuple(  # the longer suffix first: one ends with another
    (operation.value, operation)
    for operation in (Operation.CHAT, Operation.IMAGE_EMBEDDINGS, Operation.EMBEDDINGS)
)

_NAMES = {  # as the conventions of telemetry have them
    Operation.CHAT: "chat",
    Operation.EMBEDDINGS: "embeddings",
    Operation.IMAGE_EMBEDDINGS: "embeddings",
}


class _Planned(NamedTuple):
    """What a call is, before anything is sent."""

    settings: FallbackSettings
    payload: Mapping[str, object]
    operation: Operation
    route: Route
    plan: Plan
    now: float
    said: frozenset[str]


class Planner:
    """Turns requests into calls; keeps the routes of the models it has seen.

    :param crosses: tells whether credentials are bound to origins further down the pipeline, so
        that a target on another origin may be asked.
    :param retries: tells whether azure-core's own retry stands further down the pipeline.
    """

    def __init__(
        self,
        settings: FallbackSettings,
        crosses: Callable[[], bool],
        retries: Callable[[], bool] = lambda: True,
    ) -> None:
        self.settings = settings
        self._crosses, self._retries = crosses, retries
        self._switches_retry_off: bool | None = None
        self._routes: Bounded[Route] = Bounded(_ROUTES_BYTES)
        self._own: Bounded[Endpoint] = Bounded(_ROUTES_BYTES)

    def begin(self, request: PipelineRequest[HttpRequest]) -> Call | None:
        """Start a call; ``None`` for requests that are not inference, which pass untouched."""
        options = request.context.options
        report: CallReport = options.pop(CALL_OPTION, None) or CallReport()
        if self._switches_retry_off is None:
            self._switches_retry_off = self._retries()
        if _operation_of(request.http_request) is None:
            if self._switches_retry_off:  # it would sleep for as long as any server says
                options.setdefault("retry_total", 0)
            return None
        _make_repeatable(request)
        planned = self._plan(request.http_request, options)
        if planned is None:
            return None
        settings, payload = planned.settings, planned.payload
        switches_retry_off = self._switches_retry_off
        outgoing = Outgoing(
            request, payload, planned.operation, switches_retry_off=switches_retry_off
        )
        call = Call(
            settings, request, outgoing, planned.route, planned.plan, report.structured, planned.now
        )
        outgoing.said = report.said | planned.said
        if settings.observer is not None:
            name, requested = _NAMES[planned.operation], planned.route.requested
            start = CallStart(name, requested, payload, outgoing.is_streamed)
            call.watch = watch(settings.observer, start)
        report.call = call
        return call

    def survey(self, http: HttpRequest, options: dict[str, Any]) -> RoutePlan:
        """Say whom a call would ask; nothing is sent.

        :param options: the keywords of the call that are not the SDK's.
        :raises TypeError: if the body is not a JSON object.
        """
        planned = self._plan(http, options)
        if planned is None:
            raise TypeError("The body is not a JSON object, so there is no route to plan.")
        return _survey(planned)

    def _plan(self, http: HttpRequest, options: dict[str, Any]) -> _Planned | None:
        operation, payload = _operation_of(http), _payload(http)
        said = frozenset(name for name, value in options.items() if value is not None)
        settings = self.settings.with_options(options)
        if operation is None or payload is None:
            return None
        now = settings.clock()
        base = http.url.partition("?")[0].removesuffix(operation.value)
        own, model = self._own_endpoint(settings, base), payload.get("model")
        route = self._route(
            settings, own, model if isinstance(model, str) else None, operation, now
        )
        self._check_origins(route, http.url)
        if settings.adapt == "strict" or route.has_terms:
            route = strict_route(route, _losses(settings, route, payload, said))
        if route.has_terms:
            retries, waits = settings.own_terms(said)
            route = on_terms(route, retries=retries, waits=waits)
        needs = derive_needs(payload, operation, settings.tokenizer)
        candidates = _informed(route.candidates, settings.ledger)
        plan = Plan(candidates, needs, settings.rules(options, route.listed))
        return _Planned(settings, payload, operation, route, plan, now, said)

    def _own_endpoint(self, settings: FallbackSettings, base: str) -> Endpoint:
        own = self._own.get(base)
        if own is None:
            own = settings.endpoint
            if own is None or own.base_url() != base:
                own = endpoint_for(base, known=settings.endpoints)
            self._own.put(base, own)
        return own

    def _route(
        self,
        settings: FallbackSettings,
        own: Endpoint,
        model: str | None,
        operation: Operation,
        now: float,
    ) -> Route:
        if settings is not self.settings or len(model or "") > LONGEST_NAME:
            return build_route(settings, own, model, operation, now)
        # A route holds for a day and for its credentials: dates pass, keys are rotated.
        key = f"{operation.name} {now // 86_400} {model is None} {own.url} {model}"
        route = self._routes.get(key)
        if route is None or not route.is_current():
            route = build_route(settings, own, model, operation, now)
            size = len(route.candidates) * (_CANDIDATE_BYTES + 4 * len(model or ""))
            self._routes.put(key, route, size)
        return route

    def _check_origins(self, route: Route, url: str) -> None:
        if len(route.origins) == 1 and url.startswith(route.origins[0] + "/"):
            return
        origin = origin_of(url)
        foreign = sorted(other for other in route.origins if other != origin)
        if foreign and not self._crosses():
            raise CredentialScopeError(
                f"The route leads from {origin} to {', '.join(foreign)}, and this pipeline would "
                "take the first one's credential along. Add a TargetAuthenticationPolicy as "
                "authentication_policy, or use the ChatCompletionsClient of this package."
            )


def _operation_of(http: HttpRequest) -> Operation | None:
    path = http.url.partition("?")[0] if http.method == "POST" else ""
    for suffix, operation in _OPERATIONS:
        if path.endswith(suffix):
            return operation
    return None


def _make_repeatable(request: PipelineRequest[HttpRequest]) -> None:
    """Read a body that is a file: it can be sent once only, and an attempt may be repeated."""
    http = request.http_request
    content: Any = http.content
    if hasattr(content, "read"):
        headers = {k: v for k, v in http.headers.items() if k.lower() != "content-length"}
        request.http_request = HttpRequest(
            http.method, http.url, headers=headers, content=content.read()
        )


def _payload(http: HttpRequest) -> Mapping[str, object] | None:
    content: Any = http.content
    try:
        if hasattr(content, "read"):  # a route is planned, and the file may be sent after that
            content, place = content.read(), content
            place.seek(0)
        value = json.loads(content)
    except (OSError, TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _informed(candidates: tuple[Candidate, ...], ledger: Ledger) -> tuple[Candidate, ...]:
    """Return the candidates with what their own refusals taught of them."""
    taught = {one.key: found for one in candidates if (found := ledger.learnt(one.key))}
    if not taught:
        return candidates
    return tuple(
        replace(one, learnt=facts_learnt(taught[one.key])) if one.key in taught else one
        for one in candidates
    )


def _losses(
    settings: FallbackSettings,
    route: Route,
    payload: Mapping[str, object],
    said: frozenset[str],
) -> dict[str, str]:
    """Say by candidate key what a strict target would lose of the body that it is meant to get."""
    losses: dict[str, str] = {}
    for candidate in route.candidates:
        defaults = route.destinations[candidate.key].defaults
        if not defaults.is_strict(settings.adapt, settings.usual, said):
            continue
        body, _ = defaults.fill(payload, settings.usual, said)
        known = candidate.facts.rejects | settings.ledger.learnt(candidate.key)
        dialect = route.destinations[candidate.key].endpoint.dialect
        lossy = [change.text for change in adapt(body, known, dialect)[1] if change.lossy]
        if lossy:
            losses[candidate.key] = ", ".join(lossy)
    return losses


def _survey(planned: _Planned) -> RoutePlan:
    plan, route = planned.plan, planned.route
    cooldowns = planned.settings.ledger.in_force(route.keys, planned.now)
    verdicts = plan.survey(now=planned.now, cooldowns=cooldowns)
    return RoutePlan(
        requested=route.requested,
        targets=tuple(v.candidate.target for v in verdicts if v.rank != REFUSED and not v.reason),
        later=tuple(
            Skip(v.candidate.target, v.reason) for v in verdicts if v.rank != REFUSED and v.reason
        ),
        skipped=tuple(Skip(v.candidate.target, v.reason) for v in verdicts if v.rank == REFUSED),
        input_tokens=plan.needs.input_tokens,
    )
