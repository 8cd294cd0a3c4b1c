"""What an ``[llm.NAME]`` table says of its own target: `_core.request.defaults`, both twins."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.settings.load import load_settings
from tests.harness import HELLO, Answer, Sent, Service, Twin, chat, error, limited
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
    """Vectors are the client's; a table that says the same as ``[llm]`` says nothing new."""
    name = "fallback1" + ("a" if twin.is_async else "s")
    lines = f"[llm.{name}]\nembedding_model = 'e'\nfallback_llms = ['x']\nnum_retries = 5"
    write(WRITTEN.replace("[llm.fallback1]", lines).replace("[llm.fallback2]", "[llm.fallback2]"))
    notes = load_settings().notes
    assert [note.partition(" in ")[0] for note in notes] == [
        f"llm.{name}.embedding_model",
        f"llm.{name}.fallback_llms",
    ]
    assert all(note.endswith("is not used: that of [llm] holds for all models.") for note in notes)
    service = Service(lambda sent: chat(sent.model))
    with caplog.at_level(logging.WARNING, "github_models_azure"):
        client_of(twin, service)
        client_of(twin, service)
    logged = [record.getMessage() for record in caplog.records]
    assert [logged.count(note) for note in notes] == [1, 1]


# Retries, waits and strictness

SLOW = WRITTEN.replace(
    "[llm.fallback1]", "[llm.fallback1]\nnum_retries = 4\nretry_min_wait = 11\nretry_max_wait = 11"
).replace("[llm.fallback2]", "[llm.fallback2]\nnum_retries = 1")


def asked(service: Service) -> dict[str, int]:
    return {name: service.models.count(name) for name in ("first", "second", "third")}


def test_each_target_is_retried_as_often_as_its_table_says(twin: Twin) -> None:
    """The attempts of the call are the sum, so that none takes those of the next."""
    write(SLOW)
    assert load_settings().options["fallback_max_attempts"] == 2 + 4 + 1
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert asked(service) == {"first": 2, "second": 4, "third": 1}
    assert service.models[:3] == ["first", "second", "third"]


def test_a_variable_holds_for_the_tables_that_do_not_say_it(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``[llm]`` of the file does."""
    write(SLOW)
    monkeypatch.setenv("LLM_NUM_RETRIES", "3")
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert asked(service) == {"first": 3, "second": 4, "third": 1}


@pytest.mark.parametrize("where", ["client", "call"])
def test_the_callers_retries_hold_for_all_targets(twin: Twin, where: str) -> None:
    """An argument goes before every table."""
    write(SLOW)
    service = Service(lambda _: error(503))
    said = {"retry_total": 0}
    client = client_of(twin, service, **(said if where == "client" else {}))
    with pytest.raises(HttpResponseError):
        twin.complete(client, **(said if where == "call" else {}))
    assert asked(service) == {"first": 1, "second": 1, "third": 1}


def test_a_target_waits_as_its_table_says(twin: Twin) -> None:
    """Seven seconds and none longer, beside others that wait as ``[llm]`` says."""
    own = "retry_min_wait = 7\nretry_max_wait = 7\nnum_retries = 4"
    text = WRITTEN.replace("num_retries = 2", "num_retries = 1")
    write(text.replace("[llm.fallback1]", f"[llm.fallback1]\n{own}"))
    assert load_settings().options["fallback_max_wait"] == 21
    service = Service(lambda _: error(503))
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service))
    assert asked(service) == {"first": 1, "second": 4, "third": 1}
    assert len(service.slept) == 3
    assert all(seconds >= 7 for seconds in service.slept)


@pytest.mark.parametrize("where", ["client", "call"])
def test_the_callers_waits_hold_for_all_targets(twin: Twin, where: str) -> None:
    """An argument goes before every table."""
    text = WRITTEN.replace("num_retries = 2", "num_retries = 1").replace("= 5\n", "= 0\n")
    write(text.replace("[llm.fallback1]", "[llm.fallback1]\nretry_min_wait = 50\nnum_retries = 2"))
    service = Service(lambda _: error(503))
    said = {"retry_backoff_factor": 3}
    client = client_of(twin, service, **(said if where == "client" else {}))
    with pytest.raises(HttpResponseError):
        twin.complete(client, **(said if where == "call" else {}))
    assert service.slept
    assert max(service.slept) < 50


@pytest.mark.parametrize(
    ("general", "own", "models"),
    [
        ("", "drop_params = false", ["first", "third"]),
        ("drop_params = false", "drop_params = true", ["second"]),
        ("drop_params = true", "drop_params = false", ["first", "third"]),
    ],
)
def test_strictness_is_that_of_the_table(
    twin: Twin, general: str, own: str, models: list[str]
) -> None:
    """A target that may lose nothing is passed over for a request that it cannot take whole."""
    text = WRITTEN.replace("openai/first", "groq/first").replace("openai/second", "groq/second")
    text = text.replace("hosted_vllm/third", "groq/third").replace("[llm]", f"[llm]\n{general}")
    write(text.replace("[llm.fallback1]", f"[llm.fallback1]\n{own}"))
    service = Service(lambda sent: chat(sent.model) if sent.model == models[-1] else limited())
    client = client_of(twin, service)
    said: dict[str, Any] = {"model_extras": {"logit_bias": {"1": 1}}}
    trail = trail_of(twin.complete(client, **said))
    assert service.models == models
    assert "would lose: logit_bias" in str(trail)
    plan = twin.run(client.plan_route(messages=HELLO, **said))
    assert any("would lose" in skip.reason for skip in plan.skipped)


def test_the_callers_strictness_holds_for_all_targets(twin: Twin) -> None:
    """``adapt=`` of the call."""
    text = WRITTEN.replace("openai/first", "groq/first").replace("openai/second", "groq/second")
    write(text.replace("[llm.fallback1]", "[llm.fallback1]\ndrop_params = false"))
    service = Service(lambda sent: chat(sent.model) if sent.model == "second" else limited())
    said: dict[str, Any] = {"model_extras": {"logit_bias": {"1": 1}}, "adapt": "lenient"}
    twin.complete(client_of(twin, service), **said)
    assert service.models == ["first", "second"]


def test_a_strict_target_is_not_mended_after_a_refusal(twin: Twin) -> None:
    """What it refuses would be lost; a lenient one is asked once more without it."""

    def refuses(sent: Sent) -> Answer:
        if "seed" in sent.body:
            return error(400, "unsupported_parameter", "Unsupported parameter: 'seed'")
        return chat(sent.model)

    write(WRITTEN.replace("[llm]", "[llm]\ndrop_params = false"))
    service = Service(refuses)
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service), seed=7)
    lenient = WRITTEN.replace("[llm.fallback1]", "[llm.fallback1]\ndrop_params = true")
    write(lenient.replace("[llm]", "[llm]\ndrop_params = false"))
    service = Service(refuses)
    twin.complete(client_of(twin, service), seed=7)
    assert service.models == ["first", "second", "second"]
