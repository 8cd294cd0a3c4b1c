"""`chat`: prompts in, answers out.

About `cli/_connect.py`, `cli/_exchange.py`, `cli/_options.py`, `cli/_prompt.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.program import Program, run
from tests.loopback import Raw, completion, serve

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = pytest.mark.extras

HELLO = "[emulated openai/gpt-4.1] Hello! How can I help you today?\n"


def stream(*parts: str, finish: str = "stop") -> Raw:
    """A streamed answer, as one body."""
    deltas: list[tuple[dict[str, str], str | None]] = [({"content": part}, None) for part in parts]
    lines = []
    for delta, reason in [*deltas, ({}, finish)]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        lines.append(f"data: {json.dumps({**chunk, 'choices': [choice]})}\n\n")
    body = "".join(lines) + "data: [DONE]\n\n"
    return 200, {"content-type": "text/event-stream"}, body.encode()


def test_a_prompt_is_answered_on_stdout(program: Program, emulator: Emulator) -> None:
    """The answer alone is on stdout; that it is emulated stands on stderr."""
    outcome = program("chat", "Hello")
    assert (outcome.code, outcome.out) == (0, HELLO)
    assert outcome.err == "note: the answer is emulated; no model was asked.\n"


def test_the_prompt_may_be_piped_in(
    program: Program, emulator: Emulator, piped: Callable[[bytes], None]
) -> None:
    """Without an argument the standard input is the prompt."""
    piped(b"What is 2 + 3?\n")
    assert program("chat").out.endswith("2 + 3 = 5\n")


def test_a_dash_stands_for_the_standard_input(emulator: Emulator) -> None:
    """`-` reads the prompt from a pipe."""
    assert run("chat", "-", stdin=b"What is 2 + 3?").out.endswith("2 + 3 = 5\n")


def test_a_file_adds_to_the_prompt(program: Program, emulator: Emulator, tmp_path: Path) -> None:
    """Argument and file are one prompt, in this order."""
    (tmp_path / "text.txt").write_text("\ufeffcaf\u00e9", encoding="utf-8")
    program("chat", "Repeat:", "--file", "text.txt")
    body: Any = emulator.journal[-1].body
    assert body["messages"][-1]["content"] == "Repeat:\n\ncaf\u00e9"


def test_the_options_reach_the_request(program: Program, emulator: Emulator) -> None:
    """System message, model, limits and images are sent as given."""
    options = ["-m", "openai/gpt-4o", "-s", "Be brief.", "--max-tokens", "7", "--temperature", "0"]
    program("chat", "Look", *options, "--no-stream", "--image", "https://example.com/a.png")
    body: Any = emulator.journal[-1].body
    system, user = body["messages"]
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("openai/gpt-4o", 7, 0)
    assert (system["content"], user["content"][0]["text"]) == ("Be brief.", "Look")
    assert user["content"][1]["image_url"]["url"] == "https://example.com/a.png"
    assert not body.get("stream")


def test_an_image_file_is_sent_as_data(
    program: Program, emulator: Emulator, tmp_path: Path
) -> None:
    """A file becomes a data URL of its type."""
    (tmp_path / "dot.png").write_bytes(b"\x89PNG")
    program("chat", "Look", "--image", "dot.png")
    body: Any = emulator.journal[-1].body
    url = body["messages"][0]["content"][1]["image_url"]["url"]
    assert url == "data:image/png;base64,iVBORw=="


def test_answers_are_streamed_unless_told_otherwise(program: Program, emulator: Emulator) -> None:
    """`chat` streams; `--no-stream` and `--json` do not."""
    program("chat", "Hello")
    program("chat", "Hello", "--no-stream")
    program("chat", "Hello", "--json")
    program("chat", "Hello", "--json", "--stream")
    bodies: list[Any] = [entry.body for entry in emulator.journal]
    assert [bool(body.get("stream")) for body in bodies] == [True, False, False, True]


def test_a_model_without_streams_is_not_asked_for_one(program: Program) -> None:
    """The default gives way where a model is known not to stream."""
    with serve(lambda body: completion(body["model"])) as journal:
        options = ("--endpoint", journal.url, "-m", "openai/o1-mini", "--fallback", "none")
        outcome = program("chat", "Hello", *options)
    assert (outcome.code, outcome.out) == (0, "Hello from openai/o1-mini\n")
    assert [bool(body.get("stream")) for _, body in journal.requests] == [False]


def test_a_proxy_is_not_asked_for_this_machine() -> None:
    """Where a proxy leads out of the house, the emulator is still reached."""
    dead = "http://127.0.0.1:9"
    outcome = run("chat", "--demo", "Hello", HTTP_PROXY=dead, http_proxy=dead, ALL_PROXY=dead)
    assert (outcome.code, outcome.out) == (0, HELLO)


@pytest.mark.parametrize("option", ["--stream", "--no-stream"])
def test_json_tells_everything(program: Program, emulator: Emulator, option: str) -> None:
    """One object holds the answer, who gave it, and the trail."""
    found = program("chat", "Hello", "-m", "openai/gpt-4.1", "--json", option).json
    assert found["content"] == HELLO.strip()
    assert found["requested"] == found["served_by"]
    assert found["served_by"].endswith("/openai/gpt-4.1")
    assert (found["emulated"], found["finish_reason"]) == (True, "stop")
    (step,) = found["trail"]
    assert (step["event"], step["status"], step["failure"]) == (
        "attempt",
        200,
        None,
    )


def test_json_has_the_usage(program: Program, emulator: Emulator) -> None:
    """Tokens are counted as the server counts them."""
    usage = program("chat", "Hello", "--json").json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert "estimated_usage" not in program("chat", "Hello", "--json").json


@pytest.mark.parametrize("option", ["--stream", "--no-stream"])
def test_json_has_an_estimate_beside_a_missing_usage(program: Program, option: str) -> None:
    """It is marked, and the answer's own usage stays empty."""
    body = json.loads(completion("m")[2])
    del body["usage"]
    whole = (200, {}, json.dumps(body).encode())
    with serve(lambda sent: stream("Hello from m") if sent.get("stream") else whole) as journal:
        options = ("--endpoint", journal.url, "-m", "m", "--fallback", "none", "--json", option)
        found = program("chat", "Hello", *options).json
    assert found["usage"] is None
    assert found["estimated_usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 3,
        "total_tokens": 10,
        "estimated": True,
    }


