"""Every error has OpenAI's form and the status that clients act upon.

About `server/gateway/failures.py`, `server/gateway/front.py`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import openai
import pytest
import requests

from github_models_azure import Endpoint
from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway
from tests.harness import delta
from tests.server.gateway.gateway_helpers import BODY, KEY, ask, behind, refused, shaped
from tests.traps.wire_helpers import Act, Asked, Reply, answer, sse

UPSTREAM = [
    pytest.param(refused("invalid_value", "bad", 400), 400, "invalid_value", id="rejected"),
    pytest.param(refused("content_filter", "no", 400), 400, "content_filter", id="filtered"),
    pytest.param(refused("invalid_value", "bad", 422), 422, "invalid_value", id="unprocessable"),
    pytest.param(refused("401", f"key {KEY} is wrong", 401), 502, "401", id="our key is wrong"),
    pytest.param(refused("no_access", "not yours", 403), 403, "no_access", id="no access"),
    pytest.param(refused("unknown_model", "no", 404), 404, "unknown_model", id="unknown model"),
    pytest.param(
        refused("tokens_limit_reached", "long", 413), 413, "tokens_limit_reached", id="too long"
    ),
    pytest.param(
        refused("RateLimitReached", "slow", 429, Retry_After="7000"),
        429, "rate_limit_exceeded", id="limited",
    ),
    pytest.param(
        refused("github_models_retired", "gone", 410), 410, "endpoint_retired", id="retired"
    ),
    pytest.param(refused("x", "broken", 500), 502, "x", id="500"),
    pytest.param(refused("x", "busy", 503), 503, "x", id="503"),
    pytest.param(refused("x", "late", 504), 504, "x", id="504"),
    pytest.param(answer(b"<html><title>Oops</title>", 502), 502, "upstream_error", id="html"),
    pytest.param(answer({"hello": 1}), 502, "upstream_error", id="a 200 without an answer"),
    pytest.param(Reply((Act.CUT,)), 502, "upstream_error", id="cut"),
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("reply", "status", "code"), UPSTREAM)
def test_what_the_only_target_says_is_passed_on(
    reply: Reply, status: int, code: str, stream: bool
) -> None:
    """Its code and its words, under a status that says whose fault it is."""
    with behind(lambda asked: reply) as (gateway, _wire):
        response = ask(gateway, stream=stream)
    assert (response.status_code, shaped(response)["code"]) == (status, code)
    assert response.headers["x-github-models-attempts"] == "1"
    assert "x-github-models-served-by" not in response.headers


def test_a_limit_says_when_to_return() -> None:
    """`retry-after` in whole seconds; a day-long one tells clients to leave it at that."""
    reply = refused("RateLimitReached", "slow", 429, Retry_After="7000")
    with behind(lambda asked: reply) as (gateway, wire):
        first, second = ask(gateway), ask(gateway)
    for response in (first, second):
        assert 6_900 < int(response.headers["retry-after"]) <= 7_000
        assert response.headers["x-should-retry"] == "false"
    assert "nothing was sent" in shaped(second)["message"]
    assert second.headers["x-github-models-attempts"] == "0"
    assert len(wire.asked) == 1


def test_the_openai_package_does_not_repeat_a_day_long_limit() -> None:
    """Everything was tried already: one request, one error."""
    reply = refused("RateLimitReached", "slow", 429, Retry_After="7000")
    with behind(lambda asked: reply) as (gateway, _wire):
        client = openai.OpenAI(base_url=gateway.v1_url, api_key="x", max_retries=2)
        with client, pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(**BODY)
        metrics = requests.get(f"{gateway.url}/metrics", timeout=5).text
    assert caught.value.code == "rate_limit_exceeded"
    assert 'requests_total{path="/chat/completions",status="429"} 1.0' in metrics


LONG = [{"role": "user", "content": "What was said before? " * 20_000}]

MANY = [
    pytest.param((429, 429), 429, id="all limited"),
    pytest.param((429, 503), 503, id="one limited, one down"),
    pytest.param((404, 404), 404, id="no such model anywhere"),
    pytest.param((500, 500), 502, id="all broken"),
]


@pytest.mark.parametrize(("statuses", "status"), MANY)
def test_several_targets_fail_as_one(statuses: tuple[int, int], status: int) -> None:
    """Where all fail alike the status says so, else that nobody could serve."""
    codes = {404: "unknown_model", 429: "RateLimitReached", 500: "x", 503: "x"}
    by_model = dict(zip("mn", statuses, strict=True))

    def script(asked: Asked) -> Reply:
        found = by_model[asked.model]
        return refused(codes[found], "no", found, Retry_After="7000")

    with behind(script, fallback=["n"]) as (gateway, _wire):
        response = ask(gateway)
    message = shaped(response)["message"]
    assert response.status_code == status
    assert response.headers["x-github-models-attempts"] == "2"
    assert "/m: " in message
    assert "/n: " in message


@pytest.mark.parametrize(
    ("path", "asked", "code"),
    [
        ("/v1/embeddings", {"input": ["a"]}, "unsupported_request"),
        ("/v1/chat/completions", {"messages": LONG}, "context_length_exceeded"),
    ],
)
def test_what_no_target_can_do_is_the_callers_to_mend(
    emulator: Emulator, path: str, asked: dict[str, Any], code: str
) -> None:
    """Nobody was asked, and to ask once more would not help: no 503, which clients repeat."""
    with Gateway(emulator.inference_url, "k", model="openai/gpt-4o", fallback=None) as gateway:
        body = {"model": "openai/gpt-4o", **asked}
        response = requests.post(gateway.url + path, json=body, timeout=30)
    assert response.status_code == 400
    error = shaped(response)
    assert (error["type"], error["code"]) == ("invalid_request_error", code)
    assert "not asked" in error["message"]
    assert not emulator.journal


def test_a_retired_endpoint_is_410_at_once() -> None:
    """What a gateway without any settings says."""
    with Gateway(credential="t") as gateway:
        response = ask(gateway, model="gpt-4.1")
    assert response.status_code == 410
    assert "nothing was sent" in shaped(response)["message"]


@pytest.mark.parametrize("options", [{}, {"allow_retired": True}])
def test_a_gateway_before_a_retired_endpoint_says_so_at_once(
    caplog: pytest.LogCaptureFixture, options: dict[str, Any]
) -> None:
    """Nobody has to find out by his first call."""
    with Gateway(credential="t", **options):
        told = [one.getMessage() for one in caplog.records if "was retired on" in one.getMessage()]
    assert len(told) == (not options)
    assert all("GITHUB_MODELS_ENDPOINT" in text for text in told)


def test_a_missing_key_is_the_gateways_affair(monkeypatch: pytest.MonkeyPatch) -> None:
    """502, for no key of the caller could mend it."""
    elsewhere = Endpoint("elsewhere", "https://models.example/v1", key_variable="NO_SUCH_KEY")
    with Gateway(elsewhere, fallback=None) as gateway:
        response = ask(gateway)
    assert response.status_code == 502
    assert "NO_SUCH_KEY" in shaped(response)["message"]


def test_auto_without_a_task_that_exists_is_the_callers_mistake(emulator: Emulator) -> None:
    """A ValueError of the route is no failure of the gateway."""
    with Gateway(emulator.inference_url, "k") as gateway:
        response = ask(gateway, model="auto:dreaming")
    assert response.status_code == 400
    assert shaped(response)["param"] == "model"


def test_nearest_models_are_suggested(emulator: Emulator) -> None:
    """As the client does."""
    with Gateway(emulator.inference_url, "k", fallback=None) as gateway:
        response = ask(gateway, model="openai/gpt-4.11")
    assert response.status_code == 404
    assert "openai/gpt-4.1" in shaped(response)["message"].partition("Nearest known models:")[2]


def test_a_call_that_takes_too_long_is_504() -> None:
    """The limit holds for a target that says nothing."""
    with behind(lambda asked: Reply((Act.STALL,)), timeout=0.2) as (gateway, _wire):
        response = ask(gateway)
    assert response.status_code == 504
    assert shaped(response)["code"] == "timeout"


def test_a_stream_that_takes_too_long_ends_in_an_error() -> None:
    """The limit holds for streams too, whose status has gone out by then."""
    reply = sse(delta("Hi"), Act.STALL)
    with behind(lambda asked: reply, timeout=0.2) as (gateway, wire):
        response = ask(gateway, stream=True)
        assert wire.hung_up.wait(30)
    assert response.status_code == 200
    assert '"code": "timeout"' in response.text
    assert "[DONE]" not in response.text


BROKEN_STREAMS = [
    pytest.param((Act.CUT,), id="cut"),
    pytest.param((b"data: {broken\n\n",), id="malformed"),
    pytest.param((b'data: {"error": {"message": "no", "code": "server_error"}}\n\n',), id="event"),
    pytest.param((), id="ends without its last word"),
]


@pytest.mark.parametrize("rest", BROKEN_STREAMS)
def test_an_error_inside_a_stream_is_its_last_event(rest: tuple[Any, ...]) -> None:
    """What arrived is passed on, then an error, then the end without `[DONE]`."""
    events: list[str] = []
    with (
        behind(lambda asked: sse(delta("Hi"), Act.SEEN, *rest)) as (gateway, wire),
        ask(gateway, stream=True, piecewise=True) as response,
    ):
        for line in response.iter_lines(chunk_size=1):
            events += [line.decode()] if line else []
            wire.seen.set()
    assert '"content": "Hi"' in events[0]
    assert events[1].startswith('data: {"error": {"message": "The stream of')
    assert "broke after its first content" in events[1]
    assert len(events) == 2


def test_the_openai_package_raises_that_error() -> None:
    """After what had arrived."""
    seen = []
    with behind(lambda asked: sse(delta("Hi"), Act.SEEN, Act.CUT)) as (gateway, wire):
        client = openai.OpenAI(base_url=gateway.v1_url, api_key="x", max_retries=0)

        def read() -> None:
            for chunk in client.chat.completions.create(**BODY, stream=True):
                seen.append(chunk.choices[0].delta.content)
                wire.seen.set()

        with client, pytest.raises(openai.APIError, match="broke after its first content"):
            read()
    assert seen == ["Hi"]


def test_a_stream_without_a_last_word_is_given_one() -> None:
    """Some servers end after the finish reason; clients of OpenAI's wait for `[DONE]`."""
    with behind(lambda asked: sse(delta("Hi"), delta(finish="stop"))) as (gateway, _wire):
        response = ask(gateway, stream=True)
    assert response.text.count("data: [DONE]\n\n") == 1
    assert response.text.endswith("data: [DONE]\n\n")


