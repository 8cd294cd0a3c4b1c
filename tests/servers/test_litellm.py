"""The package against the LiteLLM proxy, a hop that has a protocol, keys and errors of its own."""

from __future__ import annotations

import pytest
from azure.core.exceptions import AzureError, HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import RateLimitedError, StreamInterruptedError
from github_models_azure.server.emulator.journal import fingerprint
from tests.harness import HELLO, Twin
from tests.servers.client_helpers import ask, ask_all
from tests.servers.litellm_proxy import UPSTREAM_KEY, Proxy
from tests.servers.sample_checks import check_sample
from tests.servers.sample_runner import SAMPLES

REQUESTS = {"chat_from_dict": 2, "named_tool": 2, "tools": 2}
STREAMED = pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])


def upstream(proxy: Proxy) -> list[tuple[str | None, int]]:
    """Return which models the proxy asked behind it, and what it was answered."""
    return [(entry.model, entry.status) for entry in proxy.behind.journal]


def assert_nobody_served(error: AzureError) -> None:
    trail = trail_of(error)
    assert trail is not None
    assert trail.served_by is None
    assert len(trail.attempts) == 1


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_of_the_sdk_run(sample: str, proxy: Proxy) -> None:
    """With the import changed, each gets what it asks for, through the proxy, one by one."""
    check_sample(sample, proxy)
    model = proxy.embeddings_model if sample.startswith("embeddings") else proxy.model
    assert upstream(proxy) == [(model, 200)] * REQUESTS.get(sample, 1)


