"""How long a wait is; who carries it out is tested with the clocks, in `tests/testing`."""

from __future__ import annotations

from github_models_azure.policies.waits import BackOff


def test_the_wait_after_an_attempt_is_the_same_however_often_it_is_asked() -> None:
    """It is drawn once for each attempt, and the next one is longer."""
    drawn: list[float] = []

    def jitter(longest: float) -> float:
        drawn.append(longest)
        return longest

    back_off = BackOff(0.8, 60.0, jitter)
    assert [back_off.after(attempt) for attempt in (1, 1, 2, 2)] == [0.8, 0.8, 1.6, 1.6]
    assert drawn == [0.8, 1.6]


def test_a_wait_lies_between_its_bounds() -> None:
    """No wait is longer than the most, or shorter than the least, whatever is drawn."""
    longest = BackOff(0.8, 2.0, lambda longest: longest)
    assert [longest.after(attempt) for attempt in range(4)] == [0.8, 1.6, 2.0, 2.0]
    assert BackOff(0.8, 2.0, lambda _: 0.0, 0.5).after(0) == 0.5
