"""A key that a server repeats, and one in a query, are in nothing that anybody reads."""

from __future__ import annotations

import traceback
from datetime import date
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import StreamInterruptedError
from tests.harness import FIRST, Answer, Service, Twin, chat, delta, stream

KEY = "a-key-of-twenty-chars"
URL = "https://x.example/openai/v1"
SECRET = "in-the-query"
SAID = {"message": f"the key {KEY} is wrong", "code": f"bad {KEY}", "type": KEY, "param": KEY}
OPTIONS = {"credential": KEY, "fallback": None, "fallback_max_wait": 0, "jitter": float}


def read_by_people(error: BaseException) -> str:
    """All that a log, a terminal or a report shows of an error."""
    inner = getattr(error, "error", None)
    parts = [str(error), repr(error), str(inner), repr(vars(inner)) if inner else ""]
    parts += traceback.format_exception(error)
    trail = trail_of(error)
    return "\n".join([*parts, str(trail), repr(trail)])


@pytest.mark.parametrize("own_credential", [True, False])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    "body",
    [{"error": SAID}, {"error": {"code": "c", "message": "m", "details": [SAID]}}, {"x": KEY}],
)
def test_a_key_that_a_server_repeats_is_hidden(
    twin: Twin, status: int, body: Any, own_credential: bool
) -> None:
    """In the message, the code, the trail and what azure-core shows of a body."""
    # The second is signed with the client's key, for it has the same origin.
    targets = None if own_credential else [Target("other", Endpoint("again", URL))]
    client = twin.client(
        Service(lambda _: Answer(status, body)),
        Endpoint("x", URL, KEY, "openai-v1"),
        **{**OPTIONS, "credential": None, "fallback": targets},
    )
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client, model="m")
    assert KEY not in read_by_people(caught.value)


def test_a_stream_that_repeats_the_key_hides_it(twin: Twin) -> None:
    """Before its first content and after it."""
    told = b'data: {"error":{"message":"the key %s is wrong"}}\n\n' % KEY.encode()
    for begun, expected in (([delta("Hi")], StreamInterruptedError), ([], AzureError)):
        client = twin.client(Service(lambda _, b=begun: stream(*b, told)), URL, **OPTIONS)
        with pytest.raises(expected, match=r"the key \*\*\* is wrong") as caught:
            twin.read(client, model="m")
        assert KEY not in read_by_people(caught.value)


def test_stand_in_keys_are_left_in_words(twin: Twin) -> None:
    """A key such as ``none`` is part of other words; what is said stays as it is."""
    client = twin.client(
        Service(lambda _: Answer(400, {"error": {"message": "nonesuch", "code": "c"}})),
        URL,
        **{**OPTIONS, "credential": "none"},
    )
    with pytest.raises(HttpResponseError, match="nonesuch"):
        twin.complete(client, model="m")


def test_where_an_endpoint_has_moved_to_is_told_without_its_query(twin: Twin) -> None:
    """The trail names the address; the request carries the query."""
    moved = f"https://x.example/v2?key={SECRET}"
    endpoint = Endpoint("x", URL, KEY, "openai-v1", moved_to=moved, retired_on=date(2020, 1, 1))
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, endpoint, **{**OPTIONS, "credential": None})
    trail = trail_of(twin.complete(client, model="m"))
    assert SECRET in service.sent[0].url
    assert "sent to https://x.example/v2 instead" in str(trail)
    assert SECRET not in str(trail) + repr(trail)


@pytest.mark.parametrize(
    ("url", "moved_to"),
    [
        (f"ftp://x.example/v1?key={SECRET}", None),
        ("https://x.example/v1", f"https://y.example/v1?key={SECRET}"),
        (f"http://[::1?key={SECRET}", None),
    ],
)
def test_wrong_urls_are_shown_without_their_query(url: str, moved_to: str | None) -> None:
    """Also half an IPv6 address, of which the standard library says very little."""
    with pytest.raises(ValueError, match=r"The endpoint (URL )?'") as caught:
        Endpoint("x", url, moved_to=moved_to)
    assert SECRET not in str(caught.value)


def test_an_error_beside_choices_is_an_error(twin: Twin) -> None:
    """A 200 that states an error is no answer, whatever else is in it."""
    body = {**chat("m").body, "error": {"message": "the upstream broke", "code": 502}}
    client = twin.client(Service(lambda _: Answer(200, body)), URL, **OPTIONS)
    with pytest.raises(HttpResponseError, match="the upstream broke"):
        twin.complete(client, model="m")


def test_a_server_that_repeats_the_key_is_not_repeated(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the trail nor the log shows a key that came back in an error."""
    caplog.set_level("DEBUG", "github_models_azure")
    service = Service(
        lambda sent: Answer(401, b"bad key hunter2-key", {"content-type": "text/plain"})
    )
    client = twin.client(service, credential="hunter2-key", model=FIRST, fallback=None)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    assert "hunter2" not in str(trail_of(caught.value)) + caplog.text


def test_swapped_arguments_do_not_show_the_token(twin: Twin) -> None:
    """A token given as endpoint is taken out of the error."""
    with pytest.raises(ValueError, match="endpoint") as caught:
        twin.package.ChatCompletionsClient("ghp_" + "a" * 36, "https://x.example")
    assert "aaaa" not in str(caught.value)
