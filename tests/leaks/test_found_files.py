"""A server that stands for an attacker's host sees no secret by the word of a file that lies there.

Each attack runs with files that were found, through both twins, and most of them once more with the
same file named: then the secret arrives, so that its absence proves something.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from github_models_azure.exceptions import SettingsError
from github_models_azure.settings import load
from github_models_azure.settings.found import Machine
from tests.dialects.servers_http import LoopbackServer, Reply
from tests.harness import Twin
from tests.leaks.found_files import (
    ATTACKS,
    FILE,
    KEY,
    SECRETS,
    Attack,
    ask,
    lay,
    own,
    seen,
)
from tests.trusting import trust

pytestmark = pytest.mark.usefixtures("planted")

SECOND_USER = 54_321


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_no_secret_goes_where_a_found_file_says(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    """Whatever it names, and however."""
    lay(attack, recorder.url, monkeypatch)
    said = ask(twin, attack)
    assert seen(recorder) == set()
    assert not any(secret in said for secret in SECRETS)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_what_a_named_file_may_do(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    """It sends the secret that it names where it says; GitHub's token never."""
    lay(attack, recorder.url, monkeypatch)
    name = next(iter(attack.files))
    if name != ".env":
        monkeypatch.setenv("GITHUB_MODELS_CONFIG", name)
    ask(twin, attack)
    assert seen(recorder) == ({attack.after} if attack.after else set())


@pytest.mark.parametrize(
    "attack",
    [one for one in ATTACKS.values() if one.after],
    ids=[n for n, a in ATTACKS.items() if a.after],
)
def test_a_trusted_file_is_as_good_as_a_named_one(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch, attack: Attack
) -> None:
    """Until one byte of it changes."""
    lay(attack, recorder.url, monkeypatch)
    path = trust(next(iter(attack.files)))
    ask(twin, attack)
    assert seen(recorder) == {attack.after}
    recorder.journal.clear()
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    ask(twin, attack)
    assert seen(recorder) == set()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_no_secret_along(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Also of a named file's endpoint: the key is for the origin that the file says."""
    home = Reply(status, b"", {"location": f"{recorder.url}/v1/chat/completions"})
    with LoopbackServer(lambda _: home) as first:
        lay(own('{ env = "AWS_SECRET" }', KEY), first.url, monkeypatch)
        monkeypatch.setenv("GITHUB_MODELS_CONFIG", FILE)
        ask(twin, own('{ env = "AWS_SECRET" }', KEY))
        assert seen(first) == {KEY}
    assert seen(recorder) == set()


# Owners, modes and parents: even a file that was trusted is refused


def other_owner(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_away(path, monkeypatch)


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch, *, follow: bool = True) -> None:
    """Give a file, folder or link to another user; unless we are root, become another one."""
    if os.geteuid() == 0:
        os.chown(path, SECOND_USER, SECOND_USER, follow_symlinks=follow)
    else:
        machine = Machine(os.geteuid() + 1, None)
        monkeypatch.setattr(load, "this_machine", lambda: machine)


def mode(bits: int) -> Callable[[Path, pytest.MonkeyPatch], None]:
    return lambda path, _: path.chmod(bits)


def other_group(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.chmod(0o664)
    machine = Machine(os.geteuid(), None, lambda owner, group: False)
    monkeypatch.setattr(load, "this_machine", lambda: machine)


def open_folder(path: Path, _: pytest.MonkeyPatch) -> None:
    path.parent.chmod(0o777)


def folder_of_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_away(path.parent, monkeypatch)


def link_to_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = path.rename(path.parent / "elsewhere.toml")
    path.symlink_to(other)
    trust(path)
    give_away(other, monkeypatch)


def link_of_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.symlink_to(path.rename(path.parent / "elsewhere.toml"))
    trust(path)
    give_away(path, monkeypatch, follow=False)


def link_to_an_open_one(path: Path, _: pytest.MonkeyPatch) -> None:
    other = path.rename(path.parent / "elsewhere.toml")
    path.symlink_to(other)
    trust(path)
    other.chmod(0o666)


def pipe(path: Path, _: pytest.MonkeyPatch) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path, _: pytest.MonkeyPatch) -> None:
    path.unlink()
    path.mkdir()


def too_large(path: Path, _: pytest.MonkeyPatch) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n" + "#" * 1_000_000)
    with suppress(SettingsError):
        trust(path)


SPOILT: dict[str, tuple[Callable[[Path, pytest.MonkeyPatch], None], str]] = {
    "another user's file": (other_owner, "belongs to another user"),
    "a file for all": (mode(0o666), r"everybody can write it \(mode 0666\)"),
    "a file for others": (mode(0o602), r"everybody can write it \(mode 0602\)"),
    "a file for a group": (other_group, "a group other than its owner's own"),
    "an open folder": (open_folder, "its folder has mode 0777"),
    "another user's folder": (folder_of_another, "belongs to another user"),
    "a link to another user's file": (link_to_another, "belongs to another user"),
    "another user's link": (link_of_another, "another user"),
    "a link to an open file": (link_to_an_open_one, "everybody can write it"),
    "a pipe": (pipe, "not a regular file"),
    "a folder": (folder, "not a regular file"),
    "a large file": (too_large, "larger than 1,000,000 bytes"),
}


@pytest.mark.parametrize(("spoil", "why"), SPOILT.values(), ids=SPOILT.keys())
def test_a_file_that_others_have_a_hand_in_is_refused(
    twin: Twin,
    recorder: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    spoil: Callable[[Path, pytest.MonkeyPatch], None],
    why: str,
) -> None:
    """The call fails with its name and the reason; that it was trusted does not help."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    attack = own('{ env = "AWS_SECRET" }', KEY)
    lay(attack, recorder.url, monkeypatch)
    path = trust(FILE)
    ask(twin, attack)
    assert seen(recorder) == {KEY}
    recorder.journal.clear()
    spoil(path, monkeypatch)
    with pytest.raises(SettingsError, match=why) as caught:
        twin.package.ChatCompletionsClient(model="m")
    assert str(path) in str(caught.value)
    assert f"GITHUB_MODELS_CONFIG={path}" in str(caught.value)
    assert recorder.journal == []


@pytest.mark.parametrize("name", [FILE, "pyproject.toml", "config.toml"])
@pytest.mark.parametrize("depth", [1, 2])
def test_nothing_beyond_the_repository_is_read(
    twin: Twin, recorder: LoopbackServer, monkeypatch: pytest.MonkeyPatch, name: str, depth: int
) -> None:
    """Nor beyond the working directory, outside of repository and home; trusted or not."""
    text = {
        FILE: 'endpoint = "{url}/v1"\napi_key = "some-other-secret-b20d"',
        "pyproject.toml": '[tool.github-models]\nendpoint = "{url}/v1"\n'
        'api_key = "some-other-secret-b20d"',
        "config.toml": '[llm]\nmodel = "openai/m"\nbase_url = "{url}/v1"\n'
        'api_key = "some-other-secret-b20d"',
    }[name]
    monkeypatch.setenv("HOME", str(Path("home").resolve()))
    lay(Attack({name: text}, None), recorder.url, monkeypatch)
    trust(name)
    inner = Path(*("ab"[:depth])).resolve()
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    ask(twin, Attack({}, None))
    (inner / ".git").write_text("gitdir: elsewhere")
    ask(twin, Attack({}, None))
    assert recorder.journal == []
    monkeypatch.chdir(inner.parents[depth - 1])
    ask(twin, Attack({}, None))
    assert seen(recorder) == {KEY}
