"""``validate=True``: a credential that is refused is told before any model is asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError

from github_models_azure import Endpoint, Target, trail_of
from github_models_azure.credentials.check import check_github_token
from github_models_azure.credentials.github import TokenFinder
from tests.dialects.servers_http import LoopbackServer, Reply, Request, as_json
from tests.harness import Twin

KEY = "a-key-of-some-length"
MESSAGES = [{"role": "user", "content": "Hi"}]
MESSAGE = {"role": "assistant", "content": "Hello"}
ANSWER = {"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}
ACCEPTED = as_json({"data": []})
REFUSED = as_json({"error": {"message": f"Access denied for {KEY}"}}, 401)


class Vendor(LoopbackServer):
    """Answers chats, and to the check what it was told."""

    def __init__(self) -> None:
        self.check: Reply = ACCEPTED
        super().__init__(self._respond)

    def _respond(self, request: Request) -> Reply:
        return self.check if request.method == "GET" else as_json(ANSWER)

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.journal]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as server:
        yield server


def made(twin: Twin, vendor: Vendor, credential: Any = KEY, **keywords: Any) -> Any:
    endpoint = Endpoint("near", f"{vendor.url}/v1", dialect="vllm")
    keywords = {"model": "m", "fallback": ["near/other"], "validate": True, **keywords}
    return twin.package.ChatCompletionsClient(endpoint, credential, **keywords)


def enter(twin: Twin, client: Any, calls: int = 0) -> None:
    async def run() -> None:
        async with client:
            for _ in range(calls):
                await client.complete(messages=MESSAGES)

    if twin.is_async:
        twin.run(run())
        return
    with client:
        for _ in range(calls):
            client.complete(messages=MESSAGES)


def call_without_entering(twin: Twin, client: Any) -> Any:
    async def run() -> Any:
        try:
            return await client.complete(messages=MESSAGES)
        finally:
            await client.close()

    if twin.is_async:
        return twin.run(run())
    try:
        return client.complete(messages=MESSAGES)
    finally:
        client.close()


def test_a_refused_key_is_told_on_entering(twin: Twin, vendor: Vendor) -> None:
    """Before there is a call, without the key, and no model was asked."""
    vendor.check = REFUSED
    with pytest.raises(ClientAuthenticationError, match="key of near is not valid") as caught:
        enter(twin, made(twin, vendor))
    assert "Access denied" in str(caught.value)
    assert KEY not in str(caught.value)
    assert vendor.asked == ["GET /v1/models"]


def test_a_refused_key_is_told_before_a_call(twin: Twin, vendor: Vendor) -> None:
    """Where nobody entered the client; it is no attempt, and no fallback takes its place."""
    vendor.check = REFUSED
    other = Target("m", Endpoint("other", f"{vendor.url}/other", "other-key"))
    with pytest.raises(ClientAuthenticationError, match="key of near is not valid") as caught:
        call_without_entering(twin, made(twin, vendor, fallback=[other]))
    assert vendor.asked == ["GET /v1/models"]
    assert trail_of(caught.value) is None


def test_an_accepted_key_is_asked_about_once(twin: Twin, vendor: Vendor) -> None:
    """Entering and two calls."""
    enter(twin, made(twin, vendor), calls=2)
    chat = "POST /v1/chat/completions"
    assert vendor.asked == ["GET /v1/models", chat, chat]


def test_nobody_is_asked_unless_wanted(twin: Twin, vendor: Vendor) -> None:
    """It costs an exchange."""
    enter(twin, made(twin, vendor, validate=False), calls=1)
    assert vendor.asked == ["POST /v1/chat/completions"]


def test_what_cannot_be_found_out_is_a_warning(
    twin: Twin, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage of the check is none of the calls."""
    vendor.check = Reply(503)
    with caplog.at_level(logging.WARNING, logger="github_models_azure"):
        enter(twin, made(twin, vendor), calls=1)
    assert "key of near could not be checked: near answered 503" in caplog.text
    assert KEY not in caplog.text


def test_a_refusal_is_asked_about_anew(twin: Twin, vendor: Vendor) -> None:
    """A key that was rotated meanwhile is taken."""
    credential = AzureKeyCredential(KEY)
    client = made(twin, vendor, credential)
    check = client._wired.check
    assert KEY not in repr(check)
    vendor.check = REFUSED
    with pytest.raises(ClientAuthenticationError):
        check()
    vendor.check = ACCEPTED
    credential.update("another-key")
    enter(twin, client, calls=1)
    assert vendor.journal[1].header("authorization") == "Bearer another-key"


def test_a_plan_asks_nobody(twin: Twin, vendor: Vendor) -> None:
    """It is made without a request."""

    async def plan(client: Any) -> None:
        await client.plan_route(messages=MESSAGES)
        await client.close()

    vendor.check = REFUSED
    client = made(twin, vendor)
    if twin.is_async:
        twin.run(plan(client))
    else:
        client.plan_route(messages=MESSAGES)
        client.close()
    assert vendor.asked == []


