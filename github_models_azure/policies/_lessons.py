"""What an attempt leaves in the ledger: refused members, cooldowns, the end of an endpoint."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from .._core.failure.kinds import Failure, FailureKind, Scope
from .._core.failure.lifecycle import read_lifecycle
from .._core.request.repairs import taught_of_model, versions_in
from .._core.route.cooldown import Cooldown, covers_endpoint
from .._core.route.plan import Candidate
from ..ledger import Ledger
from ._attempt import OpenAttempt, Unstructured

_LOGGER = logging.getLogger(__name__)
_ANNOUNCING = ("deprecation", "sunset", "link")


def learn(ledger: Ledger, attempt: OpenAttempt, failure: Failure, structured: Unstructured) -> bool:
    """Remember what a refusal teaches; return whether the same target may be asked again."""
    candidate = attempt.candidate
    for lesson in taught_of_model(failure):
        ledger.learn(candidate.key, lesson)
    lessons = attempt.lessons(failure)
    for lesson in sorted(lessons):
        # What a URL may carry concerns all models behind it.
        whole = lesson in versions_in(lessons)
        ledger.learn(candidate.endpoint if whole else candidate.key, lesson)
    if lessons:
        return True
    repair, lasting = structured.mend(failure)
    if lasting is not None:
        ledger.learn(candidate.key, lasting)
    return repair


def cool(ledger: Ledger, candidate: Candidate, failure: Failure, now: float) -> Cooldown | None:
    """Remember for how long a target is left out after a failure, and log it."""
    _log(candidate.target, failure)
    if failure.guessed:  # sure of the one target, and of the others no more than likely
        ledger.fail(candidate.endpoint, failure, now)
        return ledger.fail(candidate.key, replace(failure, scope=Scope.TARGET, guessed=False), now)
    key = candidate.endpoint if covers_endpoint(failure) else candidate.key
    return ledger.fail(key, failure, now)


def note_lifecycle(
    ledger: Ledger, candidate: Candidate, headers: Mapping[str, str], now: float
) -> None:
    """Remember what an answer's headers announce of its endpoint's end, and warn of it once."""
    if not any(name in headers for name in _ANNOUNCING):
        return
    lifecycle = read_lifecycle(headers, now=now)
    if lifecycle and ledger.note_lifecycle(candidate.endpoint, lifecycle):
        _LOGGER.warning("%s announces its end: %s", candidate.target, lifecycle)


def _log(target: str, failure: Failure) -> None:
    if failure.kind is FailureKind.AUTH:
        _LOGGER.warning("%s refused the credential: %s", target, failure.message)
    elif failure.kind is FailureKind.RATE_LIMITED:
        _LOGGER.info("Rate limit hit for %s, attempting fallback", target)
    else:
        _LOGGER.info("%s failed (%s): %s", target, failure.kind.value, failure.message)
