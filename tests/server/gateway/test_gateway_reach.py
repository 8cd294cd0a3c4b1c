"""Whom callers can name, and that no way leads back to the gateway.

About `server/gateway/reach.py`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from github_models_azure.endpoints import Endpoint, Target
from github_models_azure.endpoints.presets import PRESETS
from github_models_azure.policies.options import configure
from github_models_azure.server.emulator import Emulator
from github_models_azure.server.gateway import Gateway, create_app
from github_models_azure.server.gateway.reach import Hops, Reach, declared, leads_to
from github_models_azure.settings.load import load_settings
from tests.server.gateway.gateway_helpers import BODY, KEY, PATIENCE, ask, behind, shaped
from tests.traps.wire_helpers import GOOD, Asked, Reply, Wire, answer, good, serve

OWN = Endpoint("own", "http://own.example/v1", "k")
OTHER = Endpoint("other", "http://other.example/v1", "k")
KNOWN = {**PRESETS, "own": OWN, "other": OTHER}
STRANGE = ["groq/llama-3.3-70b", "litellm/m", "litellm/" * 20 + "m", "ollama/m", "mistral/m"]


def reach(
    fallback: Any = None, model: str | None = None, named: tuple[str, ...] = (), own: Endpoint = OWN
) -> Reach:
    settings = configure(fallback, {"endpoint": own, "endpoints": {**KNOWN, own.name: own}})
    return Reach(settings, model, named)


@pytest.mark.parametrize("model", STRANGE)
@pytest.mark.parametrize(
    "path",
    ["/v1/chat/completions", "/v1/embeddings", "/openai/deployments/{}/chat/completions"],
)
def test_callers_cannot_name_an_endpoint_that_nobody_declared(path: str, model: str) -> None:
    """Neither a service, whose key may lie in the environment, nor a server of this machine."""
    with behind(good, model="m") as (gateway, wire):
        url = gateway.url + path.format(model)
        response = requests.post(url, json={**BODY, "model": model}, timeout=PATIENCE)
        error = shaped(response)
        assert (response.status_code, error["code"]) == (403, "endpoint_not_allowed")
        assert f"--allow-endpoint {model.partition('/')[0]}" in error["message"]
        assert wire.asked == []


def test_settings_declare_what_callers_can_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An endpoint of a file that the gateway's user names."""
    with serve(good) as other, behind_settings(monkeypatch, tmp_path, other) as gateway:
        assert ask(gateway, model="mine/m").status_code == 200
        assert [asked.model for asked in other.asked] == ["m"]
        assert ask(gateway, model="groq/m").status_code == 403


