"""Keys in the system's keyring: who finds which, and that none goes to another origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError

from github_models_azure import Endpoint, trail_of
from github_models_azure.credentials.keys import (
    KeyringError,
    MissingKey,
    delete_key,
    entry_at,
    read_declared,
    read_key,
    write_key,
)
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from tests.dialects.servers_http import LoopbackServer, as_json
from tests.harness import Twin

pytest.importorskip("keyring", reason="stored keys need the extra keyring")

from tests.credentials.memory_keyring import MemoryKeyring, memory_keyring

SERVICE = "github-models"
KEY = "the-stored-key"
GROQ = "https://api.groq.com"
MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.fixture(autouse=True)
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    with memory_keyring() as backend:
        yield backend


def test_what_is_written_is_read_and_deleted() -> None:
    """Under the service's name."""
    assert write_key("mine", KEY).endswith("MemoryKeyring")
    assert read_key("mine") == KEY
    assert delete_key("mine")
    assert read_key("mine") is None
    assert not delete_key("mine")


def test_a_keyring_that_fails_says_so_without_the_key(backend: MemoryKeyring) -> None:
    """Its own text may repeat what it was given."""
    backend.broken = RuntimeError(f"cannot store {KEY}")
    for act in (lambda: write_key("mine", KEY), lambda: delete_key("mine")):
        with pytest.raises(KeyringError, match=r"MemoryKeyring does not work here \(RuntimeError"):
            act()
    assert read_key("mine") is None


