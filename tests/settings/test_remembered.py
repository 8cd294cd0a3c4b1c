"""Settings are kept while nothing changes that they were read from; what changed is read again.

About `settings/remembered.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from github_models_azure import ChatCompletionsClient
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings import found, load, remembered
from github_models_azure.settings.load import load_settings

FILE = 'model = "first"\n'
MINE = '[endpoints.mine]\nurl = "https://api.groq.com/openai/v1"\n'
TABLE = '[project]\nname = "x"\n\n[tool.github-models]\nmodel = "first"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A repository; its files count as settled, though they are new. The folder below is ours."""
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    for name in [name for name in os.environ if name.startswith(("GITHUB_MODELS_", "LLM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(remembered, "_SETTLED", -(10**18))
    remembered.forget()
    yield tmp_path
    remembered.forget()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each time that settings are really read."""
    made, real = list[bool](), load._read

    def counting(*args: Any) -> Any:
        made.append(True)
        return real(*args)

    monkeypatch.setattr(load, "_read", counting)
    return made


def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The files that are opened from now on."""
    seen, real = list[Any](), os.open

    def noting(path: Any, *args: Any, **keywords: Any) -> int:
        seen.append(path)
        return real(path, *args, **keywords)

    monkeypatch.setattr(found.os, "open", noting)
    return seen


@pytest.mark.parametrize(
    ("name", "text"), [("github-models.toml", FILE), ("pyproject.toml", TABLE), (None, "")]
)
def test_a_further_client_opens_no_file(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str | None, text: str
) -> None:
    """Below a settings file, below a project's own file, and below none."""
    if name is not None:
        (project / name).write_text(text)
    first = ChatCompletionsClient("https://a.example/v1", "k")
    seen = opened(monkeypatch)
    second = ChatCompletionsClient("https://a.example/v1", "k")
    assert seen == []
    assert repr(first) == repr(second)
    assert ("first" in repr(second)) is (name is not None)


def test_what_was_read_is_handed_out_again(project: Path, reads: list[bool]) -> None:
    """The same object, for the same question only."""
    (project / "github-models.toml").write_text(FILE)
    first = load_settings()
    assert load_settings() is first
    assert first.model == "first"
    load_settings(decided=True)
    assert len(reads) == 2


def write(project: Path) -> None:
    (project / "github-models.toml").write_text(FILE.replace("first", "other"))


def write_alike(project: Path) -> None:
    """The same length and the same time of change, as an editor may leave it."""
    path = project / "github-models.toml"
    before = path.stat()
    path.write_text(FILE.replace("first", "other"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_in_its_place(project: Path) -> None:
    made = project / "made.toml"
    made.write_text(FILE.replace("first", "other"))
    made.replace(project / "github-models.toml")


def put_nearer(project: Path) -> None:
    (project / "a" / "github-models.toml").write_text(FILE.replace("first", "other"))


def put_here(project: Path) -> None:
    (project / "a" / "b" / "github-models.toml").write_text(FILE.replace("first", "other"))


def link_nearer(project: Path) -> None:
    made = project / "made.toml"
    made.write_text(FILE.replace("first", "other"))
    (project / "a" / "github-models.toml").symlink_to(made)


@pytest.mark.parametrize(
    "change", [write, write_alike, put_in_its_place, put_nearer, put_here, link_nearer]
)
def test_a_change_is_read(project: Path, change: Any) -> None:
    """Whatever changed it: its text, another file in its place, one that goes before it."""
    (project / "github-models.toml").write_text(FILE)
    assert load_settings().model == "first"
    change(project)
    assert load_settings().model == "other"


def remove(project: Path) -> None:
    (project / "github-models.toml").unlink()


def end_the_search_nearer(project: Path) -> None:
    (project / "a" / ".git").mkdir()


@pytest.mark.parametrize("change", [remove, end_the_search_nearer])
def test_what_is_gone_counts_no_more(project: Path, change: Any) -> None:
    """The file itself, or its place on the way up."""
    (project / "github-models.toml").write_text(FILE)
    assert load_settings().model == "first"
    change(project)
    assert load_settings().model is None


@pytest.mark.skipif(os.name == "nt", reason="files have no modes there")
def test_a_file_that_others_may_write_by_now_is_refused(project: Path) -> None:
    """Though its text is the same."""
    path = project / "github-models.toml"
    path.write_text(FILE)
    assert load_settings().model == "first"
    path.chmod(0o666)
    with pytest.raises(SettingsError, match="refused"):
        load_settings()


def test_the_target_of_a_link_counts(project: Path) -> None:
    """A change behind the link is one."""
    target = project / "target.toml"
    target.write_text(FILE)
    (project / "github-models.toml").symlink_to(target)
    assert load_settings().model == "first"
    target.write_text(FILE.replace("first", "other"))
    assert load_settings().model == "other"


def test_the_environment_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our variables, those that a file names, and those that are gone again."""
    (project / "github-models.toml").write_text(MINE + 'credential = { env = "GROQ_API_KEY" }\n')
    monkeypatch.setenv("GITHUB_MODELS_MODEL", "by-variable")
    assert load_settings().model == "by-variable"
    monkeypatch.delenv("GITHUB_MODELS_MODEL")
    assert load_settings().model is None
    for key in ("one", "two"):
        monkeypatch.setenv("GROQ_API_KEY", key)
        assert load_settings().endpoints["mine"].credential.key == key


def test_the_working_directory_counts(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each has its own settings."""
    (project / "github-models.toml").write_text(FILE)
    assert load_settings().model == "first"
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert load_settings().model is None


def test_a_key_in_a_keyring_is_asked_for_each_time(
    project: Path, monkeypatch: pytest.MonkeyPatch, reads: list[bool]
) -> None:
    """It may have been replaced, and says no time."""
    pytest.importorskip("keyring", reason="needs the extra keyring")
    (project / "github-models.toml").write_text(MINE + 'credential = { keyring = "mine" }\n')
    load_settings()
    load_settings()
    assert len(reads) == 2


def test_what_changed_a_moment_ago_is_not_kept(
    project: Path, monkeypatch: pytest.MonkeyPatch, reads: list[bool]
) -> None:
    """It could change again without showing another time."""
    monkeypatch.setattr(remembered, "_SETTLED", 2_000_000_000)
    (project / "github-models.toml").write_text(FILE)
    load_settings()
    load_settings()
    assert len(reads) == 2


def test_a_busy_folder_above_all_does_not_matter(
    project: Path, reads: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside a repository only the working directory is searched, such as one below /tmp."""
    monkeypatch.setenv("HOME", str(project / "home"))
    (project / ".git").rmdir()
    load_settings()
    (project / "of-somebody-else").mkdir()
    load_settings()
    assert len(reads) == 1


def test_an_error_is_not_kept(project: Path) -> None:
    """It is raised until the file is mended."""
    path = project / "github-models.toml"
    path.write_text("model = ")
    for _ in range(2):
        with pytest.raises(SettingsError, match="not TOML"):
            load_settings()
    path.write_text(FILE)
    assert load_settings().model == "first"


def test_only_a_few_are_kept(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go first."""
    for number in range(3 * remembered._MOST):
        monkeypatch.setenv("GITHUB_MODELS_MODEL", str(number))
        assert load_settings().model == str(number)
    assert len(remembered._kept) == remembered._MOST


def test_what_a_caller_hands_over_is_read_each_time(project: Path, reads: list[bool]) -> None:
    """The commands do, with an environment or a folder of their own."""
    for _ in range(2):
        load_settings({}, project)
    assert len(reads) == 2
