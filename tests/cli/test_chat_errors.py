"""`chat` when things go wrong: one clear line, code 1 or 2, nothing on stdout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import Program, run
from tests.cli.test_chat import stream
from tests.loopback import Raw, completion, serve

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = pytest.mark.extras


def test_the_default_endpoint_is_retired_and_says_what_to_set(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without settings one sentence says since when, and what to set."""
    monkeypatch.setenv("GITHUB_TOKEN", "some-token")
    outcome = program("chat", "Hello")
    assert (outcome.code, outcome.out) == (1, "")
    assert (
        "was retired on 2025-10-17; nothing was sent. Set GITHUB_MODELS_ENDPOINT" in outcome.error
    )
    assert outcome.err.count("\n") == 1


def test_without_a_token_one_sentence_says_how_to_get_one() -> None:
    """No GITHUB_TOKEN: exit code 1, no traceback."""
    with serve(lambda _: completion("x")) as journal:
        url = f"{journal.url}/inference"
        outcome = run("chat", "Hello", "--endpoint", url)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.error.startswith("error: No GitHub token was found.")
    assert "models:read" in outcome.error
    assert outcome.err.count("\n") == 1
    assert journal.requests == []


def test_a_known_service_without_its_key_says_which_variable(program: Program) -> None:
    """Nothing is sent; the vendor's variable is named."""
    outcome = program("chat", "Hello", "--endpoint", "groq", "-m", "m")
    assert (outcome.code, outcome.out) == (1, "")
    assert "The endpoint groq has no key. Set GROQ_API_KEY" in outcome.error


@pytest.mark.parametrize("command", ["chat", "plan"])
def test_a_service_of_many_models_wants_one_named(program: Program, command: str) -> None:
    """A known service is not asked for nobody's choice."""
    outcome = program(command, "Hello", "--endpoint", "mistral")
    assert (outcome.code, outcome.out) == (2, "")
    assert "mistral has many models. Name one with --model." in outcome.error


def test_an_unknown_endpoint_brings_the_known_names(program: Program) -> None:
    """All services, local servers and the settings' own."""
    outcome = program("chat", "Hello", "--endpoint", "grok", "-m", "m")
    assert "Known names: cerebras, foundry-local, gemini, github," in outcome.error


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_empty_prompt_is_refused(program: Program, prompt: str) -> None:
    """Nothing is asked for nothing."""
    outcome = program("chat", prompt, "--demo")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.error.startswith("error: The prompt is empty.")


def test_an_empty_pipe_is_no_prompt(program: Program, piped: Callable[[bytes], None]) -> None:
    """A program without input learns how to give a prompt."""
    piped(b"")
    outcome = program("chat", "--demo")
    assert outcome.code == 2
    assert "nothing was piped in. Give it as an argument or with --file" in outcome.error


def test_a_missing_prompt_file_is_named(program: Program) -> None:
    """The file and the reason are told."""
    outcome = program("chat", "--demo", "--file", "nowhere.txt")
    assert outcome.code == 1
    assert "nowhere.txt cannot be read: No such file or directory." in outcome.error


def test_binary_input_is_no_prompt(program: Program, piped: Callable[[bytes], None]) -> None:
    """Bytes that make no text are refused before anything is sent."""
    piped(b"abc\xff\xfe")
    outcome = program("chat", "--demo")
    assert outcome.code == 1
    assert "The standard input is not UTF-8 text: byte 3" in outcome.error


def test_stdin_is_read_once(program: Program, piped: Callable[[bytes], None]) -> None:
    """A dash twice cannot mean anything."""
    piped(b"Hello")
    assert program("chat", "-", "--file", "-", "--demo").code == 2


def test_an_image_must_be_one(program: Program, tmp_path: Path) -> None:
    """A file that is no image by its name is refused."""
    (tmp_path / "notes.txt").write_text("x")
    assert (
        "does not have the name of an image"
        in program("chat", "Look", "--demo", "--image", "notes.txt").error
    )


@pytest.mark.parametrize(
    ("token", "told"),
    [("bad", "answered 401: Bad credentials"), ("no-models", "`models` permission is required")],
)
def test_a_refused_token_is_told_once(
    program: Program, emulator: Emulator, token: str, told: str
) -> None:
    """A wrong token is one line, and never printed."""
    outcome = program(
        "chat", "Hello", "--endpoint", emulator.inference_url, "--token", token, "-m", "gpt-4o"
    )
    assert (outcome.code, outcome.out) == (1, "")
    assert told in outcome.error
    assert "github-models doctor" in outcome.error
    assert outcome.err.count("\n") == 2  # the other one warns of --token


