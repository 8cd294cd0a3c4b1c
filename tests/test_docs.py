"""The pages and the README are run: what they show is what happens.

A block of Python runs against the emulator, as ``GITHUB_TOKEN=demo_token`` makes it, one page in
one namespace; a block of text right after it is what it prints. After the comment
``<!-- needs a live service -->`` a block is only compiled. A page with the comment
``<!-- needs the package NAME -->`` is run where that package is installed, and a block right after
such a comment where that one is, whatever the page needs.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
MAPS = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
SAMPLES = [
    path
    for path in sorted((ROOT / "docs" / "samples").glob("*.py"))
    if not path.name.startswith("test_")
]
PROVIDER = [ROOT / "docs" / "samples" / name for name in ("test_acme.py", "acme.toml")]
MEASURED = ROOT / "docs" / "samples" / "plain_sdk_beside_this.py"
LIVE = "<!-- needs a live service -->"
COMMANDS = ['pip install ".[cli]" && github-models demo', "pip install nox && nox -s tests"]

_BLOCK = re.compile(
    r"^(?P<live><!-- needs a live service -->\n)?(?:<!-- needs the package (?P<package>\w+) -->\n)?"
    r"```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PACKAGE = re.compile(r"^<!-- needs the package (\w+) -->\n(?!```)", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
# What differs from run to run: ports and lengths of time.
_VARYING = [
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\b\d+\.\d\d s\b"), "N s"),
    (re.compile(r"\breturns in [^,;)\n]+"), "returns in N"),
]
# A sample that tries to leave this machine fails.
_GUARD = """
import faulthandler, runpy, socket, sys
faulthandler.dump_traceback_later(60, exit=True)
connect = socket.socket.connect
def guarded(self, address):
    if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise RuntimeError(f"the sample tried to reach {address[0]}")
    connect(self, address)
socket.socket.connect = guarded
"""
_OFFLINE = _GUARD + 'runpy.run_path(sys.argv[1], run_name="__main__")'
_OFFLINE_TESTS = _GUARD + 'import pytest; sys.exit(pytest.main(["-q", sys.argv[1]]))'


@dataclass(frozen=True)
class Block:
    """One block of a page, with the text that it should print."""

    language: str
    code: str
    line: int
    live: bool
    printed: str | None
    package: str | None


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    found = list(_BLOCK.finditer(text))
    result = []
    for number, match in enumerate(found):
        after = found[number + 1] if number + 1 < len(found) else None
        adjacent = after is not None and not text[match.end() : after.start()].strip()
        shown = after["code"] if after and adjacent and after["language"] == "text" else None
        line = text.count("\n", 0, match.start("code")) + 1
        live = match["live"] is not None
        about = (match["language"], match["code"], line, live, shown, match["package"])
        result.append(Block(*about))
    return result


def runnable(page: Path) -> list[Block]:
    """Return the blocks of Python whose packages are installed and that need no live service."""
    whole = all(map(find_spec, _PACKAGE.findall(page.read_text("utf-8"))))
    return [
        block
        for block in blocks(page)
        if block.language == "python"
        and not block.live
        and (find_spec(block.package) is not None if block.package else whole)
    ]


def name_of(path: Path) -> str:
    return path.name


def steady(text: str) -> str:
    """Take out what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    return {**kept, "PYTHONIOENCODING": "utf-8", **more}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The documented switch to the emulator; it has met nobody yet."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    from github_models_azure.policies import observe_new_clients
    from github_models_azure.server.emulator import runner

    monkeypatch.setenv("GITHUB_TOKEN", "demo_token")
    runner.demo_endpoint()
    runner._running[0].reset()
    yield
    runner._running[0].reset()
    observe_new_clients(None)  # the page on telemetry leaves its own on
    logging.getLogger("github_models_azure").setLevel(logging.NOTSET)  # and one page its level


def close(namespace: dict[str, Any]) -> None:
    """Close the clients and emulators that a page leaves open, newest first."""
    for value in reversed(list(namespace.values())):
        if inspect.isclass(value):
            continue
        for name in ("stop", "close"):
            end = getattr(value, name, None)
            if callable(end) and type(value).__module__.startswith("github_models_azure"):
                ended = end()
                if inspect.isawaitable(ended):
                    asyncio.run(_wait(ended))
                break


async def _wait(ended: Any) -> None:
    await ended


