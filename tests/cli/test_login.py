"""``login`` and ``logout``: what goes into the keyring, what is said of it, and what never is."""

from __future__ import annotations

import getpass
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from github_models_azure.credentials.check import check_github_token
from tests.cli.program import Program, run
from tests.dialects.servers_http import LoopbackServer, Reply, as_json

pytest.importorskip("keyring", reason="login needs the extra keyring")

from tests.credentials.memory_keyring import MemoryKeyring, memory_keyring

SERVICE = "github-models"
TOKEN = "github_pat_of_some_length"
KEPT = "token@https://models.github.ai"
Piped = Callable[[bytes], None]
FILE = Path("github-models.toml")


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    for name in ("GITHUB_MODELS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with memory_keyring() as backend:
        yield backend


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """GitHub's API on this machine."""
    with LoopbackServer(lambda _: as_json({"resources": {}})) as server:
        check = partial(check_github_token, base_url=server.url)
        monkeypatch.setattr("github_models_azure.cli.login.check_github_token", check)
        yield server


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """An endpoint of the settings whose key is in the keyring."""
    with LoopbackServer(lambda _: as_json({"data": []})) as server:
        FILE.write_text(
            f'[endpoints.work]\nurl = "{server.url}/v1"\ncredential = {{ keyring = "mine" }}'
        )
        monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(FILE))
        yield server


def test_a_piped_token_is_checked_and_stored(
    program: Program, piped: Piped, github: LoopbackServer, backend: MemoryKeyring
) -> None:
    """As ``gh auth login --with-token`` takes it; the check is made with it."""
    piped(f"{TOKEN}\n".encode())
    outcome = program("login", "--with-token")
    assert outcome.code == 0
    assert backend.entries == {(SERVICE, KEPT): TOKEN}
    assert github.journal[0].header("authorization") == f"Bearer {TOKEN}"
    assert (
        "stored in tests.credentials.memory_keyring.MemoryKeyring; GitHub accepted it"
        in outcome.out
    )
    assert "was retired on" in outcome.err
    assert TOKEN not in outcome.out + outcome.err


def test_a_stored_token_is_found_by_the_credential(
    program: Program, piped: Piped, github: LoopbackServer
) -> None:
    """And no longer once it was removed."""
    from github_models_azure.credentials.github import TokenFinder

    def finder() -> TokenFinder:
        return TokenFinder(environ={}, run_gh=lambda: None)

    piped(TOKEN.encode())
    assert program("login", "--with-token").code == 0
    assert finder().find()[0] == TOKEN
    assert finder().source() == "the system keyring"
    assert program("logout").code == 0
    assert finder().source() is None


def test_a_token_under_the_bare_name_is_found_until_another_is_stored(
    program: Program, piped: Piped, github: LoopbackServer, backend: MemoryKeyring
) -> None:
    """What was stored for its origin goes before it; ``logout`` removes both."""
    from github_models_azure.credentials.github import TokenFinder

    def found() -> str:
        return TokenFinder(environ={}, run_gh=lambda: None).find()[0]

    backend.entries[SERVICE, "token"] = "an-older-token"
    assert found() == "an-older-token"
    piped(TOKEN.encode())
    program("login", "--with-token")
    assert found() == TOKEN
    assert program("logout").code == 0
    assert backend.entries == {}


@pytest.mark.parametrize("name", ["groq", "Token"])
def test_a_file_that_was_found_does_not_move_a_known_name(
    program: Program, piped: Piped, work: LoopbackServer, backend: MemoryKeyring, name: str
) -> None:
    """The key is stored for the service's own address; an entry is the token's in any case."""
    os.environ.pop("GITHUB_MODELS_CONFIG")
    text = {
        "groq": f'[endpoints.groq]\nurl = "{work.url}/v1"',
        "Token": '[endpoints.github]\ncredential = { keyring = "Token" }',
    }[name]
    FILE.write_text(text)
    piped(b"its-key")
    asked = "groq" if name == "groq" else "github"
    assert program("login", asked, "--with-token", "--no-validate").code == 0
    kept = "groq@https://api.groq.com" if name == "groq" else KEPT
    assert backend.entries == {(SERVICE, kept): "its-key"}
    assert work.journal == []


