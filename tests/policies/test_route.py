"""Routes: what ``auto``, plans and tiers make of a name, and how many are remembered."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.rest import HttpRequest

from github_models_azure import Endpoint, trail_of
from github_models_azure.exceptions import CredentialScopeError
from github_models_azure.policies import planner as planning
from github_models_azure.policies.options import configure
from github_models_azure.policies.planner import Planner
from github_models_azure.registry import default_registry
from tests.harness import HELLO, NOW, URL, Clock, Service, Twin, chat, limited

GITHUB = "https://models.github.ai/inference"
PLAIN = Endpoint("plain", URL)


def planner(**options: Any) -> Planner:
    return Planner(configure("tier", {"clock": Clock(), **options}), crosses=lambda: True)


def request(model: Any = "m", url: str = URL + "/chat/completions") -> PipelineRequest[HttpRequest]:
    http = HttpRequest("POST", url, json={"model": model, "messages": HELLO})
    return PipelineRequest(http, PipelineContext(None))


def test_auto_with_a_list_asks_both(twin: Twin) -> None:
    """First what is recommended, then what the caller listed; the tier adds nothing."""
    recommended = [model.id for model in default_registry().auto_candidates("auto:cheap")]
    service = Service(lambda sent: chat("n") if sent.model == "n" else limited())
    client = twin.client(
        service, model="auto:cheap", fallback=["n"], fallback_max_attempts=len(recommended) + 1
    )
    twin.complete(client)
    assert service.models == [*recommended, "n"]


def test_a_model_beyond_the_plan_is_not_chosen_by_us(twin: Twin) -> None:
    """On GitHub a plan without access to a model of the tier passes over it; who names it is
    heard."""
    service = Service(lambda sent: limited())
    client = twin.client(
        service, GITHUB, model="openai/o3", allow_retired=True, fallback="tier", plan="free"
    )
    plan = twin.run(client.plan_route(messages=HELLO))
    assert plan.targets == ("github/openai/o3",)
    assert plan.skipped
    assert all("not available on the plan free" in skip.reason for skip in plan.skipped)


def test_a_plan_with_access_has_the_whole_tier(twin: Twin) -> None:
    """The same route on a plan that includes the models."""
    client = twin.client(
        Service(lambda sent: limited()),
        GITHUB,
        model="openai/o3",
        allow_retired=True,
        plan="enterprise",
    )
    plan = twin.run(client.plan_route(messages=HELLO))
    assert len(plan.targets) > 1


def test_the_routes_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that callers make up do not fill the memory."""
    monkeypatch.setattr(planning, "_ROUTES_BYTES", 10_000)
    made = planner(endpoint=PLAIN)
    for number in range(20):
        assert made.begin(request(f"m{number}")) is not None
        assert len(made._routes) <= 3


def test_what_is_too_long_for_a_name_is_not_kept() -> None:
    """A route is made for it, and forgotten."""
    made = planner(endpoint=PLAIN)
    assert made.begin(request("m" * 501)) is not None
    assert len(made._routes) == 0
    assert made.begin(request("m" * 500)) is not None
    assert len(made._routes) == 1


def test_the_endpoints_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that serves many URLs remembers a few of them."""
    monkeypatch.setattr(planning, "_ROUTES_BYTES", 2_000)
    made = planner()
    for number in range(20):
        run = made.begin(request(url=f"https://h{number}.example/v1/chat/completions"))
        assert run is not None
        assert run.trail().requested == f"h{number}.example/m"
        assert len(made._own) <= 3


def test_a_route_is_made_once_a_day() -> None:
    """The same model has the same route until the date changes, since dates retire models."""
    clock = Clock()
    made = planner(endpoint=PLAIN, clock=clock)
    made.begin(request())
    kept = dict(made._routes.items())
    clock.now = NOW - NOW % 86_400 + 86_399
    made.begin(request())
    assert dict(made._routes.items()) == kept
    clock.now += 1
    made.begin(request())
    assert len(made._routes) == 2


@pytest.mark.parametrize("model", [None, 3, ["m"]])
def test_a_model_that_is_no_text_is_the_endpoints_own(model: Any) -> None:
    """What the body says is the server's to judge."""
    run = planner(endpoint=PLAIN).begin(request(model))
    assert run is not None
    assert run.trail().requested.startswith("plain/(")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/chat/completions"), ("POST", "/info"), ("POST", "/chat")]
)
def test_other_requests_are_no_calls(method: str, path: str) -> None:
    """Only what asks for inference falls back."""
    http = HttpRequest(method, URL + path, json={"model": "m"})
    assert planner().begin(PipelineRequest(http, PipelineContext(None))) is None


def test_a_body_of_a_file_is_read_once() -> None:
    """A file cannot be sent twice; its bytes can, without the length that the file had."""
    http = HttpRequest("POST", URL + "/chat/completions", headers={"x": "1", "content-length": "1"})
    body = json.dumps({"model": "m"}).encode()
    http._data = io.BytesIO(body)  # as the SDK leaves it where a body is given as a file
    made = PipelineRequest(http, PipelineContext(None))
    run = planner(endpoint=PLAIN).begin(made)
    assert run is not None
    assert run.trail().requested == "plain/m"
    assert made.http_request.content == body
    assert made.http_request.headers["x"] == "1"
    assert made.http_request.headers["content-length"] == str(len(body))


def test_the_trail_of_a_tier_keeps_its_order(twin: Twin) -> None:
    """The tier's models are asked in the registry's order."""
    tier = [model.id for model in default_registry().same_tier("openai/gpt-4.1")]
    service = Service(lambda sent: limited())
    client = twin.client(service, model="openai/gpt-4.1", fallback_max_attempts=4)
    with pytest.raises(Exception, match="No target could serve") as caught:
        twin.complete(client)
    asked = [attempt.target for attempt in trail_of(caught.value).attempts]
    assert len(asked) == 4
    positions = [tier.index(model) for model in service.models]
    assert positions == sorted(positions)


@pytest.mark.parametrize("body", [b"{broken", b"", b"[" * 100_000, b"[1]", b"\xff"])
def test_a_body_that_cannot_be_read_is_no_call(body: bytes) -> None:
    """It goes to the server as it is, who may judge it."""
    http = HttpRequest("POST", URL + "/chat/completions", content=body)
    assert planner().begin(PipelineRequest(http, PipelineContext(None))) is None


def test_strict_refuses_nobody_who_takes_it_all(twin: Twin) -> None:
    """Where nothing would be lost, ``adapt="strict"`` changes nothing."""
    service = Service(lambda sent: chat(sent.model))
    client = twin.client(service, model="m", adapt="strict")
    twin.complete(client, temperature=0.5)
    assert service.sent[0].body["temperature"] == 0.5


@pytest.mark.parametrize(
    "own", ["https://models.example:8443", "https://models.example.evil", "http://models.example"]
)
def test_an_origin_is_no_prefix_of_another(own: str) -> None:
    """Another port or a longer name is another origin: a stock client's key must not go there."""
    endpoints = {"other": Endpoint("other", "https://models.example/v1")}
    made = Planner(configure(None, {"endpoints": endpoints}), crosses=lambda: False)
    with pytest.raises(CredentialScopeError, match=r"https://models\.example,"):
        made.begin(request("other/m", f"{own}/v1/chat/completions"))
