"""How a policy begins a call: what the request is, and which targets may serve it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from azure.core.pipeline import PipelineRequest
from azure.core.rest import HttpRequest

from .._core.request.fit import adapt
from .._core.route.needs import Operation, derive_needs
from .._core.route.plan import REFUSED, Plan
from .._core.trail_events import Skip
from ..endpoints import Endpoint, origin_of
from ..endpoints.presets import endpoint_for
from ..exceptions import CredentialScopeError
from ._observers import CallStart
from ._outgoing import Outgoing
from ._report import REPORT_OPTION, CallReport, RoutePlan, RoutePlanned
from ._route import Route, build_route, strict_route
from ._run import Run
from ._watch import watch
from .options import FallbackSettings

_ROUTES_KEPT = 512
_OPERATIONS = tuple(  # the longer suffix first: one ends with another
    (operation.value, operation)
    for operation in (Operation.CHAT, Operation.IMAGE_EMBEDDINGS, Operation.EMBEDDINGS)
)

_NAMES = {  # as the conventions of telemetry have them
    Operation.CHAT: "chat",
    Operation.EMBEDDINGS: "embeddings",
    Operation.IMAGE_EMBEDDINGS: "embeddings",
}


class Planner:
    """Turns requests into runs; keeps the routes of the models it has seen.

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
        self._routes: dict[tuple[object, ...], Route] = {}
        self._own: dict[str, Endpoint] = {}

    def begin(self, request: PipelineRequest[HttpRequest]) -> Run | None:
        """Start a call; ``None`` for requests that are not inference, which pass untouched."""
        http = request.http_request
        path = http.url.partition("?")[0]
        operation = _operation_of(path)
        options = request.context.options
        report: CallReport | None = options.pop(REPORT_OPTION, None)
        if self._switches_retry_off is None:
            self._switches_retry_off = self._retries()
        if operation is None or http.method != "POST":
            if self._switches_retry_off:  # it would sleep for as long as any server says
                options.setdefault("retry_total", 0)
            return None
        settings = self.settings.with_options(options)
        payload = _payload(request)
        if payload is None:
            return None
        now = settings.clock()
        own = self._own_endpoint(settings, path.removesuffix(operation.value))
        model = payload.get("model")
        route = self._route(
            settings, own, model if isinstance(model, str) else None, operation, now
        )
        self._check_origins(route, http.url)
        if settings.adapt == "strict":
            route = strict_route(route, _losses(settings, route, payload))
        plan = Plan(
            route.candidates,
            derive_needs(payload, operation, settings.tokenizer),
            settings.rules(options),
        )
        if report is not None and report.plan_only:
            raise RoutePlanned(_survey(plan, settings, route, now))
        outgoing = Outgoing(
            request, payload, operation, switches_retry_off=self._switches_retry_off
        )
        run = Run(settings, request, outgoing, route, plan, now)
        if settings.observer is not None:
            start = CallStart(_NAMES[operation], route.requested, payload, outgoing.is_streamed)
            run.watch = watch(settings.observer, start)
        if report is not None:
            report.run = run
        return run

    def _own_endpoint(self, settings: FallbackSettings, base: str) -> Endpoint:
        own = settings.endpoint
        if own is not None and own.base_url() == base:
            return own
        if base not in self._own:
            if len(self._own) >= _ROUTES_KEPT:
                self._own.clear()
            self._own[base] = endpoint_for(base, known=settings.endpoints)
        return self._own[base]

    def _route(
        self,
        settings: FallbackSettings,
        own: Endpoint,
        model: str | None,
        operation: Operation,
        now: float,
    ) -> Route:
        if settings is not self.settings:
            return build_route(settings, own, model, operation, now)
        # A route holds for a day and for its credentials: dates pass, keys are rotated.
        key = (own.url, model, operation, now // 86_400)
        route = self._routes.get(key)
        if route is None or not route.is_current():
            if len(self._routes) >= _ROUTES_KEPT:
                self._routes.clear()
            route = self._routes[key] = build_route(settings, own, model, operation, now)
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


def _operation_of(path: str) -> Operation | None:
    for suffix, operation in _OPERATIONS:
        if path.endswith(suffix):
            return operation
    return None


def _payload(request: PipelineRequest[HttpRequest]) -> Mapping[str, object] | None:
    http = request.http_request
    content: Any = http.content
    if hasattr(content, "read"):
        # A file can be sent once only, an attempt may be repeated.
        content = content.read()
        headers = {k: v for k, v in http.headers.items() if k.lower() != "content-length"}
        request.http_request = HttpRequest(http.method, http.url, headers=headers, content=content)
    try:
        value = json.loads(content)
    except (TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _losses(
    settings: FallbackSettings, route: Route, payload: Mapping[str, object]
) -> dict[str, str]:
    losses: dict[str, str] = {}
    for candidate in route.candidates:
        known = candidate.facts.rejects | settings.ledger.learnt(candidate.key)
        dialect = route.destinations[candidate.key].endpoint.dialect
        lossy = [change.text for change in adapt(payload, known, dialect)[1] if change.lossy]
        if lossy:
            losses[candidate.key] = ", ".join(lossy)
    return losses


def _survey(plan: Plan, settings: FallbackSettings, route: Route, now: float) -> RoutePlan:
    cooldowns = settings.ledger.in_force(route.keys, now)
    verdicts = plan.survey(now=now, cooldowns=cooldowns)
    return RoutePlan(
        requested=route.requested,
        targets=tuple(v.candidate.target for v in verdicts if v.rank != REFUSED and not v.reason),
        later=tuple(
            Skip(v.candidate.target, v.reason) for v in verdicts if v.rank != REFUSED and v.reason
        ),
        skipped=tuple(Skip(v.candidate.target, v.reason) for v in verdicts if v.rank == REFUSED),
        input_tokens=plan.needs.input_tokens,
    )