@STREAMED
def test_what_the_caller_says_passes_the_hop(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """Parameters and extras arrive upstream; our key, which is the proxy's, does not."""
    ask(twin, proxy, max_tokens=9, model_extras={"top_k": 3}, stream=stream)
    (entry,) = proxy.behind.journal
    assert isinstance(entry.body, dict)
    assert (entry.body["messages"], entry.body["max_tokens"]) == (HELLO, 9)
    assert entry.body["top_k"] == 3
    assert entry.credential == fingerprint(UPSTREAM_KEY)
    assert "extra-parameters" not in entry.headers


@STREAMED
def test_a_limit_without_any_header_falls_back(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """The proxy's own 429 has the code ``"429"``, a text, and no word on when it ends."""
    call = {"model": proxy.limited, "fallback": [proxy.spare], "stream": stream}
    first, second = ask_all(twin, proxy, [call, call])
    assert [attempt.status for attempt in first.trail.attempts] == [429, 200]
    assert [attempt.status for attempt in second.trail.attempts] == [200]
    assert first.trail.waited == 0
    assert str(second.trail.served_by).endswith(f"/{proxy.spare}")
    assert upstream(proxy) == [(proxy.spare, 200)] * 2


@STREAMED
def test_the_limit_of_the_upstream_keeps_its_end(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """``Retry-After`` stays behind at the hop; the seconds in the message come through."""
    proxy.behind.fault("rate_limit", seconds=77)
    with pytest.raises(RateLimitedError, match="returns in 1 min 17 s") as caught:
        ask(twin, proxy, stream=stream)
    assert caught.value.retry_after == pytest.approx(77, abs=1)
    assert caught.value.response is not None
    assert "Retry-After" not in caught.value.response.headers
    assert upstream(proxy) == [(proxy.model, 429)]


@STREAMED
def test_a_limit_of_the_upstream_falls_back(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """The other model of the same proxy answers at once."""
    proxy.behind.fault("rate_limit", model=proxy.model, seconds=77)
    reply = ask(twin, proxy, fallback=[proxy.spare], stream=stream)
    assert "emulated openai/gpt-4o]" in reply.text
    assert reply.trail.fell_back
    assert upstream(proxy) == [(proxy.model, 429), (proxy.spare, 200)]


@pytest.mark.parametrize("fault", ["html_error", "error_in_200", "non_json"])
def test_what_breaks_upstream_is_an_error_here(twin: Twin, proxy: Proxy, fault: str) -> None:
    """Whatever the proxy makes of it, nobody gets an empty answer."""
    proxy.behind.fault(fault)
    with pytest.raises(HttpResponseError) as caught:
        ask(twin, proxy)
    assert caught.value.status_code in {500, 502}
    assert_nobody_served(caught.value)
    assert len(proxy.behind.journal) == 1


@pytest.mark.parametrize("fault", ["html_error", "cut_stream"])
def test_a_stream_that_fails_upstream_is_an_error(twin: Twin, proxy: Proxy, fault: str) -> None:
    """Before or after some text, as fast as the proxy passes it on, and never a normal end."""
    proxy.behind.fault(fault)
    with pytest.raises(AzureError) as caught:
        ask(twin, proxy, stream=True)
    assert_nobody_served(caught.value)
    assert len(proxy.behind.journal) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [("error_event", "The server had an error"), ("malformed_chunk", "Unterminated string")],
)
def test_a_stream_that_breaks_upstream_is_interrupted(
    twin: Twin, proxy: Proxy, fault: str, words: str
) -> None:
    """The error has the proxy's words, and keeps what had arrived before the break."""
    proxy.behind.fault(fault, after=6)
    with pytest.raises(StreamInterruptedError, match=words) as caught:
        ask(twin, proxy, stream=True)
    assert caught.value.partial_text.startswith("[emulated")
    assert len(proxy.behind.journal) == 1


@pytest.mark.parametrize("fault", ["cut_stream", "empty_stream", "error_in_200", "non_json"])
def test_the_proxy_hides_a_stream_that_ends_early(twin: Twin, proxy: Proxy, fault: str) -> None:
    """It ends such a stream with a ``stop`` of its own, so that nobody behind it can tell.

    No promise of ours, but what a hop can take away; the day this fails, it has become better.
    """
    polite = {"polite": True} if fault == "cut_stream" else {}
    proxy.behind.fault(fault, **polite)
    reply = ask(twin, proxy, stream=True)
    assert reply.text in {"", "[", "[emulat", "[emulated"}
    reasons = [update.choices[0].finish_reason for update in reply.result if update.choices]
    assert reasons[-1] == "stop"


@STREAMED
def test_an_unknown_model_falls_back(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """The proxy's 400 means that the model is not there, and is not asked upstream."""
    reply = ask(twin, proxy, model="unknown", fallback=[proxy.spare], stream=stream)
    assert [attempt.status for attempt in reply.trail.attempts] == [400, 200]
    assert upstream(proxy) == [(proxy.spare, 200)]


@STREAMED
def test_an_upstream_that_was_retired_falls_back(twin: Twin, proxy: Proxy, stream: bool) -> None:
    """A 410 through the proxy is of the model: the other one may have another upstream."""
    proxy.behind.fault("status", status=410, model=proxy.model)
    reply = ask(twin, proxy, fallback=[proxy.spare], stream=stream)
    assert [attempt.status for attempt in reply.trail.attempts] == [410, 200]
    assert upstream(proxy) == [(proxy.model, 410), (proxy.spare, 200)]


@STREAMED
def test_a_wrong_key_is_refused_and_tried_nowhere_else(
    twin: Twin, proxy: Proxy, stream: bool
) -> None:
    """Without a database the proxy says 400 "No connected db."; nothing goes upstream."""
    stranger = Proxy(
        url=proxy.url,
        key="sk-some-other-key",
        model=proxy.model,
        embeddings_model=proxy.embeddings_model,
    )
    with pytest.raises(HttpResponseError, match="No connected db") as caught:
        ask(twin, stranger, fallback=[proxy.spare], stream=stream)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [400]
    assert [skip.target.rpartition("/")[2] for skip in trail.skipped] == ["gpt-4o"]
    assert proxy.behind.journal == ()
