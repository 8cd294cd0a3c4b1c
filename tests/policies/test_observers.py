"""An observer is told what a call does, in order; what it raises stays out of the call."""

from __future__ import annotations

import logging
import weakref
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.policies.observers import UNWATCHED
from tests.harness import (
    FIRST,
    SECOND,
    Service,
    Twin,
    chat,
    error,
    event,
    falls_back,
    hello_stream,
    limited,
    stream,
)


class Notes:
    """Writes down what it is told, and raises where it is told to."""

    def __init__(self, raises: str | None = None) -> None:
        self.told: list[tuple[str, Any]] = []
        self.raises = raises

    def call_started(self, call: Any) -> Any:
        return self._note("call_started", call)

    def _note(self, what: str, *values: Any) -> Any:
        self.told.append((what, values))
        if self.raises in (what, "all"):
            raise RuntimeError(what)
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *values, **named: self._note(name, *values, *named.values())

    @property
    def names(self) -> list[str]:
        return [what for what, _ in self.told]


def client_of(twin: Twin, observer: Any, answer: Any = falls_back, **options: Any) -> Any:
    options = {"model": FIRST, "fallback": [SECOND], **options}
    return twin.client(Service(answer), observer=observer, **options)


def test_a_call_is_told_in_order(twin: Twin) -> None:
    """Begin, attempts with their ends, cooldowns, and the trail that the result has."""
    notes = Notes()
    result = twin.complete(client_of(twin, notes))
    assert notes.names == [
        "call_started",
        "attempt_started",
        "attempt_ended",
        "cooled",
        "attempt_started",
        "attempt_ended",
        "call_ended",
    ]
    told = [values for _, values in notes.told]
    (start,) = told[0]
    assert (start.operation, start.requested, start.streamed) == (
        "chat",
        f"models.example/{FIRST}",
        False,
    )
    (second,) = told[4]
    assert (second.number, second.retry, second.model) == (2, False, SECOND)
    assert second.url == "https://models.example/inference"
    assert second.previous is told[2][0]
    assert told[5][1]["choices"]
    assert told[6] == (trail_of(result), None, False)


def test_skips_and_waits_are_told(twin: Twin) -> None:
    """As the trail has them."""
    notes = Notes()
    answers = [limited(), error(429, "RateLimitReached", retry_after="5"), chat(SECOND)]
    client = client_of(twin, notes, lambda sent: answers.pop(0))
    result = twin.complete(client)
    skips = [values[0] for what, values in notes.told if what == "skipped"]
    waits = [values[0] for what, values in notes.told if what == "waited"]
    trail = trail_of(result)
    assert tuple(skips) == trail.skipped
    assert [wait.seconds for wait in waits] == [5.0]
    assert trail.waited == 5.0


def test_a_stream_is_told_to_its_end(twin: Twin) -> None:
    """Updates come one by one; attempt and call end once, after the last."""
    notes = Notes()
    twin.read(client_of(twin, notes, lambda sent: hello_stream()))
    assert notes.names == [
        "call_started", "attempt_started", "stream_update", "stream_update", "stream_started",
        "stream_update", "stream_update", "attempt_ended", "call_ended",
    ]  # fmt: skip


def test_the_observer_may_decline(twin: Twin) -> None:
    """``None`` for a call: nobody is told of the rest."""

    class Nobody:
        def call_started(self, call: Any) -> None:
            return None

    result = twin.complete(client_of(twin, Nobody()))
    assert trail_of(result).fell_back


@pytest.mark.parametrize(
    "raises", ["call_started", "attempt_started", "attempt_ended", "cooled", "call_ended", "all"]
)
def test_what_an_observer_raises_breaks_no_call(
    twin: Twin, caplog: pytest.LogCaptureFixture, raises: str
) -> None:
    """The answer comes, and the log says it once, however often it happens."""
    client = client_of(twin, Notes(raises))
    with caplog.at_level(logging.WARNING, "github_models_azure"):
        results = [twin.complete(client) for _ in range(2)]
    assert [trail_of(result).served_by for result in results] == [f"models.example/{SECOND}"] * 2
    (record,) = caplog.records
    assert "The observer Notes raised RuntimeError" in record.getMessage()


def test_what_an_observer_raises_breaks_no_stream(twin: Twin) -> None:
    """Nor one of its updates, nor its end."""
    client = client_of(twin, Notes("stream_update"), lambda sent: hello_stream())
    assert twin.read(client)[0] == "Hello"


def test_no_observer_is_shown_the_key_of_an_attempt(twin: Twin) -> None:
    """Servers repeat it in errors; an observer gets them as the caller does."""
    key = "key-0123456789"
    fault = event(error={"code": "server_error", "message": f"no answer for {key}"})
    answers = {FIRST: lambda: stream(fault), SECOND: hello_stream}
    shown: list[str] = []

    class Shown(Notes):
        def _note(self, what: str, *values: Any) -> Any:
            shown.append(f"{what} {values!r} {[str(value) for value in values]}")
            return self

    client = client_of(twin, Shown(), lambda sent: answers[sent.model](), credential=key)
    assert twin.read(client)[0] == "Hello"
    said = "".join(shown)
    assert "no answer for ***" in said
    assert key not in said


def test_an_observer_may_be_given_per_call(twin: Twin) -> None:
    """As all keywords of the fallback."""
    notes = Notes()
    client = client_of(twin, None)
    twin.complete(client)
    twin.complete(client, observer=notes)
    assert notes.names.count("call_started") == 1


@pytest.mark.parametrize("value", ["otel", 7, object()])
def test_what_is_no_observer_is_refused(twin: Twin, value: Any) -> None:
    """By name, when the client is made."""
    with pytest.raises(TypeError, match="observer is an object with call_started"):
        client_of(twin, value)


def test_a_dry_run_is_no_call(twin: Twin) -> None:
    """``plan_route`` sends nothing, so there is nothing to tell."""
    notes = Notes()
    client = client_of(twin, notes)
    twin.run(client.plan_route(messages=[{"role": "user", "content": "Hi"}]))
    assert notes.told == []


def test_without_an_observer_all_calls_share_one_that_does_nothing(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made for a call that nobody watches."""
    from github_models_azure.policies import planner

    runs: list[Any] = []

    class Kept(planner.Call):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            runs.append(self)

    monkeypatch.setattr(planner, "Call", Kept)
    twin.complete(client_of(twin, None))
    assert [run.watch for run in runs] == [UNWATCHED]


def test_a_watched_call_leaves_no_circle_behind(twin: Twin) -> None:
    """What an observer keeps for a call goes with the call, without the garbage collector."""
    import gc

    class Kept(Notes):
        def call_started(self, call: Any) -> Any:
            made = Notes()
            kept.append(weakref.ref(made))
            return made

    kept: list[weakref.ref[Notes]] = []
    client = client_of(twin, Kept())
    gc.collect()
    gc.disable()
    try:
        twin.complete(client)
        assert [one() for one in kept] == [None]
    finally:
        gc.enable()


def test_the_settings_show_who_watches(twin: Twin) -> None:
    """A settings' repr says whose errors are kept out."""
    from github_models_azure.policies.observers import Watched

    assert repr(Watched("anybody")) == "Watched('anybody')"  # type: ignore[arg-type]


def test_an_empty_shell_of_a_stream_goes_in_peace() -> None:
    """What `copy` and `pickle` make before they fill it has nobody to tell."""
    from github_models_azure.policies._stream import AsyncStreamedResponse, StreamedResponse

    for kind in (StreamedResponse, AsyncStreamedResponse):
        kind.__new__(kind).__del__()
