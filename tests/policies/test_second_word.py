"""A refusal that may be anybody's fault: one other target is asked, sync and async, both ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import FallbackExhaustedError, RateLimitedError
from tests.harness import (
    DONE,
    HELLO,
    NOW,
    Answer,
    Clock,
    Sent,
    Service,
    Twin,
    chat,
    error,
    event,
    hello_stream,
    stream,
)

OTHER = "https://other.example/v1"
ODD = error(400, "odd", "The stars are wrong")
ODDER = error(422, "odder", "The moon is wrong")
both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


def elsewhere(name: str, url: str = OTHER) -> Target:
    return Target(name, Endpoint(name, url, credential="key"))


def good(sent: Sent) -> Answer:
    return hello_stream() if sent.body.get("stream") else chat(sent.model, "Hello")


def by_model(**answers: Answer) -> Callable[[Sent], Answer]:
    return lambda sent: answers.get(sent.model) or good(sent)


def client_of(twin: Twin, service: Service, *others: str | Target, **options: Any) -> Any:
    return twin.client(service, model="a", **{"fallback": list(others), **options})


def ask(twin: Twin, client: Any, streamed: bool, **options: Any) -> str:
    if streamed:
        return twin.read(client, **options)[0]
    content: str = twin.complete(client, **options).choices[0].message.content
    return content


def refused(twin: Twin, client: Any, streamed: bool, **options: Any) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as caught:
        ask(twin, client, streamed, **options)
    return caught.value


@pytest.mark.parametrize("answer", [ODD, ODDER, Answer(418), Answer(400, b"no")])
@both_ways
def test_another_target_may_serve_it(twin: Twin, streamed: bool, answer: Answer) -> None:
    """Whatever the words were, and if there were none."""
    service = Service(by_model(a=answer))
    assert ask(twin, client_of(twin, service, "b", "c"), streamed) == "Hello"
    assert service.models == ["a", "b"]


@both_ways
def test_the_first_refusal_is_the_callers(twin: Twin, streamed: bool) -> None:
    """As it was, with all that was tried in the trail; the third target is not asked."""
    service = Service(by_model(a=ODD, b=error(503), c=ODDER))
    found = refused(twin, client_of(twin, service, "b", "c", "d"), streamed)
    assert type(found) is HttpResponseError
    assert (found.status_code, found.error.code) == (400, "odd")
    assert found.error.message == "The stars are wrong"
    assert "The stars are wrong" in found.response.text()
    assert service.models == ["a", "b", "c"]
    trail = trail_of(found)
    assert [one.failure.kind.value for one in trail.attempts if one.failure] == [
        "unclear", "unavailable", "unclear",
    ]  # fmt: skip
    assert service.slept == []


@both_ways
def test_with_nobody_left_the_first_refusal_is_the_callers(twin: Twin, streamed: bool) -> None:
    """Nobody is waited for, and the limit of the other is not what the caller hears of."""
    service = Service(by_model(a=ODD, b=error(429, retry_after="2")))
    found = refused(twin, client_of(twin, service, "b"), streamed)
    assert (type(found), found.status_code) == (HttpResponseError, 400)
    assert service.models == ["a", "b"]
    assert service.slept == []
    alone = Service(by_model(a=ODD))
    assert refused(twin, client_of(twin, alone), streamed).status_code == 400


@both_ways
def test_without_it_in_fallback_on_nobody_else_is_asked(twin: Twin, streamed: bool) -> None:
    """It is an error of the caller's then, of the client or of one call."""
    service = Service(by_model(a=ODD))
    client = client_of(twin, service, "b", fallback_on={"rate_limited"})
    found = refused(twin, client, streamed)
    assert (type(found), found.error.code) == (HttpResponseError, "odd")
    found = refused(twin, client_of(twin, service, "b"), streamed, fallback_on={"unavailable"})
    assert service.models == ["a", "a"]
    assert ask(twin, client, streamed, fallback_on={"unclear"}) == "Hello"


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": 400, "message": "The stars are wrong", "param": "stars"}},
        {"error": {"type": "invalid_request_error", "message": "The stars are wrong",
                   "param": "stars"}},
    ],
)  # fmt: skip
@both_ways
def test_a_refusal_under_a_200_is_one_too(twin: Twin, streamed: bool, body: Any) -> None:
    """In a body or in an event: the first one is raised, whole, when the second refuses too."""
    body["error"]["innererror"] = {"code": "Stars"}
    inner = stream(event(**body), DONE) if streamed else Answer(200, body)
    assert ask(twin, client_of(twin, Service(by_model(a=inner)), "b"), streamed) == "Hello"
    found = refused(twin, client_of(twin, Service(by_model(a=inner, b=ODDER)), "b"), streamed)
    assert "The stars are wrong" in found.message
    assert (found.error.target, found.error.innererror) == ("stars", {"code": "Stars"})


