"""One call whose answer is to be an instance of a model: how it is asked for, and what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from .._core.answer.demands import Said, stopped
from .._core.answer.json_text import is_json
from .._core.answer.wanted import (
    IN_WORDS,
    INVALID_OUTPUT,
    Correction,
    Wanted,
    Way,
    ask,
    is_about_schema,
    is_judged_by_server,
    is_refused,
    lesson_of,
    told_way,
    ways_for,
)
from .._core.failure.error_body import clean_text
from .._core.failure.kinds import Failure, FailureKind
from .._core.request.dialect import Dialect
from .._core.route.plan import Candidate, Plan
from .._core.trail_events import Change
from ..exceptions import OutputValidationError
from ._attempt import Unstructured

_LONGEST_PROBLEM = 500
_LONGEST_MESSAGE = 300


class Model(Protocol):
    """What reads an answer."""

    wanted: Wanted

    def read(self, text: str, *, strict: bool) -> Any:
        """Return the instance in a text.

        :raises ValueError: where there is none, in words meant for the model; ``errors`` are
            pydantic's.
        """

    def partial(self, text: str) -> Any:
        """Return the data in a text that is still growing."""


class Invalid(NamedTuple):
    """An answer that will not do: ``WRONG_DIALECT`` where asking once more may help."""

    failure: Failure
    error: OutputValidationError


class Structured(Unstructured):
    """The state of one call. A model is told once what is wrong with its answer.

    :param correction: what is told to the model from the beginning, where a call goes on for
        another.

    ``parsed`` is the instance; it stays ``None`` if the model calls the caller's own tools.
    """

    __slots__ = (
        "_candidate", "_error", "_notes", "_payload", "_refused", "_rich", "_worded", "correction",
        "model", "parsed", "way",
    )  # fmt: skip
    is_wanted = True
    _candidate: Candidate
    _payload: Mapping[str, Any]

    def __init__(self, model: Model, correction: Correction | None = None) -> None:
        self.model, self.correction = model, correction
        self._refused: set[tuple[str, Way]] = set()
        self._worded: set[str] = set()
        self._rich = False
        self.parsed: Any = None
        self._error: OutputValidationError | None = None
        self._notes: tuple[Change, ...] = ()
        self.way = Way.JSON_SCHEMA

    def weigh(self, plan: Plan, count: Callable[[str], int]) -> Plan:
        """Return the plan with the schema counted among the input."""
        needs = plan.needs
        tokens = needs.input_tokens + count(self.model.wanted.written)
        return replace(plan, needs=replace(needs, input_tokens=tokens))

    def ask(
        self,
        payload: Mapping[str, Any],
        candidate: Candidate,
        known: frozenset[str],
        dialect: Dialect,
    ) -> tuple[Mapping[str, Any], tuple[Change, ...]]:
        """Return the body that asks one target in the surest way open, and what to declare."""
        self._candidate, self._payload, self._error = candidate, payload, None
        ways = ways_for(candidate.facts, known, dialect, payload)
        wanted = self.model.wanted
        # The last way is never refused: it is mere words.
        self.way = next(way for way in ways if (candidate.key, way) not in self._refused)
        in_words = IN_WORDS in known | dialect.refuses or candidate.key in self._worded
        self._rich = self.way is Way.JSON_SCHEMA and wanted.rich is not None and not in_words
        changes = [told_way(wanted, self.way)]
        if self.correction is not None:
            changes.append(Change(f"asked once more: {self.correction.problem}"))
        asked = ask(payload, wanted, self.way, self.correction, rich=self._rich)
        return asked, tuple(changes)

    def about(self, failure: Failure) -> Failure:
        """Return a refusal of the way that was tried as one that another way may cure."""
        if is_refused(failure, self.way):
            return replace(failure, kind=FailureKind.WRONG_DIALECT)
        if is_judged_by_server(failure):
            invalid = self._invalid("", failure.message)
            self._error = invalid.error
            return invalid.failure
        return failure

    def mend(self, failure: Failure) -> tuple[bool, str | None]:
        """Tell whether to ask the same target once more, and what to remember of it for good."""
        if failure.code == INVALID_OUTPUT:
            return failure.kind is FailureKind.WRONG_DIALECT, None
        if not is_refused(failure, self.way):
            return False, None
        if self._rich and is_about_schema(failure):
            self._worded.add(self._candidate.key)
            return True, IN_WORDS
        self._refused.add((self._candidate.key, self.way))
        lasting = not is_about_schema(failure)
        return True, lesson_of(self.way, self._payload) if lasting else None

    def settle(self, said: Said, http: Any) -> Failure | None:
        """Read a whole answer; return what is wrong with it."""
        invalid = self.take(said)
        if invalid is None:
            return None
        self._error = error = invalid.error
        error.response, error.status_code = http, 200
        return invalid.failure

    @property
    def tool(self) -> str | None:
        """The tool whose call is demanded as the answer."""
        return self.model.wanted.name if self.way is Way.TOOL else None

    @property
    def notes(self) -> tuple[Change, ...]:
        """What the trail is to say of the answer."""
        return self._notes

    @property
    def error(self) -> OutputValidationError | None:
        """What is raised unless another attempt does better."""
        return self._error

    def take(self, said: Said) -> Invalid | None:
        """Read what was said; ``None`` where it is an instance, or calls of the caller's tools."""
        if said.calls:
            return None
        strict = self.way is Way.JSON_SCHEMA and self.model.wanted.strict
        try:
            self.parsed = self.model.read(said.text, strict=strict)
        except ValueError as error:
            reason = stopped(said)
            invalid = self._invalid(said.text, reason or str(error), again=reason is None)
            invalid.error.__cause__ = error.__cause__
            invalid.error.errors = getattr(error, "errors", [])
            return invalid
        if not is_json(said.text):
            self._notes = (Change("the JSON was taken out of the text around it"),)
        return None

    def _invalid(self, text: str, problem: str, *, again: bool = True) -> Invalid:
        again = again and self.correction is None
        problem = clean_text(problem, _LONGEST_PROBLEM).rstrip(".")
        target, name = self._candidate.target, self.model.wanted.name
        error = OutputValidationError(f"{target} gave no valid {name}: {problem}.", text=text)
        if again:
            self.correction = Correction(text, problem)
        failure = Failure(
            FailureKind.WRONG_DIALECT if again else FailureKind.REJECTED,
            status=200,
            code=INVALID_OUTPUT,
            message=clean_text(f"the answer is not a valid {name}: {problem}", _LONGEST_MESSAGE),
        )
        return Invalid(failure, error)
