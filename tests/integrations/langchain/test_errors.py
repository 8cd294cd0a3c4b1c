"""Errors keep their types and their trail on the way through LangChain."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from langchain_core.messages import AIMessage

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from tests.harness import DONE, FIRST, SECOND, Service, chat, delta, error, limited, stream

from . import emulator_helpers as emulated
from .side_helpers import Side


@pytest.mark.parametrize(
    ("fallback", "kind"),
    [(None, RateLimitedError), ([SECOND], FallbackExhaustedError)],
    ids=["alone", "all"],
)
def test_limits_are_told_as_our_errors(side: Side, fallback: Any, kind: type[Exception]) -> None:
    """By `invoke` and by streams, with who was asked."""
    for ask in (side.invoke, side.chunks):
        model = side.chat(Service(lambda sent: limited()), fallback=fallback)
        with pytest.raises(kind) as caught:
            ask(model)
        trail = trail_of(caught.value)
        assert trail is not None
        assert len(trail.attempts) == 1 + len(fallback or [])


def test_refusals_are_told_as_azure_errors(side: Side) -> None:
    """The SDK's own types, with status and code."""
    refused = Service(lambda sent: error(400, "bad_request", "no such thing"))
    with pytest.raises(HttpResponseError, match="no such thing") as caught:
        side.invoke(side.chat(refused))
    assert caught.value.status_code == 400
    denied = Service(lambda sent: error(401, "unauthorized", "who?"))
    with pytest.raises(ClientAuthenticationError):
        side.invoke(side.chat(denied, fallback=None))


def test_a_broken_stream_is_not_taken_for_a_whole_one(side: Side) -> None:
    """What had arrived is in the error."""
    service = Service(lambda sent: stream(delta("Half an "), ConnectionError("gone")))
    with pytest.raises(StreamInterruptedError) as caught:
        side.chunks(side.chat(service))
    assert caught.value.partial_text == "Half an "


def answered(sent: Any) -> Any:
    if sent.body.get("stream"):
        return stream(delta("Hi there"), delta(finish="stop"), DONE)
    return chat(sent.model)


def test_other_models_of_langchain_take_over(side: Side) -> None:
    """`with_fallbacks` goes on where ours has ended."""
    first = side.chat(Service(lambda sent: limited()), fallback=None)
    second = side.chat(Service(answered))
    chain = first.with_fallbacks([second], exceptions_to_handle=(RateLimitedError,))
    assert side.invoke(chain).content == "Hi there"
    assert side.stream(chain).content == "Hi there"


def test_langchain_asks_again(side: Side) -> None:
    """`with_retry` sees the error's own type."""
    failures = [error(500), error(500)]
    service = Service(lambda sent: failures.pop() if failures else chat(sent.model))
    model = side.chat(service, fallback=None, max_retries=0)
    patient = model.with_retry(
        retry_if_exception_type=(HttpResponseError,), wait_exponential_jitter=False
    )
    assert side.invoke(patient, fallback_max_attempts=1).content == "Hi there"
    assert service.models == [FIRST] * 3


def test_errors_of_a_batch_stand_in_their_places(side: Side) -> None:
    """The other answers are not lost."""
    import asyncio

    def answer(sent: Any) -> Any:
        bad = sent.body["messages"][0]["content"] == "bad"
        return error(400, "bad_request") if bad else chat(sent.model)

    model = side.chat(Service(answer))
    if side.is_async:
        results = asyncio.run(model.abatch(["good", "bad"], return_exceptions=True))
    else:
        results = model.batch(["good", "bad"], return_exceptions=True)
    good, bad = results
    assert isinstance(good, AIMessage)
    assert isinstance(bad, HttpResponseError)
    assert trail_of(bad) is not None


def test_a_limited_model_is_passed_over_on_a_real_connection(side: Side) -> None:
    """Once it is known to be limited, it is not even asked."""
    model = emulated.chat(fallback=[emulated.SECOND])
    emulated.limit()
    first = side.invoke(model).response_metadata
    second = side.stream(model).response_metadata
    for told in (first, second):
        assert told["served_by"].endswith(emulated.SECOND)
        assert told["fell_back"] is True
    assert (first["attempts"], second["attempts"]) == (2, 1)
    assert first["trail"]["attempts"][0]["failure"] == "rate_limited"
    assert second["trail"]["skipped"][0]["target"].endswith(emulated.CHAT)
    model.close()
