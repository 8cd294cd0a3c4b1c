"""Where settings files are looked for, and how one is read and judged."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.found import (
    Machine,
    folders,
    is_own_group,
    read_found,
    read_named,
    this_machine,
)
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings

FILE = "github-models.toml"
WINDOWS = Machine(None, None)


def write(path: Path, data: str | bytes = "model = 'm'") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


# How far


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_search_ends_at_the_root_of_the_repository(tmp_path: Path, kind: str) -> None:
    """A worktree has a file called ``.git``."""
    inner = tmp_path / "repo/a/b"
    inner.mkdir(parents=True)
    mark = tmp_path / "repo/.git"
    mark.mkdir() if kind == "folder" else mark.write_text("gitdir: x")
    repo = tmp_path / "repo"
    assert folders(inner, None) == (inner, repo / "a", repo)
    assert folders(inner, tmp_path) == (inner, repo / "a", repo)
    assert folders(repo, None) == (repo,)


def test_the_search_ends_at_home(tmp_path: Path) -> None:
    """Also if a repository is around it."""
    home = tmp_path / "home/u"
    inner = home / "a"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert folders(inner, home) == (inner, home)
    assert folders(home, home) == (home,)


def test_outside_of_both_only_the_working_directory_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file further up may be anybody's."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    assert folders(inner, tmp_path / "home") == (inner,)
    write(tmp_path / "a" / FILE)
    write(tmp_path / "a/config.toml", "[llm]\nmodel = 'groq/m'")
    assert load_settings({}, inner) == Settings()
    assert load_settings({}, tmp_path / "a").file == tmp_path / "a" / FILE


def test_a_linked_folder_is_searched_where_it_is(tmp_path: Path) -> None:
    """Its parents are those of the folder that the link leads to."""
    write(tmp_path / "repo" / FILE)
    (tmp_path / "repo/.git").mkdir()
    (tmp_path / "repo/a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "repo/a")
    assert load_settings({}, tmp_path / "link").file == tmp_path / "repo" / FILE


def test_the_home_folder_is_that_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind its links."""
    (tmp_path / "real").mkdir()
    (tmp_path / "home").symlink_to(tmp_path / "real")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert this_machine() == Machine(os.geteuid(), tmp_path / "real")

    def fail() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", fail)
    assert this_machine().home is None


# What is read


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    """Neither is one in a folder that is none, nor where a link leads to nothing."""
    (tmp_path / "broken.toml").symlink_to(tmp_path / "nowhere")
    write(tmp_path / "file")
    for name in (FILE, "broken.toml", "no/such/folder.toml", "file/x.toml"):
        assert read_found(tmp_path / name, this_machine()) is None
        assert read_found(tmp_path / name, WINDOWS) is None


@pytest.mark.parametrize("name", ["pyproject.toml", "config.toml", ".env"])
@pytest.mark.parametrize("machine", [None, WINDOWS], ids=["posix", "windows"])
def test_a_file_of_another_program_is_not_refused(
    tmp_path: Path, name: str, machine: Machine | None
) -> None:
    """Whoever owns it and however large it is, as long as it has nothing of ours; nor a folder."""
    machine = machine or this_machine()
    path = write(tmp_path / name, b"x = 1\n" + b"#" * 3_000_000)
    path.chmod(0o666)
    assert read_found(path, machine, b"llm") is None
    write(path, b"x = 1")
    assert read_found(path, machine, b"llm") is None
    path.unlink()
    path.mkdir()
    assert read_found(path, machine, b"llm") is None


@pytest.mark.parametrize("at", [10, 999_998, 2_000_000])
def test_a_large_file_with_something_of_ours_is_refused(tmp_path: Path, at: int) -> None:
    """Wherever in it that stands, also between two pieces that are read."""
    path = write(tmp_path / "config.toml", b"#" * at + b"llm" + b"#" * 1_000_000)
    file = read_found(path, this_machine(), b"llm")
    assert file is not None
    assert file.refused == "it is larger than 1,000,000 bytes"
    assert file.data == b""


def test_a_file_too_large_to_be_searched_is_refused(tmp_path: Path) -> None:
    """It takes no room on the disk."""
    path = tmp_path / "config.toml"
    with path.open("wb") as stream:
        stream.truncate(65_000_000)
    file = read_found(path, this_machine(), b"llm")
    assert file is not None
    assert file.refused is not None


@pytest.mark.parametrize("read", [read_named, read_found])
def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    """Its size is that of what was read."""
    path = write(tmp_path / FILE)
    long = b"#" * 1_000_001
    monkeypatch.setattr("github_models_azure.settings.found._read", lambda _: long)
    file = read(path, this_machine())
    assert file.refused == "it is larger than 1,000,000 bytes"


@pytest.mark.parametrize("machine", [None, WINDOWS], ids=["posix", "windows"])
@pytest.mark.parametrize("name", [FILE, ".env"])
def test_a_pipe_keeps_nobody_waiting(tmp_path: Path, name: str, machine: Machine | None) -> None:
    """It is refused; what it would say cannot be known."""
    path = tmp_path / name
    os.mkfifo(path)
    file = read_found(path, machine or this_machine(), b"x" if name == ".env" else b"")
    assert file is not None
    assert file.refused == "it is not a regular file"


