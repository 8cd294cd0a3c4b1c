"""The package against aimock: the samples, limits, broken connections, and what was sent."""

from __future__ import annotations

import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.exceptions import RateLimitedError
from tests.harness import HELLO, Twin
from tests.servers.aimock import Aimock
from tests.servers.client_helpers import ask, ask_all
from tests.servers.sample_checks import check_sample
from tests.servers.sample_runner import SAMPLES

REQUESTS = {"chat_from_dict": 2, "named_tool": 2, "tools": 2}
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])


def models(service: Aimock) -> list[tuple[str, int]]:
    """Return which models were asked, and how aimock answered."""
    return [(entry.body["model"], entry.status) for entry in service.journal]


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_of_the_sdk_run(sample: str, aimock: Aimock) -> None:
    """With the import changed, each gets what it asks for, by one request a call."""
    check_sample(sample, aimock)
    operation = "embeddings" if sample.startswith("embeddings") else "chat/completions"
    journal = aimock.journal
    assert len(journal) == REQUESTS.get(sample, 1)
    assert {entry.path.partition("?")[0] for entry in journal} == {f"/v1/{operation}"}
    assert {entry.status for entry in journal} == {200}


@STREAMED
def test_the_wire_of_an_openai_endpoint(twin: Twin, aimock: Aimock, stream: bool) -> None:
    """One credential, no ``api-version``, and a body as the caller wrote it."""
    endpoint = Endpoint("aimock", aimock.url, credential=aimock.key, dialect="openai-v1")
    keywords = {"stream": True} if stream else {}
    assert ask(twin, aimock, endpoint, max_tokens=7, **keywords).text == "Hello from aimock"
    (entry,) = aimock.journal
    assert entry.path == "/v1/chat/completions"
    assert entry.credentials == {"authorization"}
    assert aimock.key not in str(entry.headers)  # aimock blanks out what carries keys by custom
    body = {name: value for name, value in entry.body.items() if name != "_endpointType"}
    assert body == {"messages": HELLO, "model": aimock.model, "max_tokens": 7, **keywords}


@STREAMED
def test_a_limited_model_falls_back_and_is_left_alone(
    twin: Twin, aimock: Aimock, stream: bool
) -> None:
    """The 429 is met once: the next call asks the other model at once."""
    call = {"model": aimock.limited, "fallback": [aimock.spare], "stream": stream}
    first, second = ask_all(twin, aimock, [call, call])
    assert first.text == second.text == "Hello from aimock"
    assert models(aimock) == [(aimock.limited, 429), (aimock.spare, 200), (aimock.spare, 200)]
    assert [attempt.status for attempt in first.trail.attempts] == [429, 200]
    assert first.trail.fell_back
    assert first.trail.waited == 0
    assert [skip.target for skip in second.trail.skipped] == [first.trail.requested]
    assert str(second.trail.served_by).endswith(f"/{aimock.spare}")


@STREAMED
def test_a_limit_that_nobody_else_can_lift_says_when_it_ends(
    twin: Twin, aimock: Aimock, stream: bool
) -> None:
    """``Retry-After: 1`` stands beside token windows of six minutes; the second is what counts."""
    with pytest.raises(RateLimitedError, match="Rate limited") as caught:
        ask(twin, aimock, model=aimock.limited, stream=stream)
    assert caught.value.retry_after == pytest.approx(1, abs=0.5)
    assert models(aimock) == [(aimock.limited, 429)]


@STREAMED
def test_a_dropped_connection_is_an_error(twin: Twin, disconnecting: Aimock, stream: bool) -> None:
    """Each target is asked once, and the error tells of both."""
    with pytest.raises(AzureError, match="connection broke") as caught:
        ask(twin, disconnecting, fallback=[disconnecting.spare], stream=stream)
    trail = trail_of(caught.value)
    assert trail is not None
    assert len(trail.attempts) == 2
    assert trail.served_by is None
    asked = [entry.body["model"] for entry in disconnecting.journal]
    assert asked == [disconnecting.model, disconnecting.spare]


@STREAMED
def test_a_dropped_connection_falls_back_to_another_server(
    twin: Twin, disconnecting: Aimock, aimock: Aimock, stream: bool
) -> None:
    """The other server accepts only its own key, so that is the one it was sent."""
    elsewhere = Target(aimock.model, Endpoint("elsewhere", aimock.url, credential=aimock.key))
    reply = ask(twin, disconnecting, fallback=[elsewhere], stream=stream)
    assert reply.text == "Hello from aimock"
    assert reply.trail.served_by == f"elsewhere/{aimock.model}"
    assert models(aimock) == [(aimock.model, 200)]
    assert len(disconnecting.journal) == 1


@STREAMED
def test_broken_json_is_an_error_and_never_an_empty_answer(
    twin: Twin, malformed: Aimock, stream: bool
) -> None:
    """A 200 with ``{malformed json`` raises for a stream as well as for a plain call."""
    with pytest.raises(AzureError) as caught:
        ask(twin, malformed, fallback=[malformed.spare], stream=stream)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.target.rpartition("/")[2] for attempt in trail.attempts] == [
        malformed.model,
        malformed.spare,
    ]
    assert len(malformed.journal) == 2


@STREAMED
def test_broken_json_falls_back_to_another_server(
    twin: Twin, malformed: Aimock, aimock: Aimock, stream: bool
) -> None:
    """The caller gets the whole answer of the other server and nothing of the first."""
    elsewhere = Target(aimock.model, Endpoint("elsewhere", aimock.url, credential=aimock.key))
    reply = ask(twin, malformed, fallback=[elsewhere], stream=stream)
    assert reply.text == "Hello from aimock"
    assert reply.trail.fell_back


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the SDK's stream
def test_the_plain_sdk_reads_broken_json_as_an_empty_stream(malformed: Aimock) -> None:
    """What the test above is about: the SDK itself gives no update and no error."""
    key = AzureKeyCredential(malformed.key)
    with ChatCompletionsClient(malformed.url, key, model=malformed.model) as client:
        assert list(client.complete(messages=HELLO, stream=True)) == []


@STREAMED
def test_a_wrong_key_is_refused_and_tried_nowhere_else(
    twin: Twin, aimock: Aimock, stream: bool
) -> None:
    """The other model is at the same server under the same key, so it is not asked."""
    endpoint = Endpoint("aimock", aimock.url, credential="some-other-key")
    with pytest.raises(ClientAuthenticationError) as caught:
        ask(twin, aimock, endpoint, fallback=[aimock.spare], stream=stream)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [401]
    assert [skip.target for skip in trail.skipped] == [f"aimock/{aimock.spare}"]
    assert "some-other-key" not in f"{caught.value!r}{trail}"