def test_a_preset_that_settings_change_is_declared(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is no preset any more."""
    with serve(good) as other, behind_settings(monkeypatch, tmp_path, other, "groq") as gateway:
        assert ask(gateway, model="groq/m").status_code == 200
        assert len(other.asked) == 1


def behind_settings(
    monkeypatch: pytest.MonkeyPatch, folder: Path, other: Wire, name: str = "mine"
) -> Gateway:
    """A gateway whose settings declare another server."""
    file = folder / "elsewhere.toml"
    file.write_text(f'[endpoints.{name}]\nurl = "{other.url}/v1"\ncredential = {{ none = true }}\n')
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(file))
    return Gateway("http://127.0.0.1:1/v1", KEY, model="m", fallback=None)


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({}, "m"),
        ({}, None),
        ({}, "own/m"),
        ({}, "openai/gpt-4.1"),  # a publisher
        ({"fallback": ["other/m"]}, "other/another"),
        ({"fallback": {"m": ["other/m"]}}, "other/m"),
        ({"fallback": {"*": ["other/m"]}}, "other/m"),
        ({"fallback": {"other/m": ["m"]}}, "other/m"),
        ({"model": "other/m"}, "other/m"),
        ({"named": ("groq",)}, "groq/m"),
        ({"own": PRESETS["github"]}, "github-azure/gpt-4o"),
        ({"own": PRESETS["github-azure"]}, "github/openai/gpt-4o"),
    ],
)
def test_what_the_route_has_can_be_named(options: dict[str, Any], model: str | None) -> None:
    """Its own endpoint, those of its lists and of its default model, and what was allowed."""
    assert reach(**options).refusal(model) is None


@pytest.mark.parametrize(
    ("options", "model"),
    [
        ({}, "other/m"),
        ({"fallback": ["other/m"]}, "groq/m"),
        ({"fallback": [Target("m", Endpoint("other", "http://third.example/v1"))]}, "other/m"),
        ({"named": ("groq",)}, "mistral/m"),
        ({"own": PRESETS["groq"]}, "github/openai/gpt-4o"),
    ],
)
def test_nothing_else_can(options: dict[str, Any], model: str) -> None:
    """Also not by the name that an endpoint of the route shares with another."""
    refusal = reach(**options).refusal(model)
    assert refusal is not None
    assert (refusal.status, refusal.param) == (403, "model")


def test_the_demo_answers_under_the_services_names() -> None:
    """It stands in GitHub Models' place, so that nothing leaves this machine."""
    with Emulator() as emulator, Gateway(emulator.inference_url, "k", fallback=None) as gateway:
        assert ask(gateway, model="github/openai/gpt-4o").status_code == 200


def test_an_allowed_endpoint_must_be_known() -> None:
    """A slip of the pen would else be found by the first caller."""
    with pytest.raises(ValueError, match=r"allow_endpoints names 'grok', .* Known names: .*groq"):
        create_app("http://127.0.0.1:1/v1", "k", allow_endpoints=["grok"])
    with pytest.raises(TypeError, match="a list of names, not 'groq'"):
        create_app("http://127.0.0.1:1/v1", "k", allow_endpoints="groq")


# The own address

LOOK_UP = {
    "app.example": ["127.0.0.1"],
    "six.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "both.example": ["192.0.2.7", "127.0.0.1"],
    "far.example": ["192.0.2.7"],
    "other.loopback": ["127.0.0.2"],
    "any": ["0.0.0.0"],
    "any-six": ["::"],
}


def look_up(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
    if host not in LOOK_UP:
        raise socket.gaierror(host)
    return [(None, None, None, "", (address, 0)) for address in LOOK_UP[host]]


@pytest.mark.parametrize(
    ("url", "host", "found"),
    [
        ("http://app.example:4000/v1", "127.0.0.1", True),
        ("http://app%2Eexample:4000/v1", "127.0.0.1", True),
        ("http://APP.example:4000/v1", "127.0.0.1", True),
        ("http://mapped.example:4000", "127.0.0.1", True),
        ("http://both.example:4000", "127.0.0.1", True),
        ("http://any:4000", "127.0.0.1", True),
        ("http://six.example:4000", "::1", True),
        ("http://any-six:4000", "::1", True),
        ("http://app.example:4000", "0.0.0.0", True),
        ("http://other.loopback:4000", "0.0.0.0", True),
        ("http://any:4000", "0.0.0.0", True),
        ("http://six.example:4000", "::", True),
        ("http://app.example:4001", "127.0.0.1", False),
        ("http://app.example", "127.0.0.1", False),
        ("http://other.loopback:4000", "127.0.0.1", False),
        ("http://six.example:4000", "127.0.0.1", False),
        ("http://far.example:4000", "127.0.0.1", False),
        ("http://far.example:4000", "0.0.0.0", False),
        ("http://nowhere.example:4000", "127.0.0.1", False),
        ("http://any:4000", "192.0.2.9", False),
    ],
)
def test_an_address_is_known_in_every_spelling(url: str, host: str, found: bool) -> None:
    """By what its name is resolved to, and not by how it is written."""
    assert leads_to(url, host, 4000, look_up) is found


def test_the_usual_ports_count() -> None:
    """A gateway may well listen on them."""
    assert leads_to("http://app.example/v1", "127.0.0.1", 80, look_up)
    assert leads_to("https://app.example/v1", "127.0.0.1", 443, look_up)


@pytest.mark.parametrize(
    "spelling", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "[::ffff:7f00:1]"]
)
@pytest.mark.parametrize("place", ["own", "list", "mapping"])
def test_a_gateway_knows_itself_in_every_spelling(spelling: str, place: str) -> None:
    """As its own endpoint, and as a fallback of one model or of all."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    itself = Endpoint("itself", f"http://{spelling}:{port}/v1", "k")
    other = Endpoint("other", "http://127.0.0.1:1/v1", "k")
    lists: dict[str, Any] = {
        "own": None, "list": [Target("m", itself)], "mapping": {"m": [Target("m", itself)]},
    }  # fmt: skip
    own = itself if place == "own" else other
    gateway = Gateway(own, model="m", fallback=lists[place], port=port)
    with pytest.raises(ValueError, match="would ask itself"):
        gateway.start()


def test_a_name_that_means_the_gateway_is_none(caplog: pytest.LogCaptureFixture) -> None:
    """LiteLLM's usual address is the gateway's too."""
    port = free_port()
    litellm = Endpoint("litellm", f"http://localhost:{port}/v1", "k")
    one = reach(named=("groq",))
    one.named["litellm"] = litellm
    assert one.keep_off("127.0.0.1", port, lambda *_, **__: look_up("app.example")) == ["litellm"]
    assert (one.refusal("groq/m"), one.refusal("litellm/m") is None) == (None, False)


def test_what_the_settings_declare_and_is_the_gateway_cannot_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Programs beside it have it in the same file; a warning says so."""
    port = free_port()
    file = tmp_path / "shared.toml"
    file.write_text(
        f'[endpoints.gate]\nurl = "http://localhost:{port}/v1"\ncredential = {{ none = true }}\n'
    )
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(file))
    with behind(good, model="m", port=port) as (gateway, wire):
        assert ask(gateway, model="gate/m").status_code == 403
        assert ask(gateway, model="m").status_code == 200
        assert len(wire.asked) == 1
    assert "Callers cannot name gate: the address is the gateway's own." in caplog.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