def test_a_keyring_without_a_name_is_told_all_the_same(
    backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Choosing one may fail, too."""

    def fail() -> None:
        raise RuntimeError("no backend")

    backend.broken = RuntimeError("no")
    monkeypatch.setattr("keyring.get_keyring", fail)
    try:
        with pytest.raises(KeyringError, match="The keyring unknown does not work here"):
            write_key("mine", KEY)
    finally:
        monkeypatch.undo()


def test_a_keyring_that_keeps_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The null backend takes everything."""
    monkeypatch.setattr(MemoryKeyring, "set_password", lambda *_: None)
    with pytest.raises(KeyringError, match="did not keep it"):
        write_key("mine", KEY)


def test_a_stored_key_is_for_its_origin() -> None:
    """Before an entry that somebody made under the bare name, which has none."""
    write_key(entry_at("mine", GROQ), KEY)
    assert read_declared("mine", GROQ) == KEY
    assert read_declared("mine", "https://evil.example") is None
    assert read_declared(entry_at("mine", GROQ), "https://evil.example") is None
    write_key("mine", "bare")
    assert read_declared("mine", "https://evil.example") == "bare"
    assert read_declared("mine", GROQ) == KEY


def settings_with(text: str) -> None:
    Path("github-models.toml").write_text(text)


@pytest.mark.parametrize("entry", ["groq", f"groq@{GROQ}"])
def test_settings_cannot_send_a_stored_key_elsewhere(entry: str) -> None:
    """A file of settings may come with somebody else's project."""
    write_key(entry_at("groq", GROQ), KEY)
    settings_with(
        f'[endpoints.groq]\nurl = "https://evil.example/v1"\ncredential = {{ keyring = "{entry}" }}'
    )
    assert isinstance(load_settings().endpoints["groq"].credential, MissingKey)


def test_the_github_token_is_no_endpoints_key() -> None:
    """It goes to GitHub's hosts alone."""
    write_key("token", KEY)
    settings_with(
        '[endpoints.x]\nurl = "https://evil.example/v1"\ncredential = { keyring = "token" }'
    )
    with pytest.raises(SettingsError, match="entry of the GitHub token") as caught:
        load_settings()
    assert KEY not in str(caught.value)


def served(twin: Twin, endpoint: Endpoint | str, **keywords: object) -> str:
    async def ask() -> str:
        async with twin.package.ChatCompletionsClient(endpoint, model="m", **keywords) as client:
            return str((await client.complete(messages=MESSAGES)).choices[0].message.content)

    if twin.is_async:
        return str(twin.run(ask()))
    with twin.package.ChatCompletionsClient(endpoint, model="m", **keywords) as client:
        return str(client.complete(messages=MESSAGES).choices[0].message.content)


MESSAGE = {"role": "assistant", "content": "Hello"}
ANSWER = {"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    """A vendor on this machine, whose key is treated as that of one elsewhere."""
    monkeypatch.setattr("github_models_azure.settings.own_endpoint.is_loopback", lambda _: False)
    with LoopbackServer(lambda _: as_json(ANSWER)) as server:
        yield server


@pytest.mark.parametrize(
    ("dialect", "header", "value"),
    [("groq", "authorization", f"Bearer {KEY}"), ("azure-openai", "api-key", KEY)],
)
def test_a_stored_key_signs_as_its_dialect_has_it(
    twin: Twin,
    server: LoopbackServer,
    backend: MemoryKeyring,
    dialect: str,
    header: str,
    value: str,
) -> None:
    """It is read once, when it is first wanted."""
    write_key(entry_at("near", server.url), KEY)
    backend.asked.clear()
    endpoint = Endpoint("near", f"{server.url}/v1", dialect=dialect, key_variable="NEAR_API_KEY")
    assert served(twin, endpoint, fallback=None) == "Hello"
    assert server.journal[0].header(header) == value
    assert backend.asked == [f"near@{server.url}"]


def test_a_keyring_keeps_nobody_on_the_event_loop_waiting(
    twin: Twin, server: LoopbackServer, backend: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may ask its user for a password: the async client reads it in a thread, found or not."""
    threads: list[bool] = []
    inner = backend.get_password

    def get_password(service: str, username: str) -> str | None:
        threads.append(threading.current_thread() is threading.main_thread())
        return inner(service, username)

    monkeypatch.setattr(backend, "get_password", get_password)
    endpoint = Endpoint("near", f"{server.url}/v1", key_variable="NEAR_API_KEY")
    with pytest.raises(ClientAuthenticationError):
        served(twin, endpoint, fallback=None)
    backend.set_password(SERVICE, entry_at("near", server.url), KEY)
    assert served(twin, endpoint, fallback=None) == "Hello"
    assert threads == [not twin.is_async] * 2


def test_a_key_for_another_url_of_the_name_is_not_sent(twin: Twin, server: LoopbackServer) -> None:
    """The call says what is missing, and how to store one."""
    write_key(entry_at("near", "https://elsewhere.example"), KEY)
    endpoint = Endpoint("near", f"{server.url}/v1", key_variable="NEAR_API_KEY")
    with pytest.raises(ClientAuthenticationError, match="github-models login near"):
        served(twin, endpoint, fallback=None)
    assert server.journal == []


def test_a_stored_key_is_checked_at_start_up(twin: Twin, server: LoopbackServer) -> None:
    """As any other; where there is none, that is said before any call."""
    endpoint = Endpoint("near", f"{server.url}/v1", key_variable="NEAR_API_KEY")
    with pytest.raises(ClientAuthenticationError, match="github-models login near"):
        served(twin, endpoint, fallback=None, validate=True)
    assert server.journal == []
    write_key(entry_at("near", server.url), KEY)
    server.answer = lambda request: as_json({"data": []} if request.method == "GET" else ANSWER)
    assert served(twin, endpoint, fallback=None, validate=True) == "Hello"
    check, _ = server.journal
    assert check.header("authorization") == f"Bearer {KEY}"


def test_a_fallback_uses_its_own_stored_key(
    twin: Twin, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it would use its variable."""
    write_key(entry_at("near", server.url), KEY)
    first = Endpoint("first", "http://127.0.0.1:9/v1", "first-key")
    settings_with(f'[endpoints.near]\nurl = "{server.url}/v1"\ncredential = {{ keyring = "near" }}')
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", "github-models.toml")
    assert served(twin, first, fallback=["near/m"], retry_total=0) == "Hello"
    assert server.journal[0].header("authorization") == f"Bearer {KEY}"


def test_a_refusal_that_repeats_a_stored_key_does_not_show_it(
    twin: Twin, server: LoopbackServer
) -> None:
    """As with every other key."""
    write_key(entry_at("near", server.url), KEY)
    server.answer = lambda _: as_json({"error": {"message": f"bad key {KEY}"}}, 401)
    endpoint = Endpoint("near", f"{server.url}/v1", key_variable="NEAR_API_KEY")
    with pytest.raises(ClientAuthenticationError) as caught:
        served(twin, endpoint, fallback=None)
    assert "bad key" in str(caught.value)
    assert KEY not in f"{caught.value}{caught.value!r}{trail_of(caught.value)!r}"


def test_no_repr_shows_a_stored_key(server: LoopbackServer) -> None:
    """Neither before nor after it was read."""
    from github_models_azure.credentials.keys import StoredKey

    write_key("mine", KEY)
    stored = StoredKey("mine", "none")
    assert KEY not in repr(stored)
    assert stored.get_token("scope").token == KEY
    assert KEY not in repr(stored)
    assert KEY not in repr(Endpoint("near", "https://near.example/v1", stored))
