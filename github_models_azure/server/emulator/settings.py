"""What an emulator is set to beside its plan and its retirement: words, limits, and its clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

BareNames = Literal["unknown_model", "text", "resolve"]
Retired = Literal["410", "403-sunset", "deprecated"]
RETIRED_MODES: tuple[Retired, ...] = ("410", "403-sunset", "deprecated")


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """The special words, tokens and limits of one emulator; the defaults need no change.

    ``bad_tokens`` are answered with ``Bad credentials``, ``unscoped_tokens`` with the missing
    ``models`` permission. ``unavailable_models`` are the ids that a plan without them meets as
    ``unavailable_model`` (400) where the others are ``no_access`` (403): both were seen.
    ``bare_names`` says what a name without a publisher meets on the new paths; public sightings
    disagree. ``user_requests_per_minute`` is the undocumented limit over all models, and
    ``tokens_per_minute`` replaces the registry's where set. A prompt with ``filter_word`` is
    refused, one with ``filtered_answer_word`` gets an answer cut by the content filter.
    ``scout_tools`` is what Llama-4-Scout does with tools: an error, or an empty answer.
    ``chunk_delay`` is in seconds between two events of a stream. ``deployments`` are names of
    models on ``/openai/v1`` beside their own, ``{"my-chat": "openai/gpt-5-mini"}``.
    """

    bad_tokens: frozenset[str] = frozenset({"bad"})
    unscoped_tokens: frozenset[str] = frozenset({"no-models"})
    unavailable_models: frozenset[str] = frozenset({"openai/gpt-5", "openai/o4-mini"})
    bare_names: BareNames = "unknown_model"
    user_requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    filter_word: str = "emulate-content-filter"
    filtered_answer_word: str = "emulate-filtered-answer"
    scout_tools: Literal["error", "silent"] = "error"
    chunk_delay: float = 0.0
    max_body_bytes: int = 20 * 1024 * 1024
    journal_size: int = 1000
    deployments: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        shown = (
            f"{one.name}={len(value)} tokens"
            if one.name.endswith("_tokens")
            else f"{one.name}={value!r}"
            for one in fields(self)
            for value in [getattr(self, one.name)]
        )
        return f"EmulatorSettings({', '.join(shown)})"


DEFAULT_SETTINGS = EmulatorSettings()


class AdjustableClock:
    """Seconds since the epoch, as ``base`` tells them, plus whatever was advanced.

    :param base: a callable like ``time.time``.
    """

    def __init__(self, base: Callable[[], float]) -> None:
        self._base = base
        self._offset = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the present moment."""
        with self._lock:
            return self._base() + self._offset

    @property
    def offset(self) -> float:
        """How many seconds the clock was advanced."""
        return self._offset

    def advance(self, seconds: float) -> float:
        """Move the clock forward and return the present moment.

        :raises ValueError: for a negative number: the service's windows never run backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"The clock cannot be advanced by {seconds!r}: give seconds >= 0.")
        with self._lock:
            self._offset += seconds
        return self()

    def rewind(self) -> None:
        """Undo every advance."""
        with self._lock:
            self._offset = 0.0
