"""The words for what can go wrong with one attempt, and the table of what follows from each.

A new kind is a member of :class:`FailureKind` and a row of :data:`RULES`, which everything that
decides by kind reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import NamedTuple


class FailureKind(str, Enum):
    """What went wrong, in the one distinction that decides what happens next."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    QUOTA_EXHAUSTED = "quota_exhausted"
    ENDPOINT_GONE = "endpoint_gone"
    MODEL_GONE = "model_gone"
    TOO_LARGE = "too_large"
    WRONG_DIALECT = "wrong_dialect"
    AUTH = "auth"
    CONTENT_FILTERED = "content_filtered"
    REJECTED = "rejected"
    BAD_STREAM = "bad_stream"
    UNCLEAR = "unclear"

    @property
    def rule(self) -> Rule:
        """What follows from a failure of this kind: its row of :data:`RULES`."""
        return RULES[self]


class Scope(str, Enum):
    """What a failure says something about: the one target, or its endpoint as a whole."""

    TARGET = "target"
    ENDPOINT = "endpoint"


class Window(str, Enum):
    """The span over which the exceeded limit counts; ``UNKNOWN`` when nothing told."""

    MINUTE = "minute"
    DAY = "day"
    CONCURRENCY = "concurrency"
    TOKENS_MINUTE = "tokens_minute"
    UNKNOWN = "unknown"


WRONG_PATH = "wrong_path"
"""Code of an ``UNAVAILABLE`` failure whose URL the server does not know: retrying is pointless."""

MALFORMED_ANSWER = "malformed_answer"
"""Code of an ``UNAVAILABLE`` failure that came as a 200 without anything usable in it."""


TOOL_CHOICE_IGNORED = "tool_choice_ignored"
"""Code of a ``WRONG_DIALECT`` failure: a 200 without the tool call that was demanded."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One classified bad outcome.

    ``status`` is the HTTP status, or the one stated by an error inside a 200 or a stream.
    ``code`` is the server's own (numbers as text) or one of this module's constants.
    ``message`` is one line of at most 300 characters without control characters or credentials.
    ``retry_after`` counts seconds from the ``now`` of the classifier; ``None`` is unknown, and 0.0
    was stated by the server although a real limit may stand behind it, so never loop on it.
    ``limit`` is the exceeded number of ``window``. ``param`` names the refused member of a
    ``WRONG_DIALECT``, dotted when nested, list positions as numbers (``messages.0.role``).
    ``max_input_tokens`` is the cap that a ``TOO_LARGE`` names, ``max_output_tokens`` the one that
    a refused ``max_tokens`` does.
    If the scope is ``guessed``, what was said of the whole endpoint orders the route and refuses
    nobody. ``final`` says that the server wants no second request for the same.
    ``details`` is what an error under a 200 says beside code and message, as a JSON object with
    ``param`` and ``innererror``; ``None`` if there is neither.
    """

    kind: FailureKind
    scope: Scope = Scope.TARGET
    status: int | None = None
    code: str | None = None
    message: str = ""
    retry_after: float | None = None
    window: Window = Window.UNKNOWN
    limit: int | None = None
    param: str | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    guessed: bool = False
    final: bool = False
    details: str | None = None


class RequestError(str, Enum):
    """What is wrong with a request that its caller has to change."""

    TOO_LONG = "too_long"
    FILTERED = "filtered"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"


class Rule(NamedTuple):
    """What follows from a failure of one kind.

    ``moves_on``: another target may be asked; if ``doubtful``, just one that gives its own word on
    the request. ``waitable``: a wait can cure the same target.
    ``limit``: a limit is used up, which callers get as ``RateLimitedError``.
    ``wide``: a dialect's own code of this kind speaks of the whole endpoint.
    ``request_error``: what the caller has to change; ``None`` if the request is not to blame.
    ``cooldown``: seconds that the target is left out unless the server states a wait; ``inf`` is
    until the process ends, ``None`` not at all. It ``doubles`` with each failure in a row, up to
    ``longest``. ``day_cooldown`` is the same for a limit of a day.
    ``after_zero``: the same, doubling, if the wait stated is 0; ``None`` takes 0 as not stated.
    ``soft``: the cooldown is our own judgement, so the target remains a last resort;
    ``soft_if_stated`` says the same of a cooldown whose length was stated.
    ``reads_wait``: the answer is searched for the wait that it states.
    ``http``: the status that tells a client of it; ``None`` leaves that of the answer.
    ``gateway``: the status that the gateway answers with, unless that of the answer is among those
    that it ``passes_on``, each with what it becomes.
    ``hint``: what to run next, for the user of a command.
    """

    moves_on: bool
    waitable: bool
    limit: bool
    wide: bool
    request_error: RequestError | None
    cooldown: float | None
    soft: bool
    http: int | None
    gateway: int
    doubtful: bool = False
    doubles: bool = False
    longest: float = inf
    day_cooldown: float | None = None
    after_zero: float | None = None
    soft_if_stated: bool = False
    reads_wait: bool = False
    passes_on: Mapping[int, int] = {}
    hint: str = ""

    def gateway_status(self, status: int | None) -> int:
        """Return the status that the gateway answers with.

        :param status: that of the answer; ``None`` if there was none.
        """
        return self.gateway if status is None else self.passes_on.get(status, self.gateway)


