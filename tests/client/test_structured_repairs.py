"""Answers that are no instance of ``response_model``: taken out, corrected once, or an error."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    FallbackExhaustedError,
    OutputValidationError,
    RateLimitedError,
)
from tests.client.structured_helpers import (
    ADA,
    BAD,
    GOOD,
    adaptations,
    ask,
    form_of,
    says,
    takes,
)
from tests.harness import (
    HELLO,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
    limited,
)


@pytest.mark.parametrize("text", [f"```json\n{GOOD}\n```", f"Here you are: {GOOD}. Anything else?"])
def test_json_is_taken_out_of_what_stands_around(twin: Twin, text: str) -> None:
    """A code fence or prose costs no second request, and is declared."""
    service = Service(says(text))
    answer = ask(twin, service)
    assert answer.parsed == ADA
    assert len(service.sent) == 1
    assert adaptations(answer)[-1] == "the JSON was taken out of the text around it"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (BAD, "age: Field required"),
        ("Ada, 36", "there is no JSON in it"),
        ("", "it is empty"),
    ],
)
def test_one_repair_round(twin: Twin, text: str, problem: str) -> None:
    """The model is told what was wrong, in the same conversation; the trail says so."""
    service = Service(says(text, GOOD))
    answer = ask(twin, service)
    assert answer.parsed == ADA
    first, second = service.sent
    assert second.body["messages"][: len(HELLO)] == first.body["messages"]
    said, told = second.body["messages"][len(HELLO) :]
    assert said == {"role": "assistant", "content": text or "(nothing)"}
    assert told["content"].startswith(f"That will not do: {problem}. Answer again")
    trail = trail_of(answer)
    assert [attempt.status for attempt in trail.attempts] == [200, 200]
    assert trail.attempts[0].failure.message == f"the answer is not a valid Person: {problem}"
    assert trail.attempts[1].retry
    assert f"asked once more: {problem}" in adaptations(answer)


def test_a_second_invalid_answer_is_an_error(twin: Twin) -> None:
    """It keeps the text and pydantic's findings, and no other target is asked."""
    service = Service(says("prose", BAD))
    with pytest.raises(OutputValidationError) as caught:
        ask(twin, service, fallback=["n"])
    raised = caught.value
    assert str(raised) == "models.example/m gave no valid Person: age: Field required."
    assert raised.text == BAD
    assert [(one["type"], one["loc"]) for one in raised.errors] == [("missing", ("age",))]
    assert raised.__cause__.errors()[0]["loc"] == ("age",)
    assert (raised.status_code, raised.response.status_code) == (200, 200)
    trail = trail_of(raised)
    assert [one.failure.code for one in trail.attempts] == ["invalid_output"] * 2
    assert trail.served_by is None
    assert service.models == ["m", "m"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"message": {"content": None, "refusal": "I will not."}}, "the model refused: I will not"),
        ({"finish_reason": "length"}, "the answer was cut at its limit of tokens; raise max_tok"),
        ({"finish_reason": "content_filter"}, "the answer was stopped by a content filter"),
    ],
)
def test_an_answer_that_was_stopped_is_not_asked_for_again(
    twin: Twin, change: dict[str, Any], reason: str
) -> None:
    """A refusal, a limit and a filter have a clear error of their own, after one request."""

    def answer(sent: Sent) -> Answer:
        made = chat(sent.model, '{"name": "A')
        made.body["choices"][0].update(change)
        return made

    service = Service(answer)
    with pytest.raises(OutputValidationError, match=f"gave no valid Person: {reason}") as caught:
        ask(twin, service)
    assert len(service.sent) == 1
    assert caught.value.errors == []


def test_a_server_that_judges_itself_is_told_too(twin: Twin) -> None:
    """Groq's 400 for its own model's JSON begins the repair round, or ends it."""
    refusal = error(400, "json_validate_failed", "Failed to generate JSON.")
    answers = [refusal, chat("m", GOOD), refusal, refusal]
    service = Service(lambda sent: answers.pop(0))
    assert ask(twin, service).parsed == ADA
    assert "Failed to generate JSON" in service.sent[1].body["messages"][-1]["content"]
    with pytest.raises(OutputValidationError, match="no valid Person: Failed to generate JSON"):
        ask(twin, service)
    assert len(service.sent) == 4


def test_a_repair_keeps_to_the_limits_of_the_call(twin: Twin) -> None:
    """No attempt or no time is left for it: then the first answer is the error."""
    service = Service(says(BAD, GOOD))
    with pytest.raises(OutputValidationError):
        ask(twin, service, fallback_max_attempts=1)
    assert len(service.sent) == 1

    def slow(sent: Sent) -> Answer:
        answer = chat(sent.model, BAD)
        answer.seconds = 11.0
        return answer

    service = Service(slow)
    with pytest.raises(OutputValidationError):
        ask(twin, service, timeout=10)
    assert len(service.sent) == 1


def test_a_fallback_goes_on_with_the_repair(twin: Twin) -> None:
    """Where the target is limited in between, the next one is told what was wrong."""
    answers = [chat("m", BAD), limited(), chat("n", GOOD)]
    service = Service(lambda sent: answers.pop(0))
    answer = ask(twin, service, fallback=["n"])
    assert answer.parsed == ADA
    assert service.models == ["m", "m", "n"]
    assert service.sent[2].body["messages"] == service.sent[1].body["messages"]
    assert trail_of(answer).served_by == "models.example/n"


def test_each_target_is_asked_in_its_own_way(twin: Twin) -> None:
    """The way is chosen anew where the first target fails."""

    def answer(sent: Sent) -> Answer:
        return limited() if sent.model == "m" else takes("tool")(sent)

    service = Service(answer)
    answered = ask(twin, service, fallback=["n"])
    assert answered.parsed == ADA
    forms = [(sent.model, form_of(sent)) for sent in service.sent]
    assert forms == [
        ("m", "json_schema"),
        *(("n", f) for f in ("json_schema", "json_object", "tool")),
    ]


def test_other_failures_stay_what_they_are(twin: Twin) -> None:
    """A limit without a fallback, a refused prompt, and a route that is exhausted."""
    with pytest.raises(RateLimitedError):
        ask(twin, Service(lambda sent: limited()), fallback=None)
    with pytest.raises(FallbackExhaustedError):
        ask(twin, Service(lambda sent: limited()), fallback=["n"])
    answers = [chat("m", BAD), limited()]
    with pytest.raises(RateLimitedError):
        ask(twin, Service(lambda sent: answers.pop(0)), fallback=None)
