"""Errors reach LiteLLM's callers, and its Router, in LiteLLM's classes."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from itertools import product
from typing import Any

import litellm
import pytest
from litellm.exceptions import MidStreamFallbackError
from litellm.integrations.custom_logger import CustomLogger

from github_models_azure import trail_of
from github_models_azure.exceptions import FallbackExhaustedError, RateLimitedError
from github_models_azure.integrations.litellm import GitHubModelsLLM, register
from github_models_azure.server.emulator import Emulator
from tests.integrations.litellm.caller_helpers import (
    ANSWER,
    MODEL,
    OTHER,
    QUESTION,
    Caller,
    text_of,
)

KEY = "sk-a-key-that-nobody-may-see"
OTHER_KEY = "sk-another-one-given-with-a-call"
HEARD = {"sync": {"sent", "answered", "failed"}, "aio": {"sent"}}  # at the least
FAULTS: list[tuple[str, dict[str, Any], type[Exception], int]] = [
    ("rate_limit", {"seconds": 30}, litellm.RateLimitError, 429),
    ("status", {"status": 418}, litellm.BadRequestError, 418),
    ("status", {"status": 422}, litellm.UnprocessableEntityError, 422),
    ("status", {"status": 500}, litellm.InternalServerError, 500),
    ("status", {"status": 503}, litellm.ServiceUnavailableError, 503),
    ("status", {"status": 504}, litellm.Timeout, 408),
    ("html_error", {}, litellm.BadGatewayError, 502),
    ("non_json", {}, litellm.InternalServerError, 500),
    ("error_in_200", {}, litellm.InternalServerError, 500),
    ("cut_stream", {"after": 2}, litellm.APIConnectionError, 500),
]
BROKEN = [
    ("cut_stream", {"after": 3, "polite": True}),
    ("malformed_chunk", {"after": 3}),
    ("error_event", {"after": 3}),
]


@pytest.mark.parametrize(("kind", "members", "expected", "status"), FAULTS)
def test_each_failure_has_its_class(
    caller: Caller,
    llm: GitHubModelsLLM,
    emulator: Emulator,
    kind: str,
    members: dict[str, Any],
    expected: type[Exception],
    status: int,
) -> None:
    """The class and the status are LiteLLM's, the cause and the trail are ours."""
    emulator.fault(kind, times=None, **members)
    with pytest.raises(expected) as caught:
        caller.completion(max_retries=0)
    error: Any = caught.value
    assert type(error) is expected
    assert error.status_code == status
    assert (error.model, error.llm_provider) == ("openai/gpt-4.1", "github_models")
    assert error.__cause__ is not None
    trail = trail_of(error)
    assert trail is not None
    assert len(trail.attempts) == 1


@pytest.mark.parametrize("second", [418, 503])
def test_a_refusal_in_doubt_has_the_class_of_the_first(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator, second: int
) -> None:
    """Whether the other target refused it too, or was down."""
    emulator.fault("status", times=1, status=422)
    emulator.fault("status", times=None, status=second)
    with pytest.raises(litellm.UnprocessableEntityError) as caught:
        caller.completion(max_retries=0, fallback=[OTHER])
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [422, second]


def test_refusals_have_their_classes(caller: Caller, llm: GitHubModelsLLM) -> None:
    """Those for which LiteLLM has fallbacks of their own are told apart."""
    for key in ("bad", "no-models"):
        with pytest.raises(litellm.AuthenticationError):
            caller.completion(api_key=key)
    with pytest.raises(litellm.NotFoundError, match="Unknown model: openai/gpt-99"):
        caller.completion("github_models/openai/gpt-99")
    with pytest.raises(litellm.ContentPolicyViolationError):
        caller.completion(messages=[{"role": "user", "content": "emulate-content-filter"}])
    with pytest.raises(litellm.BadRequestError, match="temperature"):
        caller.completion(temperature=7)