def test_a_fallback_is_mentioned_and_its_trail_shown(program: Program, emulator: Emulator) -> None:
    """Another model's answer says so; `--trail` tells each step."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=3600)
    outcome = program(
        "chat", "Hello", "-m", "openai/gpt-4.1", "--fallback", "openai/gpt-4o", "--trail"
    )
    assert outcome.code == 0
    assert outcome.out.startswith("[emulated openai/gpt-4o]")
    assert "openai/gpt-4o answers instead of" in outcome.err
    assert "429 rate_limited" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("served by ")


def test_no_fallback_asks_nobody_else(program: Program, emulator: Emulator) -> None:
    """`--fallback none` leaves the one target."""
    emulator.fault("rate_limit", model="openai/gpt-4.1", seconds=3600)
    outcome = program("chat", "Hello", "-m", "openai/gpt-4.1", "--fallback", "none")
    assert outcome.code == 1
    assert "is rate limited and returns in" in outcome.error
    assert len(emulator.journal) == 1


def test_demo_needs_no_settings(program: Program) -> None:
    """`--demo` answers on a bare machine."""
    outcome = program("chat", "--demo", "Hello")
    assert (outcome.code, outcome.out) == (0, HELLO)
    assert "emulated" in outcome.err


def test_the_demo_token_is_a_switch_to_the_emulator(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GITHUB_TOKEN=demo_token answers like `--demo`."""
    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    outcome = program("chat", "Hello")
    assert (outcome.code, outcome.out) == (0, HELLO)
    assert "emulated" in outcome.err


def test_any_endpoint_will_do(program: Program) -> None:
    """A server of an unknown kind is asked as it is, without a credential."""
    with serve(lambda body: completion(body["model"])) as journal:
        outcome = program("chat", "Hi", "--endpoint", journal.url, "-m", "tiny", "--no-stream")
    assert (outcome.code, outcome.out) == (0, "Hello from tiny\n")
    assert outcome.err == ""


def test_a_token_on_the_command_line_is_used_and_warned_about(
    program: Program, emulator: Emulator
) -> None:
    """The token works, and never shows up again."""
    url = emulator.inference_url
    outcome = program("chat", "Hello", "--endpoint", url, "--token", "sesame-1234", "--trail")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: other users of this machine can see a token")
    assert "sesame" not in outcome.out + outcome.err


def test_an_answer_that_was_cut_is_noted(program: Program) -> None:
    """The reader learns that there would have been more."""
    with serve(lambda _: stream("half a", finish="length")) as journal:
        outcome = program("chat", "Hi", "--endpoint", journal.url, "-m", "x")
    assert (outcome.code, outcome.out) == (0, "half a\n")
    assert "limit of output tokens" in outcome.err


def test_an_answer_without_text_is_noted(program: Program) -> None:
    """Silence is explained."""
    with serve(lambda _: stream("")) as journal:
        outcome = program("chat", "Hi", "--endpoint", journal.url, "-m", "x")
    assert outcome.out == ""
    assert "the answer has no text (finish reason: stop)" in outcome.err


@pytest.mark.parametrize(
    "encoding", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}]
)
def test_a_narrow_encoding_loses_no_answer(encoding: dict[str, str]) -> None:
    """What the terminal cannot show is escaped; nothing crashes."""
    with serve(lambda _: stream("caf\u00e9 ", "\U0001f600")) as journal:
        outcome = run("chat", "Hi", "--endpoint", journal.url, "-m", "x", **encoding)
    assert outcome.code == 0
    assert outcome.out in ("caf\\xe9 \\U0001f600\n", "caf\u00e9 \U0001f600\n")


def test_json_is_valid_in_a_narrow_encoding() -> None:
    """Characters that cannot be shown are JSON's own escapes."""
    with serve(lambda _: stream("caf\u00e9 \ud83d")) as journal:
        options = ("--endpoint", journal.url, "-m", "x", "--json", "--stream")
        narrow = run("chat", "Hi", *options, PYTHONIOENCODING="ascii")
        wide = run("chat", "Hi", *options, PYTHONIOENCODING="utf-8")
    assert narrow.json["content"] == wide.json["content"] == "caf\u00e9 \ud83d"
