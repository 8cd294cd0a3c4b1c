"""A refused request is mended once, sent again, and what was learnt is remembered."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import Endpoint, MemoryLedger, Target, trail_of
from tests.core.failure.refusal_helpers import ROWS, openai
from tests.harness import URL, Answer, Sent, Service, Twin, error, text_of
from tests.policies.test_dialects import SDK_VERSION, answers, ask, client_of

NO_VERSION = Answer(400, b"API version not supported")  # goai#54
SYNC = Twin("sync")


def refuses(*members: str) -> Any:
    """A server that refuses members of a body, one at a time, as OpenAI says it."""

    def answer(sent: Sent) -> Answer:
        for name in members:
            if name in sent.body:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                return Answer(400, openai(message, name, "unsupported_parameter"))
        return answers(sent)

    return answer


def bodies(service: Service) -> list[Any]:
    """What was sent, without the model, the prompt and whether it is a stream."""
    known = {"model", "messages", "stream"}
    return [{k: v for k, v in sent.body.items() if k not in known} for sent in service.sent]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_refusal_is_repaired_once_and_remembered(twin: Twin, streamed: bool) -> None:
    """Two requests the first time, one the next; the trail declares the change each time."""
    service = Service(refuses("max_tokens"))
    client = client_of(twin, service, URL)
    read = twin.read if streamed else twin.complete
    for asked in (2, 3):
        got = read(client, max_tokens=5)
        trail = trail_of(got[1] if streamed else got)
        assert len(service.sent) == asked
        change = "adapted for models.example/m: max_tokens sent as max_completion_tokens"
        assert sum(str(event) == change for event in trail.events) == 1
    assert bodies(service) == [{"max_tokens": 5}, *[{"max_completion_tokens": 5}] * 2]
    assert [attempt.retry for attempt in trail.attempts] == [False]


def test_the_trail_of_a_repair_says_what_happened(twin: Twin) -> None:
    """Asked, refused, adapted, asked again."""
    service = Service(refuses("temperature"))
    trail = ask(twin, service, call={"temperature": 0.5})
    assert [str(event).partition(" in 0.00 s")[0] for event in trail.events] == [
        "asked models.example/m: 400 wrong_dialect",
        "adapted for models.example/m: temperature=0.5 dropped",
        "retried models.example/m: answered",
    ]
    assert [adapted.lossy for adapted in trail.adaptations] == [True]


@pytest.mark.parametrize("streamed", [False, True])
def test_refusals_in_a_row_are_all_repaired(twin: Twin, streamed: bool) -> None:
    """Each teaches something new, as long as there are attempts."""
    service = Service(refuses("max_tokens", "temperature", "top_p"))
    call = {"max_tokens": 5, "temperature": 0.5, "top_p": 0.5, "seed": 7}
    ask(twin, service, streamed=streamed, call=call)
    assert len(service.sent) == 4
    assert bodies(service)[-1] == {"max_completion_tokens": 5, "seed": 7}


def test_a_repair_takes_no_more_than_the_attempts_there_are(twin: Twin) -> None:
    """The last refusal is the server's own error."""
    service = Service(refuses("max_tokens", "temperature"))
    call = {"max_tokens": 5, "temperature": 0.5}
    with pytest.raises(HttpResponseError, match="'temperature' is not supported") as caught:
        ask(twin, service, fallback_max_attempts=2, call=call)
    assert caught.value.status_code == 400
    assert len(service.sent) == 2
    ask(twin, service, fallback_max_attempts=2, call={"temperature": 0.5})  # another client
    assert len(service.sent) == 4


def test_what_is_refused_all_the_same_is_not_sent_again(twin: Twin) -> None:
    """A server that repeats itself is asked twice, not six times; then the next target."""
    says = openai("Unsupported parameter: 'seed' is not supported", "seed", "unsupported_parameter")
    service = Service(lambda sent: Answer(400, says) if sent.model == "m" else answers(sent))
    ask(twin, service, fallback=["n"], call={"seed": 7})
    assert service.models == ["m", "m", "n"]
    assert bodies(service) == [{"seed": 7}, {}, {"seed": 7}]