PATHS = [
    ("GET", "/", 404, "unknown_url"),
    ("POST", "/v1/completions", 404, "unknown_url"),
    ("GET", "/v1/models/", 404, "model_not_found"),
    ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
    ("OPTIONS", "/v1/chat/completions", 405, "method_not_allowed"),
    ("POST", "/healthz", 405, "method_not_allowed"),
    ("DELETE", "/v1/models/m", 405, "method_not_allowed"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), PATHS)
def test_wrong_paths_and_methods(
    gateway: Gateway, method: str, path: str, status: int, code: str
) -> None:
    """404 and 405, the latter with what is allowed."""
    response = requests.request(method, gateway.url + path, timeout=5)
    assert (response.status_code, shaped(response)["code"]) == (status, code)
    assert ("allow" in response.headers) == (status == 405)


def test_a_bug_is_a_500_that_says_nothing(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback, under the number that the caller was given."""
    from github_models_azure.server.gateway import relay

    def fail(_: object) -> bytes:
        raise KeyError(f"secret {KEY}")

    monkeypatch.setattr(relay, "body_of", fail)
    response = ask(gateway, model="openai/gpt-4o")
    assert response.status_code == 500
    error = shaped(response)
    assert error["code"] == "internal_error"
    number = response.headers["x-request-id"]
    assert number in error["message"]
    assert number in caplog.text
    assert "KeyError" in caplog.text


def test_a_name_that_no_header_can_hold_is_escaped() -> None:
    """Callers choose model names freely; none of them makes a header of its own."""
    good = answer({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    name = "m\r\nx-evil: 1\u20ac" + "x" * 480
    with behind(lambda asked: good) as (gateway, _wire):
        response = ask(gateway, model=name)
    assert response.status_code == 200
    assert "x-evil" not in response.headers
    assert "m%0D%0Ax-evil: 1%E2%82%AC" in response.headers["x-github-models-served-by"]
    assert len(response.headers["x-github-models-served-by"]) < 300


@pytest.mark.parametrize("name", [" ", " m", "m ", "m\t", "  m  n  "])
def test_a_name_with_blanks_at_its_ends_is_answered(name: str) -> None:
    """No header begins or ends with one."""
    good = answer({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    with behind(lambda asked: good) as (gateway, _wire):
        response = ask(gateway, model=name)
    assert response.status_code == 200
    served = response.headers["x-github-models-served-by"]
    assert unquote(served).endswith(f"/{name}")


def test_half_a_character_in_a_name_is_no_failure() -> None:
    """JSON can say it, and no header can."""
    good = answer({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    with behind(lambda asked: good) as (gateway, _wire):
        response = ask(gateway, model="m\ud800")
    assert response.status_code == 200
    assert response.headers["x-github-models-served-by"].endswith("/m?")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 422])
def test_the_parameter_complained_about_reaches_the_caller(status: int, stream: bool) -> None:
    """``param`` says what to change; the first refusal is passed on, whatever the others met."""
    body = {"error": {"code": "odd", "message": "no", "type": "t", "param": "messages[0].name"}}

    def script(asked: Asked) -> Reply:
        return answer(body, status) if asked.model == "m" else refused("x", "down", 503)

    with behind(script, fallback=["n"]) as (gateway, wire):
        response = ask(gateway, stream=stream)
    error = shaped(response)
    assert (response.status_code, error["code"], error["param"]) == (
        status,
        "odd",
        "messages[0].name",
    )
    assert [asked.model for asked in wire.asked] == ["m", "n"]


def test_the_parameter_of_an_error_under_a_200_reaches_the_caller() -> None:
    """Servers state one there, too."""
    body = {"error": {"code": 400, "message": "no", "param": "tools[0]"}}
    with behind(lambda asked: answer(body)) as (gateway, _wire):
        response = ask(gateway)
    assert (response.status_code, shaped(response)["param"]) == (400, "tools[0]")
