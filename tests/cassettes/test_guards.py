"""What must fail: another request than the recorded one, and a recorded one that nobody makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException as NotRecorded

from tests.cassettes.deck import GITHUB, GITHUB_AZURE, Deck, cassette_at, unplayed
from tests.harness import Twin

MODEL = "openai/gpt-4.1-mini"
RECORDED = """\
version: 1
interactions:
- request:
    method: POST
    uri: https://models.github.ai/inference/chat/completions?api-version=2024-05-01-preview
    body: '{"model": "openai/gpt-4.1-mini", "messages": [{"role": "user", "content": "Hello"}]}'
    headers: {content-type: [application/json]}
  response:
    status: {code: 200, message: OK}
    headers: {content-type: [application/json]}
    body:
      string: '{"model": "m", "choices": [{"index": 0, "message": {"content": "Hi"}}]}'
"""


@pytest.fixture
def cassette(tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "hello.yaml"
    path.write_text(RECORDED)
    with cassette_at(path, None) as cassette:
        yield cassette


@pytest.fixture
def player(twin: Twin, cassette: Any) -> Iterator[Deck]:
    player = Deck(twin, None)
    yield player
    player.close()


def test_a_recorded_request_is_answered_once(player: Deck, cassette: Any) -> None:
    """The order of JSON's members does not matter; a second time is one too many."""
    client = player.client(model=MODEL)
    assert player.ask(client, "Hello").choices[0].message.content == "Hi"
    assert unplayed(cassette) == []
    with pytest.raises(NotRecorded):
        player.ask(client, "Hello")


@pytest.mark.parametrize(
    ("endpoint", "options", "asked"),
    [
        pytest.param(GITHUB, {"model": MODEL}, {"prompt": "Hullo"}, id="prompt"),
        pytest.param(GITHUB, {"model": "openai/gpt-4.1"}, {"prompt": "Hello"}, id="model"),
        pytest.param(GITHUB, {"model": MODEL}, {"prompt": "Hello", "seed": 1}, id="member"),
        pytest.param(GITHUB_AZURE, {"model": MODEL}, {"prompt": "Hello"}, id="host"),
        pytest.param(GITHUB, {"model": MODEL, "api_version": "x"}, {"prompt": "Hello"}, id="query"),
    ],
)
def test_another_request_is_refused(
    player: Deck, endpoint: str, options: dict[str, Any], asked: dict[str, Any]
) -> None:
    """Whatever differs, body included, nothing is sent and nothing answers."""
    with pytest.raises(NotRecorded):
        player.ask(player.client(endpoint, **options), **asked)


def test_what_nobody_asks_for_is_noticed(tmp_path: Path) -> None:
    """A recorded exchange that is left over is named, and stays where it is."""
    path = tmp_path / "hello.yaml"
    path.write_text(RECORDED)
    with cassette_at(path, None) as cassette:
        pass
    [left] = unplayed(cassette)
    assert left.startswith(f"POST {GITHUB}/chat/completions")
    assert path.read_text() == RECORDED
