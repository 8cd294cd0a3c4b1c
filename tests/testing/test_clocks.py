"""The clocks for tests, with `policies/waits`: time and waits go by them, in threads and tasks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import RateLimitedError
from github_models_azure.policies.waits import Clock, SleepingClock
from github_models_azure.testing import FastClock, ManualClock
from tests.harness import FIRST, HELLO, Answer, Sent, Service, Twin, chat, error

LONG = 30.0  # seconds in real time, of which no test spends any


def limited_once(seconds: int = 60) -> Callable[[Sent], Answer]:
    answers = iter([error(429, "RateLimitReached", retry_after=str(seconds)), chat(FIRST)])
    return lambda sent: next(answers)


def client_of(twin: Twin, service: Service, clock: object, **options: Any) -> Any:
    return twin.client(service, model=FIRST, fallback=None, clock=clock, **options)


@contextmanager
def elsewhere(work: Callable[[], Any]) -> Iterator[Any]:
    """Do work in another thread, sync or async work alike; yield what becomes of it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def test_a_wait_ends_when_the_clock_has_moved_enough(twin: Twin) -> None:
    """A limit of 60 s is waited out in two steps of the test's own clock, and not before."""
    clock, service = ManualClock(), Service(limited_once())
    client = client_of(twin, service, clock)
    with elsewhere(lambda: twin.complete(client)) as call:
        clock.until_waiting()
        assert (clock.waits, service.slept) == ((60.0,), [])
        clock.advance(59.5)
        assert clock.waits == (0.5,)
        assert len(service.sent) == 1
        clock.advance(0.5)
        answer = call.result(LONG)
    assert trail_of(answer).waited == 60.0
    assert clock.waits == ()


