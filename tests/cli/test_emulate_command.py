"""`emulate`: the emulator as a server of its own."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
from urllib.parse import urlsplit

import pytest

from tests.cli.program import Program, finish, run, start

pytestmark = pytest.mark.extras


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_it_serves_what_it_announces() -> None:
    """The lines on stderr are all that another terminal needs."""
    process = start("emulate", "--port", "0")
    assert process.stderr is not None
    lines = [process.stderr.readline().decode() for _ in range(6)]
    settings = dict(line.split()[1].split("=", 1) for line in lines if line.startswith("  export "))
    answer = run("chat", "Hello", **settings)
    process.send_signal(signal.SIGINT)
    outcome = finish(process)
    assert answer.out.startswith("[emulated openai/gpt-4.1] Hello!")
    assert (outcome.code, outcome.out) == (0, "")
    assert "emulated (plan free)" in lines[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
def test_a_retired_service_is_emulated_too() -> None:
    """`--retired 410` answers as the service did at its end."""
    process = start("emulate", "--port", "0", "--json", "--retired", "410")
    assert process.stdout is not None
    urls = json.loads(process.stdout.readline())
    outcome = run(
        "chat", "Hello", GITHUB_MODELS_ENDPOINT=urls["inference_url"], GITHUB_MODELS_API_KEY="x"
    )
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 0
    assert outcome.code == 1
    assert "is retired (410" in outcome.error


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent the way of POSIX")
@pytest.mark.parametrize(("options", "status"), [((), 404), (("--bare-names",), 200)])
def test_bare_names_are_taken_where_asked(options: tuple[str, ...], status: int) -> None:
    """`gpt-4o` on the new paths, which mostly refused it."""
    process = start("emulate", "--port", "0", "--json", *options)
    assert process.stdout is not None
    url = urlsplit(json.loads(process.stdout.readline())["inference_url"])
    connection = http.client.HTTPConnection(url.netloc)
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]})
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    connection.request("POST", f"{url.path}/chat/completions", body, headers)
    answered = connection.getresponse().status
    connection.close()
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 0
    assert answered == status


def test_only_this_machine_is_served(program: Program) -> None:
    """A host that others can reach is wrong usage."""
    outcome = program("emulate", "--host", "0.0.0.0", "--port", "0")
    assert outcome.code == 2
    assert "is not loopback" in outcome.error


def test_a_taken_port_is_named(program: Program) -> None:
    """The cure stands beside the problem."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        outcome = program("emulate", "--port", port)
    assert outcome.code == 1
    assert f"Port {port} of 127.0.0.1 is taken. Choose another with --port" in outcome.error


@pytest.mark.parametrize(
    "options", [("--port", "70000"), ("--plan", "gold"), ("--retired", "soon")]
)
def test_wrong_values_are_wrong_usage(program: Program, options: tuple[str, ...]) -> None:
    """Ports, plans and modes that do not exist are refused."""
    assert program("emulate", *options).code == 2
