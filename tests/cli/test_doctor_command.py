"""`doctor`: what is set, and what can be reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import Silent
from tests.cli.program import Program
from tests.client.raw_server_helpers import raw_server
from tests.client.test_broken_answers import answering
from tests.leaks.test_ten_secrets import echo
from tests.loopback import completion, serve

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = pytest.mark.extras


def test_a_bare_machine_gets_advice_and_code_1(program: Program) -> None:
    """Nothing is set: all is told, and what to set."""
    outcome = program("doctor")
    assert outcome.code == 1
    assert "none found" in outcome.out
    assert "retired on 2025-10-17; not asked (--all asks)" in outcome.out
    assert "also known: github, openai-api, openrouter," in outcome.out
    assert max(map(len, outcome.out.splitlines()[-2:])) < 80
    assert "Set GITHUB_MODELS_ENDPOINT" in outcome.err


def test_versions_are_listed(program: Program) -> None:
    """A support ticket needs them."""
    versions = program("doctor", "--json").json["versions"]
    assert versions["azure-ai-inference"] == "1.0.0b9"
    assert {"github-models-azure", "azure-core", "python"} <= versions.keys()


def test_a_reachable_endpoint_is_usable(program: Program, emulator: Emulator) -> None:
    """One endpoint that answers makes code 0."""
    outcome = program("doctor", "--json")
    assert outcome.code == 0
    first = outcome.json["endpoints"][0]
    assert (first["default"], first["reachable"], first["usable"]) == (True, True, True)
    assert outcome.json["usable"] == [first["name"]]


def test_no_credential_is_sent(
    program: Program, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the configured key nor one of the user's `.netrc` leaves the machine."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1\nlogin me\npassword secret-word\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert program("doctor").code == 0
    assert [entry.credential_headers for entry in emulator.journal] == [()]


def test_each_setting_has_its_source(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Environment and file are told apart; the key is only said to be set."""
    file = tmp_path / "github-models.toml"
    file.write_text('model = "openai/gpt-4o"\nplan = "pro"\napi_key = "secret-word"\n')
    monkeypatch.setenv("GITHUB_MODELS_PLAN", "business")
    outcome = program("doctor", "--json")
    settings = outcome.json["settings"]
    assert settings["file"] == str(file)
    assert settings["values"] == {
        "api_key": {"value": "set", "source": str(file)},
        "model": {"value": "openai/gpt-4o", "source": str(file)},
        "plan": {"value": "business", "source": "GITHUB_MODELS_PLAN"},
    }
    assert "secret-word" not in outcome.out + program("doctor").out


