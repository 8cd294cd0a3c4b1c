"""The ledger in memory: what it remembers, for how long, and under many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import Any

import pytest

from github_models_azure._core.failure.kinds import Failure, FailureKind
from github_models_azure._core.failure.lifecycle import Lifecycle
from github_models_azure._core.route.cooldown import PROBE_LEASE
from github_models_azure.ledger import Ledger, MemoryLedger

NOW = 1_800_000_000.0
K = FailureKind
DOWN = Failure(K.UNAVAILABLE, message="down")
KEYS = ("target", "endpoint")


def limited(seconds: float | None) -> Failure:
    return Failure(K.RATE_LIMITED, message="limited", retry_after=seconds)


def until(ledger: MemoryLedger, key: str = "target", now: float = NOW) -> float | None:
    """Seconds for which a key is left out from NOW on; ``None`` where it is not."""
    cooldown = ledger.in_force([key], now).get(key)
    return None if cooldown is None else cooldown.until - NOW


def together(number: int, call: Callable[[], Any]) -> list[Any]:
    """Run a call in many threads at the same moment."""
    barrier = threading.Barrier(number)

    def run(_: int) -> Any:
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_it_keeps_the_protocol(ledger: MemoryLedger) -> None:
    """A ledger of one's own only has to offer the same methods."""
    assert isinstance(ledger, Ledger)
    assert not isinstance(object(), Ledger)


def test_an_empty_ledger_lets_everyone_through(ledger: MemoryLedger) -> None:
    """Nothing is in force, everyone is admitted, and a success changes nothing."""
    assert ledger.in_force(KEYS, NOW) == {}
    assert ledger.admit(KEYS, NOW)
    ledger.succeed(KEYS, NOW)
    assert repr(ledger) == "MemoryLedger(cooldowns=0)"


def test_a_limit_is_in_force_until_its_reset(ledger: MemoryLedger) -> None:
    """Up to the second that the server stated, and not at it."""
    cooldown = ledger.fail("target", limited(60), NOW)
    assert cooldown is not None
    assert cooldown.until == NOW + 60
    assert ledger.in_force(KEYS, NOW + 59.9) == {"target": cooldown}
    assert not ledger.admit(KEYS, NOW + 59.9)
    assert ledger.in_force(KEYS, NOW + 60) == {}
    assert ledger.admit(KEYS, NOW + 60)


def test_only_the_keys_asked_for_are_told(ledger: MemoryLedger) -> None:
    """Other targets' cooldowns are nobody's business."""
    ledger.fail("other", limited(60), NOW)
    assert ledger.in_force(KEYS, NOW) == {}
    assert ledger.admit(KEYS, NOW)


def test_an_endpoint_in_its_cooldown_admits_no_target(ledger: MemoryLedger) -> None:
    """Either of the two keys is enough to be left out."""
    ledger.fail("endpoint", limited(60), NOW)
    assert not ledger.admit(KEYS, NOW)


def test_what_cools_nothing_leaves_nothing(ledger: MemoryLedger) -> None:
    """A request that was too large says nothing of the next one."""
    assert ledger.fail("target", Failure(K.TOO_LARGE), NOW) is None
    assert until(ledger) is None


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (limited(7200), limited(None), 7200),
        (limited(7200), limited(10), 7200),
        (limited(7200), limited(9000), 9000),
        (limited(7200), DOWN, 7200),
        (limited(None), limited(7200), 7200),
        (limited(None), limited(10), 60),
        (DOWN, limited(2), 2),
        (Failure(K.ENDPOINT_GONE), limited(60), inf),
        (Failure(K.AUTH), DOWN, 10),
    ],
)
def test_a_stated_reset_is_not_shortened(
    ledger: MemoryLedger, first: Failure, second: Failure, expected: float
) -> None:
    """A later failure may lengthen what a server stated, and replace what was our judgement."""
    ledger.fail("target", first, NOW)
    kept = ledger.fail("target", second, NOW)
    assert until(ledger) == expected
    assert kept is not None
    assert kept.until == NOW + expected


