"""One call on its way: what it notes, and how calls share a probe.

About `policies/_attempt.py`.
"""

from __future__ import annotations

import gc
import json
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from github_models_azure import MemoryLedger, ModelRegistry, trail_of
from github_models_azure.exceptions import CredentialScopeError, StreamInterruptedError
from tests.harness import (
    Answer,
    Service,
    Twin,
    chat,
    delta,
    error,
    hello_stream,
    limited,
    stream,
)

FIRST, SECOND, THIRD = "openai/gpt-4.1", "openai/gpt-4o", "mistral-ai/mistral-small-2503"


class Cancelled(BaseException):
    """Stands for a cancellation, which is no ``Exception``."""


def test_a_target_passed_over_twice_is_noted_once(twin: Twin) -> None:
    """Each decision passes it over anew; the trail says so once."""
    answers = {FIRST: limited(7200), SECOND: error(503)}
    service = Service(lambda sent: answers.get(sent.model) or chat(sent.model))
    client = twin.client(service, model=FIRST, fallback=[SECOND, THIRD])
    twin.complete(client)
    service.clock.now += 60
    trail = trail_of(twin.complete(client))
    assert service.models[3:] == [SECOND, THIRD]
    assert [skip.target.endswith(FIRST) for skip in trail.skipped] == [True]


def test_an_adaptation_of_a_retry_is_noted_once(twin: Twin) -> None:
    """The same change for the same target is one line of the trail."""
    registry = ModelRegistry().with_overlay({"x/first": {"rejects": ["temperature"]}})
    answers = iter([error(503), chat("x/first")])
    service = Service(lambda sent: next(answers))
    client = twin.client(
        service, "github", registry=registry, model="x/first", fallback=None, allow_retired=True
    )
    trail = trail_of(twin.complete(client, temperature=0.5))
    assert ["temperature" in sent.body for sent in service.sent] == [False, False]
    assert [change.change for change in trail.adaptations] == ["temperature=0.5 dropped"]


def test_a_probe_taken_by_another_call_sends_this_one_elsewhere(twin: Twin) -> None:
    """Between the look into the ledger and the request another call may have been faster."""

    class Stolen(MemoryLedger):
        thief = False

        def admit(self, keys: Any, now: float) -> bool:
            keys = tuple(keys)
            if self.thief:
                self.thief = False
                super().admit(keys, now)
            return super().admit(keys, now)

    ledger = Stolen()
    service = Service(lambda sent: error(503) if sent.model == FIRST else chat(sent.model))
    client = twin.client(service, model=FIRST, fallback=[SECOND], ledger=ledger)
    twin.complete(client)
    service.clock.now += 6
    ledger.thief = True
    trail = trail_of(twin.complete(client))
    assert service.models == [FIRST, SECOND, SECOND]
    assert "being probed by another call" in str(trail)


def test_a_known_model_that_is_gone_is_given_no_other_names(twin: Twin) -> None:
    """Names that come near help with typing mistakes only."""
    service = Service(lambda sent: error(404, "unknown_model", "Unknown model"))
    client = twin.client(service, model=FIRST, fallback=None)
    with pytest.raises(HttpResponseError, match="Unknown model") as caught:
        twin.complete(client)
    assert "Nearest known models" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_failure_of_any_model_suggests_no_names(twin: Twin, status: int) -> None:
    """A key, a limit or an outage is the matter, however the model is called."""
    client = twin.client(Service(lambda sent: error(status)), model="gpt-4x", fallback=None)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client, fallback_max_wait=0)
    assert "Nearest known models" not in str(caught.value)


def test_a_key_that_stays_suggests_no_names(twin: Twin) -> None:
    """Nothing was sent, because it would have travelled in clear text."""
    client = twin.client(
        Service(lambda sent: chat(sent.model)), "http://llm.example/v1", model="gpt-4x"
    )
    with pytest.raises(CredentialScopeError) as caught:
        twin.complete(client)
    assert "Nearest known models" not in str(caught.value)


def test_an_error_of_a_policy_further_out_has_the_trail_too(twin: Twin) -> None:
    """Whatever leaves a call says who was asked."""

    class Failing(SansIOHTTPPolicy[Any, Any]):
        def on_response(self, request: Any, response: Any) -> None:
            raise AzureError("not to my liking")

    service = Service(lambda sent: chat("m"))
    client = twin.client(service, model="m", per_call_policies=[Failing()])
    with pytest.raises(AzureError, match="liking") as caught:
        twin.complete(client)
    assert trail_of(caught.value).served_by.endswith("m")