def test_secrets_in_a_url_are_left_out(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a password nor a query of the endpoint is shown."""
    monkeypatch.setenv(
        "GITHUB_MODELS_ENDPOINT", "http://me:secret-word@127.0.0.1:9/v1?key=secret-word"
    )
    for options in ((), ("--json",)):
        outcome = program("doctor", *options)
        assert outcome.code == 1
        assert "secret-word" not in outcome.out + outcome.err


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "GITHUB_MODELS_TOKEN", "GH_TOKEN"])
def test_the_source_of_the_token_is_told_and_not_the_token(
    program: Program, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Where the token comes from helps; the token stays unseen."""
    monkeypatch.setenv(variable, "ghp-secret-word")
    outcome = program("doctor")
    assert f"found: {variable}" in outcome.out
    assert "secret-word" not in outcome.out + outcome.err


def test_the_demo_token_starts_the_emulator(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With demo_token the default endpoint is the emulator, and usable."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    found = program("doctor", "--json").json
    assert found["token"] == {"source": "GITHUB_TOKEN", "demo": True}
    assert found["usable"] == ["emulator"]


def test_a_key_that_is_named_and_not_set_is_missing(program: Program, tmp_path: Path) -> None:
    """An endpoint whose key is not there cannot be used, even if it answers."""
    with serve(lambda _: completion("x")) as journal:
        settings = f'[endpoints.mine]\nurl = "{journal.url}/v1"\ncredential = {{env = "MY_KEY"}}\n'
        (tmp_path / "github-models.toml").write_text(settings)
        outcome = program("doctor", "--json")
    (mine,) = [one for one in outcome.json["endpoints"] if one["name"] == "mine"]
    assert (outcome.code, mine["reachable"], mine["usable"]) == (1, True, False)
    assert "MY_KEY, which is not set" in mine["credential"]


def test_a_usable_endpoint_beside_the_default_is_pointed_at(
    program: Program, tmp_path: Path
) -> None:
    """Where only another endpoint can answer, the advice is to choose it."""
    with serve(lambda _: completion("x")) as journal:
        (tmp_path / "github-models.toml").write_text(f'[endpoints.mine]\nurl = "{journal.url}"\n')
        outcome = program("doctor")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "usable: mine"
    assert "Set GITHUB_MODELS_ENDPOINT=mine" in outcome.err


def test_endpoints_that_hang_or_are_closed_are_told_apart(
    program: Program, silent: Silent, tmp_path: Path
) -> None:
    """All are asked at once, each with its own words."""
    with serve(lambda _: completion("x")) as journal:
        closed = journal.url
    settings = f'[endpoints.hangs]\nurl = "{silent.url}"\n[endpoints.closed]\nurl = "{closed}"\n'
    (tmp_path / "github-models.toml").write_text(settings)
    outcome = program("doctor", "--json", "--timeout", "0.2")
    problems = {one["name"]: one["problem"] for one in outcome.json["endpoints"]}
    assert outcome.code == 1
    assert problems["hangs"] == "no answer within 0.2 s"
    assert problems["closed"] == "Connection refused"


def test_an_endpoint_that_says_it_is_gone_is_not_usable(
    program: Program, emulator: Emulator
) -> None:
    """The answer of a retired service is understood."""
    emulator.retire("410")
    outcome = program("doctor")
    assert outcome.code == 1
    assert "says that it is gone (HTTP 410)" in outcome.out


def test_an_end_that_is_announced_is_told(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the headers of any answer; the endpoint may be used until then."""
    raw = b"HTTP/1.1 404 No\r\nSunset: Thu, 30 Jul 2037 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
    with answering(raw) as url:
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", url)
        outcome, (found,) = program("doctor"), program("doctor", "--json").json["endpoints"]
    assert outcome.code == 0
    assert "announces its end: sunset on 2037-07-30" in outcome.out
    assert found["announced"] == "sunset on 2037-07-30"


def test_this_machine_is_asked_without_a_proxy(
    program: Program, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the clients ask it."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    outcome = program("doctor")
    assert (outcome.code, "reachable (HTTP 404" in outcome.out) == (0, True)


def test_wrong_settings_are_told_with_the_rest(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong value does not keep the doctor from telling what it knows."""
    monkeypatch.setenv("GITHUB_MODELS_PLAN", "gold")
    outcome = program("doctor")
    assert outcome.code == 1
    assert "azure-ai-inference" in outcome.out
    assert "GITHUB_MODELS_PLAN" in outcome.error
    problem = program("doctor", "--json").json["settings"]["problem"]
    assert problem.startswith("GITHUB_MODELS_PLAN: ")
    assert "gold" not in problem


@pytest.mark.parametrize("options", [(), ("--json",), ("--json", "--debug")])
def test_what_a_server_repeats_of_a_key_is_hidden(
    program: Program, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """In the reason, the headers and the body of a refusal, and the values of headers and query."""
    key, header, query = "doctors-k/y+1", "header-value-22", "query-value-333"
    with raw_server(echo(401)) as url:
        table = {"x": {"url": f"{url}/v1?sig={query}", "headers": {"x-mine": header}}}
        table["x"]["credential"] = {"env": "MY_KEY"}
        monkeypatch.setenv("MY_KEY", key)
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINTS", json.dumps(table))
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "x")
        outcome = program("doctor", *options)
    said = outcome.out + outcome.err
    assert "refused" in said or "401" in said
    assert not any(one in said for one in (key, header, query, key.replace("+", "%2B")))