def test_after_its_end_a_reset_is_history(ledger: MemoryLedger) -> None:
    """A shorter cooldown replaces one that is over."""
    ledger.fail("target", limited(60), NOW)
    ledger.fail("target", limited(5), NOW + 61)
    assert until(ledger, now=NOW + 61) == 66


def test_failures_in_a_row_are_counted(ledger: MemoryLedger) -> None:
    """Each failure after a soft cooldown's end doubles the next one, up to a minute."""
    now, lengths = NOW, []
    for _ in range(6):
        cooldown = ledger.fail("target", DOWN, now)
        assert cooldown is not None
        lengths.append(cooldown.until - now)
        now = cooldown.until
    assert lengths == [5, 10, 20, 30, 30, 30]


def test_calls_that_were_under_way_together_are_one_failure(ledger: MemoryLedger) -> None:
    """Thirty-two threads that meet the same outage are one strike, not thirty-two."""
    together(32, lambda: ledger.fail("target", DOWN, NOW))
    assert until(ledger) == 5
    cooldown = ledger.fail("target", DOWN, NOW + 5)
    assert cooldown is not None
    assert (cooldown.strikes, cooldown.until) == (2, NOW + 15)


def test_a_failed_probe_is_a_strike(ledger: MemoryLedger) -> None:
    """The probe that was let through and failed lengthens the cooldown."""
    ledger.fail("target", DOWN, NOW)
    assert ledger.admit(KEYS, NOW + 5)
    ledger.fail("target", DOWN, NOW + 6)
    assert until(ledger) == 16


def test_one_of_many_threads_is_the_probe(ledger: MemoryLedger) -> None:
    """When a soft cooldown ends, exactly one of all that ask may try."""
    ledger.fail("target", DOWN, NOW)
    assert sum(together(32, lambda: ledger.admit(KEYS, NOW + 5))) == 1
    assert until(ledger, now=NOW + 5) == 5  # still left out for everybody else


def test_a_probe_that_never_reports_is_replaced(ledger: MemoryLedger) -> None:
    """After its lease another call may probe."""
    ledger.fail("target", DOWN, NOW)
    assert ledger.admit(KEYS, NOW + 5)
    assert not ledger.admit(KEYS, NOW + 5 + PROBE_LEASE - 0.1)
    assert ledger.admit(KEYS, NOW + 5 + PROBE_LEASE)


def test_a_stated_reset_that_is_over_needs_no_probe(ledger: MemoryLedger) -> None:
    """When the server's own reset has passed, everybody may ask at once."""
    ledger.fail("target", limited(5), NOW)
    assert together(8, lambda: ledger.admit(KEYS, NOW + 5)) == [True] * 8


def test_no_probe_is_taken_where_the_endpoint_is_left_out(ledger: MemoryLedger) -> None:
    """A call that is not let through leaves the target's probe to the next one."""
    ledger.fail("target", DOWN, NOW)
    ledger.fail("endpoint", limited(10), NOW)
    assert not ledger.admit(KEYS, NOW + 6)
    assert until(ledger, now=NOW + 6) is None
    assert ledger.admit(KEYS, NOW + 10)


def test_a_success_ends_a_soft_cooldown(ledger: MemoryLedger) -> None:
    """A target that answers is back, and its strikes are forgotten."""
    ledger.fail("target", DOWN, NOW)
    ledger.fail("endpoint", DOWN, NOW)
    ledger.succeed(KEYS, NOW + 1)
    assert ledger.in_force(KEYS, NOW + 1) == {}
    ledger.fail("target", DOWN, NOW + 2)
    assert until(ledger) == 7


def test_a_success_does_not_clear_a_stated_reset(ledger: MemoryLedger) -> None:
    """An answer to a request that left before the limit was met says nothing of the limit."""
    ledger.fail("target", limited(60), NOW)
    ledger.succeed(KEYS, NOW + 1)
    assert until(ledger) == 60


