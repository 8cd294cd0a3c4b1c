"""What the cassettes may hold: no secrets, nothing of a machine, text that can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cassettes.conftest import LIBRARY
from tests.cassettes.contents import REQUEST_HEADERS, ReadableYaml, is_kept, laid_out
from tests.cassettes.deck import GITHUB, GITHUB_AZURE

CASSETTES = sorted(LIBRARY.rglob("*.yaml"))
FORBIDDEN = {
    "a token": r"gh[a-z]_\w|github_pat_|\bbearer\b|\bsk-\w|\beyJ[\w-]{10}",
    "a header with a secret": r"authorization|api-key|cookie|x-ms-client-request-id",
    "a host of this machine": r"127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1?\]",
    "a path of this machine": r"/(?:home|Users|root|tmp|var)/|[A-Z]:\\",
    "a description of this machine": r"user-agent|azsdk-|\bLinux\b|\bDarwin\b|\bWindows\b",
}

each_cassette = pytest.mark.parametrize(
    "path", CASSETTES, ids=[f"{path.parent.name}/{path.stem}" for path in CASSETTES]
)


def found_in(text: str) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if re.search(f"(?i){pattern}", text)]


@each_cassette
def test_a_cassette_gives_nothing_away(path: Path) -> None:
    """Nothing that looks like a secret, or like the machine it was recorded on."""
    assert found_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "ghp_abc", "github_pat_abc", "Authorization: x", "Bearer abc", "key: sk-abc",
        "http://127.0.0.1:80", "http://localhost", "/home/me", r"C:\me", "azsdk-python",
    ],
)  # fmt: skip
def test_the_search_for_secrets_finds_them(text: str) -> None:
    """The patterns match what they are meant for."""
    assert found_in(text)


@each_cassette
def test_a_cassette_holds_what_is_listed(path: Path) -> None:
    """Only listed headers, the real service's address, and bodies as text."""
    text = path.read_text(encoding="utf-8")
    assert "!!" not in text
    for exchange in yaml.safe_load(text)["interactions"]:
        request, response = exchange["request"], exchange["response"]
        assert request["uri"].startswith((f"{GITHUB}/", f"{GITHUB_AZURE}/"))
        assert set(request["headers"]) <= REQUEST_HEADERS
        assert all(is_kept(name) for name in response["headers"])
        for body in (request["body"], response["body"]["string"]):
            assert body == laid_out(body.encode()).decode()


@each_cassette
def test_a_cassette_has_its_test(path: Path) -> None:
    """A cassette whose test was renamed or removed would stay for ever."""
    module = Path(__file__).with_name(f"test_{path.parent.name}.py")
    name = path.stem.partition("-")[0]
    assert f"def test_{name}(" in module.read_text(encoding="utf-8")


def test_json_is_laid_out_without_a_change_of_value() -> None:
    """Long values are broken into lines, short ones are not; a second time changes nothing."""
    value: Any = {"short": [1, 2.5, None, {}], "long": ["word" * 20, {"\u00e9": "x" * 80}]}
    text = laid_out(json.dumps(value).encode())
    assert json.loads(text) == value
    assert b'\n  "short": [1, 2.5, null, {}],\n' in text
    assert laid_out(text) == text


def test_a_stream_is_kept_as_it_came() -> None:
    """What is not JSON is nobody's to lay out."""
    assert laid_out(b'data: {"a":1}\n\ndata: [DONE]\n\n') == b'data: {"a":1}\n\ndata: [DONE]\n\n'


def test_a_body_is_written_as_a_block() -> None:
    """vcrpy's own reader reads it back to the letter, and nothing is wrapped."""
    stored = {"body": laid_out(json.dumps({"long": ["word " * 30, "y" * 90]}).encode()).decode()}
    written = ReadableYaml.serialize(stored)
    assert written.startswith("body: |-\n  {\n")
    assert ReadableYaml.deserialize(written) == stored
