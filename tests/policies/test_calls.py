"""What a caller gives per call holds for every attempt, and wrong values are named."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from azure.core.exceptions import (
    HttpResponseError,
)

from github_models_azure import MemoryLedger, trail_of
from tests.harness import (
    FIRST,
    HELLO,
    SECOND,
    URL,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    error,
    falls_back,
    limited,
)


def test_options_and_headers_reach_every_attempt(twin: Twin) -> None:
    """Policies further in use options up; each attempt gets them anew, and one loop owns retry."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    seen: list[int] = []
    twin.complete(
        client,
        headers={"x-mine": "1"},
        params={"tag": "a"},
        raw_response_hook=lambda response: seen.append(response.http_response.status_code),
        connection_timeout=3,
        read_timeout=4,
        retry_total=5,
        timeout=100,
    )
    assert seen == [429, 200]
    for sent in service.sent:
        assert sent.headers["x-mine"] == "1"
        assert "tag=a" in sent.url
        assert (sent.options["connection_timeout"], sent.options["read_timeout"]) == (3, 4)
        assert "retry_total" not in sent.options


def test_retry_total_bounds_the_retries_of_one_target(twin: Twin) -> None:
    """``retry_total=0`` asks an only target once, ``2`` asks it three times."""
    for retries, requests in ((0, 1), (2, 3)):
        service = Service(lambda sent: error(503))
        with pytest.raises(HttpResponseError):
            twin.complete(twin.client(service, model=FIRST, fallback=None), retry_total=retries)
        assert len(service.sent) == requests


def test_each_attempt_has_a_request_id_of_its_own(twin: Twin) -> None:
    """What policies add to the first attempt does not stick to the second."""
    service = Service(falls_back)
    twin.complete(twin.client(service, model=FIRST, fallback=[SECOND]))
    ids = [sent.headers["x-ms-client-request-id"] for sent in service.sent]
    assert len(set(ids)) == 2


def test_the_body_differs_in_the_model_alone(twin: Twin) -> None:
    """The second attempt carries the caller's body, extras included, with the other model."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    twin.complete(client, model_extras={"seed_of": {"mine": [1, "é"]}}, temperature=0.1)
    first, second = (dict(sent.body) for sent in service.sent)
    assert (first.pop("model"), second.pop("model")) == (FIRST, SECOND)
    assert first == second
    assert second["seed_of"] == {"mine": [1, "é"]}


def test_a_body_given_as_a_file_is_read_once_and_sent_twice(twin: Twin) -> None:
    """A file object cannot be sent twice; its bytes can."""
    service = Service(falls_back)
    client = twin.client(service, fallback=[SECOND])
    body = json.dumps({"model": FIRST, "messages": HELLO}).encode()
    twin.run(client.complete(io.BytesIO(body)))
    assert service.models == [FIRST, SECOND]


def test_a_body_that_is_no_json_object_passes_untouched(twin: Twin) -> None:
    """What cannot be understood is the server's to judge."""
    service = Service(lambda sent: chat("m"))
    answer = twin.run(twin.client(service).complete(io.BytesIO(b"[1]")))
    assert answer.choices[0].message.content == "Hi there"
    assert trail_of(answer) is None


def test_other_requests_of_the_client_pass_untouched(twin: Twin) -> None:
    """GET /info is no inference: no fallback, no trail."""
    service = Service(lambda sent: Answer(404, {}))
    with pytest.raises(HttpResponseError):
        twin.run(twin.client(service).get_model_info())
    assert service.sent[0].url.startswith(URL + "/info")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(200, {"error": {"code": "429x", "message": "over"}}), "over"),
        (Answer(200, b"<html><title>Sign in</title></html>", {"content-type": "text/html"}), "200"),
        (Answer(200, b"", {"content-type": "application/json"}), "200"),
        (Answer(200, b"{broken", {"content-type": "application/json"}), "200"),
        (Answer(200, [1, 2]), "200"),
        (Answer(200, {"choices": []}), "200"),
        (Answer(200, {"choices": None, "object": "error", "message": "odd"}), "odd"),
    ],
)
def test_a_200_that_is_no_answer_is_an_error(twin: Twin, answer: Answer, words: str) -> None:
    """Error bodies, pages and broken JSON under a 200 become one clear error, never a TypeError."""
    service = Service(lambda sent: answer)
    client = twin.client(service, model="mine", fallback=None, fallback_max_wait=0)
    with pytest.raises(HttpResponseError, match=words) as caught:
        twin.complete(client)
    assert caught.value.status_code == 200
    assert trail_of(caught.value) is not None


