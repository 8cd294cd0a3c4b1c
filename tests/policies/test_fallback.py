"""Who is asked, how often, and what the caller gets: through both twins.

About `policies/_outcome.py`, `policies/fallback_async.py`, `policies/waits.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    EndpointRetiredError,
    FallbackExhaustedError,
    RateLimitedError,
)
from tests.harness import NOW, Answer, Sent, Service, Twin, chat, error, hello_stream, limited

FIRST, SECOND, THIRD = "openai/gpt-4.1", "openai/gpt-4o", "mistral-ai/mistral-small-2503"


def by_model(**answers: Any) -> Any:
    """Answer by the model asked for; ``first`` and so on, ``others`` for the rest."""
    names = {"first": FIRST, "second": SECOND, "third": THIRD}
    table = {names[name]: answer for name, answer in answers.items() if name in names}

    def answer(sent: Sent) -> Answer:
        found = table.get(sent.model, answers.get("others"))
        if callable(found):
            found = found(sent)
        if found is None:
            return hello_stream() if sent.options.get("stream") else chat(sent.model)
        return found

    return answer


def client_of(twin: Twin, service: Service, **options: Any) -> Any:
    options = {"model": FIRST, "fallback": [SECOND, THIRD], **options}
    return twin.client(service, **options)


def test_a_healthy_call_is_one_request(twin: Twin) -> None:
    """Where the first target answers, nothing else happens."""
    service = Service(by_model())
    answer = twin.complete(client_of(twin, service))
    assert answer.choices[0].message.content == "Hi there"
    assert service.models == [FIRST]
    assert str(trail_of(answer).served_by).endswith(FIRST)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_day_limit_costs_one_request_then_none(twin: Twin, streamed: bool) -> None:
    """The limited model is asked once, without sleeping, and not again until its reset."""
    service = Service(by_model(first=limited(86400)))
    client = client_of(twin, service)
    call = twin.read if streamed else twin.complete
    call(client)
    assert (service.models, service.slept) == ([FIRST, SECOND], [])
    call(client)
    assert service.models == [FIRST, SECOND, SECOND]
    service.clock.now += 86401
    call(client)
    assert service.models == [FIRST, SECOND, SECOND, FIRST, SECOND]


def test_the_trail_says_who_was_asked_and_why(twin: Twin) -> None:
    """The answer tells of the attempt that failed and of the target that was passed over."""
    service = Service(by_model(first=limited(7200)))
    client = client_of(twin, service)
    first = trail_of(twin.complete(client))
    assert [attempt.status for attempt in first.attempts] == [429, 200]
    assert first.attempts[0].failure.window.value == "day"
    second = trail_of(twin.complete(client))
    assert [skip.target for skip in second.skipped] == [first.requested]
    assert "returns in 2 h 0 min" in str(second)
    assert second.fell_back


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_an_unavailable_target_is_left_at_once(twin: Twin, status: int) -> None:
    """The next target is asked without a wait."""
    service = Service(by_model(first=error(status)))
    twin.complete(client_of(twin, service))
    assert (service.models, service.slept) == ([FIRST, SECOND], [])


def test_an_only_target_is_retried_with_back_off(twin: Twin) -> None:
    """Where no other target is left, the same one is asked again, each time later."""
    answers = iter([error(503), error(503), error(503), chat(FIRST)])
    service = Service(lambda sent: next(answers))
    answer = twin.complete(client_of(twin, service, fallback=None))
    assert service.slept == pytest.approx([0.8, 1.6, 3.2])
    assert trail_of(answer).waited == pytest.approx(5.6)


def test_a_short_limit_is_waited_out_where_nobody_else_can_serve(twin: Twin) -> None:
    """An only target that returns in 20 s is asked again after 20 s."""
    answers = iter([error(429, "RateLimitReached", retry_after="20"), chat(FIRST)])
    service = Service(lambda sent: next(answers))
    twin.complete(client_of(twin, service, fallback=None))
    assert service.slept == [20.0]


def test_a_long_limit_of_an_only_target_is_an_error_at_once(twin: Twin) -> None:
    """A day limit is never slept through: the error says when the model returns."""
    service = Service(by_model(first=limited(86400)))
    client = client_of(twin, service, fallback=None)
    with pytest.raises(RateLimitedError) as caught:
        twin.complete(client)
    assert (caught.value.retry_after, caught.value.limit) == (86400.0, 50)
    assert caught.value.window == "day"
    assert caught.value.status_code == 429
    assert "returns in 24 h 0 min" in str(caught.value)
    with pytest.raises(RateLimitedError, match="nothing was sent") as again:
        twin.complete(client)
    assert again.value.response is None
    assert (service.models, service.slept) == ([FIRST], [])


def test_a_stated_outage_of_an_only_target_is_not_called_a_limit(twin: Twin) -> None:
    """A 503 that says when to return is kept to; the error tells it from a rate limit."""
    service = Service(lambda sent: error(503, "down", retry_after="7200"))
    client = client_of(twin, service, fallback=None)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    assert caught.value.status_code == 503
    with pytest.raises(FallbackExhaustedError, match="unavailable, returns in 2 h"):
        twin.complete(client)
    assert len(service.sent) == 1


def test_all_limited_names_every_target(twin: Twin) -> None:
    """One error has a line for each target, and the time until the first returns."""
    waits = {FIRST: 7200, SECOND: 300, THIRD: 86400}
    service = Service(lambda sent: limited(waits[sent.model]))
    client = client_of(twin, service)
    with pytest.raises(FallbackExhaustedError) as caught:
        twin.complete(client)
    for model in (FIRST, SECOND, THIRD):
        assert model in str(caught.value)
    assert caught.value.retry_after == 300
    assert caught.value.status_code == 429
    assert len(trail_of(caught.value).attempts) == 3
    with pytest.raises(FallbackExhaustedError) as again:
        twin.complete(client)
    assert (len(service.sent), again.value.response, service.slept) == (3, None, [])


def test_attempts_are_bounded(twin: Twin) -> None:
    """One call sends at most ``fallback_max_attempts`` requests, whatever happens."""
    service = Service(lambda sent: error(503))
    with pytest.raises(FallbackExhaustedError, match="fallback_max_attempts"):
        twin.complete(client_of(twin, service, fallback_max_attempts=4))
    assert len(service.sent) == 4


def test_waits_are_bounded_in_all(twin: Twin) -> None:
    """No call waits longer than ``fallback_max_wait`` in all."""
    service = Service(lambda sent: error(429, "RateLimitReached", retry_after="25"))
    with pytest.raises(RateLimitedError):
        twin.complete(client_of(twin, service, fallback=None, fallback_max_wait=60))
    assert service.slept == [25.0, 25.0]


def test_the_timeout_bounds_attempts_and_waits(twin: Twin) -> None:
    """A wait that does not fit the call's timeout is not begun."""
    service = Service(lambda sent: error(429, "RateLimitReached", retry_after="20"))
    with pytest.raises(RateLimitedError):
        twin.complete(client_of(twin, service, fallback=None), timeout=15)
    assert (len(service.sent), service.slept) == (1, [])


