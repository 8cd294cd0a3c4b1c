"""Errors that the plain SDK tells badly, or not apart."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from github_models_azure import Endpoint, Target
from github_models_azure.exceptions import (
    CredentialScopeError,
    EndpointRetiredError,
    FallbackExhaustedError,
    RateLimitedError,
)
from tests.traps.side_helpers import KEY, Outcome, Side, token, trap
from tests.traps.wire_helpers import answer, good, serve

NAMELESS = "models.invalid"


@trap(32)
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        pytest.param({"error": {"code": 429, "message": "slow"}}, "429", "slow", id="a number"),
        pytest.param({"code": 4, "message": "bad"}, "4", "bad", id="a number at the top"),
        pytest.param([{"error": {"code": 400, "message": "odd"}}], "400", "odd", id="an array"),
        pytest.param({"detail": "Not this way"}, None, "Not this way", id="detail"),
        pytest.param({"error": "plain words"}, None, "plain words", id="a text"),
        pytest.param({"error": ["first", "second"]}, None, "first", id="a list of texts"),
        pytest.param({"title": "No", "status": 400}, None, "No", id="problem"),
        pytest.param(b"upstream is tired", None, "upstream is tired", id="text"),
        pytest.param(b"<html><title>Bad</title></html>", None, "Bad", id="a page"),
    ],
)
def test_an_error_says_what_its_body_says(
    plain: Side, ours: Side, body: Any, code: str | None, words: str
) -> None:
    """Trap 32: of a third of the servers the SDK reads no error, or a code that is no text."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kinds = {b"{": "application/json", b"[": "application/json", b"<": "text/html"}
    kind = kinds.get(raw[:1], "text/plain")
    blind = plain.ask(lambda asked: answer(raw, 400, content_type=kind)).error
    assert isinstance(blind, HttpResponseError)
    assert blind.error is None or not isinstance(blind.error.code, str)
    told = ours.ask(lambda asked: answer(raw, 400, content_type=kind)).error
    assert isinstance(told, HttpResponseError)
    assert told.error is not None
    assert told.error.code == code
    assert words in str(told.error.message)
    assert words in str(told)


@trap(33)
@pytest.mark.parametrize(
    ("status", "body", "made", "kind"),
    [
        pytest.param(429, {}, {}, RateLimitedError, id="a limit"),
        pytest.param(
            410, {"error": {"code": "github_models_sunset"}}, {}, EndpointRetiredError, id="the end"
        ),
        pytest.param(503, {}, {"fallback": ["other"]}, FallbackExhaustedError, id="all of them"),
    ],
)
def test_what_a_caller_can_act_upon_has_a_class(
    plain: Side, ours: Side, status: int, body: Any, made: Any, kind: type[Exception]
) -> None:
    """Trap 33: to the SDK a limit, an outage and the end of a service are all the same."""
    vague = plain.ask(lambda asked: answer(body, status))
    assert type(vague.error) is HttpResponseError
    told = ours.ask(lambda asked: answer(body, status), made=made, fallback_max_wait=0)
    assert type(told.error) is kind
    assert isinstance(told.error, HttpResponseError)


@trap(33)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_nobody_can_act_upon_has_none(plain: Side, ours: Side, status: int) -> None:
    """Trap 33, its other half: there, code for the plain SDK goes on as it is."""
    for side in (plain, ours):
        error = side.ask(lambda asked: answer({"error": {"message": "no"}}, status)).error
        assert type(error) is HttpResponseError
        assert error.status_code == status


def unreachable(side: Side, monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """Ask a port nobody listens on, a name nobody has, and clear text with a token."""
    look_up = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **keywords: Any) -> Any:
        if host == NAMELESS:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *args, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    options = {"fallback_max_wait": 0} if side.is_ours else {}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    urls = {"refused": f"http://127.0.0.1:{port}", "no name": f"https://{NAMELESS}"}
    found = {
        name: side.ask(good, endpoint=lambda _, url=url: url, **options)
        for name, url in urls.items()
    }
    found["clear text"] = side.ask(
        good,
        endpoint=lambda _: f"http://{NAMELESS}",
        made={"credential": token(side)},
        **options,
    )
    return found


@trap(34)
def test_what_was_never_sent_is_told_apart(
    plain: Side, ours: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 34: to the SDK a leak that was refused and a server that is down are one class."""
    alike = unreachable(plain, monkeypatch)
    assert {type(outcome.error) for outcome in alike.values()} == {ServiceRequestError}
    told = unreachable(ours, monkeypatch)
    kinds = {
        name: told[name].trail.attempts[0].failure.kind.value for name in ("refused", "no name")
    }
    assert kinds == {"refused": "unavailable", "no name": "unavailable"}
    assert isinstance(told["clear text"].error, CredentialScopeError)


@trap(34)
def test_what_was_never_sent_goes_elsewhere(plain: Side, ours: Side) -> None:
    """Trap 34: a refused connection is an error of the SDK, and safe to route around."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    dead = f"http://127.0.0.1:{port}"
    assert isinstance(plain.ask(good, endpoint=lambda _: dead).error, ServiceRequestError)
    with serve(good) as alive:
        other = Target("other", Endpoint("alive", alive.url, KEY))
        served = ours.ask(good, endpoint=lambda _: dead, made={"fallback": [other]})
    assert served.error is None
    assert alive.models == ["other"]