@pytest.mark.extras
# Warnings of frameworks about themselves.
@pytest.mark.filterwarnings("ignore:AzureAIChatCompletionsModel requires:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211")
@pytest.mark.filterwarnings("ignore:Item:UserWarning:pydantic._internal._generate_schema")
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_code_of_a_page_runs_and_prints_what_it_shows(
    page: Path, demo: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of Python works, in order, and prints the block of text that follows it."""
    runs = runnable(page)
    if not runs and "<!-- needs the package " in page.read_text("utf-8"):
        pytest.skip(f"{page.name} is about packages that are not installed")
    namespace: dict[str, Any] = {"__name__": f"docs_{page.stem}"}
    try:
        for block in runs:
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            exec(code, namespace)
            printed = capsys.readouterr().out
            if block.printed is not None:
                assert steady(printed) == steady(block.printed), f"{page.name}:{block.line}"
    finally:
        close(namespace)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_code_of_a_page_compiles(page: Path) -> None:
    """Every block of Python is Python, also those that need a live service."""
    for block in blocks(page):
        if block.language == "python":
            compile("\n" * (block.line - 1) + block.code, str(page), "exec")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_settings_of_a_page_are_settings(page: Path, tmp_path: Path) -> None:
    """Every block of TOML is read as settings, ours or OpenHands', and its models as overlays."""
    from github_models_azure.registry import default_registry
    from github_models_azure.settings.load import load_settings

    for block in blocks(page):
        if block.language != "toml":
            continue
        theirs = "[llm]" in block.code  # a file of OpenHands'
        file = tmp_path / ("config.toml" if theirs else "github-models.toml")
        file.write_text(block.code, "utf-8")
        settings = load_settings({}, tmp_path)
        assert settings.endpoint == "llm" if theirs else settings.file == file
        if theirs:
            file.unlink()
            continue
        default_registry().with_overlay(settings.overlays, tiers=settings.tiers)


def test_the_lines_for_each_endpoint_make_a_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every block of "Where to point it now" leads to its endpoint, in its dialect."""
    from github_models_azure import ChatCompletionsClient
    from github_models_azure.endpoints import DIALECTS, PRESETS, endpoint_for
    from github_models_azure.settings.load import load_settings

    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "endpoints.md"
    spoken = set()
    for block in blocks(page):
        if block.language != "toml":
            continue
        (tmp_path / "github-models.toml").write_text(block.code, "utf-8")
        with ChatCompletionsClient() as client:
            route = client.plan_route(messages=[{"role": "user", "content": "Hi"}])
            assert len(route.targets) == 1 + block.code.count('fallback = ["') * 2, block.code
        settings = load_settings({}, tmp_path)
        spoken.add(endpoint_for(settings.endpoint, known=settings.endpoints).dialect.name)
    assert spoken == DIALECTS.keys() - {"github", "github-legacy", "unknown"}
    table = page.read_text("utf-8")
    assert [name for name in PRESETS if f"| `{name}` |" not in table] == []


@pytest.mark.extras
def test_the_readme_compares_as_measured() -> None:
    """The table in the README is what the script prints."""
    printed = run_sample(MEASURED).stdout
    assert printed.count("\n") > 8
    assert printed in (ROOT / "README.md").read_text("utf-8"), (
        f"Run docs/samples/{MEASURED.name} and put its table into README.md."
    )


@pytest.mark.extras
@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
def test_a_sample_runs_offline(sample: Path) -> None:
    """Each sample works as it stands, and reaches nothing but this machine."""
    if sample != MEASURED:  # which a test of its own runs
        assert run_sample(sample).stdout.strip()


@pytest.mark.extras
def test_the_worked_case_of_a_provider_is_what_runs(tmp_path: Path) -> None:
    """Its page shows the files of the samples, whose tests pass in a folder of their own."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    page = (ROOT / "docs" / "add-provider.md").read_text("utf-8")
    for file in PROVIDER:
        assert f"\n{file.read_text('utf-8')}```\n" in page, f"docs/add-provider.md: {file.name}"
        shutil.copy(file, tmp_path)
    assert "3 passed" in run_sample(tmp_path / PROVIDER[0].name, _OFFLINE_TESTS).stdout


def run_sample(sample: Path, code: str = _OFFLINE) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, str(sample)],
        capture_output=True,
        encoding="utf-8",
        env=environment(GITHUB_TOKEN="demo_token"),
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_readme_gives_the_two_commands() -> None:
    """Who copies a line of the README gets a demonstration, or the tests."""
    shown = [block.code.strip() for block in blocks(ROOT / "README.md")]
    assert [code for code in shown if code in COMMANDS] == COMMANDS


