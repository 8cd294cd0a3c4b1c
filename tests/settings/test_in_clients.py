"""Settings in use: argument before environment before file before default, through both twins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

from github_models_azure import trail_of
from github_models_azure.client.assemble import NoCredential
from github_models_azure.client.base import made_of
from github_models_azure.exceptions import CredentialUnavailableError, SettingsError
from tests.harness import HELLO, URL, Answer, Sent, Service, Twin, chat, error, limited, timed

FIRST, SECOND = "openai/gpt-4.1", "openai/gpt-4o"


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


def answers(sent: Sent) -> Answer:
    return chat(sent.model)


@pytest.mark.parametrize(
    ("file", "environ", "argument", "expected"),
    [
        (None, None, None, "https://models.inference.ai.azure.com"),
        ("https://file.example/v1", None, None, "https://file.example/v1"),
        ("https://file.example/v1", "https://env.example/v1", None, "https://env.example/v1"),
        (
            "https://file.example/v1",
            "https://env.example/v1",
            "https://argument.example/v1",
            "https://argument.example/v1",
        ),
        (None, "github", None, "https://models.github.ai/inference"),
        (None, None, "/orgs/o/inference", "https://models.github.ai/orgs/o/inference"),
    ],
)
def test_the_endpoint_that_counts(
    twin: Twin,
    monkeypatch: pytest.MonkeyPatch,
    file: str | None,
    environ: str | None,
    argument: str | None,
    expected: str,
) -> None:
    """An argument goes before the environment, that before the file, that before the default."""
    if file is not None:
        name(f'endpoint = "{file}"', monkeypatch)
    if environ is not None:
        monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", environ)
    service = Service(answers)
    client = client_of(twin, service, argument, "key", model="m", allow_retired=True)
    twin.complete(client)
    assert service.sent[0].url.startswith(expected + "/chat/completions")


@pytest.mark.parametrize(
    ("file", "environ", "argument", "call", "expected"),
    [
        ("a", None, None, None, "a"),
        ("a", "b", None, None, "b"),
        ("a", "b", "c", None, "c"),
        ("a", "b", "c", "d", "d"),
        (None, None, None, "d", "d"),
        (None, None, None, None, None),
    ],
)
def test_the_model_that_counts(
    twin: Twin,
    monkeypatch: pytest.MonkeyPatch,
    file: str | None,
    environ: str | None,
    argument: str | None,
    call: str | None,
    expected: str | None,
) -> None:
    """The call's own model goes before the client's, that before the settings'."""
    if file is not None:
        write(f'model = "{file}"')
    if environ is not None:
        monkeypatch.setenv("GITHUB_MODELS_MODEL", environ)
    service = Service(lambda sent: chat("x"))
    client = client_of(twin, service, URL, "key", model=argument)
    twin.complete(client, **({} if call is None else {"model": call}))
    assert service.models == [expected]