def test_calls_at_once_share_one_check(vendor: Vendor) -> None:
    """Of the async client too."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    twin = Twin("aio")

    async def run() -> None:
        client = made(twin, vendor)
        await asyncio.gather(*(client.complete(messages=MESSAGES) for _ in range(5)))
        await client.close()

    twin.run(run())
    assert vendor.asked.count("GET /v1/models") == 1


class Tokens:
    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        raise AssertionError("never asked")


@pytest.mark.parametrize("credential", [Tokens(), None])
def test_what_cannot_be_checked_is_said_at_once(
    twin: Twin, vendor: Vendor, credential: Any
) -> None:
    """A check that was asked for is not left out in silence."""
    with pytest.raises(ValueError, match="validate=True checks tokens and keys"):
        made(twin, vendor, credential)


@pytest.mark.parametrize("kind", ["EmbeddingsClient", "ImageEmbeddingsClient"])
def test_all_clients_take_it(twin: Twin, vendor: Vendor, kind: str) -> None:
    """Not those of chats alone."""
    vendor.check = REFUSED
    endpoint = Endpoint("near", f"{vendor.url}/v1", KEY)
    with pytest.raises(ClientAuthenticationError):
        enter(twin, getattr(twin.package, kind)(endpoint, validate=True))


# GitHub tokens


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """GitHub's API on this machine."""
    with Vendor() as server:
        server.check = as_json({"resources": {}})
        check = partial(check_github_token, base_url=server.url)
        for module in ("credentials.github", "client.startup"):
            monkeypatch.setattr(f"github_models_azure.{module}.check_github_token", check)
        yield server


def test_a_github_token_is_checked_by_github(
    twin: Twin, github: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says where it came from."""
    monkeypatch.setenv("GITHUB_TOKEN", KEY)
    enter(twin, twin.package.ChatCompletionsClient(model="m", validate=True))
    github.check = as_json({"message": "Bad credentials"}, 401)
    client = twin.package.ChatCompletionsClient(model="m", validate=True)
    with pytest.raises(ClientAuthenticationError, match="token from GITHUB_TOKEN is not valid"):
        enter(twin, client)
    assert github.asked == ["GET /rate_limit"] * 2


def test_a_token_as_text_is_checked_by_github(twin: Twin, github: Vendor) -> None:
    """Not by its retired service."""
    github.check = as_json({"message": "Bad credentials"}, 401)
    with pytest.raises(ClientAuthenticationError, match="Bad credentials"):
        enter(twin, twin.package.ChatCompletionsClient(credential=KEY, validate=True))
    assert github.asked == ["GET /rate_limit"]


def test_a_credential_checks_its_token_by_itself(twin: Twin, github: Vendor) -> None:
    """For clients of the SDK: once before it is first used, and when told to."""
    make = twin.package.GitHubTokenCredential
    credential = make(KEY, validate=True, check=partial(check_github_token, base_url=github.url))
    for _ in range(2):
        assert twin.run(credential.get_token("scope")).token == KEY
    assert len(github.asked) == 1
    github.check = as_json({"message": "Bad credentials"}, 401)
    refused = make("other-token", check=partial(check_github_token, base_url=github.url))
    assert twin.run(refused.get_token("scope")).token == "other-token"
    with pytest.raises(ClientAuthenticationError, match="explicit token is not valid"):
        twin.run(refused.check())


def test_a_token_that_cannot_be_checked_is_used(
    github: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    """With a warning, and it is asked about again."""
    github.check = Reply(500)
    finder = TokenFinder(KEY, validate=True, check=partial(check_github_token, base_url=github.url))
    assert not finder.check()
    assert finder.find()[0] == KEY
    assert "could not be checked" in caplog.text
    assert KEY not in caplog.text
    assert len(github.asked) == 2


def test_a_refused_token_is_looked_up_anew(github: Vendor) -> None:
    """It may be replaced where it came from."""
    environ = {"GITHUB_TOKEN": "old"}
    finder = TokenFinder(
        environ=environ, validate=True, check=partial(check_github_token, base_url=github.url)
    )
    github.check = as_json({"message": "Bad credentials"}, 401)
    with pytest.raises(ClientAuthenticationError):
        finder.find()
    environ["GITHUB_TOKEN"] = "new"
    github.check = as_json({"resources": {}})
    assert finder.find()[0] == "new"


def test_the_switch_to_the_emulator_is_no_token(
    twin: Twin, github: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never leaves this machine."""
    pytest.importorskip("uvicorn", reason="the emulator needs the extra server")
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    enter(twin, twin.package.ChatCompletionsClient(model="openai/gpt-4.1", validate=True), calls=1)
    assert github.asked == []


def test_the_emulator_refuses_its_bad_tokens(twin: Twin) -> None:
    """As Foundry does."""
    pytest.importorskip("uvicorn", reason="the emulator needs the extra server")
    from github_models_azure.server.emulator import Emulator, EmulatorSettings

    with Emulator(
        strict_api_version=True, settings=EmulatorSettings(bad_tokens=frozenset({KEY}))
    ) as emulator:
        url = f"{emulator.url}/openai/v1"
        enter(twin, twin.package.ChatCompletionsClient(url, "good-key", validate=True))
        with pytest.raises(ClientAuthenticationError, match="Access denied"):
            enter(twin, twin.package.ChatCompletionsClient(url, KEY, validate=True))
