"""``error.code`` and ``error.message`` are there on every refusal, whatever shape its body has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ODataV4Format,
    ResourceNotFoundError,
    ResponseNotReadError,
)

from github_models_azure import trail_of
from github_models_azure.exceptions import FallbackExhaustedError, RateLimitedError
from github_models_azure.policies.errors import complete_error
from tests.client.test_transport import ask
from tests.harness import Answer, AsyncResponse, Service, SyncResponse, Twin
from tests.loopback import serve
from tests.policies.test_answers import GEMINI
from tests.policies.test_stock_client import policy, stock

EXTRA = {
    "type": "extra_forbidden",
    "loc": ["body", "messages", 0, "reasoning_content"],
    "msg": "Extra inputs are not permitted",
}
FOUNDRY_DETAIL = json.dumps({"detail": [EXTRA]})


def refused(status: int, body: Any, content_type: str = "application/json") -> Answer:
    return Answer(status, body, {"content-type": content_type})


CASES = [
    pytest.param(
        refused(
            400,
            [{"error": {"code": 400, "message": "Invalid value", "status": "INVALID_ARGUMENT"}}],
        ),
        ("400", "Invalid value"), id="Gemini's array",
    ),
    pytest.param(
        refused(400, {"message": "Wrong format", "type": "invalid_request_error", "param": "x",
                      "code": "wrong_api_format"}),
        ("wrong_api_format", "Wrong format"), id="Cerebras at top level",
    ),
    pytest.param(
        refused(422, {"detail": [EXTRA]}),
        ("extra_forbidden", "Extra inputs are not permitted"), id="Mistral's detail",
    ),
    pytest.param(
        refused(422, {"object": "error", "message": {"detail": [EXTRA]}, "code": None}),
        ("extra_forbidden", "Extra inputs are not permitted"), id="Mistral's detail in a message",
    ),
    pytest.param(
        refused(400, {"object": "error", "message": "Wrong order", "code": "3230"}),
        ("3230", "Wrong order"), id="Mistral at top level",
    ),
    pytest.param(
        refused(422, {"error": {"code": "Invalid input", "message": FOUNDRY_DETAIL,
                                "status": 422}}),
        ("Invalid input", FOUNDRY_DETAIL), id="Foundry",
    ),
    pytest.param(
        refused(400, {"object": "error", "message": "Too odd", "type": "BadRequest", "code": 4}),
        ("4", "Too odd"), id="old vLLM",
    ),
    pytest.param(
        refused(400, {"error": {"message": "Too odd", "type": "BadRequest", "code": 400}}),
        ("400", "Too odd"), id="vLLM",
    ),
    pytest.param(
        refused(404, {"error": {"message": "model 'x' not found", "type": "not_found_error",
                                "code": None}}),
        (None, "model 'x' not found"), id="Ollama",
    ),
    pytest.param(
        refused(401, {"error": {"code": 401, "message": "Invalid API Key",
                                "type": "authentication_error"}}),
        ("401", "Invalid API Key"), id="llama.cpp",
    ),
    pytest.param(
        refused(401, {"detail": "Invalid API key"}), (None, "Invalid API key"),
        id="llama-cpp-python",
    ),
    pytest.param(
        refused(401, {"statusCode": 401, "message": "Auth token validation failed"}),
        (None, "Auth token validation failed"), id="Azure serverless",
    ),
    pytest.param(
        refused(422, {"error": ["Input should be 'tool'", "Field required"]}),
        (None, "Input should be 'tool'"), id="GitHub's list of texts",
    ),
    pytest.param(refused(403, {"error": "not yours"}), (None, "not yours"), id="a text as error"),
    pytest.param(
        refused(410, {"type": "about:blank", "title": "Gone", "status": 410, "detail": "It left."},
                "application/problem+json"),
        (None, "It left."), id="NVIDIA's problem",
    ),
    pytest.param(
        refused(400, b"bad request: no such thing", "text/plain"),
        (None, "bad request: no such thing"), id="Copilot's text",
    ),
    pytest.param(
        refused(403, b"<html><head><title>403 Forbidden</title></head></html>", "text/html"),
        (None, "403 Forbidden"), id="html",
    ),
    pytest.param(refused(403, b"", "text/plain"), None, id="empty"),
    pytest.param(refused(400, b"{}"), (None, "{}"), id="an empty object"),
    pytest.param(
        refused(400, {"error": {"code": {"odd": 1}, "message": "m"}}), (None, "m"), id="odd code"
    ),
    pytest.param(refused(400, {"error": {"code": ["odd"], "message": ""}}), ..., id="only odd"),
]  # fmt: skip


class KeepingResponse(SyncResponse):
    def read(self) -> bytes:
        return super().read() if self.content is None else self.content


class AsyncKeepingResponse(AsyncResponse):
    async def read(self) -> bytes:
        return await super().read() if self.content is None else self.content


class Keeping(Service):
    """Keeps a body that was read, as azure-core's responses do: the SDK reads refusals again."""

    def handle(self, request: Any, options: dict[str, Any], kind: type[Any]) -> Any:
        kind = AsyncKeepingResponse if kind is AsyncResponse else KeepingResponse
        return super().handle(request, options, kind)


both_ways = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "stream"])
"""A plain call and a streamed one."""


