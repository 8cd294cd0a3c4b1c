"""Proxies that the environment names are used, by both twins alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from github_models_azure import Endpoint
from tests.dialects.servers_http import LoopbackServer, Reply, Request, as_json
from tests.harness import Twin

FAR = Endpoint("far", "http://far.example/v1", anonymous=True)
MESSAGE = {"role": "assistant", "content": "Hi"}
ANSWER = {"id": "1", "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}


@pytest.fixture
def proxy() -> Iterator[LoopbackServer]:
    """A proxy that answers by itself."""

    def answer(request: Request) -> Reply:
        return as_json(ANSWER)

    with LoopbackServer(answer) as server:
        yield server


def ask(twin: Twin, endpoint: Endpoint = FAR, **keywords: object) -> str:
    async def run() -> str:
        async with twin.package.ChatCompletionsClient(endpoint, model="m", fallback=None) as client:
            result = await client.complete(messages=[{"role": "user", "content": "Hi"}], **keywords)
            return str(result.choices[0].message.content)

    if twin.is_async:
        return str(twin.run(run()))
    with twin.package.ChatCompletionsClient(endpoint, model="m", fallback=None) as client:
        result = client.complete(messages=[{"role": "user", "content": "Hi"}], **keywords)
        return str(result.choices[0].message.content)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_proxy_of_the_environment_is_asked(
    twin: Twin, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It gets the whole URL, as proxies do."""
    monkeypatch.setenv(name, proxy.url)
    assert ask(twin) == "Hi"
    assert proxy.journal[0].path == "http://far.example/v1/chat/completions"


def test_no_proxy_is_asked_for_what_it_is_not_for(
    twin: Twin, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``NO_PROXY`` names the servers that are asked themselves."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert ask(twin, Endpoint("near", f"{proxy.url}/v1", anonymous=True)) == "Hi"


def test_a_proxy_of_the_call_goes_first(
    twin: Twin, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-core's own keyword says so for one call."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(twin, proxies={"http": proxy.url}) == "Hi"
