"""Nothing secret travels in clear text, and the surroundings of a process add nothing of theirs."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from github_models_azure import Endpoint, Target
from github_models_azure.exceptions import CredentialScopeError
from tests.dialects.servers_origins import (
    Origin,
    assert_signed,
    assert_unsigned,
    drive,
    key_of,
    leaked,
    make,
    token_of,
    two_origins,
)
from tests.harness import Twin

KINDS = ("chat", "stream", "embeddings")
FAR = "http://203.0.113.7/v1"  # TEST-NET-3: nobody lives there, and the tests let nobody go


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that somebody tried to connect to."""
    tried: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        tried.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return tried


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["key", "text", "token", "endpoint header", "query"])
def test_a_credential_is_not_sent_in_clear_text(
    twin: Twin, dialled: list[Any], kind: str, secret: str
) -> None:
    """http to another machine is refused before anything is sent, whatever the secret is."""
    origin = Origin("charliezq")
    headers = {"X-Api-Key": origin.secret("header")} if secret == "endpoint header" else {}
    credential = {
        "key": key_of(origin),
        "text": origin.secret("key"),
        "token": token_of(twin, origin),
    }.get(secret)
    query = f"?a=1&sig={origin.secret('query')}" if secret == "query" else ""
    far = Endpoint("far", FAR + query, headers=headers, anonymous=secret == "query")
    client = make(twin, kind, far, credential, model="m", fallback=None)
    (error,) = drive(twin, kind, client, {})
    assert isinstance(error, CredentialScopeError)
    assert "clear text" in str(error)
    assert origin.mark not in f"{error}{error!r}"
    assert dialled == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secret", ["key", "token"])
def test_a_fallback_in_clear_text_is_refused_too(
    twin: Twin, dialled: list[Any], kind: str, secret: str
) -> None:
    """The first target is asked, and nothing leaves for the second."""
    with two_origins() as (first, second):
        credential = key_of(second) if secret == "key" else token_of(twin, second)
        far = Target("n", Endpoint("far", FAR, credential))
        own = Endpoint("own", f"{first.url}/v1", key_of(first))
        client = make(twin, kind, own, model="m", fallback=[far])
        first.fail(429)
        (error,) = drive(twin, kind, client, {})
        assert isinstance(error, CredentialScopeError)
        assert [leaked(request, second) for request in first.journal] == [[]]
        assert {address[1] for address in dialled} == {first.port}


@pytest.mark.parametrize("place", ["client", "call"])
@pytest.mark.parametrize("name", ["api-key", "Authorization", "Ocp-Apim-Subscription-Key"])
def test_a_key_among_the_headers_is_not_sent_in_clear_text(
    twin: Twin, dialled: list[Any], place: str, name: str
) -> None:
    """A credential is one wherever it was given: the endpoint has none, the headers do."""
    headers = {name: "secret-zq"}
    far = Endpoint("far", FAR, anonymous=True)
    given = {"headers": headers} if place == "client" else {}
    client = make(twin, "chat", far, model="m", fallback=None, **given)
    (error,) = drive(twin, "chat", client, {"headers": headers} if place == "call" else {})
    assert isinstance(error, CredentialScopeError)
    assert dialled == []


def test_an_anonymous_endpoint_gets_no_key_at_home_either(twin: Twin) -> None:
    """Another path of the client's own origin, declared without a credential, is sent none."""
    with two_origins() as (first, _):
        free = Endpoint("free", f"{first.url}/free/v1", anonymous=True)
        own = Endpoint("own", f"{first.url}/v1", key_of(first))
        client = make(twin, "chat", own, model="m", fallback=[Target("n", free)])
        first.fail(429)
        drive(twin, "chat", client, {})
        signed, free_of_charge = first.journal
        assert_signed(signed, first.secret("key"))
        assert free_of_charge.header("authorization") is None


@pytest.mark.parametrize("entry", ["machine 127.0.0.1", "default"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_netrc_neither_replaces_a_key_nor_signs_a_stranger(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, entry: str
) -> None:
    """The login of some file is no credential of an endpoint: keys stay, redirects stay bare."""
    file = tmp_path / "netrc"
    file.write_text(f"{entry} login somebody password secret-zq\n", "utf-8")
    monkeypatch.setenv("NETRC", str(file))
    with two_origins() as (first, second):
        own = Endpoint("own", f"{first.url}/v1", key_of(first))
        path = "embeddings" if kind == "embeddings" else "chat/completions"
        client = make(twin, kind, own, model="m", fallback=None, fallback_max_wait=0)
        first.redirect(307, f"{second.url}/v1/{path}")
        drive(twin, kind, client, {}, {"model": "k"})
        for request in first.journal:
            assert_signed(request, first.secret("key"))
        (stranger,) = second.journal
        assert_unsigned(stranger)
