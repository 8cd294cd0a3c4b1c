"""The emulator on a real port: the stock SDK as client, and a clean end.

About `server/emulator/app.py`, `server/emulator/settings.py`, `server/emulator/state.py`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.ai.inference import ChatCompletionsClient, EmbeddingsClient
from azure.ai.inference.models import (
    AssistantMessage,
    ChatCompletionsToolDefinition,
    FunctionDefinition,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from emulator_helpers import WEATHER, Clock

from github_models_azure.server.emulator import Emulator, Fault, FaultKind, serve

ROOT = Path(__file__).parents[3]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(plan="enterprise", clock=Clock()) as running:
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[ChatCompletionsClient]:
    key = AzureKeyCredential("key")
    options: Any = {"model": "openai/gpt-4o", "retry_total": 0}
    with ChatCompletionsClient(emulator.inference_url, key, **options) as made:
        yield made


def test_the_stock_client_chats(client: ChatCompletionsClient) -> None:
    """A plain completion through the SDK."""
    result = client.complete(
        messages=[SystemMessage("Be brief."), UserMessage("What is the capital of Norway?")]
    )
    assert result.choices[0].message.content.endswith("Oslo.")
    assert result.choices[0].finish_reason == "stop"
    assert result.model == "gpt-4o-2024-11-20"
    assert result.usage.total_tokens > 0


def test_the_stock_client_streams(client: ChatCompletionsClient) -> None:
    """A stream through the SDK, with the usage chunk that has no choices."""
    updates = list(
        client.complete(
            messages=[UserMessage("Say hello")],
            stream=True,
            model_extras={"stream_options": {"include_usage": True}},
        )
    )
    text = "".join(u.choices[0].delta.content or "" for u in updates if u.choices)
    assert text == "[emulated openai/gpt-4o] Hello! How can I help you today?"
    assert updates[-1].usage is not None


def test_the_stock_client_calls_tools(client: ChatCompletionsClient) -> None:
    """Question, call, result, answer."""
    tool = ChatCompletionsToolDefinition(function=FunctionDefinition(WEATHER["function"]))
    messages: list[Any] = [UserMessage("What's the weather in Oslo?")]
    first = client.complete(messages=messages, tools=[tool])
    (call,) = first.choices[0].message.tool_calls or ()
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    messages += [AssistantMessage(tool_calls=[call]), ToolMessage("snow", tool_call_id=call.id)]
    second = client.complete(messages=messages, tools=[tool])
    assert "get_weather says: snow" in second.choices[0].message.content


def test_the_stock_client_embeds_on_the_legacy_path(emulator: Emulator) -> None:
    """Embeddings through the SDK under a legacy name."""
    key = AzureKeyCredential("key")
    with EmbeddingsClient(emulator.legacy_url, key) as client:
        result = client.embed(input=["one", "two"], model="text-embedding-3-small")
    assert [len(item.embedding) for item in result.data] == [1536, 1536]


def test_the_stock_client_meets_errors(client: ChatCompletionsClient) -> None:
    """Codes and headers arrive as the SDK shows them."""
    with pytest.raises(HttpResponseError) as caught:
        client.complete(messages=[UserMessage("Hi")], model="openai/nothing")
    assert caught.value.status_code == 404
    assert caught.value.error is not None
    assert caught.value.error.code == "unknown_model"


def test_the_stock_client_meets_bad_credentials(emulator: Emulator) -> None:
    """A wrong token is the SDK's authentication error."""
    key = AzureKeyCredential("bad")
    with (
        ChatCompletionsClient(emulator.inference_url, key) as client,
        pytest.raises(ClientAuthenticationError, match="Bad credentials"),
    ):
        client.complete(messages=[UserMessage("Hi")], model="openai/gpt-4o")


def test_a_cut_stream_breaks_the_connection(
    emulator: Emulator, client: ChatCompletionsClient
) -> None:
    """The chunked framing ends too early, which the SDK notices."""
    emulator.fault("cut_stream", after=4)
    updates = client.complete(messages=[UserMessage("Hi")], stream=True)
    with pytest.raises(HttpResponseError):
        list(updates)


def test_a_client_that_leaves_ends_its_request(emulator: Emulator) -> None:
    """A stalled stream does not count as running once its client is gone."""
    emulator.fault("stall", after=1, seconds=60)
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    with requests.Session() as session:
        answer = session.post(
            f"{emulator.inference_url}/chat/completions",
            json={**body, "stream": True},
            headers={"authorization": "Bearer key"},
            stream=True,
            timeout=5,
        )
        lines = answer.iter_lines()
        next(lines)
        assert emulator.state.limiter.running() == 1
        answer.close()
    assert emulator.state.limiter.wait_idle(5)


