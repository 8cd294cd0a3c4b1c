"""Known services and declared endpoints in use: keys, headers, dialects; through both twins."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import CredentialUnavailableError
from tests.harness import Answer, Sent, Service, Twin, chat, limited, timed

FIRST = "https://first.example/v1"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.endswith("_API_KEY"):
            monkeypatch.delenv(name)


def write(text: str) -> None:
    Path("github-models.toml").write_text(text, "utf-8")


def name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a file that the user names, so that it may say where secrets go."""
    write(text)
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", "github-models.toml")


def client_of(twin: Twin, service: Service, *args: Any, **options: Any) -> Any:
    """A client that is given nothing but what the test gives it."""
    options = {"transport": twin.transport(service), **timed(service.clock), **options}
    return twin.package.ChatCompletionsClient(*args, **options)


def first_is_limited(sent: Sent) -> Answer:
    return limited() if sent.url.startswith(FIRST) else chat(sent.model)


def test_a_service_in_the_fallback_takes_the_key_of_its_variable(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a line of settings, and to its own origin only."""
    monkeypatch.setenv("GROQ_API_KEY", " groq-key\n")
    service = Service(first_is_limited)
    twin.complete(client_of(twin, service, FIRST, "first-key", model="m", fallback=["groq/a/b"]))
    first, groq = service.sent
    assert groq.url == "https://api.groq.com/openai/v1/chat/completions"
    assert (groq.model, groq.headers["authorization"]) == ("a/b", "Bearer groq-key")
    assert "groq-key" not in json.dumps(first.headers)
    assert "first-key" not in json.dumps(groq.headers)


def test_a_service_without_its_key_is_passed_over(twin: Twin) -> None:
    """Nothing is sent to it; alone, the error names the variable."""
    service = Service(first_is_limited)
    client = client_of(twin, service, FIRST, "k", model="m", fallback=["groq/m", "ollama/n"])
    trail = trail_of(twin.complete(client))
    assert trail.served_by == "ollama/n"
    assert "Set GROQ_API_KEY" in str(trail)
    alone = client_of(twin, service, "groq", model="m", fallback=None)
    with pytest.raises(CredentialUnavailableError, match="groq has no key"):
        twin.complete(alone)
    assert not [sent for sent in service.sent if "groq" in sent.url]


def test_the_settings_say_otherwise(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential of the entry goes before the vendor's variable; the rest is the preset's."""
    monkeypatch.setenv("GROQ_API_KEY", "groq-key")
    monkeypatch.setenv("MINE", "my-key")
    name('[endpoints.groq]\ncredential = { env = "MINE" }', monkeypatch)
    service = Service(lambda sent: chat("m"))
    twin.complete(client_of(twin, service, "groq", model="m"))
    assert service.sent[0].url == "https://api.groq.com/openai/v1/chat/completions"
    assert service.sent[0].headers["authorization"] == "Bearer my-key"


def test_a_service_may_be_asked_without_a_key(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """``none`` holds even where the vendor's variable is set."""
    monkeypatch.setenv("LITELLM_API_KEY", "its-key")
    service = Service(lambda sent: chat("m"))
    twin.complete(client_of(twin, service, "litellm", model="m"))
    write("[endpoints.litellm]\ncredential = { none = true }")
    twin.complete(client_of(twin, service, "litellm", model="m"))
    assert service.sent[0].headers["authorization"] == "Bearer its-key"
    assert "authorization" not in service.sent[1].headers


def test_the_key_of_a_vendor_does_not_go_to_a_stand_in(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives a known name another URL says where its key comes from."""
    monkeypatch.setenv("GROQ_API_KEY", "groq-key")
    write('[endpoints.groq]\nurl = "https://proxy.example/v1"')
    service = Service(lambda sent: chat("m"))
    twin.complete(client_of(twin, service, "groq", model="m"))
    assert "groq-key" not in json.dumps(service.sent[0].headers)


def test_headers_of_an_entry_go_to_its_origin_alone(twin: Twin) -> None:
    """As endpoint and as fallback; the other one sees nothing of them."""
    write(
        f"""
        [endpoints.first]
        url = "{FIRST}"
        headers = {{ X-First = "one" }}
        [endpoints.second]
        url = "https://second.example/v1"
        headers = {{ X-Second = "two" }}
        """
    )
    service = Service(first_is_limited)
    twin.complete(client_of(twin, service, "first", model="m", fallback=["second/m"]))
    first, second = service.sent
    assert (first.headers.get("x-first"), first.headers.get("x-second")) == ("one", None)
    assert (second.headers.get("x-first"), second.headers.get("x-second")) == (None, "two")


def test_a_dialect_of_the_settings_is_spoken(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key goes in its header, the version is left out, and what is refused is dropped."""
    monkeypatch.setenv("MINE", "my-key")
    name(
        """
        [endpoints.mine]
        url = "https://llm.example/v1"
        dialect = "own"
        credential = { env = "MINE" }
        [dialects.own]
        auth = "X-Key"
        refuses = ["seed"]
        """,
        monkeypatch,
    )
    service = Service(lambda sent: chat("m"))
    trail = trail_of(twin.complete(client_of(twin, service, "mine", model="m"), seed=7))
    (sent,) = service.sent
    assert sent.url == "https://llm.example/v1/chat/completions"
    assert sent.headers["x-key"] == "my-key"
    assert not {"authorization", "api-key"} & sent.headers.keys()
    assert "seed" not in sent.body
    assert "seed=7 dropped" in str(trail)


def test_an_entry_that_moved_is_asked_where_it_went(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its day on, with the same key; the trail says so."""
    monkeypatch.setenv("MINE", "my-key")
    name(
        """
        [endpoints.mine]
        url = "https://llm.example/old"
        credential = { env = "MINE" }
        retired_on = 2026-08-26
        moved_to = "https://llm.example/openai/v1"
        """,
        monkeypatch,
    )
    service = Service(lambda sent: chat("m"))
    trail = trail_of(twin.complete(client_of(twin, service, "mine", model="m")))
    assert service.sent[0].url == "https://llm.example/openai/v1/chat/completions"
    assert service.sent[0].headers["authorization"] == "Bearer my-key"
    assert "https://llm.example/openai/v1" in str(trail)
