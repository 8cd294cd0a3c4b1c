"""Each recorded answer comes out of the clients as a plain reading of its bytes has it."""

from __future__ import annotations

import asyncio
import json
import random
import re
from itertools import pairwise
from typing import Any

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)

from github_models_azure import trail_of
from github_models_azure.exceptions import RateLimitedError
from tests.core.answer.framed import FramedReader
from tests.harness import NOW, Answer, Clock, Sent, Service, Twin, chat
from tests.recordings.reader import VARIABLE, Interaction, files, folder, read

FOLDER = folder()
if not FOLDER.is_dir():
    pytest.skip(
        f"no recordings in {FOLDER}; {VARIABLE} names the folder that holds them",
        allow_module_level=True,
    )

FILES = {name: path.read_text(encoding="utf-8") for name, path in files(FOLDER).items()}
RECORDED = [interaction for name, text in FILES.items() for interaction in read(text, name)]

LEFT_OUT: dict[str, str] = {}
"""Interactions that are not replayed, with the reason."""


def _count_calls(choice: dict[str, Any]) -> None:
    for place, call in enumerate(choice["delta"].get("tool_calls") or []):
        call.update(index=place, type="function")


def _add_delta(choice: dict[str, Any]) -> None:
    choice.setdefault("delta", {})


NORMALISED = {
    "azure-sdk-assets/function_call_streaming.json#1": _count_calls,  # neither index nor type
    "dd-trace-py/chat_completion_streamed.yaml#1": _add_delta,  # the first choice has no delta
}
"""Recorded streams that differ from OpenAI's form, and what has to be done to each choice."""

FAILURES: dict[int, tuple[type[HttpResponseError], str]] = {
    401: (ClientAuthenticationError, "auth"),
    404: (ResourceNotFoundError, "model_gone"),
    429: (RateLimitedError, "rate_limited"),
}
"""By status: the class that is raised, and the kind of failure that the trail names."""

# How often the first member of an exchange stands in a file: a count that needs no parser.
ENTRY = re.compile(r'^ *- request:$|^ *"RequestUri":', re.MULTILINE)


def chosen(*kinds: str, errors: bool = False) -> Any:
    """Parametrise over the replayed interactions of some kinds."""
    replayed = (i for i in RECORDED if i.name not in LEFT_OUT and i.kind in kinds)
    picked = [i for i in replayed if (i.status >= 400) == errors]
    return pytest.mark.parametrize("recorded", [pytest.param(i, id=i.name) for i in picked])


class Replay(Service):
    """Serves one recorded answer: status, headers and bytes as they are, and nothing added."""

    def __init__(self, recorded: Interaction, chunks: list[bytes] | None = None) -> None:
        def answer(sent: Sent) -> Answer:
            return Answer(recorded.status, recorded.body, recorded.headers, chunks)

        super().__init__(answer, Clock(recorded.answered_at or NOW))
        self.recorded = recorded

    def handle(self, request: Any, options: dict[str, Any], kind: type[Any]) -> Any:
        response = super().handle(request, options, kind)
        response.headers.clear()  # the harness adds a content type where there was none
        response.headers.update(self.recorded.headers)
        response.content_type = response.headers.get("content-type")
        return response


def client_of(twin: Twin, service: Replay, **options: Any) -> Any:
    recorded = service.recorded
    kind = "Embeddings" if recorded.kind == "embed" else "Chat"
    options = {"api_version": recorded.api_version, "fallback": None, **options}
    return twin.client(service, recorded.endpoint, kind, **options)


def call(twin: Twin, service: Replay, **options: Any) -> Any:
    """Send the recorded request; return a whole answer, or the updates of a stream in a list."""
    client, recorded = client_of(twin, service, **options), service.recorded
    method = client.embed if recorded.kind == "embed" else client.complete
    if not twin.is_async:
        result = method(dict(recorded.request))
        return list(result) if recorded.kind == "stream" else result

    async def send() -> Any:
        result = await method(dict(recorded.request))
        return [update async for update in result] if recorded.kind == "stream" else result

    return asyncio.run(send())