async def test_a_task_waits_without_holding_up_the_loop() -> None:
    """Two calls of one event loop wait at once, and the task that moves the clock runs on."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    clock, twin = ManualClock(), Twin("aio")
    clients = [client_of(twin, Service(limited_once(wait)), clock) for wait in (20, 40)]
    calls = [asyncio.create_task(client.complete(messages=HELLO)) for client in clients]
    await clock.until_waiting_async(2)
    assert clock.waits == (20.0, 40.0)
    clock.advance(20)
    await calls[0]
    assert clock.waits == (20.0,)
    assert not calls[1].done()
    clock.advance(20)
    await calls[1]


async def test_a_task_that_is_cancelled_waits_no_more() -> None:
    """And the clock has nobody left to wake."""
    clock = ManualClock()
    waiting = asyncio.create_task(clock.sleep_async(60))
    await clock.until_waiting_async()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert clock.waits == ()
    clock.advance(60)


def test_a_loop_that_is_gone_is_not_woken() -> None:
    """A wait whose event loop was closed under it does no harm."""
    clock, loop = ManualClock(), asyncio.new_event_loop()
    waiting = loop.create_task(clock.sleep_async(60))
    loop.run_until_complete(asyncio.wait_for(clock.until_waiting_async(), LONG))
    loop.close()
    clock.advance(60)
    assert not waiting.done()
    waiting.get_coro().close()  # type: ignore[union-attr]


def test_threads_wait_each_for_its_own_time() -> None:
    """Of three waits, those that are over end."""
    clock, ended = ManualClock(), list[float]()

    def wait(seconds: float) -> None:
        clock.sleep(seconds)
        ended.append(seconds)

    threads = [threading.Thread(target=wait, args=[seconds]) for seconds in (3, 1, 2)]
    for thread in threads:
        thread.start()
    clock.until_waiting(3)
    clock.advance(2)
    threads[1].join(LONG)
    threads[2].join(LONG)
    assert (sorted(ended), clock.waits) == ([1, 2], (1.0,))
    clock.advance(1)
    threads[0].join(LONG)
    assert sorted(ended) == [1, 2, 3]


def test_a_clock_that_skips_waits_moves_by_itself(twin: Twin) -> None:
    """A test that only wants the answer needs neither thread nor time."""
    clock, service = ManualClock(skip_waits=True), Service(limited_once())
    answer = twin.complete(client_of(twin, service, clock))
    assert trail_of(answer).waited == 60.0
    assert (clock(), clock.waits) == (ManualClock()() + 60, ())


def test_limits_go_by_the_clock(twin: Twin) -> None:
    """A day limit is over when the clock has been advanced by a day."""
    clock, service = ManualClock(), Service(limited_once(86_400))
    client = client_of(twin, service, clock)
    for _ in range(2):
        with pytest.raises(RateLimitedError):
            twin.complete(client)
    clock.advance(86_400)
    twin.complete(client)
    assert len(service.sent) == 2


def test_a_timeout_goes_by_the_clock(twin: Twin) -> None:
    """A wait that would not be over in time is not begun."""
    service = Service(limited_once())
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service, ManualClock()), timeout=59)
    assert len(service.sent) == 1


def test_a_fast_clock_shortens_waits(twin: Twin) -> None:
    """A minute by the clock is no minute of the test."""
    service = Service(limited_once())
    client, started = client_of(twin, service, FastClock()), time.monotonic()
    answer = twin.complete(client)
    assert time.monotonic() - started < LONG
    assert trail_of(answer).waited <= 60.0  # what is left of it when the answer has been read
    assert service.slept == []


def test_a_fast_clock_begins_now_and_runs() -> None:
    """It tells the seconds since the epoch, and each of ours is a thousand of its own."""
    clock = FastClock()
    first = clock()
    assert abs(first - time.time()) < LONG * clock.factor
    clock.sleep(10)
    second = clock()
    asyncio.run(clock.sleep_async(10))
    assert second - first >= 10
    assert clock() - second >= 10


def test_for_a_clock_that_only_tells_the_time_the_transport_sleeps(twin: Twin) -> None:
    """As it does without any clock."""
    service = Service(limited_once())
    twin.complete(client_of(twin, service, service.clock))
    assert service.slept == [60.0]


def test_a_jitter_makes_the_waits_of_a_client(twin: Twin) -> None:
    """By default they are random parts of 0.8, 1.6 ... seconds."""
    answers = iter([error(503), error(503), chat(FIRST)])
    service = Service(lambda sent: next(answers))
    halved = client_of(twin, service, service.clock, jitter=lambda longest: longest / 2)
    twin.complete(halved)
    assert service.slept == pytest.approx([0.4, 0.8])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FastClock(0), "The factor of a clock is above zero, not 0."),
        (lambda: FastClock(float("nan")), "above zero, not nan."),
        (lambda: ManualClock().advance(-1), "A clock goes forward; it cannot be advanced by -1 s."),
    ],
)
def test_a_clock_goes_forward(make: Callable[[], object], words: str) -> None:
    """What cannot be is said at once."""
    with pytest.raises(ValueError, match=words):
        make()


def test_who_waits_in_vain_is_told() -> None:
    """A test whose calls never wait ends, and says how many do."""
    clock = ManualClock()
    with pytest.raises(TimeoutError, match=r"After 0\.01 s 0 calls wait, not 1\."):
        clock.until_waiting(timeout=0.01)


@pytest.mark.parametrize("clock", [ManualClock(), FastClock()])
def test_the_clocks_have_what_a_client_asks_for(clock: SleepingClock) -> None:
    """The protocols are for clocks that others write."""
    told: Clock = clock
    assert told() > 0
    assert callable(clock.sleep)
    assert callable(clock.sleep_async)


def test_a_clock_shows_its_time_and_its_waits() -> None:
    """For the message of a test that failed."""
    assert repr(ManualClock(5)) == "ManualClock(5.000, waits=())"
    assert repr(FastClock(20)) == "FastClock(20)"


@pytest.mark.parametrize("given", [3, "now"])
def test_what_is_no_clock_is_named(twin: Twin, given: object) -> None:
    """When the client is made."""
    with pytest.raises(TypeError, match="clock is a function that tells the seconds"):
        client_of(twin, Service(limited_once()), given)


def test_whoever_awaits_calls_can_be_cancelled() -> None:
    """Nothing is left behind, and no thread of the loop is held."""
    clock = ManualClock()

    async def cancel() -> None:
        waiting = asyncio.ensure_future(clock.until_waiting_async(1))
        await asyncio.wait([waiting], timeout=0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancel())
    assert clock._watchers == []


def test_a_call_that_never_waits_is_said_in_time() -> None:
    """The error says how many calls wait."""
    with pytest.raises(TimeoutError, match="0 calls wait, not 2"):
        asyncio.run(ManualClock().until_waiting_async(2, timeout=0.01))