def test_nothing_is_held_against_the_target(twin: Twin) -> None:
    """The next request may be one that it takes."""
    answers = iter([ODD])
    service = Service(lambda sent: next(answers, None) or good(sent) if sent.model == "a" else ODD)
    client = client_of(twin, service, "b")
    refused(twin, client, False)
    assert ask(twin, client, False) == "Hello"
    assert service.models == ["a", "b", "a"]


def test_embeddings_have_a_second_word_too(twin: Twin) -> None:
    """From the same model elsewhere, or whom the caller lists."""
    vector = Answer(200, {"data": [{"index": 0, "embedding": [0.5]}], "model": "b", "usage": {}})
    service = Service(lambda sent: ODD if sent.model == "a" else vector)
    client = twin.client(service, kind="Embeddings", model="a", fallback=["b"])
    assert twin.run(client.embed(input=["x"])).data[0].embedding == [0.5]
    service = Service(lambda sent: ODD if sent.model == "a" else ODDER)
    client = twin.client(service, kind="Embeddings", model="a", fallback=["b", "c"])
    with pytest.raises(HttpResponseError, match="stars"):
        twin.run(client.embed(input=["x"]))
    assert service.models == ["a", "b"]


GUESSES = [
    error(402, None, "Insufficient credits"),
    error(400, None, "Insufficient Balance"),
    Answer(404, b""),
    Answer(405, b""),
]


@pytest.mark.parametrize("answer", GUESSES)
@both_ways
def test_a_sibling_is_asked_before_the_call_fails(
    twin: Twin, streamed: bool, answer: Answer
) -> None:
    """What is only likely of the endpoint puts it behind another endpoint, and no further."""
    service = Service(by_model(a=answer))
    assert ask(twin, client_of(twin, service, "b"), streamed) == "Hello"
    assert service.models == ["a", "b"]
    service = Service(by_model(a=answer))
    assert ask(twin, client_of(twin, service, "b", elsewhere("c")), streamed) == "Hello"
    assert service.models == ["a", "c"]
    service = Service(by_model(a=answer, c=error(503)))
    options = {"fallback_max_wait": 0, "retry_total": 0}
    assert ask(twin, client_of(twin, service, "b", elsewhere("c"), **options), streamed) == "Hello"
    assert service.models == ["a", "c", "b"]


def test_a_page_of_html_puts_its_siblings_last(twin: Twin) -> None:
    """It may be of one route only."""
    page = Answer(200, b"<html>", {"content-type": "text/html"})
    service = Service(by_model(a=page, c=error(404, "unknown_model")))
    assert ask(twin, client_of(twin, service, "b", elsewhere("c")), False) == "Hello"
    assert service.models == ["a", "c", "b"]


@both_ways
def test_a_sibling_that_says_the_same_ends_it(twin: Twin, streamed: bool) -> None:
    """All of one endpoint without money: its own error, and no third request."""
    poor = error(402, None, "Insufficient credits")
    service = Service(lambda sent: poor)
    with pytest.raises(RateLimitedError, match="Insufficient credits"):
        ask(twin, client_of(twin, service, "b", "c"), streamed)
    assert service.models == ["a", "b"]
    service = Service(by_model(a=poor, b=error(404, "unknown_model"), c=poor))
    with pytest.raises(FallbackExhaustedError):
        ask(twin, client_of(twin, service, "b", "c"), streamed)
    assert service.models == ["a", "b", "c"]


def test_later_calls_begin_elsewhere_after_a_guess(twin: Twin) -> None:
    """The one without money is left alone; its sibling serves, and then counts as well."""
    service = Service(by_model(a=error(402)))
    client = client_of(twin, service, "b", elsewhere("c"))
    for expected in (["a", "c"], ["c"]):
        service.sent.clear()
        ask(twin, client, False)
        assert service.models == expected
    service.answer = by_model(a=error(402), c=error(404, "unknown_model"))
    service.sent.clear()
    ask(twin, client, False)
    assert service.models == ["c", "b"]
    service.sent.clear()
    ask(twin, client, False)
    assert service.models == ["b"]


