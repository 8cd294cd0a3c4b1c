"""Who may watch calls: the protocol, what observers are told, and how their errors are kept out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .._core.route.cooldown import Cooldown
from .._core.trail_events import Attempt, Pause, Skip
from ..trail import Trail

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallStart:
    """A call as it begins.

    ``operation`` is ``chat`` or ``embeddings``, ``requested`` the target that the caller named.
    ``body`` is the request's own, prompts included: observers read it and keep no part unasked.
    """

    operation: str
    requested: str
    body: Mapping[str, object]
    streamed: bool


@dataclass(frozen=True, slots=True)
class AttemptStart:
    """An attempt as it begins.

    ``url`` is the base URL of its endpoint without a query, ``model`` what the body names, ``body``
    the body as it is sent but for that name. ``number`` counts from 1, ``previous`` is the attempt
    before it in the same call.
    """

    target: str
    url: str
    dialect: str
    model: str | None
    body: Mapping[str, object]
    number: int
    retry: bool
    previous: Attempt | None = None


class CallObserver(Protocol):
    """Is told what one call does, in order, in the thread or task that does it.

    From ``attempt_started`` to ``attempt_ended`` or ``stream_started`` is one stretch of code: what
    is made current there for a context can be taken back in the other. What comes after
    ``stream_started`` comes from wherever the stream is read, closed or dropped.
    """

    def attempt_started(self, attempt: AttemptStart) -> None:
        """Learn that a request is about to be sent."""

    def stream_started(self) -> None:
        """Learn that a stream has content; the caller reads the rest of it."""

    def stream_update(self, update: Mapping[str, object]) -> None:
        """Learn of one event of a stream."""

    def attempt_ended(
        self, attempt: Attempt | None, answer: Mapping[str, object] | None, error: object
    ) -> None:
        """Learn that an attempt is over.

        :param attempt: as in the trail; ``None`` where it was broken off, by a cancellation say.
        :param answer: the body of an answer that was read whole.
        :param error: the exception that came in place of an answer, or ended a stream.
        """

    def skipped(self, skip: Skip) -> None:
        """Learn that a target is passed over."""

    def waited(self, pause: Pause) -> None:
        """Learn that a wait is over."""

    def cooled(self, target: str, cooldown: Cooldown, seconds: float) -> None:
        """Learn that a target, or its endpoint, is left out for ``seconds`` from now."""

    def call_ended(self, trail: Trail, error: BaseException | None, *, abandoned: bool) -> None:
        """Learn that a call is over; a stream that was left before its end is ``abandoned``."""


@runtime_checkable
class Observer(Protocol):
    """Watches the calls of a client: ``ChatCompletionsClient(observer=observer)``."""

    def call_started(self, call: CallStart) -> CallObserver | None:
        """Learn that a call begins; return who is told of the rest, ``None`` for nobody."""


class Watched:
    """An observer whose errors end in the log, once: telemetry breaks no call."""

    __slots__ = ("_complained", "observer")

    def __init__(self, observer: Observer) -> None:
        self.observer, self._complained = observer, False

    def begin(self, start: CallStart) -> CallObserver | None:
        """Tell of a call that begins; return who is told of the rest."""
        try:
            return self.observer.call_started(start)
        except Exception as error:
            self.complain(error)
            return None

    def complain(self, error: Exception) -> None:
        """Log the first error of the observer."""
        if not self._complained:
            self._complained = True
            _LOGGER.warning(
                "The observer %s raised %s; the calls go on without it. Further errors of it are "
                "not logged.",
                type(self.observer).__name__,
                type(error).__name__,
                exc_info=error,
            )

    def __repr__(self) -> str:
        return f"Watched({self.observer!r})"


_everybodys: Watched | None = None


def everybodys_observer() -> Watched | None:
    """Give the observer of all clients that are made without one of their own."""
    return _everybodys


def observe_new_clients(observer: Observer | None) -> None:
    """Have every client that is made from now on watched; ``None`` ends that.

    For instrumentors, which are switched on once for a whole process.
    """
    global _everybodys  # what an instrumentor switches is the process's, by its nature
    _everybodys = None if observer is None else Watched(observer)
