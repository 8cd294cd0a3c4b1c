"""Proxies that the environment names are used, by both twins alike."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from azure.core.exceptions import AzureError

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


def unknown(host: str, *_: object, **__: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, f"{host} is not known")


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
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "far.example")
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(AzureError):
        ask(twin)
    assert proxy.journal == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_stays_on_this_machine_passes_no_proxy(
    twin: Twin, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    """A key may go there in clear text, and a proxy is another machine."""
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(twin, Endpoint("near", f"http://{host}:{proxy.port}/v1", "the-key")) == "Hi"
    assert proxy.journal[0].header("authorization") == "Bearer the-key"


def test_a_proxy_of_the_call_goes_first(
    twin: Twin, proxy: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """azure-core's own keyword says so for one call."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(twin, proxies={"http": proxy.url}) == "Hi"