@pytest.mark.parametrize("listed", [7, 8, 12])
@both_ways
def test_the_last_of_many_listed_targets_answers(twin: Twin, streamed: bool, listed: int) -> None:
    """Six attempts by default, or as many as there are listed targets."""
    names = [f"t{one}" for one in range(listed)]
    service = Service(lambda sent: good(sent) if sent.model == names[-1] else error(503))
    assert ask(twin, client_of(twin, service, *names), streamed) == "Hello"
    assert service.models == ["a", *names]
    assert service.slept == []


def test_models_of_a_tier_do_not_count_as_listed(twin: Twin) -> None:
    """Six of them are asked, and a limit of the caller's own holds for listed ones too."""
    service = Service(lambda sent: error(503))
    with pytest.raises(FallbackExhaustedError, match="fallback_max_attempts"):
        twin.complete(twin.client(service, model="openai/gpt-4.1"))
    assert len(service.sent) == 6
    service.sent.clear()
    client = client_of(twin, service, *"bcdefgh", fallback_max_attempts=3)
    with pytest.raises(FallbackExhaustedError, match="fallback_max_attempts"):
        twin.complete(client)
    assert len(service.sent) == 3


@pytest.mark.parametrize("offset", [0.0, 1.0, 2.5, 3.9])
def test_a_primary_that_was_down_is_used_again_soon(twin: Twin, offset: float) -> None:
    """Down for a minute under a request every 4 s: back within 30 s of its return."""
    clock = Clock()
    down_from, back_at = NOW + 10 + offset, NOW + 70 + offset

    def answer(sent: Sent) -> Answer:
        away = sent.model == "a" and down_from <= clock.now < back_at
        return error(503) if away else good(sent)

    service = Service(answer, clock)
    client, served = client_of(twin, service, "b"), []
    for _ in range(40):
        found = twin.complete(client)
        served.append((clock.now, trail_of(found).served_by.rpartition("/")[2]))
        clock.now += 4
    again = next(at for at, who in served if at >= back_at and who == "a")
    assert again - back_at <= 30
    assert all(who == "a" for at, who in served if at >= again)


def test_a_final_failure_is_not_asked_again(twin: Twin) -> None:
    """``x-should-retry: false``: no wait and no second request to the same target."""
    service = Service(by_model(a=error(503, x_should_retry="false")))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert (service.models, service.slept) == (["a"], [])
    answers = iter([error(400, x_should_retry="true")])
    service = Service(lambda sent: next(answers, None) or good(sent))
    assert ask(twin, client_of(twin, service), False) == "Hello"
    assert service.models == ["a", "a"]


def test_a_limit_of_a_day_is_left_alone_for_longer_than_a_minute(twin: Twin) -> None:
    """No server says when that day is over; nobody comes back after 60 s to hear the same."""
    quota = {"violations": [{"quotaId": "RequestsPerDayPerProject", "quotaValue": "20"}]}
    told = {"code": 429, "message": "Please retry in 27s.", "details": [quota]}
    service = Service(by_model(a=Answer(429, {"error": told})))
    client = client_of(twin, service, "b")
    for seconds in (0, 61, 600):
        service.clock.now += seconds
        ask(twin, client, False)
    assert service.models == ["a", "b", "b", "b"]