def test_too_much_input_is_told_though_nothing_was_sent(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """LiteLLM's fallbacks for a full context window ask for this class."""
    long = [{"role": "user", "content": "word " * 200_000}]
    with pytest.raises(litellm.ContextWindowExceededError, match="over its limit") as caught:
        caller.completion(messages=long)
    assert isinstance(caught.value.__cause__, FallbackExhaustedError)
    assert not emulator.journal


def test_what_a_model_cannot_do_is_a_bad_request(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """Nothing is sent, and another try would not help."""
    with pytest.raises(litellm.BadRequestError, match="not asked") as caught:
        caller.completion(model="github_models/openai/text-embedding-3-small", fallback=[])
    assert type(caught.value) is litellm.BadRequestError
    assert not emulator.journal


def test_mistakes_are_bad_requests(caller: Caller, llm: GitHubModelsLLM) -> None:
    """A wrong option or address is the caller's to mend; another try would not help."""
    with pytest.raises(litellm.BadRequestError, match="fallback_max_attempts is at least 1"):
        caller.completion(fallback_max_attempts=0)
    with pytest.raises(litellm.BadRequestError, match="'nonsense' is neither"):
        caller.completion(api_base="nonsense", api_key="a-key")
    with pytest.raises(litellm.BadRequestError, match="fallback_max_attempts is at least 1"):
        caller.stream(fallback_max_attempts=0)


def test_an_endpoint_that_is_away_is_a_lost_connection(
    caller: Caller, llm: GitHubModelsLLM
) -> None:
    """LiteLLM retries those."""
    with pytest.raises(litellm.APIConnectionError):
        caller.completion(api_base="http://127.0.0.1:9", api_key="a-key", max_retries=0)


def test_a_retired_endpoint_is_not_found(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """It says what to do instead, and is not retried."""
    emulator.retire("410")
    with pytest.raises(litellm.NotFoundError, match="Point endpoint= at a service"):
        caller.completion()


def test_the_wait_is_where_the_router_reads_it(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """Its cooldowns and retries follow the header; nothing of the account is in it."""
    emulator.fault("rate_limit", seconds=30, times=None)
    with pytest.raises(litellm.RateLimitError) as caught:
        caller.completion()
    error: Any = caught.value
    assert error.response.headers["retry-after"] == "30"
    assert error.litellm_response_headers["retry-after"] == "30"
    assert isinstance(error.__cause__, RateLimitedError)


def test_the_requested_target_decides_the_class(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """A fallback's trouble is in the message; who tries again asks the requested target."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=30, times=None)
    emulator.fault("status", status=503, model=OTHER, times=None)
    for _ in range(2):  # the second time it is known to be limited, and not asked
        with pytest.raises(litellm.RateLimitError, match="503 unavailable") as caught:
            caller.completion(fallback=[OTHER])
        assert caught.value.status_code == 429


@pytest.mark.parametrize(("kind", "members"), BROKEN)
def test_a_stream_that_breaks_says_what_came(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator, kind: str, members: dict[str, Any]
) -> None:
    """LiteLLM's Router goes on from the text that had come; nobody takes it for an answer."""
    emulator.fault(kind, times=None, **members)
    seen: list[Any] = []
    with pytest.raises(MidStreamFallbackError) as caught:
        caller.streaming(seen, max_retries=0)
    assert isinstance(caught.value.original_exception, litellm.APIConnectionError)
    assert caught.value.generated_content == text_of(seen)
    assert caught.value.is_pre_first_chunk is (not seen)


@pytest.mark.parametrize(
    ("status", "wrapped"), [(400, False), (408, False), (429, True), (503, True)]
)
def test_a_stream_refused_at_its_first_chunk_is_wrapped_where_another_may_serve(
    llm: GitHubModelsLLM, emulator: Emulator, status: int, wrapped: bool
) -> None:
    """LiteLLM puts what its Router may mend into an error of its own; the rest comes as it is."""

    async def read() -> None:
        stream: Any = await litellm.acompletion(MODEL, QUESTION, stream=True, max_retries=0)
        async for _ in stream:
            pass

    emulator.fault("status", status=status, times=None)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - judged below
        asyncio.run(read())
    assert isinstance(caught.value, MidStreamFallbackError) is wrapped
    error: Any = caught.value.original_exception if wrapped else caught.value
    expected = {400: "BadRequestError", 408: "Timeout", 429: "RateLimitError"}
    assert type(error).__name__ == expected.get(status, "ServiceUnavailableError")


@pytest.mark.parametrize("kind", ["empty_stream", "error_in_200", "html_error", "rate_limit"])
def test_a_stream_that_never_began_is_an_error_of_the_call(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator, kind: str
) -> None:
    """Sync it is raised by ``completion``; async LiteLLM opens streams at their first chunk."""
    emulator.fault(kind, times=None)
    seen: list[Any] = []
    with pytest.raises(Exception) as caught:  # noqa: PT011 - judged below
        caller.streaming(seen, max_retries=0)
    error: Any = caught.value
    if isinstance(error, MidStreamFallbackError):
        assert caller.name == "aio"
        assert error.is_pre_first_chunk
        error = error.original_exception
    assert not seen
    expected = {"html_error": litellm.BadGatewayError, "rate_limit": litellm.RateLimitError}
    assert isinstance(
        error, expected.get(kind, (litellm.APIConnectionError, litellm.InternalServerError))
    )
    assert trail_of(error) is not None


def test_a_break_before_the_first_content_is_mended_by_a_fallback(
    caller: Caller, llm: GitHubModelsLLM, emulator: Emulator
) -> None:
    """The caller sees one whole answer."""
    emulator.fault("error_event", after=0, model="openai/gpt-4.1", times=None)
    chunks = caller.stream(fallback=[OTHER])
    assert text_of(chunks) == ANSWER.replace("gpt-4.1", "gpt-4o")


@pytest.fixture
def _debugging() -> Iterator[None]:
    logger = logging.getLogger("LiteLLM")
    others = [logging.getLogger(f"LiteLLM {name}") for name in ("Router", "Proxy")]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in (logger, *others)]
    litellm._turn_on_debug()  # type: ignore[no-untyped-call]
    for one in (logger, *others):
        one.propagate = True
    yield
    for one, level, handlers, propagate in before:
        one.setLevel(level)
        one.handlers[:] = handlers
        one.propagate = propagate


@pytest.mark.usefixtures("_debugging")
class Listener(CustomLogger):
    """Keeps what LiteLLM's callbacks are told, and of which event."""

    def __init__(self, told: list[Any]) -> None:
        super().__init__()
        self._told = told

    def log_pre_api_call(self, *seen: Any, **named: Any) -> None:
        self._told.append(("sent", seen, named))

    def log_success_event(self, *seen: Any, **named: Any) -> None:
        self._told.append(("answered", seen, named))

    def log_failure_event(self, *seen: Any, **named: Any) -> None:
        self._told.append(("failed", seen, named))

    async def async_log_success_event(self, *seen: Any, **named: Any) -> None:
        self._told.append(("answered", seen, named))

    async def async_log_failure_event(self, *seen: Any, **named: Any) -> None:
        self._told.append(("failed", seen, named))


def test_no_key_is_shown(
    caller: Caller,
    emulator: Emulator,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in errors, their traces and answers, the provider, LiteLLM's logs or its callbacks."""
    told: list[Any] = []
    litellm.callbacks = [Listener(told)]
    caplog.set_level(logging.DEBUG)
    with GitHubModelsLLM(emulator.inference_url, KEY, fallback=None, fallback_max_wait=0) as made:
        register(made)
        shown = [repr(made), str(caller.completion()._hidden_params)]
        caller.stream()
        shown.append(str(caller.completion(api_key=OTHER_KEY)._hidden_params))
        caller.stream(api_key=OTHER_KEY)
        emulator.fault("status", status=400, body={"error": {"message": "no"}}, times=None)
        calls = (caller.completion, caller.stream, caller.embedding)
        for call, key in product(calls, ({}, {"api_key": OTHER_KEY})):
            given: dict[str, Any] = (
                {"input": ["a"]} if call == caller.embedding else {"messages": QUESTION}
            )
            with pytest.raises(litellm.BadRequestError) as caught:
                call(**given, **key)
            error: Any = caught.value
            shown += [repr(error), str(error), "".join(traceback.format_exception(error))]
            shown += [str(vars(error)), str(error.response.headers), error.response.text]
            shown += [str(error.response.request.headers)]
    caller.settle(until=lambda: {event for event, *_ in told} >= HEARD[caller.name])
    shown += [caplog.text, *capfd.readouterr()]
    # LiteLLM itself hands its callbacks the key that its caller gave.
    shown.append(str(told).replace(f"'api_key': '{OTHER_KEY}'", ""))
    assert "POST Request Sent from LiteLLM" in caplog.text  # it was looked at
    assert {event for event, *_ in told} >= HEARD[caller.name]
    for key in (KEY, OTHER_KEY):
        assert not [text for text in shown if key in text]