def test_the_timeout_reaches_every_attempt_as_what_is_left(twin: Twin) -> None:
    """The second attempt may take only what the first has left of the call's timeout."""
    service = Service(by_model(first=Answer(503, {}, seconds=4.0)))
    twin.complete(client_of(twin, service), timeout=10)
    assert [sent.options["read_timeout"] for sent in service.sent] == [10.0, 6.0]


def test_a_timeout_that_is_over_sends_nothing(twin: Twin) -> None:
    """With no time left, the error says so."""
    service = Service(by_model())
    with pytest.raises(ServiceRequestError, match="timeout"):
        twin.complete(client_of(twin, service), timeout=0)
    assert service.sent == []


@pytest.mark.parametrize("status", [400, 406, 422])
def test_the_callers_error_is_the_callers(twin: Twin, status: int) -> None:
    """A request that is refused for what it is goes no further, in the server's own words."""
    refused = error(status, "missing_required_parameter", "Missing required parameter: 'messages'")
    service = Service(by_model(first=refused))
    with pytest.raises(HttpResponseError, match="Missing required") as caught:
        twin.complete(client_of(twin, service))
    assert caught.value.status_code == status
    assert service.models == [FIRST]
    assert len(trail_of(caught.value).attempts) == 1


def test_empty_messages_are_refused_in_the_servers_words(twin: Twin) -> None:
    """They are the server's to judge: some take an empty list as a question for their health."""
    answer = error(400, "empty_array", "Invalid 'messages': empty array")
    service = Service(by_model(first=answer))
    with pytest.raises(HttpResponseError, match="empty array"):
        twin.complete(client_of(twin, service), messages=[])
    assert service.models == [FIRST]


