"""Who may watch calls: the protocol, what observers are told, in which order, each end once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from .._core.route.cooldown import Cooldown
from .._core.route.plan import Try
from .._core.trail_events import Attempt, Pause, Skip
from ..endpoints import Endpoint
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
                "The observer %s raised %s; the calls go on without it. Its further errors are "
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


class Unwatched:
    """Takes a watch's place where nobody watches; one serves all calls."""

    __slots__ = ()

    @property
    def tap(self) -> Callable[[Mapping[str, object]], None] | None:
        """What wants to see every event of a stream."""
        return None

    def attempt_started(
        self,
        step: Try,
        endpoint: Endpoint,
        model: str | None,
        body: Mapping[str, object],
        before: int,
    ) -> None:
        """Tell of a request that is about to be sent, after ``before`` others.

        :param model: the name that goes into the body; ``None`` leaves the body's own.
        """

    def recorded(self, attempt: Attempt, came: object, *, streamed: bool) -> None:
        """Tell of what came back: an answer, the beginning of a stream, or an exception."""

    def noticed(self, event: Skip | Pause) -> None:
        """Tell of a target that is passed over, or of a wait that is over."""

    def cooled(self, target: str, cooldown: Cooldown | None, now: float) -> None:
        """Tell of a cooldown, where a failure led to one."""

    def over(
        self,
        trail: Callable[[], Trail],
        error: BaseException | None = None,
        *,
        abandoned: bool = False,
    ) -> None:
        """Tell that the call is over, and the attempt that was under way with it."""


UNWATCHED = Unwatched()


class Watch(Unwatched):
    """Tells the observer of one call; what it raises goes no further."""

    __slots__ = ("_call", "_last", "_over", "_started", "_streams", "_watched")

    def __init__(self, watched: Watched, call: CallObserver) -> None:
        self._watched, self._call = watched, call
        self._last: Attempt | None = None
        self._started = self._streams = self._over = False

    @property
    def tap(self) -> Callable[[Mapping[str, object]], None]:
        """What wants to see every event of a stream."""
        return self._stream_update  # kept by nobody who is kept by this: no circle

    def attempt_started(
        self,
        step: Try,
        endpoint: Endpoint,
        model: str | None,
        body: Mapping[str, object],
        before: int,
    ) -> None:
        """Tell of a request that is about to be sent, after ``before`` others.

        :param model: the name that goes into the body; ``None`` leaves the body's own.
        """
        named = model or body.get("model")
        start = AttemptStart(
            target=step.candidate.target,
            url=endpoint.base_url(),
            dialect=endpoint.dialect.name,
            model=named if isinstance(named, str) else None,
            body=body,
            number=before + 1,
            retry=step.retry,
            previous=self._last,
        )
        self._started = True
        self._tell("attempt_started", start)

    def recorded(self, attempt: Attempt, came: object, *, streamed: bool) -> None:
        """Tell of what came back: an answer, the beginning of a stream, or an exception."""
        self._last = attempt
        if streamed and attempt.failure is None:
            self._streams = True
            self._tell("stream_started")
            return
        error = came if isinstance(came, BaseException) else None
        self._attempt_ended(attempt, came if isinstance(came, Mapping) else None, error)

    def noticed(self, event: Skip | Pause) -> None:
        """Tell of a target that is passed over, or of a wait that is over."""
        self._tell("skipped" if isinstance(event, Skip) else "waited", event)

    def cooled(self, target: str, cooldown: Cooldown | None, now: float) -> None:
        """Tell of a cooldown, where a failure led to one."""
        if cooldown is not None:
            self._tell("cooled", target, cooldown, max(0.0, cooldown.until - now))

    def over(
        self,
        trail: Callable[[], Trail],
        error: BaseException | None = None,
        *,
        abandoned: bool = False,
    ) -> None:
        """Tell that the call is over, and the attempt that was under way with it."""
        if self._over:
            return
        self._over, made = True, trail()
        if self._started:
            self._attempt_ended(made.attempts[-1] if self._streams else None, None, error)
        self._tell("call_ended", made, error, abandoned=abandoned)

    def _stream_update(self, update: Mapping[str, object]) -> None:
        self._tell("stream_update", update)

    def _attempt_ended(
        self, attempt: Attempt | None, body: Mapping[str, object] | None, error: object
    ) -> None:
        self._started = False
        self._tell("attempt_ended", attempt, body, error)

    def _tell(self, what: str, *values: Any, **named: Any) -> None:
        try:
            getattr(self._call, what)(*values, **named)
        except Exception as error:
            self._watched.complain(error)


def watch(watched: Watched, start: CallStart) -> Unwatched:
    """Begin to tell of a call, where the observer wants to know of it."""
    call = watched.begin(start)
    return UNWATCHED if call is None else Watch(watched, call)