def test_a_token_is_asked_for_without_being_shown(
    program: Program,
    github: LoopbackServer,
    backend: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a terminal."""
    asked: list[str] = []

    def ask(prompt: str, stream: object) -> str:
        asked.append(prompt)
        return f" {TOKEN} "

    monkeypatch.setattr("github_models_azure.cli.login.is_terminal", lambda _: True)
    monkeypatch.setattr(getpass, "getpass", ask)
    outcome = program("login")
    assert (outcome.code, asked) == (0, ["GitHub token (not shown): "])
    assert backend.entries[SERVICE, KEPT] == TOKEN


def test_a_terminal_that_shows_what_is_typed_is_not_used(
    program: Program, backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """getpass would only warn."""

    def ask(prompt: str, stream: object) -> str:
        warnings.warn("Can not control echo", getpass.GetPassWarning, stacklevel=1)
        return TOKEN

    monkeypatch.setattr("github_models_azure.cli.login.is_terminal", lambda _: True)
    monkeypatch.setattr(getpass, "getpass", ask)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as outside of tests
        outcome = program("login")
    assert outcome.code == 1
    assert "cannot hide" in outcome.error
    assert backend.entries == {}


@pytest.mark.parametrize("answer", ["", "   ", None])
def test_nothing_typed_stores_nothing(
    program: Program,
    backend: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
) -> None:
    """An empty line, or the end of the input."""

    def ask(prompt: str, stream: object) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("github_models_azure.cli.login.is_terminal", lambda _: True)
    monkeypatch.setattr(getpass, "getpass", ask)
    assert program("login").code == 2
    assert backend.entries == {}


@pytest.mark.parametrize("arguments", [("login",), ("login", "--with-token")])
def test_an_input_without_a_token_is_wrong_usage(
    program: Program, piped: Piped, backend: MemoryKeyring, arguments: tuple[str, ...]
) -> None:
    """A pipe is read only when told to."""
    piped(b"\n")
    outcome = program(*arguments)
    assert outcome.code == 2
    assert backend.entries == {}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"k" * 10_001])
def test_a_file_by_mistake_is_wrong_usage(
    program: Program, piped: Piped, backend: MemoryKeyring, content: bytes
) -> None:
    """No part of it is stored, nor shown."""
    piped(content)
    outcome = program("login", "--with-token", "--no-validate")
    assert outcome.code == 2
    assert "so it cannot be a GitHub token" in outcome.error
    assert backend.entries == {}


REFUSED = as_json({"message": f"Bad credentials: {TOKEN}"}, 401)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (REFUSED, "is not valid: GitHub answered 401: Bad credentials"),
        (Reply(503), "could not be checked: GitHub answered 503"),
    ],
)
def test_what_is_not_accepted_is_not_stored(
    program: Program,
    piped: Piped,
    github: LoopbackServer,
    backend: MemoryKeyring,
    answer: Reply,
    said: str,
) -> None:
    """The message says why, without the token."""
    github.answer = lambda _: answer
    piped(TOKEN.encode())
    outcome = program("login", "--with-token")
    assert outcome.code == 1
    assert said in outcome.error
    assert "Nothing was stored" in outcome.error
    assert TOKEN not in outcome.out + outcome.err
    assert backend.entries == {}


def test_no_validate_stores_it_unasked(
    program: Program, piped: Piped, github: LoopbackServer, backend: MemoryKeyring
) -> None:
    """For machines without a network."""
    piped(TOKEN.encode())
    outcome = program("login", "--with-token", "--no-validate")
    assert outcome.code == 0
    assert "unchecked" in outcome.out
    assert github.journal == []
    assert backend.entries == {(SERVICE, KEPT): TOKEN}


@pytest.mark.parametrize("token", ["two\nlines", "ключ"])
def test_what_no_header_can_carry_is_not_stored(
    program: Program, piped: Piped, backend: MemoryKeyring, token: str
) -> None:
    """Even unchecked."""
    piped(token.encode())
    outcome = program("login", "--with-token", "--no-validate")
    assert outcome.code == 1
    assert token not in outcome.err
    assert backend.entries == {}


def test_the_answer_as_json(
    program: Program, piped: Piped, github: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the variable that counts in the entry's place."""
    monkeypatch.setenv("GH_TOKEN", "another")
    piped(TOKEN.encode())
    outcome = program("login", "--with-token", "--json")
    assert outcome.json == {
        "stored": True,
        "entry": KEPT,
        "endpoint": None,
        "keyring": "tests.credentials.memory_keyring.MemoryKeyring",
        "checked": True,
        "outranked_by": "GH_TOKEN",
    }
    assert "GH_TOKEN is set, and is used instead" in outcome.err


# Keyrings that do not work


def test_without_a_keyring_the_message_says_what_to_do(
    program: Program, piped: Piped, backend: MemoryKeyring
) -> None:
    """In one line, for login and logout."""
    import keyring.errors

    backend.broken = keyring.errors.NoKeyringError("No recommended backend was available.")
    for arguments in (("login", "--with-token", "--no-validate"), ("logout",)):
        piped(TOKEN.encode())
        outcome = program(*arguments)
        assert outcome.code == 1
        assert "does not work here (NoKeyringError)" in outcome.error
        assert "set GITHUB_TOKEN" in outcome.error


def test_without_the_package_the_message_says_how_to_get_it(
    program: Program, piped: Piped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    for arguments in (("login", "--with-token", "--no-validate"), ("logout",)):
        piped(TOKEN.encode())
        outcome = program(*arguments)
        assert outcome.code == 1
        assert "github-models-azure[keyring]" in outcome.error


def test_a_process_with_the_null_keyring_keeps_nothing() -> None:
    """As a whole: the environment of these tests names that backend."""
    outcome = run("login", "--with-token", "--no-validate", stdin=TOKEN.encode())
    assert outcome.code == 1
    assert "keyring.backends.null.Keyring did not keep it" in outcome.error
    assert TOKEN not in outcome.out + outcome.err


# Keys of endpoints


def test_a_key_is_stored_for_the_origin_of_its_endpoint(
    program: Program, piped: Piped, work: LoopbackServer, backend: MemoryKeyring
) -> None:
    """Checked by the endpoint, and found by the settings."""
    from github_models_azure.settings.load import load_settings

    piped(b"work-key")
    outcome = program("login", "work", "--with-token")
    assert outcome.code == 0
    assert "work accepted it" in outcome.out
    assert work.journal[0].header("authorization") == "Bearer work-key"
    assert backend.entries == {(SERVICE, f"mine@{work.url}"): "work-key"}
    assert load_settings().endpoints["work"].credential.key == "work-key"
    doctor = program("doctor", "--json").json["endpoints"]
    assert "the keyring entry mine" in [found["credential"] for found in doctor]


def test_a_known_service_takes_a_key_without_settings(
    program: Program, piped: Piped, backend: MemoryKeyring
) -> None:
    """The doctor finds it, and the variable outranks it."""
    piped(b"groq-key")
    outcome = program("login", "groq", "--with-token", "--no-validate", "--json")
    entry = "groq@https://api.groq.com"
    assert outcome.json["entry"] == entry
    assert outcome.json["endpoint"] == "groq"
    assert backend.entries == {(SERVICE, entry): "groq-key"}


def test_the_doctor_lists_what_is_stored(program: Program, backend: MemoryKeyring) -> None:
    """Without showing it."""
    from github_models_azure.cli._checks import Credential, known_endpoints
    from github_models_azure.settings.load import load_settings

    backend.entries[SERVICE, "groq@https://api.groq.com"] = "groq-key"
    known = known_endpoints(load_settings(), None, everything=False)
    said = {one.endpoint.name: one.credential for one in known}
    assert said["groq"] == Credential("the keyring entry groq@https://api.groq.com")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("nowhere", 2, "There is no endpoint 'nowhere'"),
        ("ollama", 1, "takes no key from the keyring"),
        ("own", 1, "takes its credential from the environment variable OWN_KEY"),
    ],
)
def test_names_that_take_no_stored_key(
    program: Program, piped: Piped, backend: MemoryKeyring, name: str, code: int, said: str
) -> None:
    """Nothing is read or stored; the message says what to write into the settings."""
    FILE.write_text(
        '[endpoints.own]\nurl = "https://own.example/v1"\ncredential = { env = "OWN_KEY" }'
    )
    piped(b"a-key")
    outcome = program("login", name, "--with-token", "--no-validate")
    assert (outcome.code, backend.entries) == (code, {})
    assert said in outcome.error