def test_an_answer_of_another_kind_is_no_answer(twin: Twin) -> None:
    """Embeddings in reply to a chat request are a 200 that is of no use."""
    service = Service(lambda sent: Answer(200, {"data": [{"embedding": [0.5]}]}))
    client = twin.client(service, model="m", fallback=None, fallback_max_wait=0)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    assert caught.value.status_code == 200
    assert trail_of(caught.value).attempts[0].failure is not None


def test_a_first_content_without_a_line_end_is_delivered(twin: Twin) -> None:
    """An answer of one event, whose last line has no end, is whole."""
    service = Service(lambda sent: stream(delta("Hello", finish="stop").rstrip()))
    text, updates = twin.read(twin.client(service, model="m"))
    assert text == "Hello"
    assert trail_of(updates).served_by.endswith("m")
    assert service.responses[0].closed


@pytest.mark.parametrize("before", [True, False])
def test_a_cancellation_closes_the_answer(twin: Twin, before: bool) -> None:
    """It comes through as it is, before the first content and after, and leaks no connection."""
    head = [] if before else [delta("Hel")]
    service = Service(lambda sent: stream(*head, Cancelled()))
    client = twin.client(service, model="m", fallback=[SECOND])
    with pytest.raises(Cancelled):
        twin.read(client)
    assert service.models == ["m"]
    assert service.responses[0].closed


@pytest.mark.parametrize("cut", [RuntimeError("odd"), OSError("cut"), EOFError()])
def test_any_exception_of_a_transport_interrupts_a_stream(twin: Twin, cut: Exception) -> None:
    """Libraries' own exceptions too end as one error, with the text."""
    service = Service(lambda sent: stream(delta("Hel"), cut))
    with pytest.raises(StreamInterruptedError) as caught:
        twin.read(twin.client(service, model="m"))
    assert caught.value.partial_text == "Hel"
    assert caught.value.__cause__ is not None


def test_a_stream_shows_the_response_it_stands_in_for(twin: Twin) -> None:
    """``repr``, status and headers are those of the transport's own."""
    service = Service(lambda sent: hello_stream())
    seen: list[Any] = []
    client = twin.client(service, model="m", per_call_policies=[Watching(seen)])
    twin.read(client)
    (response,) = seen
    assert repr(response) == repr(service.responses[0])
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream"


class Watching(SansIOHTTPPolicy[Any, Any]):
    """Keeps what the fallback hands out."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def on_response(self, request: Any, response: Any) -> None:
        self.seen.append(response.http_response)


def test_a_story_names_each_target_once(twin: Twin) -> None:
    """A target that was retried has one line in the error, its last outcome."""
    service = Service(lambda sent: error(503, "down", "down"))
    client = twin.client(service, model="a", fallback=["b"], fallback_max_attempts=4)
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == [
        "models.example/a",
        "models.example/b",
    ]
    assert len(service.sent) == 4


def test_no_key_is_in_a_trail_an_error_or_a_log(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, the key stays in its header."""
    caplog.set_level("DEBUG")
    answers = {"a": error(401, "unauthorized", "bad key"), "b": limited()}
    service = Service(lambda sent: answers[sent.model])
    client = twin.client(service, credential="sk-secret", model="b", fallback=["a"])
    with pytest.raises(HttpResponseError) as caught:
        twin.complete(client)
    shown = f"{caught.value!r} {caught.value} {trail_of(caught.value)!r} {client!r}"
    assert "sk-secret" not in shown + caplog.text
    assert "sk-secret" in json.dumps(service.sent[0].headers)


def test_an_error_inside_a_200_is_told_with_its_code(twin: Twin) -> None:
    """A limit that comes as a 200 is no answer, and says what it is."""
    body = {"error": {"code": "RateLimitReached", "message": "slow down"}}
    service = Service(lambda sent: Answer(200, body))
    client = twin.client(service, model="m", fallback=None, fallback_max_wait=0)
    with pytest.raises(HttpResponseError, match=r"\(RateLimitReached\): slow down") as caught:
        twin.complete(client)
    assert caught.value.status_code == 200
    assert trail_of(caught.value).attempts[0].failure.kind.value == "rate_limited"


def test_a_call_leaves_no_circle_behind(twin: Twin) -> None:
    """Bodies are freed with the answer, not by the garbage collector."""
    from github_models_azure.policies._attempt import OpenAttempt
    from github_models_azure.policies._call import Call

    client = twin.client(Service(lambda sent: chat(sent.model)), model=FIRST)
    twin.complete(client)
    gc.collect()
    gc.disable()
    try:
        before = [found for found in gc.get_objects() if isinstance(found, Call | OpenAttempt)]
        for _ in range(3):
            twin.complete(client)
        after = [found for found in gc.get_objects() if isinstance(found, Call | OpenAttempt)]
    finally:
        gc.enable()
    assert len(after) == len(before)
