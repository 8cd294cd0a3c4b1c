"""The models that a caller may name, as ``/v1/models`` lists them."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ...endpoints import Target
from ...settings.load import load_settings
from .upstream import Upstream


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

    def origins(self) -> set[str]:
        """Return the origins that the settings send calls to."""
        named = {t.endpoint.origin for targets in self._lists() for t in targets if t.endpoint}
        return {self._upstream.own.origin, *named}

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