# The header of those that were passed


def test_every_target_is_told_what_was_passed() -> None:
    """The first, and a fallback on another origin."""
    with serve(good) as other:
        spare = Endpoint("spare", f"{other.url}/v1", "k")
        options: Any = {"fallback": [Target("m", spare)]}
        with behind(lambda asked: answer({}, 503), **options) as (gateway, wire):
            assert ask(gateway).status_code == 200
    first, second = (one.asked[0].headers["x-github-models-hops"] for one in (wire, other))
    assert first == second
    assert len(first) == 16


def test_what_was_here_before_is_refused() -> None:
    """Whoever sends it back, at any path, and nothing is sent upstream again."""
    with behind(good) as (gateway, wire):
        ask(gateway)
        sent = wire.asked.pop().headers["x-github-models-hops"]
        for path in ("/v1/chat/completions", "/v1/embeddings", "/inference/chat/completions"):
            for value in (sent, f"{'0' * 16}, {sent}", f"{sent}, {'0' * 16}"):
                headers = {"x-github-models-hops": value}
                response = requests.post(
                    gateway.url + path, json=BODY, headers=headers, timeout=PATIENCE
                )
                assert (response.status_code, shaped(response)["code"]) == (400, "gateway_loop")
        assert wire.asked == []


def test_gateways_in_a_circle_end_it_at_once() -> None:
    """Each is behind the other; the first sees its own number in the second's question."""
    port = free_port()
    with (
        Gateway(f"http://127.0.0.1:{port}/v1", KEY, fallback=None) as first,
        Gateway(first.v1_url, KEY, fallback=None, port=port) as second,
    ):
        response = ask(first)
        assert (response.status_code, shaped(response)["code"]) == (400, "gateway_loop")
        asked = [
            requests.get(f"{one.url}/metrics", timeout=PATIENCE).text for one in (first, second)
        ]
    assert 'requests_total{path="/chat/completions",status="400"} 2.0' in asked[0]
    assert 'requests_total{path="/chat/completions",status="400"} 1.0' in asked[1]


