"""Where a GitHub token comes from, how long it is kept, and that it is never shown."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import SupportsTokenInfo, TokenCredential
from azure.core.exceptions import ClientAuthenticationError

import github_models_azure
from github_models_azure.exceptions import CredentialUnavailableError
from tests.harness import NOW, Clock

ALL = {"GITHUB_MODELS_TOKEN": "models", "GITHUB_TOKEN": "github", "GH_TOKEN": "gh"}


class Kind:
    """The sync or the async credential, driven in the same words."""

    def __init__(self, name: str) -> None:
        from github_models_azure import aio

        package: Any = aio if name == "aio" else github_models_azure
        self.made: Any = package.GitHubTokenCredential

    def make(self, token: str | None = None, **options: Any) -> Any:
        options.setdefault("environ", {})
        options.setdefault("run_gh", lambda: None)
        return self.made(token, **options)

    @staticmethod
    def run(value: Any) -> Any:
        return asyncio.run(value) if asyncio.iscoroutine(value) else value

    def token(self, credential: Any) -> str:
        return str(self.run(credential.get_token("scope")).token)


@pytest.fixture(params=["sync", "aio"])
def kind(request: pytest.FixtureRequest) -> Kind:
    if request.param == "aio":
        pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    return Kind(request.param)


@pytest.fixture(autouse=True)
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], Any]:
    """A keyring without entries; a test puts some in."""
    entries: dict[tuple[str, str], Any] = {}
    fake = SimpleNamespace(get_password=lambda service, user: entries.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return entries


# Sources


@pytest.mark.parametrize(
    ("environ", "token", "source"),
    [
        (ALL, "models", "GITHUB_MODELS_TOKEN"),
        ({**ALL, "GITHUB_MODELS_TOKEN": ""}, "github", "GITHUB_TOKEN"),
        ({**ALL, "GITHUB_MODELS_TOKEN": " \n"}, "github", "GITHUB_TOKEN"),
        ({"GH_TOKEN": "gh"}, "gh", "GH_TOKEN"),
        ({"GITHUB_TOKEN": "  github\n"}, "github", "GITHUB_TOKEN"),
        ({}, "stored", "the system keyring"),
    ],
)
def test_the_order_of_the_sources(
    kind: Kind, keyring: dict[Any, Any], environ: dict[str, str], token: str, source: str
) -> None:
    """Variables from the most to the least specific, then the keyring; empty ones do not count."""
    keyring["github-models", "token"] = "stored"
    credential = kind.make(environ=environ, run_gh=lambda: "from-gh")
    assert kind.token(credential) == token
    assert credential.source == source


def test_gh_is_asked_last(kind: Kind) -> None:
    """Where nothing else has a token, GitHub's command line has."""
    credential = kind.make(run_gh=lambda: "from-gh")
    assert (kind.token(credential), credential.source) == ("from-gh", "gh auth token")


def test_gh_is_not_started_without_need(kind: Kind) -> None:
    """A token found earlier costs no process."""
    started: list[int] = []
    credential = kind.make(environ=ALL, run_gh=lambda: started.append(1))
    kind.token(credential)
    assert started == []


def test_an_explicit_token_is_the_only_source(kind: Kind, keyring: dict[Any, Any]) -> None:
    """What was given is used, whatever the surroundings hold; white space around it goes."""
    keyring["github-models", "token"] = "stored"
    credential = kind.make(" mine\n", environ=ALL)
    assert (kind.token(credential), credential.source) == ("mine", "an explicit token")