def plain_updates(raw: bytes) -> list[dict[str, Any]]:
    """Read a stream naively; like the SDK, drop what has neither choices nor usage."""
    blocks = [block.strip() for block in raw.replace(b"\r\n", b"\n").split(b"\n\n")]
    assert all(block.startswith(b"data: ") for block in blocks if block)
    data = [block.removeprefix(b"data: ") for block in blocks if block]
    assert data.pop() == b"[DONE]"
    updates = [json.loads(one) for one in data]
    return [update for update in updates if update.get("choices") or update.get("usage")]


def expected_updates(recorded: Interaction) -> list[dict[str, Any]]:
    """Read a stream naively, and do what is declared for the few that servers sent otherwise."""
    updates = plain_updates(recorded.body)
    for update in updates if recorded.name in NORMALISED else ():
        for choice in update["choices"]:
            NORMALISED[recorded.name](choice)
    return updates


def as_plain(models: Any) -> list[Any]:
    return [model.as_dict() for model in models]


def cut(raw: bytes, how: str) -> list[bytes]:
    """Cut bytes as a network could: not at all, everywhere, or where a seed says."""
    if how == "whole":
        return [raw]
    if how == "single bytes":
        return [raw[place : place + 1] for place in range(len(raw))]
    chance = random.Random(how)
    places = sorted(chance.sample(range(1, len(raw)), len(raw) // 60))
    ends = [0, *places, len(raw)]
    return [raw[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize("name", FILES)
def test_every_interaction_of_a_file_is_accounted_for(name: str) -> None:
    """Each exchange that stands in a file is replayed, or left out for a reason."""
    ours = [i for i in RECORDED if i.name.rpartition("#")[0] == name]
    assert len(ours) == len(ENTRY.findall(FILES[name])) > 0
    for interaction in ours:
        replayed = interaction.kind and (
            interaction.status == 200 or interaction.status in FAILURES
        )
        assert bool(replayed) != (interaction.name in LEFT_OUT), interaction.name


def test_every_file_of_the_folder_is_read() -> None:
    """Beside the recordings there are only notes; each kind of call occurs."""
    rest = {path for path in FOLDER.rglob("*") if path.is_file()} - set(files(FOLDER).values())
    assert {path.suffix for path in rest} <= {".md"}
    assert {interaction.kind for interaction in RECORDED} >= {"complete", "stream", "embed"}
    assert {*LEFT_OUT, *NORMALISED} <= {interaction.name for interaction in RECORDED}


@chosen("complete", "embed")
def test_a_plain_answer_is_its_json(twin: Twin, recorded: Interaction) -> None:
    """A result has every member of the recorded JSON, unknown ones too, and no other."""
    service = Replay(recorded)
    result = call(twin, service)
    assert result.as_dict() == json.loads(recorded.body)
    assert [attempt.status for attempt in trail_of(result).attempts] == [200]


@chosen("complete", "embed")
def test_the_typed_members_of_a_plain_answer_are_its_json(
    twin: Twin, recorded: Interaction
) -> None:
    """What callers read as attributes has the recorded values."""
    result, plain = call(twin, Replay(recorded)), json.loads(recorded.body)
    assert result.model == plain["model"]
    assert result.usage.total_tokens == plain["usage"]["total_tokens"]
    if recorded.kind == "embed":
        assert [i.embedding for i in result.data] == [i["embedding"] for i in plain["data"]]
        return
    for ours, theirs in zip(result.choices, plain["choices"], strict=True):
        assert ours.finish_reason == theirs["finish_reason"]
        assert ours.message.content == theirs["message"].get("content")
        calls = theirs["message"].get("tool_calls") or []
        assert as_plain(ours.message.tool_calls or []) == calls


@chosen("complete", "stream", "embed")
def test_a_request_arrives_as_it_was_recorded(twin: Twin, recorded: Interaction) -> None:
    """Towards an endpoint that nothing is known of, URL and body are the caller's."""
    service = Replay(recorded)
    call(twin, service)
    assert [(sent.url, sent.body) for sent in service.sent] == [(recorded.url, recorded.request)]


@pytest.mark.parametrize("how", ["whole", "single bytes", "cuts 1", "cuts 2", "cuts 3"])
@chosen("stream")
def test_a_stream_is_its_events(twin: Twin, recorded: Interaction, how: str) -> None:
    """The updates are the recorded events however the network cuts the bytes."""
    service = Replay(recorded, cut(recorded.body, how))
    updates = call(twin, service)
    assert as_plain(updates) == expected_updates(recorded)
    assert len(service.sent) == 1
    assert service.responses[0].closed


@chosen("stream")
def test_only_declared_streams_are_changed(recorded: Interaction) -> None:
    """Every event of all other streams goes through byte for byte."""
    reader = FramedReader()
    out = reader.feed(recorded.body) + reader.end()
    framed = recorded.body.replace(b"\r\n", b"\n")
    assert (out == framed) != (recorded.name in NORMALISED)


@chosen("complete", "stream", "embed", errors=True)
def test_an_error_has_its_class_status_and_kind(twin: Twin, recorded: Interaction) -> None:
    """A recorded error is raised as what it is, and the trail says what that means."""
    kind_of_error, failure = FAILURES[recorded.status]
    with pytest.raises(kind_of_error) as caught:
        call(twin, Replay(recorded), fallback_max_wait=0)
    assert caught.value.status_code == recorded.status
    assert caught.value.response.content == recorded.body
    stated = json.loads(recorded.body)
    assert caught.value.error.message == (stated.get("error") or stated)["message"]
    assert caught.value.error.code == stated.get("error", {}).get("code")
    (attempt,) = trail_of(caught.value).attempts
    assert (attempt.status, attempt.failure.kind.value) == (recorded.status, failure)


def limited() -> Any:
    """Parametrise over the rate limits whose ``Retry-After`` is a number of seconds."""
    picked = [
        (interaction, float(value))
        for interaction in RECORDED
        for name, value in interaction.headers.items()
        if interaction.status == 429 and name.lower() == "retry-after" and value.isdigit()
    ]
    cases = [pytest.param(*case, id=case[0].name) for case in picked]
    return pytest.mark.parametrize(("recorded", "seconds"), cases)


@limited()
def test_a_rate_limit_says_when_it_ends(twin: Twin, recorded: Interaction, seconds: float) -> None:
    """``Retry-After`` holds, whatever zero of milliseconds stands beside it."""
    with pytest.raises(RateLimitedError) as caught:
        call(twin, Replay(recorded), fallback_max_wait=0)
    assert caught.value.retry_after == seconds
    assert trail_of(caught.value).attempts[0].failure.retry_after == seconds


@limited()
def test_a_short_rate_limit_is_waited_for(
    twin: Twin, recorded: Interaction, seconds: float
) -> None:
    """Within the wait that a call may spend, the same target is asked again, never sooner."""
    service = Replay(recorded)
    with pytest.raises(RateLimitedError) as caught:
        call(twin, service, fallback_max_wait=10 * seconds)
    assert len(service.sent) > 1
    assert service.slept
    assert all(slept >= seconds for slept in service.slept)
    assert trail_of(caught.value).waited == sum(service.slept)


@limited()
def test_a_rate_limited_model_is_left_for_another(
    twin: Twin, recorded: Interaction, seconds: float
) -> None:
    """The recorded limit makes the next target answer, where there is one."""
    service = Replay(recorded)
    refuse = service.answer
    model = recorded.request["model"]
    service.answer = lambda sent: refuse(sent) if sent.model == model else chat(sent.model)
    result = call(twin, service, fallback=["another"])
    assert result.model == "another"
    assert service.models == [model, "another"]