def test_gateways_in_a_row_are_none() -> None:
    """One may well stand before another."""
    with behind(good) as (last, wire), Gateway(last.v1_url, KEY, fallback=None) as first:
        assert ask(first).status_code == 200
    assert len(wire.asked[0].headers["x-github-models-hops"].split(", ")) == 2


def test_a_redirect_back_is_recognised() -> None:
    """A target that sends the question on to the gateway would else be asked without end."""
    addresses: list[str] = []

    def back(asked: Asked) -> Reply:
        return answer({}, 307, location=f"{addresses[0]}/v1/chat/completions")

    with behind(back) as (gateway, wire):
        addresses.append(gateway.url)
        response = ask(gateway)
    assert (response.status_code, shaped(response)["code"]) == (400, "gateway_loop")
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ("", False),
        ("1" * 16, False),
        (f"{'1' * 16}, {'2' * 16}", False),
        ("a" * 16, True),
        (f"{'1' * 16},{'a' * 16}", True),
        (", ".join("1" * 16 for _ in range(7)), False),
        (", ".join("1" * 16 for _ in range(8)), True),
        ("somebody", True),
        (f"{'1' * 16},", True),
    ],
)
def test_a_circle_or_a_long_way_is_refused(given: str, refused: bool) -> None:
    """And what no gateway wrote."""
    assert (Hops("a" * 16).refusal(given) is not None) is refused


def test_the_own_number_comes_last() -> None:
    """Those before it stay."""
    assert Hops("a" * 16).header("") == ("x-github-models-hops", "a" * 16)
    assert Hops("a" * 16).header("1,2") == ("x-github-models-hops", f"1, 2, {'a' * 16}")
    assert Hops().header("") != Hops().header("")


# Azure's paths


@pytest.mark.parametrize("members", [{}, {"model": "another"}, {"model": ""}, {"model": None}])
@pytest.mark.parametrize("base", ["", "/v1", "/inference"])
def test_the_deployment_is_the_model(base: str, members: dict[str, Any]) -> None:
    """Whatever the body says: access to a deployment may be what somebody in front decides by."""
    with behind(good, model="usual") as (gateway, wire):
        url = f"{gateway.url}{base}/openai/deployments/mine/chat/completions"
        body = {"messages": BODY["messages"], **members}
        assert requests.post(url, json=body, timeout=PATIENCE).json()["choices"]
    assert wire.models == ["mine"]


def test_a_deployment_has_a_name() -> None:
    """None is not the usual model's."""
    with behind(lambda asked: answer(GOOD), model="usual") as (gateway, wire):
        url = f"{gateway.url}/openai/deployments//chat/completions"
        response = requests.post(url, json=BODY, timeout=PATIENCE)
        assert (response.status_code, shaped(response)["code"]) == (404, "unknown_url")
        assert wire.asked == []


@pytest.mark.parametrize("file", ["github-models.toml", "config.toml"])
def test_what_a_found_file_declares_cannot_be_named(tmp_path: Path, file: str) -> None:
    """Who can put a file into the folder of a gateway does not open it to an address."""
    (tmp_path / "github-models.toml").write_text(
        '[endpoints.acme]\nurl = "http://127.0.0.1:9/v1"\n'
    )
    (tmp_path / "config.toml").write_text(
        '[llm]\nmodel = "openai/gpt-4o"\ncustom_llm_provider = "openai"\n'
        'base_url = "http://127.0.0.1:9/v1"\n[llm.acme]\nmodel = "openai/m"\n'
        'custom_llm_provider = "openai"\nbase_url = "http://127.0.0.1:8/v1"\n'
    )
    for other in {"github-models.toml", "config.toml"} - {file}:
        (tmp_path / other).unlink()
    found = load_settings({}, tmp_path)
    named = load_settings({"GITHUB_MODELS_CONFIG": str(tmp_path / file)}, tmp_path)
    assert declared(named)
    assert not declared(found)