def test_the_environment_is_that_of_the_process(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless another is given."""
    monkeypatch.setenv("GITHUB_TOKEN", "from-process")
    assert kind.token(kind.made()) == "from-process"


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_an_empty_token_is_refused(kind: Kind, token: str) -> None:
    """A variable that was empty is not taken for the wish to have one looked up."""
    with pytest.raises(ValueError, match="Leave it out"):
        kind.make(token)


def test_no_token_is_an_error_that_helps(kind: Kind) -> None:
    """It lists everything that was tried, and says how to make a token."""
    credential = kind.make()
    with pytest.raises(CredentialUnavailableError) as caught:
        kind.token(credential)
    assert isinstance(caught.value, ClientAuthenticationError)
    for word in ("explicit token", *ALL, "keyring", "gh auth token", "models:read", "https://"):
        assert word in str(caught.value)
    assert credential.source is None


@pytest.mark.parametrize("entry", [None, b"bytes", 3])
def test_a_keyring_without_a_text_has_no_token(
    kind: Kind, keyring: dict[Any, Any], entry: Any
) -> None:
    """Odd backends are passed over."""
    keyring["github-models", "token"] = entry
    assert kind.make().source is None


def test_a_keyring_that_fails_has_no_token(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a desktop raises whatever its backend raises."""

    def fail(*_: str) -> None:
        raise RuntimeError("no desktop")

    monkeypatch.setitem(sys.modules, "keyring", SimpleNamespace(get_password=fail))
    assert kind.make(run_gh=lambda: "from-gh").source == "gh auth token"


def test_a_keyring_is_not_needed(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the next source is asked."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert kind.make(run_gh=lambda: "from-gh").source == "gh auth token"


# gh itself


def gh(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called gh on the PATH, alone."""
    folder = Path("bin").resolve()
    folder.mkdir()
    program = folder / "gh"
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


posix = pytest.mark.skipif(sys.platform == "win32", reason="a script is no program on Windows")


@posix
def test_gh_prints_the_token(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    """``gh auth token`` is run without a shell and without input."""
    gh(monkeypatch, "print('gho_' + '-'.join(sys.argv[1:]) + sys.stdin.read())")
    credential = kind.made(environ={})
    assert (kind.token(credential), credential.source) == ("gho_auth-token", "gh auth token")


@posix
@pytest.mark.parametrize(
    "script", ["sys.exit('not logged in')", "print('half'); sys.exit(1)", "pass"]
)
def test_a_gh_that_has_no_token(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A failure or an empty answer is no token."""
    gh(monkeypatch, script)
    assert Kind("sync").made(environ={}).source is None


def test_without_gh_there_is_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without GitHub's command line is an ordinary one."""
    monkeypatch.setenv("PATH", str(Path("nowhere").resolve()))
    assert Kind("sync").made(environ={}).source is None


@pytest.mark.parametrize("error", [OSError("not a program"), subprocess.TimeoutExpired("gh", 10)])
def test_a_gh_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A program that cannot be started, or hangs, is passed over after ten seconds."""
    limits: list[float] = []

    def fail(*_: Any, timeout: float, **__: Any) -> None:
        limits.append(timeout)
        raise error

    monkeypatch.setattr(shutil, "which", lambda name: "/bin/" + name)
    monkeypatch.setattr(subprocess, "run", fail)
    assert Kind("sync").made(environ={}).source is None
    assert limits == [10.0]


# Keeping


def test_a_token_is_kept_for_an_hour(kind: Kind, clock: Clock) -> None:
    """It is looked up once; after an hour anew, since GitHub's tokens do not say when they end."""
    tokens = iter(["first", "second"])
    credential = kind.make(run_gh=lambda: next(tokens), clock=clock)
    assert kind.run(credential.get_token()).expires_on == int(NOW) + 3600
    clock.now += 3599
    assert kind.token(credential) == "first"
    clock.now += 1
    assert kind.token(credential) == "second"


@pytest.mark.parametrize("leave", ["close", "with"])
def test_a_closed_credential_forgets(kind: Kind, leave: str) -> None:
    """Closing it, or leaving its ``with`` block, has the token looked up anew."""
    tokens = iter(["first", "second"])
    credential = kind.make(run_gh=lambda: next(tokens))

    async def with_block() -> None:
        async with credential as entered:
            assert (await entered.get_token()).token == "first"

    if leave == "close":
        assert kind.token(credential) == "first"
        kind.run(credential.close())
    elif hasattr(credential, "__aenter__"):
        asyncio.run(with_block())
    else:
        with credential as entered:
            assert kind.token(entered) == "first"
    assert kind.token(credential) == "second"


def test_a_failed_search_is_repeated(kind: Kind) -> None:
    """Whoever sets a variable later is heard."""
    environ: dict[str, str] = {}
    credential = kind.make(environ=environ)
    assert credential.source is None
    environ["GITHUB_TOKEN"] = "late"
    assert kind.token(credential) == "late"


# Shapes


def test_both_forms_of_azure_core_give_the_token(kind: Kind, clock: Clock) -> None:
    """``get_token`` and the newer ``get_token_info`` say the same, whatever the scopes."""
    credential = kind.make("mine", clock=clock)
    old = kind.run(credential.get_token("a", "b", claims="c"))
    new = kind.run(credential.get_token_info("a", options={"claims": "c"}))
    assert (old.token, old.expires_on) == (new.token, new.expires_on) == ("mine", int(NOW) + 3600)


def test_it_is_a_token_credential() -> None:
    """azure-core's protocols are kept."""
    credential = Kind("sync").make("mine")
    assert isinstance(credential, TokenCredential)
    assert isinstance(credential, SupportsTokenInfo)


def test_it_is_marked_for_github_alone(kind: Kind) -> None:
    """The authentication policy refuses to send it elsewhere."""
    assert kind.make("mine").github_only is True


def test_the_token_is_never_shown(kind: Kind) -> None:
    """``repr`` and ``str`` tell the source, before and after the token was found."""
    explicit = kind.make("ghp_secret")
    assert repr(explicit) == str(explicit) == "GitHubTokenCredential(from an explicit token)"
    found = kind.make(environ={"GH_TOKEN": "ghp_secret"})
    assert repr(found) == "GitHubTokenCredential(not looked up yet)"
    kind.token(found)
    assert repr(found) == str(found) == "GitHubTokenCredential(from GH_TOKEN)"


@pytest.mark.parametrize(
    ("token", "environ", "demo"),
    [
        ("demo_token", {}, True),
        ("ghp_mine", {"GITHUB_TOKEN": "demo_token"}, False),
        (None, {"GITHUB_TOKEN": "demo_token"}, True),
        (None, {"GITHUB_MODELS_TOKEN": "x", "GITHUB_TOKEN": "demo_token"}, False),
        (None, {"GITHUB_MODELS_TOKEN": "", "GH_TOKEN": " demo_token "}, True),
        (None, {}, False),
    ],
)
def test_the_switch_to_the_emulator(
    kind: Kind, token: str | None, environ: dict[str, str], demo: bool
) -> None:
    """``demo_token`` in the place that counts, and nothing is looked up to find out."""

    def never() -> None:
        raise AssertionError("gh was asked")

    assert kind.make(token, environ=environ, run_gh=never).demo is demo


def test_the_switch_to_the_emulator_is_looked_for_as_the_token_is() -> None:
    """A variable of white space counts for neither."""
    environ = {"GITHUB_MODELS_TOKEN": " ", "GITHUB_TOKEN": "demo_token"}
    credential = github_models_azure.GitHubTokenCredential(environ=environ, run_gh=lambda: None)
    assert credential.get_token().token == "demo_token"
    assert credential.demo