def test_fallback_from_file_environment_and_argument(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source replaces the one below it as a whole."""
    service = Service(lambda sent: limited() if sent.model == "m" else chat(sent.model))

    def asked(**options: Any) -> list[Any]:
        service.sent.clear()
        twin.complete(client_of(twin, service, URL, "key", model="m", **options))
        return service.models

    write('fallback = ["file"]')
    assert asked() == ["m", "file"]
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK", "env")
    assert asked() == ["m", "env"]
    assert asked(fallback=["argument"]) == ["m", "argument"]
    with pytest.raises(HttpResponseError):
        asked(fallback=None)


def test_an_argument_of_none_is_no_setting_left_open(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``fallback=None`` means no other target, whatever the settings say."""
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK", "env")
    service = Service(lambda sent: limited())
    with pytest.raises(HttpResponseError):
        twin.complete(client_of(twin, service, URL, "key", model="m", fallback=None))
    assert service.models == ["m"]


def test_options_of_the_policy_come_from_settings(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts, waits, kinds, plan and retirement are those of the settings."""
    monkeypatch.setenv("GITHUB_MODELS_FALLBACK_MAX_ATTEMPTS", "2")
    write('fallback_max_wait = 1.5\nplan = "pro"\nallow_retired = true\nfallback_on = ["auth"]')
    client = client_of(twin, Service(answers), URL, "key", fallback_max_wait=7)
    found = made_of(client).policy.settings
    assert (found.fallback_max_attempts, found.fallback_max_wait) == (2, 7)
    assert (found.plan.value, found.allow_retired) == ("pro", True)
    assert [kind.value for kind in found.fallback_on] == ["auth"]


def test_the_key_of_the_settings_goes_to_their_endpoint(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``GITHUB_MODELS_API_KEY`` signs for the endpoint of the settings."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "https://env.example/v1")
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "from-env")
    service = Service(answers)
    twin.complete(client_of(twin, service, model="m"))
    assert service.sent[0].headers["authorization"] == "Bearer from-env"
    twin.complete(client_of(twin, service, credential="given", model="m"))
    assert service.sent[1].headers["authorization"] == "Bearer given"


def test_the_key_of_the_settings_goes_to_no_other_endpoint(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint given as argument was not what the key was set for."""
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "from-env")
    service = Service(answers)
    twin.complete(client_of(twin, service, "https://other.example/v1", model="m"))
    assert "from-env" not in json.dumps(service.sent[0].headers)


def test_an_endpoint_of_the_settings_brings_its_key(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name as endpoint and as fallback target, each with its own key and no other."""
    monkeypatch.setenv("ONE_KEY", "one-key")
    monkeypatch.setenv("TWO_KEY", "two-key")
    name(
        """
        [endpoints.one]
        url = "https://one.example/v1"
        credential = { env = "ONE_KEY" }
        [endpoints.two]
        url = "https://two.example/v1"
        credential = { env = "TWO_KEY" }
        [endpoints.local]
        url = "http://localhost:11434/v1"
        credential = { none = true }
        """,
        monkeypatch,
    )
    service = Service(lambda sent: chat("x") if "localhost" in sent.url else limited())
    client = client_of(twin, service, "one", model="m", fallback=["two/m", "local/llama3.2"])
    trail = trail_of(twin.complete(client))
    assert [sent.headers.get("authorization") for sent in service.sent] == [
        "Bearer one-key",
        "Bearer two-key",
        None,
    ]
    assert trail.served_by == "local/llama3.2"
    assert "key" not in str(trail)


def test_a_missing_key_falls_back(twin: Twin) -> None:
    """An endpoint whose key is not set costs no request; the next target serves."""
    write(
        """
        [endpoints.one]
        url = "https://one.example/v1"
        credential = { env = "NOT_SET" }
        """
    )
    service = Service(answers)
    client = client_of(twin, service, URL, "key", model="one/m", fallback=["n"])
    trail = trail_of(twin.complete(client))
    assert service.models == ["n"]
    assert "environment variable NOT_SET, which is not set" in str(trail)


def test_a_missing_key_alone_is_an_authentication_error(twin: Twin) -> None:
    """With no other target the error says which key is missing, and nothing is sent."""
    write(
        """
        [endpoints.one]
        url = "https://one.example/v1"
        credential = { env = "NOT_SET" }
        """
    )
    service = Service(answers)
    client = client_of(twin, service, "one", model="m", fallback=None)
    with pytest.raises(ClientAuthenticationError, match="NOT_SET"):
        twin.complete(client)
    assert service.sent == []


def test_overlays_and_tiers_reach_the_registry(twin: Twin) -> None:
    """Models and tiers of the user make up a route like those that are bundled."""
    write(
        """
        [models."x/first"]
        tier = "own"
        [models."x/second"]
        tier = "own"
        tool_calling = false
        [models."x/third"]
        tier = "own"
        [tiers.own]
        requests_per_minute = 10
        """
    )
    service = Service(lambda sent: error(503) if sent.model == "x/first" else chat("x"))
    client = client_of(twin, service, URL, "key", model="x/first")
    tools = [{"type": "function", "function": {"name": "f"}}]
    trail = trail_of(twin.complete(client, tools=tools))
    assert service.models == ["x/first", "x/third"]
    assert "does not support tools" in str(trail)


def test_a_registry_given_goes_before_the_settings(twin: Twin) -> None:
    """Whoever brings a registry gets that one."""
    from github_models_azure import ModelRegistry

    write('[models."x/first"]\ntool_calling = false')
    service = Service(answers)
    client = client_of(twin, service, URL, "key", model="x/first", registry=ModelRegistry())
    plan = twin.run(client.plan_route(messages=HELLO, tools=[{"type": "function"}]))
    assert plan.skipped == ()


def test_a_wrong_overlay_is_an_error_at_construction(twin: Twin) -> None:
    """A tier that nobody defined is named."""
    write('[models."x/first"]\ntier = "nowhere"')
    with pytest.raises(SettingsError, match=r"(?s)nowhere.*github-models\.toml"):
        client_of(twin, Service(answers), URL, "key")


def test_a_github_token_is_looked_up_for_github_alone(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no credential is given, GitHub gets the token, and another endpoint none."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    service = Service(answers)
    twin.complete(client_of(twin, service, "github", model=FIRST, allow_retired=True))
    twin.complete(client_of(twin, service, "https://llm.example/v1", model="m"))
    assert service.sent[0].headers["authorization"] == "Bearer ghp_secret"
    assert "ghp_secret" not in json.dumps(service.sent[1].headers)


def test_the_token_of_a_client_is_shared_with_githubs_endpoints(twin: Twin) -> None:
    """A target on another endpoint of GitHub's is signed with the same token."""
    service = Service(lambda sent: limited() if "azure.com" in sent.url else chat("x"))
    client = client_of(
        twin,
        service,
        None,
        "ghp_secret",
        model=FIRST,
        fallback=["github/openai/gpt-4o"],
        allow_retired=True,
    )
    twin.complete(client)
    assert service.sent[1].url.startswith("https://models.github.ai/inference/chat/completions")
    assert service.sent[1].headers["authorization"] == "Bearer ghp_secret"


def test_a_key_of_another_service_is_not_shared_with_github(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub's endpoints then get a GitHub token of their own."""
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_secret")
    service = Service(lambda sent: limited() if "llm" in sent.url else chat("x"))
    client = client_of(
        twin,
        service,
        "https://llm.example/v1",
        "other-key",
        model="m",
        fallback=["github/openai/gpt-4o"],
        allow_retired=True,
    )
    twin.complete(client)
    assert "other-key" not in json.dumps(service.sent[1].headers)
    assert service.sent[1].headers["authorization"] == "Bearer ghp_secret"


def test_the_stand_in_for_a_credential_signs_nothing() -> None:
    """Should anything ever ask it for a token, that is a mistake of this package."""
    with pytest.raises(CredentialUnavailableError):
        NoCredential().get_token("scope")