def test_what_was_learnt_of_a_target_says_nothing_of_another(twin: Twin) -> None:
    """The next model of the same endpoint is sent the request as it was written."""
    service = Service(lambda sent: refuses("seed")(sent) if sent.model == "m" else answers(sent))
    client = client_of(twin, service, URL)
    twin.complete(client, seed=7)
    twin.complete(client, seed=7, model="n")
    assert bodies(service) == [{"seed": 7}, {}, {"seed": 7}]


def test_a_ledger_carries_what_was_learnt_to_other_clients(twin: Twin) -> None:
    """Whoever shares it need not be refused first; another key is another target."""
    service, ledger = Service(refuses("seed")), MemoryLedger()
    for key, asked in (("key", 2), ("key", 3), ("other", 5)):
        ask(twin, service, ledger=ledger, credential=key, call={"seed": 7})
        assert len(service.sent) == asked


def test_what_cannot_be_mended_goes_to_the_next_target(twin: Twin) -> None:
    """``response_format`` says what is asked: it is not taken away."""
    service = Service(
        lambda sent: refuses("response_format")(sent) if sent.model == "m" else answers(sent)
    )
    trail = ask(twin, service, fallback=["n"], call={"response_format": "json_object"})
    assert service.models == ["m", "n"]
    assert trail.adaptations == ()


def test_calls_that_were_refused_together_are_all_repaired(twin: Twin) -> None:
    """A call whose refusal comes after another has learnt the same is mended too."""
    ledger, strict = MemoryLedger(), refuses("max_tokens")
    first = True

    def answer(sent: Sent) -> Answer:
        nonlocal first
        if first:  # while this one is under way, another is refused, repaired and answered
            first = False
            client = client_of(SYNC, Service(strict), URL, ledger=ledger)
            SYNC.complete(client, max_tokens=5)
        reply: Answer = strict(sent)
        return reply

    service = Service(answer)
    ask(twin, service, ledger=ledger, call={"max_tokens": 5})
    assert bodies(service) == [{"max_tokens": 5}, {"max_completion_tokens": 5}]


# ---- strict


def test_strict_passes_over_whom_it_would_lose_something(twin: Twin) -> None:
    """With the loss as the reason; what is only renamed is no loss."""
    service = Service(answers)
    groq = Endpoint("g", "https://g.example/v1", "k", dialect="groq")
    mistral = Endpoint("i", "https://i.example/v1", "k", dialect="mistral")
    fallback = [Target("b", mistral)]
    call = {"seed": 7, "model_extras": {"logprobs": True}}
    trail = ask(twin, service, groq, adapt="strict", model="a", fallback=[*fallback, "c"],
                call={"seed": 7})  # fmt: skip
    assert service.models == ["a"]
    trail = ask(twin, service, groq, adapt="strict", model="a",
                fallback=[*fallback, Target("c", Endpoint("o", URL, "k"))], call=call)  # fmt: skip
    assert service.models == ["a", "c"]
    assert [skip.reason for skip in trail.skipped] == [
        "would lose: logprobs=True dropped",
        "would lose: logprobs=True dropped",
    ]
    ask(twin, service, mistral, adapt="strict", call={"seed": 7})
    assert service.sent[-1].body["random_seed"] == 7


def test_strict_learns_nothing_but_heeds_what_is_known(twin: Twin) -> None:
    """A refusal moves on at once; a loss that a lenient client learnt of is avoided."""
    ledger = MemoryLedger()
    service = Service(lambda sent: refuses("seed")(sent) if sent.model == "m" else answers(sent))
    options: dict[str, Any] = {"ledger": ledger, "fallback": ["n"], "call": {"seed": 7}}
    ask(twin, service, adapt="strict", **options)
    ask(twin, service, adapt="strict", **options)
    assert service.models == ["m", "n"] * 2
    ask(twin, service, **options)
    assert service.models[4:] == ["m", "m"]
    ask(twin, service, adapt="strict", **options)
    assert service.models[6:] == ["n"]


# ---- the query