@pytest.mark.parametrize("status", [404, 500, 502])
def test_an_html_error_page_is_a_clear_error(twin: Twin, status: int) -> None:
    """A proxy's page, labelled as JSON or not, ends as the status it came with."""
    for kind in ("text/html", "application/json"):
        page = Answer(status, b"<html><h1>Bad gateway</h1></html>", {"content-type": kind})
        service = Service(lambda sent, page=page: page)
        client = twin.client(service, model="mine", fallback=None, fallback_max_wait=0)
        with pytest.raises(HttpResponseError) as caught:
            twin.complete(client)
        assert caught.value.status_code == status


def test_a_decode_error_falls_back_like_its_status(twin: Twin) -> None:
    """A 502 whose JSON is broken is a 502."""
    broken = Answer(502, b"{nope", {"content-type": "application/json"})
    service = Service(lambda sent: broken if sent.model == FIRST else chat(sent.model))
    trail = trail_of(twin.complete(twin.client(service, model=FIRST, fallback=[SECOND])))
    assert trail.attempts[0].status == 502


def test_a_body_member_as_keyword_is_explained(twin: Twin) -> None:
    """``max_completion_tokens=5`` names the way it can be sent."""
    client = twin.client(Service(falls_back), model=FIRST)
    with pytest.raises(TypeError, match=r"model_extras=\{'max_completion_tokens': 5\}"):
        twin.complete(client, max_completion_tokens=5)


def test_an_unknown_keyword_is_explained(twin: Twin) -> None:
    """What no policy takes would reach the socket layer; the error says so."""

    def answer(sent: Sent) -> Answer:
        raise TypeError("request() got an unexpected keyword argument 'tempereture'")

    with pytest.raises(TypeError, match=r"tempereture.*no policy"):
        twin.complete(twin.client(Service(answer), model=FIRST))


def test_other_type_errors_are_left_alone(twin: Twin) -> None:
    """The SDK's own complaint about missing messages comes through as it is."""
    client = twin.client(Service(falls_back), model=FIRST)
    with pytest.raises(TypeError, match="missing required argument: messages"):
        twin.run(client.complete())


@pytest.mark.parametrize(
    ("option", "value", "kind"),
    [
        ("fallback", "openai/gpt-4o", TypeError),
        ("fallback", [3], TypeError),
        ("fallback", [""], ValueError),
        ("fallback", 3, TypeError),
        ("fallback_on", "rate_limited", TypeError),
        ("fallback_on", ["weather"], ValueError),
        ("fallback_on", 3, ValueError),
        ("fallback_max_wait", -1, ValueError),
        ("fallback_max_wait", "60", TypeError),
        ("fallback_max_wait", float("nan"), ValueError),
        ("fallback_max_attempts", 0, ValueError),
        ("fallback_max_attempts", 2.5, TypeError),
        ("fallback_max_attempts", True, TypeError),
        ("attempt_timeout", 0, ValueError),
        ("adapt", "loose", ValueError),
        ("plan", "gold", ValueError),
        ("allow_retired", "yes", TypeError),
        ("tokenizer", "gpt2", TypeError),
        ("timeout", "soon", TypeError),
    ],
)
def test_wrong_options_are_named(twin: Twin, option: str, value: Any, kind: type) -> None:
    """A wrong value is refused at construction, with its name and what it may be."""
    with pytest.raises(kind, match=f"{option}|target"):
        twin.client(Service(falls_back), **{option: value})


def test_options_hold_per_call(twin: Twin) -> None:
    """What is given to one call overrides the client for that call alone."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND])
    with pytest.raises(HttpResponseError):
        twin.complete(client, fallback=None, ledger=MemoryLedger())
    twin.complete(client)
    assert service.models == [FIRST, FIRST, SECOND]


def test_fallback_may_differ_by_model(twin: Twin) -> None:
    """A mapping gives each model its own list, and ``*`` all others theirs."""
    service = Service(lambda sent: chat(sent.model) if sent.model in "ab" else limited())
    client = twin.client(service, fallback={FIRST: ["a"], "*": ["b"]})
    twin.complete(client, model="GPT-4.1")
    twin.complete(client, model="other")
    client = twin.client(service, fallback={FIRST: ["a"]}, model="alone")
    with pytest.raises(HttpResponseError):
        twin.complete(client)
    assert service.models == [FIRST, "a", "other", "b", "alone"]


@pytest.mark.parametrize("auto", ["auto", "auto:coding", "auto:reasoning", "auto:cheap"])
def test_auto_chooses_the_first_that_can_serve(twin: Twin, auto: str) -> None:
    """``auto`` is a route of recommended models."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, model=auto)
    twin.complete(client)
    assert service.models[0] in [str(info.id) for info in _registry().auto_candidates(auto)]


def _registry() -> Any:
    from github_models_azure.registry import default_registry

    return default_registry()