def vectors(*found: Any) -> Answer:
    items = [{"index": number, "embedding": vector} for number, vector in enumerate(found)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return Answer(200, {"data": items, "model": "m", "usage": usage, "id": "1"})


@pytest.mark.parametrize(
    ("given", "answer", "enough"),
    [
        (["x", "y"], vectors([0.1], [0.2]), True),
        (["x", "y"], vectors([0.1]), False),
        (["x", "y"], vectors([0.1], []), False),
        (["x", "y"], vectors([0.1], None), False),
        (["x"], vectors([0.1]), True),
        ([[1, 2], [3]], vectors([0.1]), False),
        ([1, 2, 3], vectors([0.1]), True),
        ("text", vectors("AAAA"), True),
    ],
)
def test_fewer_vectors_than_inputs_are_a_failure(
    twin: Twin, given: Any, answer: Answer, enough: bool
) -> None:
    """Nobody could tell which input they are of; the next target is asked."""
    service = Service(lambda sent: answer if sent.model == "a" else vectors(*[[9.0]] * 3))
    client = twin.client(service, kind="Embeddings", model="a", fallback=["b"])
    twin.run(client.embed(input=given))
    assert service.models == (["a"] if enough else ["a", "b"])


@pytest.mark.parametrize("param", ["max_tokens", "messages[0].role"])
@both_ways
def test_the_parameter_that_was_complained_about_is_the_errors_target(
    twin: Twin, streamed: bool, param: str
) -> None:
    """azure-core reads ``target`` only, and OpenAI's servers say ``param``."""
    body = {"error": {"code": "odd", "message": "no", "param": param}}
    found = refused(twin, client_of(twin, Service(by_model(a=Answer(400, body)))), streamed)
    assert found.error.target == param
    body["error"]["target"] = "its own"
    found = refused(twin, client_of(twin, Service(by_model(a=Answer(400, body)))), streamed)
    assert found.error.target == "its own"


def test_a_filter_under_a_200_says_what_it_found(twin: Twin) -> None:
    """``innererror`` as under a 400; the key that a server repeats in it is taken out."""
    inner = {"code": "ResponsibleAIPolicyViolation", "key": "s3cret-key"}
    body = {"error": {"code": "content_filter", "message": "filtered", "innererror": inner}}
    service = Service(by_model(a=Answer(200, body)))
    found = refused(twin, client_of(twin, service, "b", credential="s3cret-key"), False)
    assert found.error.innererror == {**inner, "key": "***"}
    assert service.models == ["a"]


@both_ways
def test_an_array_of_errors_is_whole_too(twin: Twin, streamed: bool) -> None:
    """azure-core reads none of it."""
    inner = {"message": "no", "code": 400, "innererror": {"code": "Inner"}}
    service = Service(by_model(a=Answer(400, [{"error": inner}])))
    found = refused(twin, client_of(twin, service), streamed)
    assert found.error.innererror == {"code": "Inner"}


def test_names_that_a_server_refuses_are_mended_in_the_history(twin: Twin) -> None:
    """A call under a name that is none goes back under one, after the first refusal."""
    call = {"id": "1", "type": "function", "function": {"name": "f.g<|x|>", "arguments": "{}"}}
    empty = {**call, "id": "2", "function": {"name": "", "arguments": "{}"}}
    long = {**call, "id": "3", "function": {"name": "x" * 80, "arguments": "{}"}}
    fine = {**call, "id": "4", "function": {"name": "f-g_1", "arguments": "{}"}}
    history = [*HELLO, {"role": "assistant", "tool_calls": [call, empty, long, fine]}]

    def answer(sent: Sent) -> Answer:
        names = [one["function"]["name"] for one in sent.body["messages"][1]["tool_calls"]]
        if names[0] == "f.g<|x|>":
            where = "messages[1].tool_calls[0].function.name"
            text = f"Invalid '{where}': string does not match pattern."
            return error(400, "invalid_value", text)
        assert names == ["f_g_x_", "unknown", "x" * 64, "f-g_1"]
        return chat(sent.model, "Hello")

    client = client_of(twin, Service(answer))
    done = twin.complete(client, messages=history)
    assert json.loads(json.dumps(trail_of(done).adaptations[0].change)).startswith("names of calls")


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
LACKING = [
    ("x does not support tools", {"tools": [TOOL]}),
    (
        "This model does not support image input",
        {"messages": [{"role": "user", "content": [IMAGE]}]},
    ),
    ("max_tokens must be less than or equal to 8192", {"max_tokens": 9000}),
]


@pytest.mark.parametrize(("words", "members"), LACKING)
@both_ways
def test_what_a_model_lacks_is_learnt_of_the_model(
    twin: Twin, streamed: bool, words: str, members: dict[str, Any]
) -> None:
    """Later calls that need it ask another first; calls that do not are not touched."""

    def answer(sent: Sent) -> Answer:
        lacks = sent.model == "a" and not sent.body.keys().isdisjoint({"tools", "max_tokens"})
        lacks = lacks or (
            sent.model == "a" and isinstance(sent.body["messages"][0]["content"], list)
        )
        return error(400, None, words) if lacks else good(sent)

    service = Service(answer)
    client = client_of(twin, service, "b")
    for expected in (["a", "b"], ["b"], ["b"]):
        service.sent.clear()
        assert ask(twin, client, streamed, **members) == "Hello"
        assert service.models == expected
    service.sent.clear()
    assert ask(twin, client, streamed) == "Hello"
    assert service.models == ["a"]
    service.answer = good
    service.sent.clear()
    assert ask(twin, client, streamed, fallback=None, **members) == "Hello"
    assert service.models == ["a"]
