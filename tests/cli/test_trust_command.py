"""``trust``: what it remembers, shows, refuses and forgets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from github_models_azure.settings.found import Machine
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.trusted import read_store
from tests.cli.program import Program

FILE = "github-models.toml"
TEXT = """
endpoint = "x"
[endpoints.x]
url = "https://x.example/v1"
credential = { env = "MY_KEY" }
"""


@pytest.fixture
def path() -> Path:
    """A settings file that lies in the working directory."""
    Path(FILE).write_text(TEXT, "utf-8")
    return Path(FILE).resolve()


def is_trusted() -> bool:
    credential = load_settings({"MY_KEY": "k"}).endpoints["x"].credential
    return getattr(credential, "key", None) == "k"


@pytest.mark.parametrize("how", ["nothing", "path", "relative", "folder"])
def test_a_file_is_trusted(program: Program, path: Path, how: str) -> None:
    """The one that is found from here, or the one that is given; what it says is shown."""
    given = {"nothing": [], "path": [str(path)], "relative": [FILE], "folder": ["."]}[how]
    outcome = program("trust", *given)
    assert outcome.code == 0
    assert outcome.out == f"{path} is trusted as it is now.\n"
    assert "It declares x at https://x.example with the environment variable MY_KEY." in outcome.err
    assert "It chooses the endpoint x." in outcome.err
    assert is_trusted()


def test_what_is_trusted_is_listed_and_forgotten(program: Program, path: Path) -> None:
    """With what has become of it since."""
    assert program("trust", "--list").err == "No file is trusted.\n"
    program("trust")
    assert program("trust", "--list").out == f"{path}: trusted\n"
    path.write_text(TEXT + "#")
    assert program("trust", "--list").out == f"{path}: changed, and not trusted any more\n"
    path.chmod(0o666)
    assert "refused: everybody can write it" in program("trust", "--list").out
    path.unlink()
    assert program("trust", "--list", "--json").json == {"files": {str(path): "missing"}}
    outcome = program("trust", "--forget", FILE)
    assert (outcome.code, outcome.out) == (0, f"{path} is not trusted any more.\n")
    assert program("trust", "--list", "--json").json == {"files": {}}


@pytest.mark.parametrize("given", [[], ["."]])
def test_the_file_that_is_found_from_here_is_forgotten(
    program: Program, path: Path, given: list[str]
) -> None:
    """Exits with 1 if it was not trusted."""
    program("trust")
    assert is_trusted()
    assert program("trust", "--forget", *given).code == 0
    assert not is_trusted()
    again = program("trust", "--forget", *given)
    assert again.code == 1
    assert "is not trusted. 'github-models trust --list' shows what is." in again.error


def test_the_answer_as_json(program: Program, path: Path) -> None:
    """Where it is, and what holds now."""
    assert program("trust", "--json").json == {"path": str(path), "trusted": True}
    outcome = program("trust", "--forget", "--json")
    assert outcome.json == {"path": str(path), "trusted": False}


@pytest.mark.parametrize("mode", [0o666, 0o646])
def test_a_file_that_others_can_write_is_refused(program: Program, path: Path, mode: int) -> None:
    """By name and as found."""
    path.chmod(mode)
    for given in ([], [FILE]):
        outcome = program("trust", *given)
        assert outcome.code == 1
        assert f"{path} is refused: everybody can write it (mode {mode:04o})" in outcome.error
    assert read_store().digests == {}


def test_another_users_file_is_refused(
    program: Program, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever it is."""
    if os.geteuid() == 0:
        os.chown(path, 54_321, 54_321)
    else:
        machine = Machine(os.geteuid() + 1, None)
        monkeypatch.setattr("github_models_azure.settings.found.this_machine", lambda: machine)
    assert "it belongs to another user (id " in program("trust", FILE).error
    assert read_store().digests == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no/such/github-models.toml",), "There is no file no/such/github-models.toml"),
        (
            ("other.toml",),
            "Only files called github-models.toml, pyproject.toml, config.toml, .env",
        ),
        ((), "No settings file is found from here"),
        (("--list", "--forget"), "exclude each other"),
        (("--list", "x"), "--list takes no PATH"),
    ],
)
def test_wrong_usage_is_told(program: Program, arguments: tuple[str, ...], said: str) -> None:
    """With what to give instead."""
    outcome = program("trust", *arguments)
    assert outcome.code == 2
    assert said in outcome.error


def test_a_file_that_is_not_toml_is_not_trusted(program: Program, path: Path) -> None:
    """Nobody could say what it says."""
    path.write_text("endpoint =")
    assert "is not TOML" in program("trust").error
    assert read_store().digests == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.toml", "[llm]\nmodel = 'groq/m'"),
        ("pyproject.toml", "[tool.github-models]\nmodel = 'm'"),
        (".env", "LOGAI_LLM_PROVIDER=github"),
    ],
)
def test_every_kind_of_file_that_is_found_can_be_trusted(
    program: Program, name: str, text: str
) -> None:
    """As the search finds it."""
    Path(name).write_text(text)
    assert program("trust").code == 0
    assert list(read_store().digests) == [str(Path(name).resolve())]


def test_a_damaged_list_is_begun_again(program: Program, path: Path) -> None:
    """With a warning."""
    store = read_store().path
    store.parent.mkdir(parents=True)
    store.write_text("{")
    outcome = program("trust")
    assert outcome.code == 0
    assert f"warning: The list of trusted files {store} is not used: it is damaged" in outcome.err
    assert is_trusted()


def test_login_sends_no_key_where_a_found_file_says(program: Program, path: Path) -> None:
    """It would check the key by asking there."""
    path.write_text(TEXT.replace("env", "keyring"))
    outcome = program("login", "x", "--with-token")
    assert outcome.code == 1
    assert f"run: github-models trust {path}" in outcome.error


def test_migrate_says_that_the_key_is_withheld(
    program: Program, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code that it prints would send it there."""
    monkeypatch.setenv("MY_KEY", "its-value")
    outcome = program("migrate", "--model", "m")
    assert f"github-models trust {path}" in " ".join(outcome.out.replace("#", " ").split())
    assert "its-value" not in outcome.out + outcome.err
    program("trust")
    assert "is not sent" not in program("migrate", "--model", "m").out


def test_doctor_notes_that_others_can_write_a_named_file(
    program: Program, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is used, for it was named."""
    path.chmod(0o666)
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", str(path))
    (note,) = program("doctor", "--json").json["settings"]["notes"]
    assert note == f"The settings file {path} is used, though everybody can write it (mode 0666)."


def test_doctor_says_who_chose_the_file(
    program: Program, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found, trusted or named."""
    path.write_text("model = 'm'")
    assert program("doctor", "--json").json["settings"]["file_by"] == "found"
    assert f"{path} (found; not trusted)" in program("doctor").out
    program("trust")
    assert program("doctor", "--json").json["settings"]["file_by"] == "trusted"
    monkeypatch.setenv("GITHUB_MODELS_CONFIG", FILE)
    assert program("doctor", "--json").json["settings"]["file_by"] == "named"