def raised(twin: Twin, streamed: bool, *answers: Answer, **options: Any) -> Any:
    """The error that a call ends in, where the targets answer so."""
    by_model = {f"m{place}": answer for place, answer in enumerate(answers)}
    service = Keeping(lambda sent: by_model[sent.model])
    client = twin.client(
        service, model="m0", fallback=list(by_model)[1:] or None, fallback_max_wait=0, **options
    )
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each test names the class
        twin.read(client) if streamed else twin.complete(client)
    assert trail_of(caught.value) is not None
    return caught.value


@pytest.mark.parametrize(("answer", "expected"), CASES)
@both_ways
def test_a_refusal_has_code_and_message(
    twin: Twin, streamed: bool, answer: Answer, expected: Any
) -> None:
    """Whatever the body looks like; codes are text, and the message shows both."""
    error = raised(twin, streamed, answer, retry_total=0)
    classes = {401: ClientAuthenticationError, 404: ResourceNotFoundError}
    assert type(error) is classes.get(answer.status, HttpResponseError)
    assert error.status_code == answer.status
    if expected is None:
        assert error.error is None
        return
    if expected is ...:
        assert error.error.code is None or isinstance(error.error.code, str)
        return
    assert isinstance(error.error, ODataV4Format)
    assert (error.error.code, error.error.message) == expected
    assert str(error) == error.message == error.args[0]
    code, message = expected
    assert message in error.message.splitlines()[0]
    assert code is None or error.message.startswith(f"({code}) {message}\n")
    assert "Content:" not in str(error)


@both_ways
def test_the_member_complained_about_is_the_target(twin: Twin, streamed: bool) -> None:
    """azure-core has a name for it, and shows it."""
    error = raised(twin, streamed, refused(422, {"detail": [EXTRA]}), adapt="strict")
    assert error.error.target == "messages.0.reasoning_content"
    assert "Target: messages.0.reasoning_content" in str(error)


@both_ways
def test_what_azure_core_reads_well_stays(twin: Twin, streamed: bool) -> None:
    """Its own object and its own message, details and all."""
    details = [{"code": 7, "message": "inner"}, {"code": "x", "message": "y"}]
    body = {"error": {"code": "unsupported", "message": "no", "target": "t", "details": details,
                      "innererror": {"code": 1}}}  # fmt: skip
    error = raised(twin, streamed, refused(400, body))
    stock = ODataV4Format(body)
    assert error.message == str(stock)
    assert [detail.code for detail in error.error.details] == ["7", "x"]
    assert (error.error.target, error.error.innererror) == ("t", {"code": 1})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ([{"error": {"code": 429, "message": "Resource exhausted"}}], "application/json"),
        ({"detail": "Resource exhausted"}, "application/json"),
        (b"Resource exhausted", "text/plain"),
    ],
)
@both_ways
def test_our_own_errors_have_it_too(
    twin: Twin, streamed: bool, body: Any, content_type: str
) -> None:
    """A limit keeps its message, an exhausted route its story; both have what the server said."""
    limit = refused(429, body, content_type)
    one = raised(twin, streamed, limit)
    assert isinstance(one, RateLimitedError)
    assert one.message.startswith("models.example/m0 is rate limited")
    all_of_them = raised(twin, streamed, limit, limit)
    assert isinstance(all_of_them, FallbackExhaustedError)
    assert "m1: 429 rate_limited" in all_of_them.message
    for error in (one, all_of_them):
        assert error.error.message == "Resource exhausted"
        assert error.error.code in ("429", None)


def test_the_policys_errors_have_it_in_a_stock_client_too(twin: Twin) -> None:
    """What the policy raises itself needs no client of this package."""
    service = Service(lambda sent: refused(429, {"detail": "Resource exhausted"}))
    policies = [policy(twin, service, None, fallback_max_wait=0)]
    with pytest.raises(RateLimitedError) as caught:
        twin.complete(stock(twin, service, per_call_policies=policies))
    assert caught.value.error is not None
    assert caught.value.error.message == "Resource exhausted"


class Unread:
    """A response whose body was never read."""

    status_code, reason, request = 400, "Bad Request", "GET"

    @property
    def content(self) -> bytes:
        raise ResponseNotReadError(self)  # type: ignore[arg-type]

    def text(self) -> str:
        return str(self.content)


@pytest.mark.parametrize("response", [None, Unread()])
def test_an_error_without_a_body_stays(response: Any) -> None:
    """There is nothing to read, and reading is not tried again."""
    error = HttpResponseError("said", response=response)
    complete_error(error)
    assert (error.error, error.message) == (None, "said")


def test_what_a_policy_says_itself_stays() -> None:
    """Only azure-core's general words give way to the server's."""

    class Response:
        status_code, reason, content, headers = 400, "Bad", b'{"detail": "why"}', {}

    error = HttpResponseError("my own words", response=Response())  # type: ignore[arg-type]
    complete_error(error)
    assert error.message == "my own words"
    assert error.error is not None
    assert error.error.message == "why"


@pytest.mark.parametrize("status", [200, 422])
def test_over_a_real_connection(twin: Twin, status: int) -> None:
    """The transports' own responses take another body and give theirs."""
    body = GEMINI if status == 200 else {"detail": [EXTRA]}
    with serve(lambda _: (status, {}, json.dumps(body).encode())) as server:
        if status == 200:
            assert ask(twin, server.url).choices[0].finish_reason == "tool_calls"
            return
        with pytest.raises(HttpResponseError) as caught:
            ask(twin, server.url)
    assert caught.value.error is not None
    assert caught.value.error.code == "extra_forbidden"
