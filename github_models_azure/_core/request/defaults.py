"""What the settings say of calls to one target; the caller's own word goes before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..trail_events import Change
from .extras import shown
from .fit import RENAMES, SDK
from .fit_messages import IMAGES, fit_messages

_WITHOUT_IMAGES = frozenset({IMAGES})
_WHY = "as the settings of the target say"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long a target is left alone before it is asked again, in seconds.

    :param factor: the first wait, doubled with each; ``least`` and ``most`` bound them.
    """

    factor: float = 0.8
    least: float = 0.0
    most: float = 60.0


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for one target, unless the call or the client says otherwise.

    :param members: members of a chat body, each with its value; ``None`` for one that is left out.
    :param attempt_timeout: seconds; ``None`` for as long as elsewhere.
    :param chat_body: more members of a chat body, which are sent in every dialect.
    :param extra_body: members of every body, likewise; they go before all others.
    :param timeout: seconds that an attempt never exceeds, whatever else is said.
    :param retries: how often it may be asked again; ``None`` for as often as others.
    :param waits: before it is asked again; ``None`` for those of the call.
    :param adapt: ``lenient`` or ``strict``; ``None`` for what holds elsewhere.
    :param text_only: images are left out of what it is sent, also where nothing else may be lost.
    """

    members: Mapping[str, object] = field(default_factory=dict, hash=False)
    attempt_timeout: float | None = None
    chat_body: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)
    extra_body: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)
    timeout: float | None = None
    retries: int | None = None
    waits: Waits | None = None
    adapt: str | None = None
    text_only: bool = False

    @property
    def has_terms(self) -> bool:
        """Whether they say how a call goes on after a failure, and not only what is sent."""
        return (self.retries, self.waits, self.adapt) != (None, None, None)

    @property
    def as_written(self) -> frozenset[str]:
        """The members that are sent whatever a dialect knows."""
        return frozenset({*self.chat_body, *self.extra_body})

    @property
    def chat_members(self) -> dict[str, object]:
        """All members of a chat body."""
        return {**self.members, **self.chat_body, **self.extra_body}

    def with_extra(self, members: Mapping[str, object]) -> Defaults:
        """Return them with more members of every body, which go before those that stand here."""
        return replace(self, extra_body={**self.extra_body, **members}) if members else self

    def fill(
        self, payload: Mapping[str, object], usual: Defaults, said: frozenset[str]
    ) -> tuple[Mapping[str, object], tuple[Change, ...]]:
        """Return a body with the members of this target, and what was changed.

        :param usual: the defaults of the client's own endpoint, which stand in the body already.
        :param said: what the call itself says; it stays.
        """
        is_chat = "messages" in payload
        members = self.chat_members if is_chat else self.extra_body
        filled, changes = dict(payload), []
        for name, value in members.items():
            there = payload.get(name)
            other = RENAMES.get(name)
            kept = name in said or other in payload or there not in (None, usual.members.get(name))
            if kept or there == value:
                continue
            if value is None:
                del filled[name]
                changes.append(Change(f"{name} left out, {_WHY}"))
            else:
                filled[name] = value
                changes.append(Change(f"{shown(name, value)}, {_WHY}"))
        if self.text_only and is_chat:
            filled["messages"], left_out = fit_messages(payload["messages"], _WITHOUT_IMAGES, SDK)
            changes += left_out
        return (filled, tuple(changes)) if changes else (payload, ())

    def seconds(
        self, limit: float | None, usual: Defaults, said: frozenset[str]
    ) -> tuple[float | None, tuple[Change, ...]]:
        """Return how long an attempt may take, and what was changed.

        :param limit: the seconds that hold for the call.
        """
        own, most = self.attempt_timeout, self.timeout
        kept = "attempt_timeout" in said or limit not in (None, usual.attempt_timeout)
        chosen = limit if own is None or kept else own
        if most is not None and (chosen is None or most < chosen):
            chosen = most
        # A bound where the call named none is not worth a line in every trail.
        quiet = chosen == limit or (limit is None and chosen == most)
        if chosen is None or quiet:
            return chosen, ()
        return chosen, (Change(f"attempt_timeout={chosen:g}, {_WHY}"),)

    def is_strict(self, adapt: str, usual: Defaults, said: frozenset[str]) -> bool:
        """Return whether nothing of a request may be lost on this target.

        :param adapt: ``lenient`` or ``strict``, as it holds for the call.
        """
        kept = self.adapt is None or "adapt" in said or adapt != (usual.adapt or "lenient")
        return (adapt if kept else self.adapt) == "strict"

    def told(self) -> Iterator[str]:
        """Yield what they say, each as one short text."""
        for name, value in self.chat_members.items():
            if value is not None:
                yield shown(name, value)
        if self.attempt_timeout is not None:
            yield f"attempt_timeout={self.attempt_timeout:g}"
        if self.timeout is not None:
            yield f"timeout={self.timeout:g}"
        if self.retries is not None:
            yield f"retries={self.retries}"
        if self.waits is not None:
            waits = self.waits
            yield f"waits of {waits.factor:g} doubled, {waits.least:g} to {waits.most:g} seconds"
        if self.adapt is not None:
            yield f"adapt={self.adapt}"
        if self.text_only:
            yield "text without images"


NO_DEFAULTS = Defaults()
