"""The clients behind the gateway, and how a call goes through them."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.rest import HttpRequest

from ..._core.route.needs import Operation
from ...aio import ChatCompletionsClient, EmbeddingsClient
from ...client.base import made_of
from ...client.calls import begin, reported
from ...endpoints import Endpoint, Target
from ...policies.options import FallbackSettings
from ...policies.planner import CallReport
from ...registry import ModelRegistry
from ...settings.load import load_settings
from ...settings.own_endpoint import warnings_of
from ...trail import Trail
from .bodies import Body
from .errors import ErrorAnswer
from .reach import Hops, Reach, Resolve, declared
from .turns import Turns

_LOGGER = logging.getLogger(__name__)
_QUERY = "?api-version=2024-05-01-preview"  # what the SDK sends; each dialect has its own say
_STANDARD = frozenset(
    {
        "frequency_penalty", "input", "max_tokens", "messages", "model", "presence_penalty",
        "response_format", "seed", "stop", "stream", "temperature", "tool_choice", "tools",
        "top_p", "dimensions", "encoding_format", "input_type",
    }
)  # fmt: skip
"""The members that the SDK has keywords for; of all others Azure wants to be told in a header."""

_EXTRA = "extra-parameters"
_POLICIES = ("pass-through", "drop", "error")


@dataclass(slots=True)
class Call:
    """One call on its way: the answer, once there is one, and the trail so far."""

    report: CallReport
    response: Any = None

    @property
    def trail(self) -> Trail | None:
        """The trail as it stands now; ``None`` where no route was made."""
        return None if self.report.call is None else self.report.call.trail()

    @property
    def is_complete(self) -> bool:
        """Whether a stream has said all, its last word included."""
        return self.report.call is not None and self.report.call.has_ended


class Upstream:
    """The clients: one for chat, one for embeddings.

    It takes the arguments of a client. Embeddings fall back to the same model elsewhere only,
    unless ``fallback`` is a mapping: vectors of another model mean something else.

    :param named: the names of endpoints that callers can use beside those of the route and of the
        settings.
    :raises ValueError: for such a name that is not known.
    """

    def __init__(
        self,
        endpoint: str | Endpoint | None,
        credential: Any,
        model: str | None,
        named: Iterable[str] = (),
        **options: Any,
    ) -> None:
        self._chat = ChatCompletionsClient(endpoint, credential, model=model, **options)
        wired = made_of(self._chat)
        self.settings: FallbackSettings = wired.policy.settings
        options["fallback"] = _of_same_model(self.settings.fallback, self.settings.registry)
        self._embeddings = EmbeddingsClient(endpoint, credential, **options)
        self.model = wired.model
        self._vectors_model = made_of(self._embeddings).model
        if self.model is None and self.own.dialect.is_github:
            self.model = "auto"
        self._closing = AsyncExitStack()
        given = load_settings(decided=endpoint is not None or credential is not None)
        moved = warnings_of(given, named)
        names = declared(given) | _checked(named, self.settings.endpoints, moved)
        vectors = made_of(self._embeddings)
        self.hops, self.turns = Hops(), Turns()
        self._reach = {
            Operation.CHAT: Reach(self.settings, self.model, names),
            Operation.EMBEDDINGS: Reach(vectors.policy.settings, vectors.model, names),
        }

    @property
    def own(self) -> Endpoint:
        """The endpoint that models are asked for where none is named."""
        own = self.settings.endpoint
        if own is None:  # pragma: no cover - clients always have one
            raise RuntimeError("the client has no endpoint")
        return own

    @property
    def gone(self) -> str | None:
        """Why the own endpoint is not asked; ``None`` where it is, or one in its place."""
        if self.settings.allow_retired or self.own.moved_to:
            return None
        return self.own.gone(datetime.now(timezone.utc).date())

    def refusal(self, operation: Operation, model: str | None) -> ErrorAnswer | None:
        """Return why a caller's model is not asked for; ``None`` if it may be."""
        kind = Operation.CHAT if operation is Operation.CHAT else Operation.EMBEDDINGS
        return self._reach[kind].refusal(model)

    def keep_off(self, host: str, port: int, resolve: Resolve = socket.getaddrinfo) -> None:
        """See to it that no call leads to the gateway's own address.

        :raises ValueError: if its route does.
        """
        gone = {name for one in self._reach.values() for name in one.keep_off(host, port, resolve)}
        if gone:
            _LOGGER.warning(
                "Callers cannot name %s: the address is the gateway's own.", ", ".join(sorted(gone))
            )

    async def open(self) -> None:
        """Open the connections."""
        for client in (self._chat, self._embeddings):
            await self._closing.enter_async_context(client)

    async def close(self) -> None:
        """Close them."""
        await self._closing.aclose()

    def begin(self, timeout: float) -> tuple[Call, dict[str, Any]]:
        """Return a call that has not been sent, and the options to send it with."""
        options: dict[str, Any] = {"timeout": timeout}
        return Call(begin(options)), options

    async def send(
        self,
        call: Call,
        options: dict[str, Any],
        operation: Operation,
        body: Body,
        extra: str,
        passed: str = "",
    ) -> None:
        """Send a call; its answer has begun when this returns.

        :param extra: what the caller says of parameters that Azure does not know, if anything.
        :param passed: the gateways that it has passed, as its header has them.
        :raises AzureError: for everything else than an answer.
        """
        chat = operation is Operation.CHAT
        default = {Operation.CHAT: self.model, Operation.EMBEDDINGS: self._vectors_model}
        model = default.get(operation)
        if body.model is None and model is not None:
            body = body.with_model(model)
        request = HttpRequest(
            "POST",
            operation.value + _QUERY,
            headers=_headers(body.members, extra) | dict([self.hops.header(passed)]),
            content=body.content,
        )
        client = self._chat if chat else self._embeddings
        with reported(call.report):
            call.response = response = await client.send_request(
                request, stream=chat and body.is_streamed, **options
            )
            if response.status_code != 200:
                raise HttpResponseError(response=response)