@pytest.mark.extras
@pytest.mark.parametrize("arguments", [["--help"], ["demo"]], ids=" ".join)
def test_the_commands_of_the_readme_run(arguments: list[str]) -> None:
    """The program that the README starts does its work without a network."""
    pytest.importorskip("typer", reason="the commands need the extra cli")
    done = subprocess.run(
        [sys.executable, "-m", "github_models_azure", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "GitHub Models was retired" in done.stdout


@pytest.mark.extras
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    """Every command line of ours names a command and options that the program has."""
    typer = pytest.importorskip("typer", reason="the commands need the extra cli")
    from github_models_azure.cli._app import app

    program = typer.main.get_command(app)
    for name, *arguments in command_lines(page):
        assert name in program.commands, f"{page.name}: github-models {name}"
        program.commands[name].make_context(name, arguments)  # refuses an unknown option


def command_lines(page: Path) -> Iterator[list[str]]:
    for block in blocks(page):
        if block.language != "shell":
            continue
        for line in block.code.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:&&|\|)\s", line):
                words = shlex.split(part, comments=True)
                if words[:1] == ["github-models"] and words[1:] != ["--help"]:
                    yield words[1:]


def test_every_setting_is_documented() -> None:
    """The quickstart's table names every variable that is understood, and no other."""
    from github_models_azure.settings.load import _NO_SETTING
    from github_models_azure.settings.model import PREFIX
    from github_models_azure.settings.schema import NAMES

    known = {PREFIX + name.upper() for name in NAMES} | _NO_SETTING
    unused = {PREFIX + "RECORDINGS", PREFIX + "DEBUG"}  # of the tests, of the commands
    page = ROOT / "docs" / "quickstart.md"
    told = set(re.findall(r"^\| `(GITHUB_MODELS_\w+)`", page.read_text("utf-8"), re.MULTILINE))
    assert told == known - unused, f"edit {page}: {told ^ (known - unused)}"


def test_every_failure_kind_is_documented() -> None:
    """The table of what happens has one row for each failure kind."""
    from github_models_azure._core.failure.kinds import FailureKind

    page = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    table = page.partition("## What happens on what")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(FailureKind)


def test_every_error_is_documented() -> None:
    """The page on fallback names every error of this package."""
    from github_models_azure import exceptions

    page = (ROOT / "docs" / "fallback.md").read_text("utf-8")
    assert [name for name in exceptions.__all__ if name not in page] == []


@pytest.mark.extras
def test_every_fault_is_documented() -> None:
    """The emulator's table has every kind of fault."""
    pytest.importorskip("starlette", reason="the emulator needs the extra server")
    from github_models_azure.server.emulator import FaultKind

    page = (ROOT / "docs" / "emulator.md").read_text("utf-8")
    assert [kind.value for kind in FaultKind if f"`{kind.value}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Links between pages name files that exist, and headings that they have."""
    for target, anchor in _LINK.findall(page.read_text("utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.is_file(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub and MyST make them."""
    text = _BLOCK.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", MAPS, ids=name_of)
def test_the_files_that_a_map_names_are_there(page: Path) -> None:
    """Whoever opens a file or folder because a page for contributors says so finds it."""
    named = re.findall(r"`([\w./-]+(?:\.py|/))`", page.read_text("utf-8"))
    assert len(named) > 15
    places = (ROOT, ROOT / "github_models_azure")
    gone = [name for name in named if not any((place / name).exists() for place in places)]
    assert not gone, f"{page} names what is not there: {', '.join(gone)}"


def test_the_files_that_tests_say_they_are_about_are_there() -> None:
    """A test module names further modules of the package in the last line of its docstring."""
    gone = []
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        about = (ast.get_docstring(ast.parse(test.read_text("utf-8"))) or "").partition("\nAbout `")
        named = re.findall(r"`([\w./]+\.py)`", "`" + about[2])
        gone += [f"{test}: {n}" for n in named if not (ROOT / "github_models_azure" / n).exists()]
    assert not gone, "\n".join(gone)


def test_the_way_to_each_change_is_short() -> None:
    """One file or two are opened to find where a behaviour goes."""
    table = MAPS[0].read_text("utf-8").partition("| to change | open |\n")[2].partition("\n\n")[0]
    rows = table.splitlines()[1:]
    assert len(rows) == 12
    for row in rows:
        assert 1 <= len(set(re.findall(r"`([\w./]+\.py)`", row))) <= 2, row


def test_every_decision_has_its_topic_and_its_date() -> None:
    """What was decided when is told in one list of topics, each linked at the top."""
    page = (ROOT / "docs" / "decisions.md").read_text("utf-8")
    contents, *topics = re.split(r"^## ", page, flags=re.MULTILINE)
    assert re.findall(r"^- \[(.+)\]", contents, re.MULTILINE) == [t.split("\n")[0] for t in topics]
    undated = [
        entry.split("\n")[0]
        for topic in topics
        for entry in topic.split("\n### ")[1:]
        if not re.match(r".+\n\n\*20\d\d-\d\d-\d\d\.\* ", entry)
    ]
    assert not undated, f"docs/decisions.md: no date under {undated}"
