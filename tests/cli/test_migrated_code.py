"""What `migrate` prints, run with the real `openai` package against servers on this machine.

About `cli/_openai_code.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.program import PATIENCE, Program, environment
from tests.loopback import Raw, completion, limited

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("openai") is None, reason="needs the package openai"),
]

FILE = Path("github-models.toml")


@dataclass
class Server:
    """Answers by path, and keeps what was asked."""

    url: str = ""
    answers: dict[str, Callable[[dict[str, Any]], Raw]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def answer(self, path: str, headers: dict[str, str], body: Any) -> Raw:
        self.asked.append((path, headers, body))
        return self.answers[path.partition("/")[0]](body)


@pytest.fixture
def server() -> Iterator[Server]:
    """One server; the first part of a path says which service it plays."""
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, content = found.answer(self.path[1:], headers, body)
            self.send_response(status)
            for name, value in {"content-type": "application/json", **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture(params=[(), ("--async",)], ids=["sync", "aio"])
def form(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The option that chooses the sync or the async clients."""
    options: tuple[str, ...] = request.param
    return options


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run printed code as a program of its own."""
    Path("migrated.py").write_text(code, "utf-8")
    return subprocess.run(
        [sys.executable, "migrated.py"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(NO_PROXY="127.0.0.1", **environ),
        check=False,
    )


def model_answers(body: dict[str, Any]) -> Raw:
    return completion(body["model"])


def gone(_: dict[str, Any]) -> Raw:
    error = {"code": "github_models_retirement_brownout", "message": "gone"}
    return 410, {}, json.dumps({"error": error}).encode()


def wrong(_: dict[str, Any]) -> Raw:
    return 400, {}, b'{"error": {"message": "no such parameter"}}'


def test_the_code_falls_back_as_the_settings_say(
    program: Program, server: Server, form: tuple[str, ...]
) -> None:
    """A limit, then an end, then an answer: each target with its own key, query and headers."""
    FILE.write_text(
        f"""
        endpoint = "first"
        model = "m"
        fallback = ["second/n", "third/d", "fourth/o"]
        [endpoints.first]
        url = "{server.url}/first/v1"
        dialect = "openai-compatible"
        credential = {{ env = "FIRST" }}
        [endpoints.second]
        url = "{server.url}/second/v1?team=red"
        dialect = "own"
        credential = {{ env = "SECOND" }}
        headers = {{ X-Team = "blue" }}
        [endpoints.third]
        url = "{server.url}/third/openai/deployments/d"
        dialect = "azure-openai"
        credential = {{ env = "THIRD" }}
        [endpoints.fourth]
        url = "{server.url}/fourth/v1"
        [dialects.own]
        auth = "X-Key"
        """
    )
    server.answers |= {"first": lambda _: limited(), "second": gone, "third": model_answers}
    names = ("FIRST", "SECOND", "THIRD", "SECOND_TEAM", "SECOND_X_TEAM")
    code = program("migrate", *form).out
    done = run(code, **{name: f"its-{name.lower().replace('_', '-')}" for name in names})
    assert (done.returncode, done.stdout) == (0, "Hello from d\n"), done.stderr
    assert server.paths == [
        "first/v1/chat/completions",
        "second/v1/chat/completions?team=its-second-team",
        "third/openai/deployments/d/chat/completions?api-version=2024-12-01-preview",
    ]
    first, second, third = (headers for _, headers, _ in server.asked)
    assert first["authorization"] == "Bearer its-first"
    assert (second["x-key"], second["x-team"]) == ("its-second", "its-second-x-team")
    assert third["api-key"] == "its-third"
    assert [body["model"] for _, _, body in server.asked] == ["m", "n", "d"]


def test_a_wrong_request_is_not_carried_on(
    program: Program, server: Server, form: tuple[str, ...]
) -> None:
    """A 400 is the request's own fault, and raised."""
    FILE.write_text(
        f"""
        endpoint = "{server.url}/first/v1"
        model = "m"
        fallback = ["other"]
        """
    )
    server.answers["first"] = wrong
    done = run(program("migrate", *form).out)
    assert done.returncode == 1
    assert "openai.BadRequestError" in done.stderr
    assert len(server.asked) == 1


def test_the_last_error_is_raised(program: Program, server: Server, form: tuple[str, ...]) -> None:
    """Where nobody answers, one request each and what the last one said."""
    FILE.write_text(f'endpoint = "{server.url}/first/v1"\nmodel = "m"\nfallback = ["n", "o"]\n')
    server.answers["first"] = lambda body: limited() if body["model"] != "o" else gone(body)
    done = run(program("migrate", *form).out)
    assert done.returncode == 1
    assert "Error code: 410" in done.stderr
    assert [body["model"] for _, _, body in server.asked] == ["m", "n", "o"]


def test_entra_signs_each_class(program: Program, server: Server, form: tuple[str, ...]) -> None:
    """The token goes as Bearer, for each endpoint's scope; of a stand-in for azure-identity."""
    FILE.write_text(
        f"""
        endpoint = "foundry"
        model = "m"
        fallback = ["deployment/d"]
        [endpoints.foundry]
        url = "{server.url}/first/openai/v1"
        dialect = "openai-v1"
        credential = {{ entra = true }}
        [endpoints.deployment]
        url = "{server.url}/second/openai/deployments/d"
        dialect = "azure-openai"
        credential = {{ entra = true }}
        """
    )
    server.answers |= {"first": lambda _: limited(), "second": model_answers}
    done = run(STAND_IN + program("migrate", *form).out)
    assert (done.returncode, done.stdout) == (0, "Hello from d\n"), done.stderr
    assert [headers["authorization"] for _, headers, _ in server.asked] == [
        "Bearer https://ai.azure.com/.default",
        "Bearer https://cognitiveservices.azure.com/.default",
    ]


STAND_IN = """\
import sys
from types import ModuleType


class DefaultAzureCredential:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass


def provider(credential, scope):
    return lambda: scope


def async_provider(credential, scope):
    async def give():
        return scope

    return give


for name, give in (("azure.identity", provider), ("azure.identity.aio", async_provider)):
    sys.modules[name] = module = ModuleType(name)
    module.DefaultAzureCredential = DefaultAzureCredential
    module.get_bearer_token_provider = give
"""


def test_the_emulator_answers_the_code(
    program: Program, emulator: Emulator, form: tuple[str, ...]
) -> None:
    """The settings that serve this package serve the code: same endpoint, key and models."""
    emulator.fault("rate_limit", times=1, seconds=3600)
    code = program("migrate", "-m", "gpt-4.1", *form).out
    done = run(code, GITHUB_MODELS_API_KEY="some-key")
    assert done.returncode == 0, done.stderr
    assert "Hello" in done.stdout
    assert [entry.status for entry in emulator.journal] == [429, 200]