def _headers(members: Mapping[str, object], extra: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if extra in _POLICIES:
        headers[_EXTRA] = extra
    elif not members.keys() <= _STANDARD:
        headers[_EXTRA] = "pass-through"
    return headers


def _checked(
    named: Iterable[str], known: Mapping[str, Endpoint], moved: tuple[str, ...]
) -> frozenset[str]:
    for text in moved:
        raise ValueError(f"allow_endpoints: {text} Name or trust the file to allow that address.")
    if isinstance(named, str):
        raise TypeError(f"allow_endpoints is a list of names, not {named!r}.")
    names = frozenset(named)
    for name in sorted(names - known.keys()):
        raise ValueError(
            f"allow_endpoints names {name!r}, which is no known endpoint. Known names: "
            f"{', '.join(sorted(known))}."
        )
    return names


def _of_same_model(fallback: object, registry: ModelRegistry) -> object:
    """Turn a list of targets into lists by model; all else stays as it is."""
    if not isinstance(fallback, tuple):
        return fallback
    by_model: dict[str, list[Target]] = {}
    for target in fallback:
        info = registry.find(target.model)
        by_model.setdefault(info.id if info is not None else target.model, []).append(target)
    return by_model


class Listing:
    """The default model, those that the settings name, and on GitHub Models all that are known."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        owners: dict[str, str] = {}
        for name, owner in self._named():
            owners.setdefault(name, owner)
        self._owners = owners
        self._created = int(time.time())

    def as_json(self) -> dict[str, object]:
        """Return the list."""
        return {"object": "list", "data": [self._entry(name) for name in self._owners]}

    def find(self, name: str) -> dict[str, object] | None:
        """Return the entry of one model; ``None`` where it is not known."""
        if name in self._owners:
            return self._entry(name)
        info = self._upstream.settings.registry.find(name)
        return self._entry(info.id) if info is not None and info.id in self._owners else None

    def targets(self) -> list[str]:
        """Return the targets that the settings name, as trails write them."""
        own = self._upstream.own.name
        targets = [target for targets in self._lists() for target in targets]
        named = [str(Target(t.model, t.endpoint or self._upstream.own)) for t in targets]
        return named + [f"{own}/{name}" for name in self._owners]

    def _entry(self, name: str) -> dict[str, object]:
        owner = self._owners[name]
        return {"id": name, "object": "model", "created": self._created, "owned_by": owner}

    def _named(self) -> Iterator[tuple[str, str]]:
        settings, own = self._upstream.settings, self._upstream.own
        if self._upstream.model is not None:
            yield self._upstream.model, self._owner(self._upstream.model)
        if isinstance(settings.fallback, dict):
            yield from ((name, self._owner(name)) for name in settings.fallback if name != "*")
        for targets in self._lists():
            for target in targets:
                owner = target.endpoint.name if target.endpoint else self._owner(target.model)
                yield str(target), owner
        yield from ((name, self._owner(name)) for name in load_settings(decided=True).overlays)
        if own.dialect.is_github:
            yield from ((info.id, info.publisher or own.name) for info in settings.registry)

    def _lists(self) -> Iterator[tuple[Target, ...]]:
        fallback = self._upstream.settings.fallback
        if isinstance(fallback, tuple):
            yield fallback
        elif isinstance(fallback, dict):
            yield from fallback.values()

    def _owner(self, name: str) -> str:
        info = self._upstream.settings.registry.find(name)
        publisher = info.publisher if info is not None else ""
        return publisher or self._upstream.own.name