def test_concurrent_requests_are_limited() -> None:
    """The third stream at once on the high tier of the free plan is a 429 of 0 seconds."""
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"authorization": "Bearer key"}
    with Emulator(clock=Clock()) as emulator, requests.Session() as session:
        emulator.fault("stall", after=1, seconds=60, times=2)
        url = f"{emulator.inference_url}/chat/completions"
        options: Any = {"headers": headers, "stream": True, "timeout": 5}
        running = [session.post(url, json={**body, "stream": True}, **options) for _ in range(2)]
        third = session.post(url, json=body, headers=headers, timeout=5)
        for answer in running:
            answer.close()
    assert third.status_code == 429
    assert third.headers["retry-after"] == "0"
    assert third.json()["error"]["message"] == (
        "Rate limit of 2 per 0s exceeded for UserConcurrentRequests. "
        "Please wait 0 seconds before retrying."
    )


def test_the_clock_and_the_journal_are_at_hand(emulator: Emulator) -> None:
    """A test advances the clock and reads what arrived."""
    before = emulator.state.clock()
    assert emulator.advance(90) == before + 90
    requests.get(f"{emulator.url}/catalog/models", timeout=5)
    (entry,) = emulator.journal
    assert (entry.path, entry.time) == ("/catalog/models", before + 90)
    emulator.reset()
    assert emulator.journal == ()
    assert emulator.state.clock() == before


def test_the_emulator_leaves_nothing_behind() -> None:
    """After the block there is no thread and no listener, stalled streams notwithstanding."""
    before = threading.active_count()
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    with Emulator() as emulator, requests.Session() as session:
        port = int(emulator.url.rpartition(":")[2])
        emulator.fault("stall", after=1, seconds=600)
        answer = session.post(
            f"{emulator.inference_url}/chat/completions",
            json={**body, "stream": True},
            headers={"authorization": "Bearer key"},
            stream=True,
            timeout=5,
        )
        emulator.stop()
        answer.close()
    assert threading.active_count() == before
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_an_emulator_runs_again_after_its_end() -> None:
    """The same object may be started twice, one after the other."""
    emulator = Emulator()
    for _ in range(2):
        with emulator:
            assert requests.get(f"{emulator.url}/info", timeout=5).status_code == 404
    with pytest.raises(RuntimeError, match="is not running"):
        _ = emulator.url


def test_starting_twice_at_once_is_refused() -> None:
    """One object is one server."""
    with Emulator() as emulator, pytest.raises(RuntimeError, match="is already running"):
        emulator.start()


def test_an_interrupt_passes_through() -> None:
    """Ctrl-C in the main thread ends the block, and the emulator with it."""
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Emulator():
        signal.raise_signal(signal.SIGINT)
    assert threading.active_count() == before


def test_the_representation_says_where_it_runs() -> None:
    """A test report shows address and plan."""
    emulator = Emulator(plan="pro", host="localhost")
    assert repr(emulator) == "Emulator(not running, plan='pro', retired=None)"
    with emulator:
        assert repr(emulator).startswith("Emulator(http://127.0.0.1:")


def test_retirement_may_come_while_it_runs(emulator: Emulator) -> None:
    """A service can be retired and brought back between two requests."""
    statuses = []
    for mode in (None, "410", None):
        emulator.retire(mode)
        statuses.append(requests.get(f"{emulator.url}/catalog/models", timeout=5).status_code)
    assert statuses == [200, 410, 200]


def test_a_fault_is_a_value_or_a_kind(emulator: Emulator) -> None:
    """Both ways of naming a fault mean the same, and mixing them is refused."""
    fault = Fault(FaultKind.STATUS, status=503)
    assert emulator.fault(fault) == emulator.fault(FaultKind.STATUS, status=503) == fault
    with pytest.raises(ValueError, match="not both"):
        emulator.fault(fault, times=2)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])
def test_only_loopback_is_bound(host: str) -> None:
    """Neither the class nor the function listens to other machines."""
    with pytest.raises(ValueError, match="loopback"):
        Emulator(host=host)
    with pytest.raises(ValueError, match="loopback"):
        serve(host, 0)


def test_a_missing_extra_is_named() -> None:
    """Without the server extra the import says what to install."""
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "try: import github_models_azure.server.emulator\n"
        "except ImportError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "pip install 'github-models-azure[server]'" in told.stdout


def test_a_taken_port_is_an_error_of_the_system() -> None:
    """The reason is told, and nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        emulator = Emulator(port=taken.getsockname()[1])
        with pytest.raises(OSError, match=r"in use|permitted"):
            emulator.start()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child process is a POSIX thing")
def test_serve_ends_on_an_interrupt() -> None:
    """The blocking form announces its address and ends quietly on Ctrl-C."""
    code = (
        "from github_models_azure.server.emulator import serve\n"
        "serve(port=0, on_ready=lambda url: print(url, flush=True))\n"
        "print('ended')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        state = requests.get(f"{url}/_emulator/state", timeout=5).json()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
    assert state["plan"] == "free"
    assert (output.strip(), errors, process.returncode) == ("ended", "", 0)
