"""What an option may be: each check takes a value or says what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .._core.failure.kinds import MOVES_ON, FailureKind
from .._core.route.tokens import TokenCounter, counter_of
from ..ledger import Ledger
from ..ledger.memory import ledger_of
from .observers import Observer, Watched


class Check(Protocol):
    """Checks the value that an option was given.

    :raises TypeError: for a value of a wrong type; ValueError for one out of range.
    """

    def __call__(self, name: str, value: object, /) -> object:
        """Return the value in the form that the settings keep."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of seconds, or a whole number, from ``least`` on."""

    least: float
    whole: bool = False

    def __call__(self, name: str, value: object, /) -> float:
        """Check that it is one; true and false are not."""
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or (self.whole and not isinstance(value, int))
        ):
            wanted = "a whole number" if self.whole else "a number of seconds"
            raise TypeError(f"{name} is {wanted}, not {value!r}.")
        if not value >= self.least:
            raise ValueError(f"{name} is at least {self.least:g}, not {value!r}.")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def __call__(self, name: str, value: object, /) -> str:
        """Check that it is one of them."""
        if value not in self.words:
            raise ValueError(f"{name} is {' or '.join(map(repr, self.words))}, not {value!r}.")
        return str(value)


@dataclass(frozen=True, slots=True)
class MemberOf:
    """A member of an enumeration, or its value."""

    kind: type[Enum]
    called: str

    @property
    def words(self) -> tuple[str, ...]:
        """The values, in order."""
        return tuple(str(member.value) for member in self.kind)

    def __call__(self, name: str, value: object, /) -> Enum:
        """Return the member."""
        try:
            return self.kind(value)
        except ValueError as error:
            known = ", ".join(self.words)
            raise ValueError(f"{name}={value!r} is not {self.called}; one of {known}.") from error


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class or protocol."""

    kind: type
    called: str

    def __call__(self, name: str, value: object, /) -> object:
        """Check that it is one."""
        if not isinstance(value, self.kind):
            raise TypeError(f"{name} is {self.called}, not {value!r:.80}.")
        return value


@dataclass(frozen=True, slots=True)
class Function:
    """Something that can be called."""

    called: str

    def __call__(self, name: str, value: object, /) -> object:
        """Check that it can."""
        if not callable(value):
            raise TypeError(f"{name} is {self.called}, not {value!r}.")
        return value


@dataclass(frozen=True, slots=True)
class Switch:
    """True or false."""

    def __call__(self, name: str, value: object, /) -> bool:
        """Check that it is one of them."""
        if not isinstance(value, bool):
            raise TypeError(f"{name} is True or False, not {value!r}.")
        return value


def counting(name: str, value: object, /) -> TokenCounter:
    """Read a tokenizer: a function that returns a count or tokens, or an object with ``encode``."""
    return counter_of(value)


def observed(name: str, value: object, /) -> Watched:
    """Check that an object observes calls, and keep its errors out of them."""
    if not isinstance(value, Observer):
        raise TypeError(f"{name} is an object with call_started(call), not {value!r:.80}.")
    return Watched(value)


def remembering(name: str, value: object, /) -> Ledger:
    """Read the name of a ledger, or check that an object is one."""
    ledger = ledger_of(value)
    if ledger is None:
        raise TypeError(
            f'{name} is "process", "memory", a MemoryLedger or the like, not {value!r:.80}.'
        )
    return ledger


def failure_kinds(name: str, value: object, /) -> frozenset[FailureKind]:
    """Read failure kinds, or their names; those that never move on are left out."""
    if isinstance(value, str):
        raise TypeError(f"{name} is a set of failure kinds, not the text {value!r}.")
    try:
        return frozenset(FailureKind(kind) for kind in value) & MOVES_ON  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        known = ", ".join(sorted(kind.value for kind in MOVES_ON))
        raise ValueError(f"{name}={value!r}: {error}. Known kinds: {known}.") from error
