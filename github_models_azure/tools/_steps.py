"""What a tool runner does next: ask the model, run calls, finish, or stop at a limit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum

from .._core.route.needs import demanded_call

_COUNTS = {"rounds": 1, "calls": 0, "parallel": 1, "repeats": 1, "result_chars": 100, "errors": 1}
_WHOLE = frozenset({"tool_calls", "stop", "function_call"})  # any other reason may cut a call
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How far a run with tools may go.

    :ivar rounds: how often the model is asked.
    :ivar calls: how many calls are run, in all rounds together.
    :ivar parallel: how many calls run at once.
    :ivar repeats: how often the same call, with the same arguments, may be made.
    :ivar result_chars: how many characters of a result the model is shown; at least 100.
    :ivar seconds: how long the run may take; ``None`` for no limit.
    :ivar errors: how many rounds in a row may fail, which is when no call in them did its work.
    :raises ValueError: if a number is too small.
    :raises TypeError: if it is no number.
    """

    rounds: int = 10
    calls: int = 50
    parallel: int = 8
    repeats: int = 3
    result_chars: int = 50_000
    seconds: float | None = None
    errors: int = 3

    def __post_init__(self) -> None:
        for name in (one.name for one in fields(self)):
            value = getattr(self, name)
            if name != "seconds":
                if type(value) is not int:
                    raise TypeError(f"RunLimits({name}={value!r}): give a whole number.")
                if value < _COUNTS[name]:
                    raise ValueError(f"RunLimits({name}={value}): {_COUNTS[name]} is the least.")
            elif value is not None:
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise TypeError(f"RunLimits(seconds={value!r}): give a number, or None.")
                if not value > 0:
                    raise ValueError(f"RunLimits(seconds={value}): give more than 0, or None.")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the model wrote it; ``arguments`` is text that may be anything."""

    id: str
    name: str
    arguments: str

    @property
    def key(self) -> tuple[str, str]:
        """The name and the arguments, the same for identical calls."""
        try:
            written = json.dumps(json.loads(self.arguments), sort_keys=True)
        except (ValueError, RecursionError):
            written = self.arguments.strip()
        return self.name, "{}" if written in ("", "null") else written

    @property
    def is_whole(self) -> bool:
        """Whether the arguments came to their end."""
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False

    def __str__(self) -> str:
        text = " ".join(self.arguments.split())
        return f"{self.name}({text if len(text) <= _SHOWN else text[: _SHOWN - 3] + '...'})"


def read_calls(message: Mapping[str, object]) -> tuple[Call, ...]:
    """Return the calls in a message of a model; what is no call in it becomes one without name."""
    given = message.get("tool_calls")
    return tuple(map(_read_call, given)) if isinstance(given, (list, tuple)) else ()


def _read_call(call: object) -> Call:
    members: Mapping[str, object] = call if isinstance(call, Mapping) else {}
    function = members.get("function")
    inner: Mapping[str, object] = function if isinstance(function, Mapping) else {}
    name, arguments = inner.get("name"), inner.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        try:
            arguments = json.dumps(arguments)
        except (TypeError, ValueError, RecursionError):
            arguments = str(type(arguments))
    identity = members.get("id")
    return Call(
        identity if isinstance(identity, str) else "",
        name if isinstance(name, str) else "",
        arguments or "",
    )


def is_cut(calls: Sequence[Call], finish: str | None) -> bool:
    """Tell whether an answer ended inside a call, by its finish reason and its last call."""
    return bool(calls) and finish not in _WHOLE and not all(call.is_whole for call in calls)


def next_choice(choice: object) -> object:
    """Return the ``tool_choice`` for the requests after the first.

    A forced call is forced once: if it were forced again the model could never answer.
    """
    return choice if demanded_call({"tool_choice": choice}) is None else "auto"


class Outcome(Enum):
    """What became of one call."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    PENDING = "pending"  # somebody else carries it out


class Limit(Enum):
    """A limit of :class:`RunLimits` that was met; the value is the name of its field."""

    ROUNDS = "rounds"
    CALLS = "calls"
    REPEATS = "repeats"
    SECONDS = "seconds"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class AskModel:
    """Send the conversation to the model."""