def test_an_unknown_model_brings_the_nearest(program: Program, emulator: Emulator) -> None:
    """A typo in a model id is met with what was probably meant."""
    outcome = program("chat", "Hello", "-m", "openai/gpt-41")
    assert outcome.code == 1
    assert "Nearest known models: openai/gpt-4.1" in outcome.error


def test_a_prompt_that_is_too_large_says_so(program: Program, emulator: Emulator) -> None:
    """The size and the limit are told; nothing is sent."""
    outcome = program("chat", "word " * 9000, "-m", "gpt-4.1", "--fallback", "none")
    assert outcome.code == 1
    assert "is over its limit of 8,000" in outcome.error
    assert emulator.journal == ()


def test_when_all_fail_the_first_reason_is_told(program: Program, emulator: Emulator) -> None:
    """One line for the whole, and the trail for the rest, error or not."""
    emulator.fault("rate_limit", times=9, seconds=3600)
    options = ("-m", "openai/gpt-4.1", "--fallback", "openai/gpt-4o", "--trail")
    outcome = program("chat", "Hello", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert "openai/gpt-4.1 answered 429" in outcome.error
    assert "not served" in outcome.err.splitlines()
    assert sum(line.startswith("asked ") for line in outcome.err.splitlines()) == 2


PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@pytest.mark.parametrize(
    "answer",
    [
        (502, {"content-type": "text/html"}, PAGE),
        (200, {"content-type": "text/html"}, PAGE),
        (200, {}, b"not json"),
        (200, {}, b'{"error": {"code": "boom", "message": "It broke."}}'),
        (400, {}, b'{"error": {"message": "first line\\nsecond line"}}'),
        (404, {}, b""),
    ],
)
@pytest.mark.parametrize("option", ["--stream", "--no-stream"])
def test_a_strange_server_is_one_line(program: Program, answer: Raw, option: str) -> None:
    """Pages, nonsense and errors in a 200: a clear line each, and no crash."""
    with serve(lambda _: answer) as journal:
        options = ("--endpoint", journal.url, "-m", "x", "--timeout", "5", option)
        outcome = program("chat", "Hi", *options)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == outcome.error + "\n"


def test_an_unreachable_server_is_one_line(program: Program) -> None:
    """A closed port says so and points at the doctor."""
    with serve(lambda _: completion("x")) as journal:
        url = journal.url
    outcome = program("chat", "Hi", "--endpoint", url, "-m", "x")
    assert outcome.code == 1
    assert "Connection refused" in outcome.error
    assert "github-models doctor" in outcome.error


def test_a_broken_stream_keeps_what_came(emulator: Emulator) -> None:
    """The text that arrived stays on stdout, the error is on stderr."""
    emulator.fault("cut_stream", after=6)
    outcome = run("chat", "Hello", "-m", "gpt-4.1", "--fallback", "none")
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == 2  # the other one says that it was emulated
    assert outcome.out.startswith("[")
    assert outcome.out.endswith("\n")
    assert "broke after its first content" in outcome.error


def test_the_timeout_bounds_a_call(program: Program, emulator: Emulator) -> None:
    """A server that does not begin to answer is given up."""
    emulator.fault("slow_first_byte", seconds=30, times=9)
    outcome = program("chat", "Hello", "--timeout", "0.3", "--fallback", "none", "-m", "gpt-4.1")
    assert outcome.code == 1
    assert outcome.err == outcome.error + "\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--endpoint", "nowhere"),
        ("--endpoint", "ftp://example.com"),
        ("--endpoint", "https://user:secret-word@example.com"),
        ("--token", "", "--endpoint", "github"),
        ("--endpoint", "groq"),
        ("--demo", "--endpoint", "github"),
        ("--demo", "--token", "x"),
        ("--fallback", "none", "--fallback", "openai/gpt-4o"),
        ("--timeout", "0"),
        ("--max-tokens", "0"),
    ],
)
def test_options_that_make_no_sense_are_refused(program: Program, options: tuple[str, ...]) -> None:
    """Each is one line that names the option or the value, without its secret."""
    outcome = program("chat", "Hi", *options)
    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert outcome.error
    assert "secret-word" not in outcome.err


def test_the_terminal_is_not_steered_by_an_answer(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Escape sequences in an answer are shown, not carried out, on a terminal."""
    import sys

    monkeypatch.setenv("NO_COLOR", "1")
    with serve(lambda _: stream("a\x1b[31mb\r\n\x9bc")) as journal:
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
        outcome = program("chat", "Hi", "--endpoint", journal.url, "-m", "x")
    assert outcome.out == "a\\x1b[31mb\n\\x9bc\n"