LONGEST_OUTAGE = 30.0
"""Seconds for which a target that was down is left alone at most, since it may be back."""

_ANY_REFUSAL = {status: status for status in range(400, 500)}

RULES: Mapping[FailureKind, Rule] = {
    FailureKind.RATE_LIMITED: Rule(
        moves_on=True, waitable=True, limit=True, wide=False, request_error=None,
        cooldown=60.0,  # the longest wait of a minute window
        after_zero=1.0,  # "Retry-After: 0" beside a real limit must not become a hot loop
        day_cooldown=3600.0,  # of a day's limit nobody comes back within minutes
        soft=False, reads_wait=True,
        http=429, gateway=429,
    ),
    FailureKind.UNAVAILABLE: Rule(
        moves_on=True, waitable=True, limit=False, wide=False, request_error=None,
        cooldown=5.0, doubles=True, longest=LONGEST_OUTAGE, soft=True, reads_wait=True,
        http=None, gateway=502, passes_on={408: 504, 503: 503, 504: 504},
        hint="'github-models doctor' shows which endpoints can be reached.",
    ),
    FailureKind.QUOTA_EXHAUSTED: Rule(
        moves_on=True, waitable=False, limit=True, wide=True, request_error=None,
        cooldown=3600.0, soft=False, reads_wait=True,
        http=429, gateway=429,
    ),
    FailureKind.ENDPOINT_GONE: Rule(
        moves_on=True, waitable=False, limit=False, wide=True, request_error=None,
        cooldown=inf, soft=False,
        soft_if_stated=True,  # an end that is stated for a time is none
        http=404, gateway=502, passes_on={410: 410},
    ),
    FailureKind.MODEL_GONE: Rule(
        moves_on=True, waitable=False, limit=False, wide=False, request_error=None,
        cooldown=inf, soft=True, soft_if_stated=True,
        http=404, gateway=404,
        hint="'github-models models' lists the known ones.",
    ),
    FailureKind.TOO_LARGE: Rule(
        moves_on=True, waitable=False, limit=False, wide=False,
        request_error=RequestError.TOO_LONG,
        cooldown=None, soft=False,
        http=None, gateway=400, passes_on=_ANY_REFUSAL,
    ),
    FailureKind.WRONG_DIALECT: Rule(
        moves_on=True, waitable=False, limit=False, wide=False,
        request_error=RequestError.UNSUPPORTED,
        cooldown=None, soft=False,
        http=None, gateway=400, passes_on=_ANY_REFUSAL,
    ),
    FailureKind.AUTH: Rule(
        moves_on=True, waitable=False, limit=False, wide=True, request_error=None,
        cooldown=inf, soft=True, soft_if_stated=True,
        http=401, gateway=502, passes_on={403: 403},
        hint="'github-models doctor' shows where the credential comes from.",
    ),
    FailureKind.CONTENT_FILTERED: Rule(
        moves_on=False, waitable=False, limit=False, wide=False,
        request_error=RequestError.FILTERED,
        cooldown=None, soft=False,
        http=None, gateway=400, passes_on=_ANY_REFUSAL,
    ),
    FailureKind.REJECTED: Rule(
        moves_on=False, waitable=False, limit=False, wide=False,
        request_error=RequestError.INVALID,
        cooldown=None, soft=False,
        http=None, gateway=400, passes_on=_ANY_REFUSAL,
    ),
    FailureKind.BAD_STREAM: Rule(
        moves_on=True, waitable=True, limit=False, wide=False, request_error=None,
        cooldown=5.0, doubles=True, longest=LONGEST_OUTAGE, soft=True, soft_if_stated=True,
        http=None, gateway=502,
    ),
    FailureKind.UNCLEAR: Rule(
        moves_on=True, doubtful=True, waitable=False, limit=False, wide=False,
        request_error=RequestError.INVALID,
        cooldown=None, soft=False,
        http=None, gateway=400, passes_on=_ANY_REFUSAL,
    ),
}  # fmt: skip
"""What follows from a failure, one row for each kind."""

MOVES_ON = frozenset(kind for kind, rule in RULES.items() if rule.moves_on)
"""The failure kinds after which another target may be asked; the others are the caller's."""

WAITABLE = frozenset(kind for kind, rule in RULES.items() if rule.waitable)
"""The failure kinds that a wait may cure on the same target."""


def deciding(failures: Iterable[Failure], *, refused: bool) -> Failure | None:
    """Return the failure that a call ended in; ``None`` if there is none.

    :param failures: those of the attempts, in their order.
    :param refused: whether it ended in an answer that is none: then the first one in doubt counts.
    """
    last: Failure | None = None
    for last in failures:
        if refused and last.kind.rule.doubtful:
            break
    return last