@dataclass(frozen=True, slots=True)
class RunCalls:
    """Carry out the calls of the last answer; where it was ``cut``, only say so to the model."""

    calls: tuple[Call, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over: there is an answer, or calls are left for somebody else."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A limit was met; ``message`` says which, and what to do."""

    limit: Limit
    message: str


Step = AskModel | RunCalls | Finish | Stop
"""What to do next."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; every event makes a new value.

    :ivar external: names of tools that somebody else carries out.
    :ivar rounds: how often the model has answered.
    """

    limits: RunLimits
    external: frozenset[str] = frozenset()
    rounds: int = 0
    _run: int = 0
    _failed: int = 0
    _made: Mapping[tuple[str, str], int] = field(default_factory=dict)
    _calls: tuple[Call, ...] = ()
    _cut: bool = False
    _over: bool = False

    def answered(self, calls: Sequence[Call], finish: str | None) -> Progress:
        """Note an answer of the model."""
        made = dict(self._made)
        for call in calls:
            made[call.key] = made.get(call.key, 0) + 1
        return replace(
            self,
            rounds=self.rounds + 1,
            _made=made,
            _calls=tuple(calls),
            _cut=is_cut(calls, finish),
            _over=not calls,
        )

    def ran(self, outcomes: Iterable[Outcome]) -> Progress:
        """Note what became of the calls of the last answer, in their order."""
        ended = list(outcomes)
        return replace(
            self,
            _run=self._run + sum(outcome is not Outcome.PENDING for outcome in ended),
            _failed=self._failed + 1 if set(ended) <= {Outcome.FAILED} else 0,
            _calls=(),
            _over=Outcome.PENDING in ended,
        )

    def next(self, seconds: float) -> Step:
        """Return what to do after ``seconds`` since the run began."""
        if self._over:
            return Finish()
        limit = self._before_calls(seconds) if self._calls else self._before_asking(seconds)
        if limit is not None:
            return Stop(limit, self._explained(limit))
        return RunCalls(self._calls, self._cut) if self._calls else AskModel()

    def out_of_time(self) -> Stop:
        """Return the stop of a run whose time ended in the middle of a step."""
        return Stop(Limit.SECONDS, self._explained(Limit.SECONDS))

    def _before_asking(self, seconds: float) -> Limit | None:
        if self._failed >= self.limits.errors:
            return Limit.ERRORS
        if self.rounds >= self.limits.rounds:
            return Limit.ROUNDS
        return Limit.SECONDS if self._is_late(seconds) else None

    def _before_calls(self, seconds: float) -> Limit | None:
        own = [call for call in self._calls if call.name not in self.external]
        if self.rounds >= self.limits.rounds and len(own) == len(self._calls):
            return Limit.ROUNDS
        if self._run + len(own) > self.limits.calls:
            return Limit.CALLS
        if self._repeated() is not None:
            return Limit.REPEATS
        return Limit.SECONDS if self._is_late(seconds) else None

    def _is_late(self, seconds: float) -> bool:
        return self.limits.seconds is not None and seconds >= self.limits.seconds

    def _repeated(self) -> Call | None:
        too_often = (call for call in self._calls if self._made[call.key] > self.limits.repeats)
        return next(too_often, None)

    def _explained(self, limit: Limit) -> str:
        allowed = f"RunLimits({limit.value}={getattr(self.limits, limit.value)})"
        unrun = f"Calls not run: {', '.join(map(str, self._calls))}." if self._calls else ""
        if limit is Limit.ROUNDS:
            what = f"The model still wants tools after {self.rounds} rounds"
        elif limit is Limit.CALLS:
            what = f"The model wants {len(self._calls)} more tool calls after {self._run}"
        elif limit is Limit.REPEATS:
            call = self._repeated()
            times = self._made[call.key] if call is not None else 0
            what = f"The model made the same tool call {times} times: {call}"
            return f"{what}. {allowed} is the limit; the last were not run."
        elif limit is Limit.SECONDS:
            what = "The time for a run with tools is over"
        else:
            rounds = f"{self._failed} rounds" if self._failed > 1 else "round"
            what = f"No tool call of the last {rounds} did its work"
            return f"{what}; {allowed} is the limit."
        return f"{what}. {allowed} is the limit; raise it if the work needs more. {unrun}".rstrip()
