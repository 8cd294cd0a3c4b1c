"""Tells an observer of one call, in the right order and of each end once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._core.route.cooldown import Cooldown
from .._core.route.plan import Try
from .._core.trail_events import Attempt, Pause, Skip
from ..trail import Trail
from ._observers import AttemptStart, CallObserver, CallStart, Watched
from ._route import Destination


class Unwatched:
    """Takes a watch's place where nobody watches; one serves all calls."""

    __slots__ = ()

    @property
    def tap(self) -> Callable[[Mapping[str, object]], None] | None:
        """What wants to see every event of a stream."""
        return None

    def attempt_started(
        self, step: Try, destination: Destination, body: Mapping[str, object], before: int
    ) -> None:
        """Tell of a request that is about to be sent, after ``before`` others."""

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
        self, step: Try, destination: Destination, body: Mapping[str, object], before: int
    ) -> None:
        """Tell of a request that is about to be sent, after ``before`` others."""
        endpoint, model = destination.endpoint, destination.model or body.get("model")
        start = AttemptStart(
            target=step.candidate.target,
            url=endpoint.base_url(),
            dialect=endpoint.dialect.name,
            model=model if isinstance(model, str) else None,
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