@pytest.mark.parametrize("call", ["open", "stat"])
def test_a_folder_that_cannot_be_searched_has_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """As of a program that root starts for another user, in a folder of root's."""

    def refuse(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    write(tmp_path / FILE)
    monkeypatch.setattr(f"github_models_azure.settings.found.os.{call}", refuse)
    assert read_found(tmp_path / FILE, Machine(1000, None)) is None


def test_windows_opens_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual environment is often called ``.env``; ours by name is refused."""

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    for name in (".env", FILE):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("github_models_azure.settings.found.os.open", refuse)
    assert read_found(tmp_path / ".env", WINDOWS, b"LOGAI_") is None
    file = read_found(tmp_path / FILE, WINDOWS)
    assert file is not None
    assert file.refused == "it cannot be read (Permission denied)"
    assert read_named(tmp_path / FILE, WINDOWS).refused == file.refused


@pytest.mark.parametrize("name", ["pyproject.toml", "config.toml"])
def test_a_shared_file_that_means_us_is_refused_for_its_mode(name: str) -> None:
    """One with our word in a comment is not."""
    text = {
        "pyproject.toml": "[tool.github-models]\nmodel = 'm'",
        "config.toml": "[llm]\nmodel = 'groq/m'",
    }[name]
    path = write(Path(name).resolve(), text)
    path.chmod(0o666)
    with pytest.raises(SettingsError, match=rf"{name} is refused: everybody can write it"):
        load_settings({})
    write(path, "# github-models and llm\n[tool.x]\ny = 1\n")
    assert load_settings({}) == Settings()


def test_windows_has_no_modes_to_refuse_for() -> None:
    """There the bound of the search and the rule of trust hold."""
    Path(FILE).write_text("model = 'm'")
    Path(FILE).chmod(0o666)
    assert load_settings({}, machine=WINDOWS).model == "m"
    with pytest.raises(SettingsError, match="everybody can write it"):
        load_settings({})


@pytest.mark.parametrize("what", ["pipe", "large"])
def test_a_named_file_has_to_be_one(tmp_path: Path, what: str) -> None:
    """Of its owner and its mode nothing is asked."""
    path = tmp_path / "named.toml"
    os.mkfifo(path) if what == "pipe" else write(path, b"#" * 1_000_001)
    with pytest.raises(SettingsError, match=r"named\.toml is refused: it is") as caught:
        load_settings({"GITHUB_MODELS_CONFIG": str(path)})
    assert "name it" not in str(caught.value)


def test_a_named_file_of_another_user_is_used(tmp_path: Path) -> None:
    """Who names it has chosen it."""
    path = write(tmp_path / "named.toml")
    other = Machine(os.geteuid() + 1, None)
    environ = {"GITHUB_MODELS_CONFIG": str(path)}
    settings = load_settings(environ, machine=other)
    assert (settings.model, settings.warnings) == ("m", ())


# Groups


USERS = {1000: ("alice", 1000), 1001: ("bob", 100)}
GROUPS = {1000: "alice", 100: "users", 2000: "alice"}


def know(monkeypatch: pytest.MonkeyPatch, members: tuple[str, ...]) -> None:
    """Have the system know two users, and three groups with members."""

    def user(uid: int) -> Any:
        name, group = USERS[uid]
        return SimpleNamespace(pw_name=name, pw_gid=group)

    def group(gid: int) -> Any:
        return SimpleNamespace(gr_name=GROUPS[gid], gr_mem=list(members))

    monkeypatch.setattr(pwd, "getpwuid", user)
    monkeypatch.setattr(grp, "getgrgid", group)


@pytest.mark.parametrize(
    ("owner", "group", "members", "own"),
    [
        (1000, 1000, (), True),
        (1000, 1000, ("alice",), True),
        (1000, 1000, ("bob",), False),
        (1000, 100, (), False),
        (1000, 2000, (), False),
        (1001, 100, (), False),  # everybody's first group
        (5000, 5000, (), True),  # of a user whom the system does not know
        (5000, 0, (), False),
    ],
)
def test_the_own_group_is_that_of_nobody_else(
    monkeypatch: pytest.MonkeyPatch, owner: int, group: int, members: tuple[str, ...], own: bool
) -> None:
    """It bears the user's name, is the user's first, and has no other members."""
    know(monkeypatch, members)
    assert is_own_group(owner, group) is own


def test_a_file_for_its_owners_own_group_is_used() -> None:
    """As a umask of 002 makes it."""
    Path(FILE).write_text("model = 'm'")
    Path(FILE).chmod(0o664)
    asked: list[tuple[int, int]] = []

    def own_group(owner: int, group: int) -> bool:
        asked.append((owner, group))
        return True

    machine = Machine(os.geteuid(), None, own_group)
    assert load_settings({}, machine=machine).model == "m"
    assert asked == [(os.stat(FILE).st_uid, os.stat(FILE).st_gid)]
