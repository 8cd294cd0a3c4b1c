"""Recordings are read in every shape that they come in; the documents here are made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recordings.reader import BESIDE_THE_CHECKOUT, VARIABLE, Interaction, files, folder, read

URL = "https://host.example//base/chat/completions?api-version=1"
EVENTS = ['data: {"choices":[]}\n\n', "data: [DONE]\n\n"]

VCRPY = f"""
interactions:
- request: {{body: '{{"model": "m"}}', method: POST, uri: "{URL}"}}
  response:
    body: {{string: '{{"a": "ü"}}'}}
    headers: {{X-Limit: [X-LIMIT-XXX], Vary: [a, b]}}
    status: {{code: 200, message: OK}}
"""
HTTPX = f"""
interactions:
- request: {{body: '{{"model": "m"}}', method: POST, uri: "{URL}"}}
  response: {{content: '{{"a": "ü"}}', headers: {{Vary: [a, b]}}, status_code: 200}}
"""
RUBY = f"""
http_interactions:
- request: {{body: {{string: '{{"model": "m"}}'}}, method: post, uri: "{URL}"}}
  response:
    status: {{code: 200, message: OK}}
    headers: {{Vary: [a, b]}}
    body: {{string: !binary "eyJhIjogIsO8In0="}}
"""


def of_test_proxy(body: object) -> str:
    entry = {
        "RequestUri": URL,
        "RequestMethod": "POST",
        "RequestBody": {"model": "m"},
        "StatusCode": 200,
        "ResponseHeaders": {"Vary": "a, b"},
        "ResponseBody": body,
    }
    return json.dumps({"Entries": [entry]})


def made(**members: object) -> Interaction:
    """An exchange with some members of its own."""
    defaults = {"name": "n", "method": "POST", "url": URL, "request": {}, "status": 200}
    return Interaction(**{**defaults, "headers": {}, "body": b"", **members})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.yaml", VCRPY, id="vcrpy"),
        pytest.param("a.yaml", HTTPX, id="vcrpy of httpx"),
        pytest.param("a.yml", RUBY, id="Ruby VCR"),
        pytest.param("a.json", of_test_proxy({"a": "ü"}), id="Azure test proxy"),
    ],
)
def test_each_shape_gives_the_same_exchange(name: str, text: str) -> None:
    """Status, headers, bodies and URL come out alike, a list of header values as one line."""
    (interaction,) = read(text, name)
    assert interaction.name == f"{name}#1"
    assert (interaction.url, interaction.request) == (URL, {"model": "m"})
    assert (interaction.status, interaction.headers["Vary"]) == (200, "a, b")
    assert json.loads(interaction.body) == {"a": "ü"}


def test_a_placeholder_stays_as_it_is() -> None:
    """What the recorder put in place of a header's value is served like a value."""
    assert read(VCRPY, "a.yaml")[0].headers["X-Limit"] == "X-LIMIT-XXX"


def test_a_list_of_events_is_one_stream() -> None:
    """The test proxy keeps a stream as a list of its events."""
    (interaction,) = read(of_test_proxy(EVENTS), "a.json")
    assert interaction.body == "".join(EVENTS).encode()


def test_another_document_is_refused() -> None:
    """A file that merely has the suffix is named, not passed over."""
    with pytest.raises(ValueError, match=r"a\.json has no list 'Entries'"):
        read("{}", "a.json")


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        pytest.param({}, "complete", id="chat"),
        pytest.param({"request": {"stream": False}}, "complete", id="stream false"),
        pytest.param({"request": {"stream": True}, "method": "post"}, "stream", id="stream"),
        pytest.param({"url": "https://host.example/embeddings"}, "embed", id="embeddings"),
        pytest.param({"url": "https://host.example/models"}, "", id="other path"),
        pytest.param({"method": "GET"}, "", id="other method"),
    ],
)
def test_the_path_decides_which_call_replays(members: dict[str, object], kind: str) -> None:
    """What no client can send has no kind, so that it has to be accounted for."""
    assert made(**members).kind == kind


def test_an_exchange_tells_the_client_that_sends_it() -> None:
    """Endpoint and version come from the URL, the moment from the answer."""
    interaction = made(headers={"DATE": "Thu, 01 Jan 1970 00:01:00 GMT"})
    assert interaction.endpoint == "https://host.example//base"
    assert interaction.api_version == "1"
    assert interaction.answered_at == 60.0


def test_an_exchange_may_have_no_date() -> None:
    """Not every recorder keeps the header."""
    assert made().answered_at is None


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without it, or with an empty one, the folder beside the checkout is meant."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.setenv(VARIABLE, "")
    assert folder() == BESIDE_THE_CHECKOUT


def test_notes_are_no_recordings(tmp_path: Path) -> None:
    """Files are named by their place in the folder, in a fixed order."""
    (tmp_path / "b").mkdir()
    for name in ("b/two.yml", "README.md", "a.json"):
        (tmp_path / name).write_text("")
    assert list(files(tmp_path)) == ["a.json", "b/two.yml"]
