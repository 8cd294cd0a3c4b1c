"""Rate limits of the plans over the wire: words, headers and windows."""

from __future__ import annotations

import pytest
from emulator_helpers import Service, service

from github_models_azure.registry import Plan, default_registry
from github_models_azure.server.emulator import EmulatorSettings

LOW = "openai/gpt-4o-mini"


@pytest.fixture
def emulated() -> Service:
    return service()


def statuses(emulated: Service, count: int, model: str = LOW) -> list[int]:
    return [emulated.chat(model=model).status for _ in range(count)]


@pytest.mark.parametrize("plan", ["free", "pro", "business", "enterprise"])
@pytest.mark.parametrize("model", [LOW, "openai/gpt-4o", "deepseek/deepseek-r1"])
def test_a_minute_holds_what_the_plan_says(plan: str, model: str) -> None:
    """The first request above the registry's number is refused."""
    quota = default_registry().quota(model, Plan(plan))
    assert quota is not None
    assert quota.requests_per_minute is not None
    emulated = service(plan=plan)
    answered = statuses(emulated, quota.requests_per_minute + 1, model)
    assert answered == [200] * quota.requests_per_minute + [429]


def test_the_words_and_headers_of_a_429(emulated: Service) -> None:
    """Body and headers agree on the wait."""
    statuses(emulated, 10, "openai/gpt-4o")
    emulated.clock.now += 14
    answer = emulated.chat(model="openai/gpt-4o")
    message = (
        "Rate limit of 10 per 60s exceeded for UserByModelByMinute. "
        "Please wait 46 seconds before retrying."
    )
    assert answer.error == {"code": "RateLimitReached", "message": message, "details": message}
    assert answer.headers["retry-after"] == "46"
    assert answer.headers["x-ratelimit-timeremaining"] == "46"
    assert answer.headers["x-ratelimit-type"] == "UserByModelByMinute"
    assert answer.headers["x-ms-error-code"] == "RateLimitReached"


def test_the_wait_is_true(emulated: Service) -> None:
    """Whoever waits as told is answered, and a second earlier is not."""
    statuses(emulated, 15)
    assert statuses(emulated, 1) == [429]
    emulated.clock.now += 59
    assert statuses(emulated, 1) == [429]
    emulated.clock.now += 1
    assert statuses(emulated, 1) == [200]


def test_the_day_rolls(emulated: Service) -> None:
    """A used-up day returns 24 hours after its first request, not at midnight."""
    for _ in range(5):
        assert statuses(emulated, 10, "openai/gpt-4o") == [200] * 10
        emulated.clock.now += 60
    answer = emulated.chat(model="openai/gpt-4o")
    assert answer.headers["x-ratelimit-type"] == "UserByModelByDay"
    assert "Rate limit of 50 per 86400s" in answer.error["message"]
    emulated.clock.now += int(answer.headers["retry-after"])
    assert statuses(emulated, 1, "openai/gpt-4o") == [200]


def test_tokens_and_models_are_counted_apart(emulated: Service) -> None:
    """Another token, and another model, have their own windows."""
    statuses(emulated, 15)
    body = {"model": LOW, "messages": [{"role": "user", "content": "Hi"}]}
    assert emulated.post("/inference/chat/completions", body, token="other").status == 200
    assert statuses(emulated, 1, "openai/gpt-4.1-mini") == [200]


def test_both_hosts_share_a_models_window(emulated: Service) -> None:
    """A model is the same model under its legacy name."""
    statuses(emulated, 15)
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    assert emulated.post("/chat/completions", body).status == 429


def test_tokens_per_minute_are_limited_where_set() -> None:
    """The minute's tokens have a limit of their own."""
    emulated = service(settings=EmulatorSettings(tokens_per_minute=150))
    answers = [emulated.chat("word " * 100) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert answers[1].headers["x-ratelimit-type"] == "UserByModelByMinuteTokens"


def test_refused_requests_end_their_stay(emulated: Service) -> None:
    """An upstream error leaves nothing running."""
    emulated.chat(max_tokens=50000)
    emulated.chat()
    assert emulated.state.limiter.running() == 0


def test_size_is_judged_before_rate(emulated: Service) -> None:
    """A request that is too large does not use up a window."""
    for _ in range(11):
        assert emulated.chat("word " * 9000).status == 413
    assert emulated.chat().status == 200
