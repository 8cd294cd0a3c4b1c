"""Bodies of every kind: only a JSON object within the limits is sent on."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway
from tests.harness import DONE, delta
from tests.server.gateway.gateway_helpers import (
    BODY,
    PATIENCE,
    ask,
    behind,
    connect,
    request_bytes,
    shaped,
)
from tests.traps.wire_helpers import good, sse

LIMIT = 10_000
ASKED: dict[str, Any] = {**BODY, "model": "openai/gpt-4o"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Emulator]:
    """A service whose clock leaps, so that no limit of its plan is ever met."""
    leaping = itertools.count(0.0, 1000.0)
    with Emulator(plan="enterprise", clock=leaping.__next__) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(upstream: Emulator) -> Iterator[Gateway]:
    options: Any = {"model": "openai/gpt-4o", "fallback": None, "max_body": LIMIT, "retry_total": 0}
    with Gateway(upstream.inference_url, "k", **options) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as made:
        yield made


def post(gateway: Gateway, data: Any, path: str = "/v1/chat/completions", **headers: str) -> Any:
    named = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return requests.post(gateway.url + path, data=data, headers=named, timeout=PATIENCE)


def read_all(client: socket.socket) -> bytes:
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


LONG_NAME = "litellm/" * 200 + "m"
WRONG = [
    (json.dumps({"model": LONG_NAME}).encode(), "model has 1,601 characters; at most 500"),
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b"[]", "not a JSON object"),
    (b'"text"', "not a JSON object"),
    (b"null", "not a JSON object"),
    (b'{"a": NaN}', "not JSON"),
    (b'{"a": -Infinity}', "not JSON"),
    (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    (b"\xff\xfe{}", "not UTF-8"),
    ('{"messages": []}'.encode("utf-16"), "not UTF-8"),
    ('{"messages": []}'.encode("utf-32-le"), "not JSON"),
    (b"[" * 5000, "not JSON"),
    (b'{"a":' * 1000 + b"1" + b"}" * 1000, "not JSON|nested deeper"),
    (b'{"a":' * 101 + b"1" + b"}" * 101, "nested deeper"),
    (b'{"model": 5}', "model must be a string"),
    (b'{"model": {"a": 1}}', "model must be a string"),
    (b'{"model": "m", "stream": 1}', "stream must be true or false"),
    (b'{"model": "m", "stream": "true"}', "stream must be true or false"),
]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/inference/embeddings"])
@pytest.mark.parametrize(("body", "told"), WRONG)
def test_what_is_no_object_is_refused(
    gateway: Gateway, upstream: Emulator, path: str, body: bytes, told: str
) -> None:
    """400 with what is wrong, and nothing goes upstream."""
    upstream.reset()
    response = post(gateway, body, path)
    assert response.status_code == 400
    error = shaped(response)
    assert error["code"] == "invalid_body"
    assert any(words in error["message"] for words in told.split("|"))
    assert upstream.journal == ()


def test_a_deployment_of_too_long_a_name_is_refused(gateway: Gateway) -> None:
    """A path names a model as a body does."""
    path = f"/openai/deployments/{'d' * 501}/chat/completions"
    answer = post(gateway, json.dumps(BODY), path)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")


def test_a_byte_order_mark_and_odd_spaces_are_read(gateway: Gateway) -> None:
    """As JSON of a Windows program."""
    body = b"\xef\xbb\xbf\r\n" + json.dumps(ASKED, indent=2).encode() + b"\n"
    assert post(gateway, body, content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded; charset=utf-8"},
        {"content_type": "Multipart/Form-Data; boundary=x"},
        {"content_encoding": "gzip"},
        {"content_encoding": "br, gzip"},
    ],
)
def test_other_kinds_of_bodies_are_refused(gateway: Gateway, headers: dict[str, str]) -> None:
    """What a web page may post unasked, and what would have to be unpacked without a bound."""
    response = post(gateway, json.dumps(ASKED), **headers)
    assert response.status_code == 415
    assert shaped(response)["code"] == "unsupported_media_type"


def test_a_body_without_a_type_is_read(gateway: Gateway) -> None:
    """Small programs leave it out."""
    with connect(gateway) as client:
        client.sendall(request_bytes(ASKED, "connection: close"))
        assert read_all(client).startswith(b"HTTP/1.1 200")


def padded(size: int) -> bytes:
    body = json.dumps(ASKED).encode()
    return body + b" " * (size - len(body))


def test_a_body_may_be_as_large_as_the_limit(gateway: Gateway) -> None:
    """And no byte larger."""
    assert post(gateway, padded(LIMIT)).status_code == 200
    response = post(gateway, padded(LIMIT + 1))
    assert (response.status_code, shaped(response)["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("size", [LIMIT + 1, 3_000_000])
def test_a_body_of_unknown_size_is_counted(gateway: Gateway, size: int) -> None:
    """Chunks announce no length; the rest is thrown away, so that the answer is read."""
    pieces = iter([padded(size)])
    response = post(gateway, pieces)
    assert (response.status_code, shaped(response)["code"]) == (413, "request_too_large")


def test_who_asks_first_is_told_before_he_sends(gateway: Gateway) -> None:
    """`Expect: 100-continue` is what `curl` sends with large bodies."""
    lines = (f"content-length: {LIMIT + 1}", "expect: 100-continue")
    with connect(gateway) as client:
        client.sendall(request_bytes(b"", *lines))
        assert read_all(client).startswith(b"HTTP/1.1 413")


def test_who_asks_first_is_let_in(gateway: Gateway) -> None:
    """With a body within the limit."""
    content = json.dumps(ASKED).encode()
    lines = (f"content-length: {len(content)}", "expect: 100-continue", "connection: close")
    with connect(gateway) as client:
        client.sendall(request_bytes(b"", *lines))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(content)
        assert read_all(client).startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_arrive_is_408(upstream: Emulator) -> None:
    """The connection is closed with the answer."""
    with Gateway(upstream.inference_url, "k", timeout=0.2) as gateway, connect(gateway) as client:
        client.sendall(request_bytes(b'{"mess', "content-length: 100"))
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_timeout"


def test_who_leaves_within_his_body_is_forgotten(gateway: Gateway) -> None:
    """No error, nothing in flight."""
    with connect(gateway) as client:
        client.sendall(request_bytes(b'{"mess', "content-length: 100"))
    url = f"{gateway.url}/healthz"
    while requests.get(url, timeout=PATIENCE).json()["in_flight"]:
        pass


NO_HTTP = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 20_000,  # and no end to come
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
]


@pytest.mark.parametrize("sent", NO_HTTP)
def test_what_is_no_http_is_refused_in_the_same_form(gateway: Gateway, sent: bytes) -> None:
    """400 by the protocol itself, as JSON; then the connection is closed."""
    with connect(gateway) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR) if sent[:1] == b"\x16" else None
        answer = read_all(client)
    if sent[:1] == b"\x16" and not answer:
        return  # half of a TLS greeting is no line yet
    assert answer.startswith(b"HTTP/1.1 400")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "invalid_http"


def test_requests_in_a_row_are_answered_in_order(gateway: Gateway) -> None:
    """Sent at once on one connection, the last one refused."""
    first, second = ({**ASKED, "messages": [{"role": "user", "content": t}]} for t in ("Hi", "Bye"))
    sent = request_bytes(first) + request_bytes(second) + request_bytes(b"[]", "connection: close")
    with connect(gateway) as client:
        client.sendall(sent)
        answers = read_all(client).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"400"]


def test_rubbish_behind_a_request_does_not_spoil_its_answer(gateway: Gateway) -> None:
    """It is refused in turn, and the connection closed."""
    with connect(gateway) as client:
        client.sendall(request_bytes(ASKED) + b"rubbish\r\n\r\n")
        answers = read_all(client).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"400"]


def test_a_body_with_two_lengths_is_refused_with_all_that_follows(gateway: Gateway) -> None:
    """A proxy that believes the other length would take the rest for an answered request."""
    lines = ("transfer-encoding: chunked", "content-length: 4")
    hidden = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    with connect(gateway) as client:
        client.sendall(request_bytes(b"0\r\n\r\n" + hidden, *lines))
        answers = read_all(client).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"400"]
    assert b"invalid_http" in answers[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "messages", "model", "stream", "tools", "tool_choice", "response_format", "max_tokens",
        "temperature", "stop", "n", "input", "stream_options", "modalities", "functions", "user",
    ]
)  # fmt: skip
MESSAGES = st.lists(
    st.dictionaries(
        st.sampled_from(["role", "content", "name", "tool_calls", "tool_call_id"]),
        JSON | st.sampled_from(["user", "system", "assistant", "tool", "developer"]),
    ),
    max_size=3,
)
BODIES = st.dictionaries(NAMES, JSON, max_size=6) | st.fixed_dictionaries(
    {"model": st.sampled_from(["openai/gpt-4o", "", "auto", "auto:x", "a/b", "gpt-4o"])},
    optional={"messages": MESSAGES | JSON, "tools": JSON, "tool_choice": JSON, "stream": JSON,
              "response_format": JSON, "input": JSON, "stop": JSON},
)  # fmt: skip
PATHS = st.sampled_from(["/v1/chat/completions", "/embeddings", "/inference/chat/completions"])


def judge(response: requests.Response) -> None:
    if response.status_code == 200:
        assert response.content
        return
    assert response.status_code not in (500, 502, 503, 504), response.text
    shaped(response)


@settings(max_examples=150)
@given(body=BODIES, path=PATHS)
def test_no_body_breaks_the_gateway(
    gateway: Gateway, session: requests.Session, body: Any, path: str
) -> None:
    """Whatever a caller sends is answered, or refused as a mistake of his."""
    judge(session.post(gateway.url + path, json=body, timeout=PATIENCE))


@settings(max_examples=60)
@given(body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "", "x/y", "a"]))
def test_no_bytes_break_the_gateway(
    gateway: Gateway, session: requests.Session, body: bytes, kind: str
) -> None:
    """Nor do bytes."""
    url = f"{gateway.v1_url}/chat/completions"
    judge(session.post(url, data=body, headers={"content-type": kind}, timeout=PATIENCE))


HEADER_NAMES = st.sampled_from(
    [
        "authorization", "api-key", "accept", "accept-encoding", "extra-parameters", "te",
        "content-type", "content-encoding", "x-forwarded-for", "cookie", "origin", "expect",
        "upgrade", "user-agent", "traceparent",
    ]
)  # fmt: skip
HEADER_VALUES = st.text(
    st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f\x85\xa0"),
    max_size=30,
)


@settings(max_examples=80)
@given(headers=st.dictionaries(HEADER_NAMES, HEADER_VALUES.map(lambda v: v.encode("latin-1"))))
def test_no_headers_break_the_gateway(
    gateway: Gateway, session: requests.Session, headers: dict[str, bytes]
) -> None:
    """Nor do headers."""
    url = f"{gateway.v1_url}/chat/completions"
    response = session.post(url, data=json.dumps(ASKED), headers=headers, timeout=PATIENCE)
    judge(response)


@settings(max_examples=60)
@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_path_breaks_the_gateway(gateway: Gateway, session: requests.Session, path: str) -> None:
    """Nor do paths."""
    judge(session.get(f"{gateway.url}/v1/models/{path}", timeout=PATIENCE))


@pytest.mark.parametrize("streamed", [False, True])
def test_what_no_server_counted_is_not_told(streamed: bool) -> None:
    """The estimate in the trail of a call is not passed on as a count."""
    chunks = (delta("Hi"), delta(finish="stop"), DONE)
    with behind(lambda asked: sse(*chunks) if streamed else good(asked)) as (gateway, _wire):
        response = ask(gateway, stream=streamed)
    assert response.status_code == 200
    assert "usage" not in response.text
    assert not [name for name in response.headers if "usage" in name.lower()]