def test_github_by_its_name_means_the_token(
    program: Program, piped: Piped, github: LoopbackServer, backend: MemoryKeyring
) -> None:
    """It has no key but that."""
    piped(TOKEN.encode())
    assert program("login", "github", "--with-token").code == 0
    assert backend.entries == {(SERVICE, KEPT): TOKEN}


# Logout


def test_logout_removes_the_token_and_says_what_still_counts(
    program: Program, backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other entries stay."""
    monkeypatch.setenv("GITHUB_TOKEN", "another")
    backend.entries = {(SERVICE, KEPT): TOKEN, (SERVICE, "mine"): "k"}
    outcome = program("logout")
    assert outcome.code == 0
    assert backend.entries == {(SERVICE, "mine"): "k"}
    assert "is removed" in outcome.out
    assert "GITHUB_TOKEN is set, and is still used" in outcome.err


def test_logout_without_an_entry_fails(program: Program) -> None:
    """The exit code tells scripts."""
    outcome = program("logout", "--json")
    assert outcome.code == 1
    assert outcome.json == {"removed": False, "entry": KEPT, "endpoint": None}
    assert "has no GitHub token" in outcome.error


def test_logout_of_an_endpoint_leaves_none_of_its_keys(
    program: Program, work: LoopbackServer, backend: MemoryKeyring
) -> None:
    """Neither the one that was stored for its origin, nor the one under the bare name."""
    backend.entries = {
        (SERVICE, f"mine@{work.url}"): "a",
        (SERVICE, "mine"): "b",
        (SERVICE, "mine@https://elsewhere.example"): "c",
    }
    assert program("logout", "work").code == 0
    assert list(backend.entries.values()) == ["c"]