def test_aliases_and_legacy_names_resolve_on_github(twin: Twin) -> None:
    """On models.github.ai ids are sent, on the old endpoint the old names."""
    service = Service(lambda sent: chat(sent.model))
    for endpoint in ("github", "github-azure"):
        client = twin.client(service, endpoint, allow_retired=True, fallback=None)
        twin.complete(client, model="gpt-4")
        twin.complete(client, model="Meta-Llama-3.1-405B-Instruct")
    assert service.models == [
        "openai/gpt-4o",
        "meta/meta-llama-3.1-405b-instruct",
        "gpt-4o",
        "Meta-Llama-3.1-405B-Instruct",
    ]


def test_names_on_other_endpoints_are_left_alone(twin: Twin) -> None:
    """Elsewhere ``gpt-4o`` may be a deployment's name: it is sent as written."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, "https://llm.example/v1")
    twin.complete(client, model="gpt-4o")
    assert service.models == ["gpt-4o"]


def test_names_elsewhere_are_targets_of_their_own(twin: Twin) -> None:
    """``gpt-4`` may be an alias on GitHub; elsewhere it is another deployment than ``gpt-4o``."""
    service = Service(lambda sent: limited() if sent.model == "gpt-4" else chat(sent.model))
    client = twin.client(service, "https://llm.example/v1", model="gpt-4", fallback=["gpt-4o"])
    twin.complete(client)
    twin.complete(client)
    assert service.models == ["gpt-4", "gpt-4o", "gpt-4o"]


def test_auto_without_a_model_is_a_clear_error(twin: Twin) -> None:
    """Where the plan allows none of the recommended models, the error says so."""
    from github_models_azure.registry import ModelInfo, ModelRegistry, Plan, Quota

    registry = ModelRegistry(
        [ModelInfo("x/m", quota_class="own")],
        quotas={"own": {plan: Quota(available=False) for plan in Plan}},
        recommended={"general": ("x/m",)},
    )
    client = twin.client(Service(falls_back), model="auto", registry=registry)
    with pytest.raises(ValueError, match="plan 'free'"):
        twin.complete(client)


def test_foundry_v1_is_sent_no_api_version(twin: Twin) -> None:
    """Base paths that end in /openai/v1 refuse the query that the SDK always sends."""
    service = Service(lambda sent: chat(sent.model))
    host = "https://r.services.ai.azure.com"
    for base in (f"{host}/openai/v1", f"{host}/api/projects/p/openai/v1/"):
        client = twin.client(service, base, model="gpt-4o")
        twin.complete(client, params={"tag": "a"})
        assert "api-version" not in service.sent[-1].url
        assert "tag=a" in service.sent[-1].url
    assert [
        target.split("/")[-1] for target in twin.run(client.plan_route(messages=[])).targets
    ] == ["gpt-4o"]


def test_bare_names_fall_back_to_bare_names(twin: Twin) -> None:
    """An endpoint that was asked for ``gpt-4.1`` is next asked for ``gpt-4o``."""
    service = Service(lambda sent: limited() if sent.model == "gpt-4.1" else chat(sent.model))
    twin.complete(twin.client(service, "https://llm.example/v1", model="gpt-4.1"))
    assert service.models == ["gpt-4.1", "gpt-4o"]


def test_other_requests_do_not_sleep_for_a_day(twin: Twin) -> None:
    """GET /info against a day limit is an error at once."""
    service = Service(lambda sent: limited(86400))
    with pytest.raises(HttpResponseError):
        twin.run(twin.client(service).get_model_info())
    assert (len(service.sent), service.slept) == (1, [])


def test_none_is_no_option(twin: Twin) -> None:
    """``timeout=None`` of a call means what the client says."""
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, model=FIRST), timeout=None)
    assert len(service.sent) == 1


def test_own_policies_without_retry_work(twin: Twin) -> None:
    """The SDK's keyword ``policies`` may leave azure-core's retry out."""
    from azure.core.pipeline.policies import ContentDecodePolicy

    service = Service(lambda sent: falls_back(sent) if sent.model else Answer(404, {}))
    client = twin.client(service, model=FIRST, fallback=[SECOND], policies=[ContentDecodePolicy()])
    twin.complete(client)
    with pytest.raises(HttpResponseError):
        twin.run(client.get_model_info())
    assert service.models == [FIRST, SECOND, None]
    assert all("retry_total" not in sent.options for sent in service.sent)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("retry_total", "3"),
        ("retry_backoff_factor", -1),
        ("retry_backoff_max", "x"),
        ("timeout", float("nan")),
        ("ledger", object()),
        ("registry", {}),
    ],
)
def test_options_of_one_call_are_checked_before_it(twin: Twin, option: str, value: Any) -> None:
    """Not only once something fails."""
    service = Service(lambda sent: chat(sent.model))
    with pytest.raises((TypeError, ValueError), match=option):
        twin.complete(twin.client(service, model=FIRST), **{option: value})
    assert service.sent == []
