"""What an ``[llm.NAME]`` table says of its own target: `_core.request.defaults`, both twins."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.settings.load import load_settings
from tests.harness import Answer, Sent, Service, Twin, chat, limited
from tests.settings.test_openhands_in_clients import WRITTEN, client_of, write
from tests.settings.test_openhands_variables import vectors

OWN_WORDS = WRITTEN.replace(
    "[llm.fallback1]",
    "[llm.fallback1]\ntemperature = 0.9\nmax_output_tokens = 0\ntimeout = 7",
).replace("[llm.fallback2]", "[llm.fallback2]\ntop_p = 0.75\nmax_output_tokens = 128")


def only_the_third(sent: Sent) -> Answer:
    return chat(sent.model) if sent.model == "third" else limited()


def sampling(sent: Sent) -> tuple[Any, ...]:
    return tuple(sent.body.get(name) for name in ("temperature", "top_p", "max_tokens"))


def test_each_table_holds_for_its_own_target(twin: Twin) -> None:
    """The rest is that of ``[llm]``; the trail says what is another's."""
    write(OWN_WORDS)
    service = Service(only_the_third)
    answer = twin.complete(client_of(twin, service))
    assert [sampling(sent) for sent in service.sent] == [
        (0.25, 0.5, 64),
        (0.9, 0.5, None),
        (0.25, 0.75, 128),
    ]
    assert [str(event) for event in trail_of(answer).adaptations] == [  # type: ignore[union-attr]
        f"adapted for llm.{target}, as the settings of the target say"
        for target in (
            "fallback1/second: temperature=0.9",
            "fallback1/second: max_tokens left out",
            "fallback1/second: attempt_timeout=7",
            "fallback2/third: top_p=0.75",
            "fallback2/third: max_tokens=128",
        )
    ]


@pytest.mark.parametrize("how", ["keywords", "extras", "client"])
def test_the_callers_own_word_goes_before_every_table(twin: Twin, how: str) -> None:
    """Also where it says the same as ``[llm]`` does."""
    write(OWN_WORDS)
    service = Service(only_the_third)
    same, other = {"temperature": 0.25}, {"max_completion_tokens": 9}
    at_client = {"temperature": 0.3} if how == "client" else {}
    said: dict[str, Any] = {
        "keywords": {**same, "model_extras": other, "attempt_timeout": 3},
        "extras": {"model_extras": {**same, **other}},
        "client": {},
    }[how]
    answer = twin.complete(client_of(twin, service, **at_client), **said)
    assert {sent.body["temperature"] for sent in service.sent} == {
        at_client.get("temperature", 0.25)
    }
    changed = [event.change for event in trail_of(answer).adaptations]  # type: ignore[union-attr]
    assert any(change.startswith("max_tokens") for change in changed) is (how == "client")
    assert any(change.startswith("attempt_timeout") for change in changed) is (how != "keywords")


def test_the_timeout_of_a_table_bounds_its_attempt(twin: Twin) -> None:
    """And no other's."""
    write(OWN_WORDS.replace("top_p = 0.5\n", "top_p = 0.5\ntimeout = 60\n"))
    service = Service(only_the_third)
    twin.complete(client_of(twin, service))
    assert [sent.options["read_timeout"] for sent in service.sent] == [60, 7, 60]


def test_embeddings_are_given_nothing_of_it(twin: Twin) -> None:
    """Sampling is for chats."""
    write(OWN_WORDS)
    service = Service(vectors)
    client = twin.package.EmbeddingsClient(transport=twin.transport(service), model="e")
    twin.run(client.embed(input=["a"]))
    assert service.sent[0].body == {"model": "e", "input": ["a"]}


def test_what_holds_for_all_only_is_noted_and_warned_of_once(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """Waits and attempts belong to the whole call; a table that says the same says nothing new."""
    name = "fallback1" + ("a" if twin.is_async else "s")
    write(WRITTEN.replace("[llm.fallback1]", f"[llm.{name}]\nnum_retries = 5\nretry_min_wait = 5"))
    (note,) = load_settings().notes
    assert note.startswith(f"llm.{name}.num_retries in ")
    assert note.endswith(" is not used: that of [llm] holds for all models.")
    service = Service(lambda sent: chat(sent.model))
    with caplog.at_level(logging.WARNING, "github_models_azure"):
        client_of(twin, service)
        client_of(twin, service)
    assert [record.getMessage() for record in caplog.records].count(note) == 1
