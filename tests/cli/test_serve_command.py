"""`serve`: the gateway as a server of its own."""

from __future__ import annotations

import json
import signal
import socket
import sys
import urllib.error
import urllib.request

import pytest

from tests.cli.program import Program, finish, start

pytestmark = pytest.mark.extras


def ask(url: str, key: str) -> dict[str, object]:
    """Ask a gateway as a program does that speaks OpenAI's API."""
    body = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/chat/completions", body.encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        found: dict[str, object] = json.loads(response.read())
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_it_serves_what_it_announces() -> None:
    """The URL on stdout answers until Ctrl-C; stderr has the lines for another terminal."""
    process = start("serve", "--demo", "--port", "0", "--json")
    assert process.stdout is not None
    urls = json.loads(process.stdout.readline())
    answer = ask(urls["v1_url"], "anything")
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert "[emulated openai/gpt-4.1] Hello!" in str(answer["choices"])
    assert (outcome.code, outcome.out) == (0, "")
    assert f"  export OPENAI_BASE_URL={urls['v1_url']}\n" in outcome.err
    assert "  export OPENAI_API_KEY=anything\n" in outcome.err
    assert outcome.err.endswith("The gateway has stopped.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_a_key_on_the_command_line_is_warned_about() -> None:
    """It holds, others can see it, and it is not repeated."""
    process = start("serve", "--demo", "--port", "0", "--json", "--api-key", "a-seen-key")
    assert process.stdout is not None
    urls = json.loads(process.stdout.readline())
    answer = ask(urls["v1_url"], "a-seen-key")
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert answer["choices"]
    assert "GITHUB_MODELS_GATEWAY_KEY" in outcome.err
    assert "  export OPENAI_API_KEY=THE_KEY_OF_THE_GATEWAY\n" in outcome.err
    assert "a-seen-key" not in outcome.err


def test_a_host_for_others_needs_a_key(program: Program) -> None:
    """Without one it is wrong usage."""
    outcome = program("serve", "--demo", "--host", "0.0.0.0", "--port", "0")
    assert outcome.code == 2
    assert "it has no key. Set one with --api-key or GITHUB_MODELS_GATEWAY_KEY" in outcome.error


def test_an_endpoint_that_callers_can_name_is_a_known_one(program: Program) -> None:
    """A slip of the pen is wrong usage, and the known names stand beside it."""
    outcome = program("serve", "--demo", "--port", "0", "--allow-endpoint", "grok")
    assert outcome.code == 2
    assert "names 'grok', which is no known endpoint. Known names: " in outcome.error
    assert " groq," in outcome.error


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_callers_can_name_what_the_command_allows() -> None:
    """That endpoint is asked, here in vain; another is refused."""
    options = ("--allow-endpoint", "ollama", "--unread-timeout", "30")
    process = start("serve", "--demo", "--port", "0", "--json", *options)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["v1_url"]
    codes = [code_for(url, model) for model in ("ollama/m", "lm-studio/m")]
    process.send_signal(signal.SIGINT)
    finish(process)
    assert codes[0] != "endpoint_not_allowed"
    assert codes[1] == "endpoint_not_allowed"


def code_for(url: str, model: str) -> str:
    """Ask for a model, and return the code of the error."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{url}/chat/completions", body.encode(), headers)
    with pytest.raises(urllib.error.HTTPError) as failed:
        urllib.request.urlopen(request, timeout=30)
    code: str = json.loads(failed.value.read())["error"]["code"]
    failed.value.close()
    return code


def test_a_taken_port_is_named(program: Program) -> None:
    """The cure stands beside the problem."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = program("serve", "--demo", "--port", port)
    assert outcome.code == 1
    assert f"Port {port} of 127.0.0.1 is taken. Choose another with --port" in outcome.error