def test_a_success_clears_a_reset_that_is_over(ledger: MemoryLedger) -> None:
    """Nothing is kept of a limit that has passed."""
    ledger.fail("target", limited(60), NOW)
    ledger.succeed(KEYS, NOW + 60)
    assert repr(ledger) == "MemoryLedger(cooldowns=0)"


def test_refused_members_are_remembered_by_target(ledger: MemoryLedger) -> None:
    """What one target refuses is nothing another one refuses."""
    assert ledger.learnt("target") == frozenset()
    ledger.learn("target", "stop")
    ledger.learn("target", "top_p")
    ledger.learn("other", "seed")
    assert ledger.learnt("target") == {"stop", "top_p"}
    assert ledger.learnt("other") == {"seed"}


def test_many_threads_learn_without_loss(ledger: MemoryLedger) -> None:
    """No thread overwrites what another has just learnt."""
    members = iter(range(32))
    together(32, lambda: ledger.learn("target", str(next(members))))
    assert len(ledger.learnt("target")) == 32


def test_an_announcement_is_news_once(ledger: MemoryLedger) -> None:
    """The first announcement of an end is new, the same one again is not, another one is."""
    first, moved = Lifecycle(sunset_at=NOW), Lifecycle(sunset_at=NOW + 1)
    assert ledger.lifecycle("endpoint") is None
    assert ledger.note_lifecycle("endpoint", first)
    assert not ledger.note_lifecycle("endpoint", first)
    assert ledger.lifecycle("endpoint") == first
    assert ledger.note_lifecycle("endpoint", moved)
    assert ledger.lifecycle("other") is None


def test_models_of_one_endpoint_may_end_on_different_days(ledger: MemoryLedger) -> None:
    """Each day is news once, however they alternate; the last one told is what is known."""
    ends = [Lifecycle(sunset_at=NOW + day) for day in range(2)]
    news = [ledger.note_lifecycle("https://a/v1#1", ends[call % 2]) for call in range(6)]
    assert news == [True, True, False, False, False, False]
    assert ledger.lifecycles() == {"https://a/v1#1": ends[1]}


def test_an_end_that_moves_with_every_answer_is_no_news_for_ever(ledger: MemoryLedger) -> None:
    """Neither the log nor the memory grows with the number of calls."""
    news = [ledger.note_lifecycle("a", Lifecycle(sunset_at=NOW + call)) for call in range(100)]
    assert sum(news) == 16
    assert ledger.lifecycle("a") == Lifecycle(sunset_at=NOW + 99)
    assert len(ledger._lifecycles.get("a") or ()) == 16


def test_the_memory_is_bounded_by_bytes(ledger: MemoryLedger) -> None:
    """Names that callers make up push out the oldest, and no more than fits is kept."""
    failure = Failure(FailureKind.MODEL_GONE)
    for number in range(50):
        key = f"{number}" * 60_000
        ledger.fail(key, failure, NOW)
        ledger.learn(key, "x" * 10_000)
        ledger.note_lifecycle(key, Lifecycle(deprecated=True))
    for memory in (ledger._cooldowns, ledger._learnt, ledger._lifecycles):
        assert memory.size <= 2 * 1024 * 1024
        assert 0 < len(memory) < 50
    assert ledger.in_force([key], NOW)
    assert ledger.learnt(key) == {"x" * 500}


def test_one_of_many_threads_has_the_news(ledger: MemoryLedger) -> None:
    """An announcement is logged once, however many calls see it."""
    lifecycle = Lifecycle(deprecated=True)
    assert sum(together(16, lambda: ledger.note_lifecycle("endpoint", lifecycle))) == 1


def test_the_repr_counts_cooldowns(ledger: MemoryLedger) -> None:
    """It names no key, since keys carry a fingerprint of a credential."""
    ledger.fail("secret-ish", DOWN, NOW)
    assert repr(ledger) == "MemoryLedger(cooldowns=1)"