def test_a_filtered_prompt_goes_no_further(twin: Twin) -> None:
    """A content filter's verdict is not shopped around."""
    service = Service(by_model(first=error(400, "content_filter", "filtered")))
    with pytest.raises(HttpResponseError, match="filtered"):
        twin.complete(client_of(twin, service))
    assert service.models == [FIRST]


def test_a_refused_credential_is_not_tried_on_its_neighbours(twin: Twin) -> None:
    """401 speaks for every target of the endpoint: the SDK's own error comes at once."""
    service = Service(lambda sent: error(401, "unauthorized", "Bad credentials"))
    with pytest.raises(ClientAuthenticationError, match="Bad credentials") as caught:
        twin.complete(client_of(twin, service))
    assert service.models == [FIRST]
    assert trail_of(caught.value) is not None


def test_no_access_to_one_model_moves_on(twin: Twin) -> None:
    """403 no_access is about the model, so the next one is asked."""
    service = Service(by_model(first=error(403, "no_access", "No access to model: x")))
    twin.complete(client_of(twin, service))
    assert service.models == [FIRST, SECOND]


def test_a_retired_endpoint_is_told_once_and_for_all(twin: Twin) -> None:
    """The 410 of GitHub's retirement stops the call, whatever it says of being temporary."""
    body = error(410, "github_models_retirement_brownout", "temporarily unavailable")
    service = Service(lambda sent: body)
    client = client_of(twin, service)
    for _ in range(2):
        with pytest.raises((EndpointRetiredError, FallbackExhaustedError)):
            twin.complete(client)
    assert len(service.sent) == 1


def test_a_retired_model_is_not_asked_again(twin: Twin) -> None:
    """404 unknown_model leaves the model out for good; others go on."""
    service = Service(by_model(first=error(404, "unknown_model", "Unknown model: x")))
    client = client_of(twin, service)
    twin.complete(client)
    service.clock.now += 10_000_000
    twin.complete(client)
    assert service.models == [FIRST, SECOND, SECOND]


def test_an_unknown_model_is_answered_with_the_nearest_names(twin: Twin) -> None:
    """A typing mistake gets the server's error and the names that were probably meant."""
    service = Service(lambda sent: error(404, "unknown_model", "Unknown model: openai/gpt-4p"))
    with pytest.raises(HttpResponseError, match=r"Nearest known models: .*openai/gpt-4") as caught:
        twin.complete(client_of(twin, service, model="openai/gpt-4p", fallback="tier"))
    assert caught.value.status_code == 404


def test_a_refused_connection_leaves_the_whole_endpoint(twin: Twin) -> None:
    """Another model behind the same closed port is not asked in its place."""
    service = Service(lambda sent: Answer(error=ServiceRequestError("refused")))
    with pytest.raises((ServiceRequestError, FallbackExhaustedError)):
        twin.complete(client_of(twin, service, fallback_max_wait=0))
    assert service.models == [FIRST]