@pytest.mark.parametrize("streamed", [False, True])
def test_a_version_is_learnt_for_the_whole_endpoint(twin: Twin, streamed: bool) -> None:
    """Who takes none takes none for any of its models."""
    service = Service(lambda sent: NO_VERSION if "api-version" in sent.url else answers(sent))
    ledger = MemoryLedger()
    trail = ask(twin, service, ledger=ledger, streamed=streamed)
    assert [str(change.change) for change in trail.adaptations] == ["api-version dropped"]
    ask(twin, service, ledger=ledger, streamed=streamed, model="n")
    assert [sent.url.partition("?")[2] for sent in service.sent] == [SDK_VERSION, "", ""]
    assert bodies(service) == [{}, {}, {}]


@pytest.mark.parametrize("chosen", [{}, {"api_version": "2023-01-01"}])
def test_the_version_that_a_server_names_is_sent(twin: Twin, chosen: dict[str, str]) -> None:
    """Even in place of the caller's own, which was refused."""
    wanted = "api-version=2024-12-01-preview"
    says = "Model {modelName} is enabled only for api versions 2024-12-01-preview and later"

    def answer(sent: Sent) -> Answer:
        return answers(sent) if wanted in sent.url else error(400, "BadRequest", says)

    service, ledger = Service(answer), MemoryLedger()
    for _ in range(2):
        ask(twin, service, ledger=ledger, call={"params": {"a": "b"}}, **chosen)
    assert [sent.url.count("api-version=") for sent in service.sent] == [1, 1, 1]
    assert [wanted in sent.url for sent in service.sent] == [False, True, True]
    assert all("a=b" in sent.url for sent in service.sent)


@pytest.mark.parametrize(
    "says",
    ["API version not supported", "x is enabled only for api versions 2024-10-21 and later"],
)
def test_a_version_that_is_never_right_is_asked_for_once(twin: Twin, says: str) -> None:
    """The same refusal of what was sent in its place teaches nothing new."""
    service = Service(lambda sent: error(400, "BadRequest", says))
    with pytest.raises(HttpResponseError, match=r"(?i)api version"):
        ask(twin, service)
    assert len(service.sent) == 2


def test_an_older_version_that_is_named_later_is_no_news(twin: Twin) -> None:
    """The latest of those that were named is sent; there is no going back and forth."""
    named = iter(["2024-12-01-preview", "2024-08-01-preview", "2024-06-01"])
    service = Service(
        lambda sent: error(400, "x", f"a is enabled only for api versions {next(named)} and later")
    )
    with pytest.raises(HttpResponseError):
        ask(twin, service)
    assert len(service.sent) == 2


# ---- every known refusal


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("row", ROWS)
def test_every_known_refusal_is_mended(twin: Twin, row: str, streamed: bool) -> None:
    """From the server's own words to an answer, with one more request, and none the next time."""
    status, refusal, payload, mended = ROWS[row]
    stream = {"stream": True} if streamed else {}

    def answer(sent: Sent) -> Answer:
        fits = sent.body == {**mended, **stream}
        return answers(sent) if fits else Answer(status, refusal)

    service = Service(answer)
    client = client_of(twin, service, URL)
    for asked in (2, 3):
        assert _told(twin, client, {**payload, **stream}) == "Hello"
        assert len(service.sent) == asked
    assert service.sent[0].body == {**payload, **stream}


def _told(twin: Twin, client: Any, body: dict[str, Any]) -> str:
    """Send a body as it is; return the text of the answer, whole or streamed."""
    if "stream" not in body:
        return str(twin.run(client.complete(body)).choices[0].message.content)

    async def read() -> list[Any]:
        return [update async for update in await client.complete(body)]

    return "".join(map(text_of, twin.run(read()) if twin.is_async else client.complete(body)))


def test_a_transport_that_can_bound_an_answer_is_told_how_long(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the time that the attempt has left, anew for each; others know nothing of it."""
    service = Service(refuses("seed"))
    ask(twin, service, attempt_timeout=9)
    assert "answer_within" not in service.sent[-1].options
    kind = type(twin.transport(service))
    monkeypatch.setattr(kind, "takes_answer_within", True, raising=False)
    ask(twin, service, attempt_timeout=9, call={"seed": 7})
    assert [sent.options["answer_within"] for sent in service.sent[1:]] == [9, 9]
