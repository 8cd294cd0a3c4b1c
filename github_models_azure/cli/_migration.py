"""What the settings come to without this package: clients, a route, and what is lost."""

from __future__ import annotations

import keyword
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from ..credentials.github import ENVIRONMENT
from ..credentials.keys import KeySource, WithheldKey
from ..endpoints import Endpoint
from ..endpoints.endpoint import is_loopback
from ..settings.model import API_KEY
from ..settings.own_endpoint import (
    Signed,
    api_key_source,
    own_endpoint,
    signed_endpoints,
)
from ._connect import chosen_model, known_models

if TYPE_CHECKING:
    from ..policies.route import Destination
    from ..settings.model import Settings

SDK_VERSION = "2024-05-01-preview"
"""The ``api-version`` that the SDK sends unless it is told otherwise."""

_DEPLOYMENT = re.compile(r"(?P<base>.*)/openai/deployments/(?P<name>[^/]+)")
_TAKEN = {
    "answer", "asyncio", "client", "complete", "credential", "error", "failed", "keyring", "main",
    "messages", "model", "options", "os",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client of the ``openai`` package.

    :param name: the endpoint's, in the settings.
    :param variable: its name in Python.
    :param endpoint: as it is asked today: the one that took its place, where it moved.
    :param source: where the key comes from; the key itself is never read.
    :param optional: the key may be missing.
    :param query: the names of what the URL says beside ``api-version``; it may be secret.
    :param notes: what has to be said of it.
    """

    name: str
    variable: str
    endpoint: Endpoint
    source: KeySource
    optional: bool = False
    api_version: str | None = None
    query: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def deployment(self) -> tuple[str, str] | None:
        """The base URL and the name of an Azure OpenAI deployment; ``None`` for all others."""
        found = _DEPLOYMENT.fullmatch(self.endpoint.base_url())
        if found is None or self.endpoint.dialect.name != "azure-openai":
            return None
        return found["base"], found["name"]

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that the code reads for it."""
        key = (self.source.name,) if self.source.kind == "env" else ()
        hidden = map(self.placeholder, (*self.query, *self.endpoint.headers))
        return (*key, *hidden)

    def placeholder(self, name: str) -> str:
        """Name the environment variable that stands for a value which may be secret."""
        return _environment_name(f"{self.name}_{name}")


@dataclass(frozen=True, slots=True)
class Step:
    """One target: a client, the model as its endpoint wants it, how it calls the output limit.

    ``limit`` is ``None`` where that is not known.
    """

    client: Client
    model: str | None
    limit: str | None


@dataclass(frozen=True, slots=True)
class Lost:
    """A target that is not asked, and why; ``for_good``: its endpoint has no successor."""

    target: str
    reason: str
    for_good: bool


@dataclass(frozen=True, slots=True)
class Migration:
    """The targets in order, those that are lost, and seconds for one attempt where they are set.

    :param own: the endpoint that is asked first.
    """

    own: Endpoint
    steps: tuple[Step, ...]
    lost: tuple[Lost, ...]
    timeout: float | None = None

    @property
    def clients(self) -> tuple[Client, ...]:
        """Each client once, in the order of the route."""
        return tuple({step.client.name: step.client for step in self.steps}.values())


def migration_of(settings: Settings, endpoint: str | None, model: str | None) -> Migration:
    """Read off the settings who would be asked for a model, and in which way.

    :param endpoint: a name or URL in place of the settings' own endpoint.
    :param model: a model in place of the settings' own.
    :raises ValueError: for an endpoint that is neither, and for ``auto`` without any model.
    """
    from .._core.route.needs import Operation
    from ..policies.options import FallbackSettings, check_options
    from ..policies.route import build_route

    signed = own_endpoint(settings, endpoint)
    own, known = signed.endpoint, signed_endpoints(settings, signed)
    endpoints = {name: one.endpoint for name, one in known.items()}
    fallback = settings.options.get("fallback", "tier")
    if fallback == "tier" and not own.dialect.is_github:
        fallback = None  # other services have other models
    options = {name: settings.options.get(name) for name in ("plan", "allow_retired")}
    checked = check_options({**options, "fallback": fallback}, endpoints)
    registry = known_models()
    route_settings = FallbackSettings(
        endpoint=own, endpoints=endpoints, registry=registry, **checked
    )
    wanted = chosen_model(model, settings, own)
    route = build_route(route_settings, own, wanted, Operation.CHAT, time.time())
    today = datetime.now(timezone.utc).date()
    made: dict[str, Client] = {}
    steps, lost = [], []
    for candidate in route.candidates:
        destination = route.destinations[candidate.key]
        reason = candidate.gone or candidate.refused
        if reason is not None:
            gone = destination.endpoint.gone(today) is not None
            lost.append(Lost(candidate.target, reason, for_good=gone))
            continue
        name = destination.endpoint.name
        if name not in made:
            taken = {client.variable for client in made.values()}
            made[name] = _client(destination, known.get(name, signed), settings, taken)
        info = registry.find(destination.model) if destination.model is not None else None
        rejects = info.rejects if info is not None else frozenset[str]()
        steps.append(_step(made[name], destination.model, rejects))
    timeout = settings.options.get("attempt_timeout")
    return Migration(own, tuple(steps), tuple(lost), timeout)


def _step(client: Client, model: str | None, rejects: frozenset[str]) -> Step:
    limit = None
    if client.endpoint.dialect.renames.get("max_completion_tokens") == "max_tokens":
        limit = "max_tokens"
    elif "max_tokens" in rejects:
        limit = "max_completion_tokens"
    if model is None and client.deployment is not None:  # the URL has said it
        model = client.deployment[1]
    return Step(client, model, limit)


def _key(signed: Signed, settings: Settings) -> tuple[KeySource, bool, str | None]:
    """Return where code takes the key from, whether it may be missing, and what is said of it."""
    endpoint, source = signed.endpoint, signed.source
    local, variable = is_loopback(endpoint.url), _environment_name(f"{endpoint.name}_API_KEY")
    if source == api_key_source(settings):
        told = f"The settings file has its key as api_key: put it into {API_KEY}."
        return KeySource("env", API_KEY), False, told if source.kind == "file" else None
    if source.kind == "file":
        told = f"Its key is {source}: put it into {variable}."
        return KeySource("env", variable), False, told
    if source.kind == "env":
        return source, local and source.name == endpoint.key_variable, None
    if endpoint.key_variable is not None:  # it is stored in the keyring, or missing
        return KeySource("env", endpoint.key_variable), local, None
    if source.kind == "github" and (endpoint.on_github or local):
        set_ones = (name for name in ENVIRONMENT if os.environ.get(name, "").strip())
        return KeySource("env", next(set_ones, "GITHUB_TOKEN")), local, None
    if source.kind in ("keyring", "entra"):
        return source, False, None
    if endpoint.anonymous or local:
        return KeySource("none"), False, None
    return KeySource("env", variable), False, "The settings have no key for it."


def _client(
    destination: Destination, signed: Signed, settings: Settings, taken: Iterable[str]
) -> Client:
    endpoint = destination.endpoint
    source, optional, told = _key(signed, settings)
    given = dict(parse_qsl(urlsplit(endpoint.url).query))
    version = _version(endpoint, given.pop("api-version", None))
    notes = [told] if told else []
    if isinstance(signed.endpoint.credential, WithheldKey):  # this code would send it there
        notes.append(signed.endpoint.credential.message)
    if destination.note is not None:
        gone = signed.endpoint.gone(datetime.now(timezone.utc).date())
        notes.insert(0, f"{gone}; this one replaces it.")
    if endpoint.dialect.name == "unknown":
        notes.append(
            f"Nothing is known about this server. The SDK also sent it api-version={SDK_VERSION} "
            "in the query, and the key as api-key too."
        )
    return Client(
        name=endpoint.name,
        variable=_variable(endpoint.name, set(taken)),
        endpoint=replace(endpoint, credential=None),
        source=source,
        optional=optional,
        api_version=version,
        query=tuple(given),
        notes=tuple(notes),
    )


def _version(endpoint: Endpoint, given: str | None) -> str | None:
    wanted = endpoint.dialect.api_version
    if wanted == "drop":
        return None
    if wanted != "keep":
        return given or wanted
    return given or (SDK_VERSION if endpoint.dialect.name == "azure-models" else None)


def _variable(name: str, taken: set[str]) -> str:
    wanted = re.sub(r"\W+", "_", name.lower()).strip("_")
    if not wanted.isidentifier():
        wanted = f"endpoint_{wanted}".rstrip("_")
    if keyword.iskeyword(wanted) or wanted in _TAKEN or not wanted.isidentifier():
        wanted = f"{wanted}_client" if wanted.isidentifier() else "endpoint"
    found, number = wanted, 1
    while found in taken:
        number += 1
        found = f"{wanted}_{number}"
    return found


def _environment_name(text: str) -> str:
    name = re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


def other_models(settings: Settings, model: str | None) -> bool:
    """Tell whether the table of fallbacks has routes for other models than the one shown."""
    fallback = settings.options.get("fallback")
    return isinstance(fallback, Mapping) and bool(set(fallback) - {model, "*"})
