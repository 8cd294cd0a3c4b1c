"""What the settings say of calls to one target; the caller's own word goes before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..trail_events import Change
from .fit import RENAMES


@dataclass(frozen=True, slots=True)
class Defaults:
    """Members of a chat body, and the seconds of an attempt, that hold for one target.

    :param members: each with its value; ``None`` for one that is left out.
    :param attempt_timeout: seconds; ``None`` for as long as elsewhere.
    """

    members: Mapping[str, object] = field(default_factory=dict, hash=False)
    attempt_timeout: float | None = None

    def fill(
        self, payload: Mapping[str, object], usual: Defaults, said: frozenset[str]
    ) -> tuple[Mapping[str, object], tuple[Change, ...]]:
        """Return a chat body with the members of this target, and what was changed.

        :param usual: the defaults of the client's own endpoint, which stand in the body already.
        :param said: what the call itself says; it stays.
        """
        if "messages" not in payload:
            return payload, ()
        filled, changes = dict(payload), []
        for name, value in self.members.items():
            there = payload.get(name)
            other = RENAMES.get(name)
            kept = name in said or other in payload or there not in (None, usual.members.get(name))
            if kept or there == value:
                continue
            if value is None:
                del filled[name]
                changes.append(Change(f"{name} left out, as the settings of the target say"))
            else:
                filled[name] = value
                changes.append(Change(f"{name}={value!r}, as the settings of the target say"))
        return (filled, tuple(changes)) if changes else (payload, ())

    def seconds(
        self, limit: float | None, usual: Defaults, said: frozenset[str]
    ) -> tuple[float | None, tuple[Change, ...]]:
        """Return how long an attempt may take, and what was changed.

        :param limit: the seconds that hold for the call.
        """
        own = self.attempt_timeout
        kept = "attempt_timeout" in said or limit not in (None, usual.attempt_timeout)
        if own is None or own == limit or kept:
            return limit, ()
        return own, (Change(f"attempt_timeout={own:g}, as the settings of the target say"),)


NO_DEFAULTS = Defaults()
