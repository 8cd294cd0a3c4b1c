"""What is said of files that lie there, and what they may still do.

About `settings/own_endpoint.py` and `settings/schema.py`.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from github_models_azure.client.base import made_of
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings import found, load
from tests.dialects.servers_http import LoopbackServer
from tests.harness import Twin
from tests.leaks.found_files import (
    ATTACKS,
    ENTRIES,
    ENV,
    FILE,
    KEY,
    VARIABLES,
    Attack,
    X,
    ask,
    lay,
    own,
    seen,
)
from tests.trusting import trust

pytestmark = pytest.mark.usefixtures("planted")


def test_the_error_says_the_one_command(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the path to trust, and without the secret."""
    attack = own('{ env = "AWS_SECRET" }', KEY)
    lay(attack, recorder.url, monkeypatch)
    said = ask(twin, attack)
    path = Path(FILE).resolve()
    assert f"The variable AWS_SECRET is not sent to {recorder.url}: {path} wants it" in said
    assert said.count(f"run: github-models trust {path}") == 1


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


def test_one_warning_names_the_file_and_the_host(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If a file that was found chooses the endpoint; a second client repeats nothing."""
    attack = Attack({FILE: f'endpoint = "x"\n{X}credential = {{ none = true }}'}, None)
    lay(attack, recorder.url, monkeypatch)
    for _ in range(2):
        assert ask(twin, attack) == ""
    (warning,) = warnings_in(caplog)
    assert str(Path(FILE).resolve()) in warning
    assert recorder.url.removeprefix("http://") in warning
    assert len(recorder.journal) == 2


@pytest.mark.parametrize("how", ["named", "trusted"])
def test_no_warning_for_a_file_that_is_named_or_trusted(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    how: str,
) -> None:
    """The user knows it."""
    attack = own('{ env = "AWS_SECRET" }', KEY)
    lay(attack, recorder.url, monkeypatch)
    if how == "named":
        monkeypatch.setenv("GITHUB_MODELS_CONFIG", FILE)
    else:
        trust(FILE)
    assert ask(twin, attack) == ""
    assert warnings_in(caplog) == []


def test_a_named_file_that_others_can_write_is_used_with_a_warning(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once; who names it has chosen it."""
    attack = own('{ env = "AWS_SECRET" }', KEY)
    lay(attack, recorder.url, monkeypatch)
    Path(FILE).chmod(0o666)
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(Path(FILE).resolve()))
    for _ in range(2):
        assert ask(twin, attack) == ""
    (warning,) = warnings_in(caplog)
    assert "is used, though everybody can write it (mode 0666)" in warning
    assert seen(recorder) == {KEY}


def test_one_warning_for_the_file_of_another_application(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not if the variables alone lead to the same place."""
    text = '[llm]\nmodel = "openai/m"\nbase_url = "{url}/v1"\napi_key = "of-the-file"'
    attack = Attack({"config.toml": text}, None)
    lay(attack, recorder.url, monkeypatch)
    assert ask(twin, attack) == ""
    (warning,) = warnings_in(caplog)
    assert str(Path("config.toml").resolve()) in warning
    assert recorder.url.removeprefix("http://") in warning
    caplog.clear()
    monkeypatch.setenv("LLM_MODEL", "openai/m")
    monkeypatch.setenv("LLM_BASE_URL", f"{recorder.url}/v1")
    assert ask(twin, attack) == ""
    assert warnings_in(caplog) == []


def test_a_check_at_start_up_says_why_nothing_is_sent(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would send the key, too."""
    attack = own('{ env = "AWS_SECRET" }', KEY, options={"validate": True})
    lay(attack, recorder.url, monkeypatch)
    assert "run: github-models trust" in ask(twin, attack)
    assert recorder.journal == []


def test_a_key_for_a_name_goes_to_its_own_address(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The warning says that a file wants it elsewhere."""
    attack = ATTACKS["a key in code for a moved name"]
    lay(attack, recorder.url, monkeypatch)
    client: Any = twin.package.ChatCompletionsClient("groq", attack.credential, model="m")
    assert made_of(client).url == "https://api.groq.com/openai/v1"
    (warning,) = warnings_in(caplog)
    assert f"goes to https://api.groq.com, not to {recorder.url}" in warning
    assert str(Path(FILE).resolve()) in warning


def test_a_header_of_a_found_file_cannot_say_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a shared front, the header decides whose server answers."""
    text = '[endpoints.groq]\nheaders = { hOst = "evil.example" }'
    Path(FILE).write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=r"endpoints\.groq\.headers .* cannot set Host"):
        load.load_settings({})
    assert load.load_settings({"GITHUB_MODELS_CONFIG": FILE}).endpoints["groq"].headers


def test_what_is_judged_is_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is swapped after it was opened is not the one that counts."""
    Path(FILE).write_text('model = "mine"', "utf-8")
    fstat = os.fstat

    def swap(descriptor: int) -> os.stat_result:
        other = Path("other.toml")
        other.write_text('model = "theirs"', "utf-8")
        other.chmod(0o666)
        other.replace(FILE)
        return fstat(descriptor)

    monkeypatch.setattr(found.os, "fstat", swap)
    settings = load.load_settings({})
    assert settings.model == "mine"


def test_credentials_of_a_found_file_for_a_preset_stay_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own variable and its own entry go to its own address."""
    Path(FILE).write_text(
        "[endpoints.groq]\n" + ENV.format("GROQ_API_KEY") + "\n[endpoints.g]\n"
        'url = "https://api.groq.com/openai/v1"\ncredential = { keyring = "groq" }',
        "utf-8",
    )
    endpoints = load.load_settings().endpoints
    assert endpoints["groq"].credential.key == VARIABLES["GROQ_API_KEY"]
    assert endpoints["g"].credential.key == ENTRIES["groq"]


def test_an_endpoint_of_the_route_is_warned_of_too(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The prompt goes there, even if no key does; a preset that stays where it is says nothing."""
    moved = f'[endpoints.groq]\nurl = "{recorder.url}"\ncredential = {{ none = true }}\n'
    same = '[endpoints.mistral]\ncredential = { env = "OWN" }\n'
    lay(Attack({FILE: moved + same}, None), recorder.url, monkeypatch)
    client = twin.package.ChatCompletionsClient
    for _ in range(2):
        client("https://x.example/v1", "key", model="m", fallback=["groq/m", "mistral/m"])
    (warning,) = warnings_in(caplog)
    assert "groq" in warning
    assert str(Path(FILE).resolve()) in warning


@pytest.mark.extras
def test_the_gateway_allows_no_address_of_a_found_file(
    recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever allows a preset by name means the preset's own address."""
    from github_models_azure.server.gateway import create_app

    lay(
        Attack({FILE: f'[endpoints.groq]\nurl = "{recorder.url}"\n'}, None),
        recorder.url,
        monkeypatch,
    )
    with pytest.raises(ValueError, match="Name or trust the file"):
        create_app("https://x.example/v1", "key", model="m", allow_endpoints=["groq"])
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", FILE)
    create_app("https://x.example/v1", "key", model="m", allow_endpoints=["groq"])