def test_a_broken_connection_moves_on(twin: Twin) -> None:
    """An answer that never came may come from the next target."""
    broken = Answer(error=ServiceResponseError("reset by peer"))
    service = Service(by_model(first=broken))
    answer = twin.complete(client_of(twin, service))
    assert service.models == [FIRST, SECOND]
    assert trail_of(answer).attempts[0].status is None


def test_only_the_kinds_in_fallback_on_move_on(twin: Twin) -> None:
    """A caller who wants fallback for limits alone gets the server's 503."""
    service = Service(by_model(first=error(503, "down", "down for now")))
    client = client_of(twin, service, fallback_on={"rate_limited"}, fallback_max_wait=0)
    with pytest.raises(HttpResponseError):
        twin.complete(client)
    assert set(service.models) == {FIRST}


def test_concurrency_limits_do_not_become_a_hot_loop(twin: Twin) -> None:
    """``Retry-After: 0`` cools for a second, then two, then four."""
    body = error(
        429,
        "RateLimitReached",
        "Rate limit of 2 per 0s exceeded for UserConcurrentRequests. Please wait 0 seconds "
        "before retrying.",
        retry_after="0",
        x_ratelimit_type="UserConcurrentRequests",
    )
    service = Service(lambda sent: body)
    with pytest.raises(RateLimitedError):
        twin.complete(client_of(twin, service, fallback=None, fallback_max_attempts=4))
    assert service.slept == [1.0, 2.0, 4.0]


def test_a_soft_cooldown_ends_with_one_probe(twin: Twin) -> None:
    """After its five seconds an unavailable target is asked again and, failing, left for ten."""
    service = Service(by_model(first=error(503)))
    client = client_of(twin, service)
    for seconds in (0, 1, 5, 6, 5):
        service.clock.now += seconds
        twin.complete(client)
    assert service.models == [FIRST, SECOND, SECOND, FIRST, SECOND, SECOND, FIRST, SECOND]


def test_every_target_cooling_before_the_first_attempt_is_an_error(twin: Twin) -> None:
    """With neither answer nor error to hand back, there is still one clear error."""
    service = Service(lambda sent: limited(5000))
    client = client_of(twin, service)
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client)
    service.sent.clear()
    with pytest.raises(FallbackExhaustedError, match="returns in"):
        twin.complete(client)
    assert service.sent == []


def test_every_target_down_is_asked_all_the_same(twin: Twin) -> None:
    """Our own judgement never refuses a call: a target that was down is the last resort."""
    health = {"status": 503}

    def answer(sent: Sent) -> Answer:
        return error(503) if health["status"] == 503 else chat(sent.model)

    service = Service(answer)
    client = client_of(twin, service, fallback_max_wait=0)
    with pytest.raises(FallbackExhaustedError):
        twin.complete(client)
    health["status"] = 200
    answer_ = twin.complete(client)
    assert str(trail_of(answer_).served_by).endswith(FIRST)
    assert service.slept == []


def test_now_is_what_the_clock_says(twin: Twin) -> None:
    """The trail's times come from the clock that was given."""
    service = Service(by_model(first=Answer(503, {}, seconds=2.0)))
    trail = trail_of(twin.complete(client_of(twin, service)))
    assert [attempt.started for attempt in trail.attempts] == [NOW, NOW + 2.0]
    assert trail.attempts[0].seconds == 2.0


def test_redirects_are_few(twin: Twin) -> None:
    """A server that redirects to itself does not multiply the requests of an attempt."""
    service = Service(lambda sent: Answer(307, None, {"location": "/inference/chat/completions"}))
    client = twin.client(service, model=FIRST, fallback=None, fallback_max_attempts=2)
    with pytest.raises(AzureError):
        twin.complete(client)
    assert len(service.sent) <= 6
