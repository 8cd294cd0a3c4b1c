"""The list of trusted files: what is in it, who can read it, and what a damaged one is worth."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pytest

from github_models_azure.ledger.state_folder import user_state_dir
from github_models_azure.settings.found import Machine, read_found, this_machine
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.trusted import TrustStore, key_of, read_store
from tests.trusting import trust

FILE = "github-models.toml"
TEXT = '[endpoints.x]\nurl = "https://x.example/v1"\ncredential = { env = "MY_KEY" }'


@pytest.fixture
def path() -> Path:
    """A settings file that lies in the working directory."""
    Path(FILE).write_text(TEXT, "utf-8")
    return Path(FILE).resolve()


def gets_key() -> bool:
    """Return whether the endpoint of the file has its key."""
    credential = load_settings({"MY_KEY": "k"}).endpoints["x"].credential
    return getattr(credential, "key", None) == "k"


def test_what_is_trusted_is_remembered_for_its_user_only(path: Path) -> None:
    """Path and digest, in a file and a folder that nobody else reads."""
    store = read_store().path
    store.parent.mkdir(parents=True)
    store.parent.chmod(0o755)
    assert not gets_key()
    trust(path)
    assert gets_key()
    read = json.loads(store.read_text())
    assert list(read["files"]) == [str(path)]
    assert read["version"] == 1
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700
    assert list(store.parent.iterdir()) == [store]


@pytest.mark.parametrize("change", [b" ", b"#", b"\n"])
def test_one_byte_ends_the_trust(path: Path, change: bytes) -> None:
    """And the old content brings it back."""
    trust(path)
    path.write_bytes(TEXT.encode() + change)
    assert not gets_key()
    path.write_bytes(TEXT.encode())
    assert gets_key()


def test_the_same_content_elsewhere_is_not_trusted(path: Path, tmp_path: Path) -> None:
    """Who trusts a file trusts its place, too."""
    trust(path)
    other = tmp_path / "other"
    other.mkdir()
    (other / FILE).write_text(TEXT)
    settings = load_settings({"MY_KEY": "k"}, other)
    assert not hasattr(settings.endpoints["x"].credential, "key")


def test_a_file_is_known_through_a_link(path: Path, tmp_path: Path) -> None:
    """By the path that it really has."""
    trust(path)
    (tmp_path / "link.toml").symlink_to(path)
    assert key_of(tmp_path / "link.toml") == str(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b"[" * 100_000,
        b'{"version": 1}',
        b'{"version": 1, "files": []}',
        b'{"version": 2, "files": {}}',
        b'{"version": 1, "files": {"a": 3}}',
        b'{"version": 1, "files": {"a": "short"}}',
    ],
)
def test_a_damaged_list_trusts_nothing(
    path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """It is said once, in one clear message; trusting a file begins a new one."""
    store = trust(path) and read_store().path
    store.write_bytes(content)
    for _ in range(2):
        assert not gets_key()
    (said,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert said.startswith(f"The list of trusted files {store} is not used: it is damaged.")
    assert "Nothing is trusted until you trust a file again" in said
    trust(path)
    assert gets_key()
    assert read_store().problem is None


def test_a_list_that_others_can_write_trusts_nothing(path: Path) -> None:
    """It is judged as a settings file is."""
    trust(path)
    store = read_store().path
    store.chmod(0o666)
    assert not gets_key()
    assert "everybody can write it" in (read_store().problem or "")
    store.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(store, 54_321, 54_321)
        assert "another user" in (read_store().problem or "")
    else:
        other = Machine(os.geteuid() + 1, None)
        assert "another user" in (read_store(machine=other).problem or "")


def test_without_a_home_nothing_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no place to remember it."""

    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", fail)
    store = read_store()
    assert (store.digests, store.problem) == ({}, "Could not determine home directory.")


def test_a_list_that_cannot_be_written_stays_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing half written beside it."""
    trust(path)
    store = read_store()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("github_models_azure.settings.trusted.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        store.without(path).save()
    assert list(store.path.parent.iterdir()) == [store.path]
    assert gets_key()


def test_a_file_is_forgotten(path: Path) -> None:
    """Only that one."""
    trust(path)
    store = read_store()
    found = read_found(path, this_machine())
    assert found is not None
    assert store.trusts(found)
    TrustStore(store.path, {**store.digests, "/other": "0" * 64}).without(path).save()
    assert list(read_store().digests) == ["/other"]
    assert not gets_key()


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"XDG_STATE_HOME": "/state"}, "win32", "/state/github-models-azure"),
        ({"XDG_STATE_HOME": "state"}, "linux", "/h/.local/state/github-models-azure"),
        ({}, "linux", "/h/.local/state/github-models-azure"),
        ({}, "darwin", "/h/Library/Application Support/github-models-azure"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/github-models-azure"),
        ({}, "win32", "/h/AppData/Local/github-models-azure"),
    ],
)
def test_the_folder_of_the_list(environ: dict[str, str], platform: str, expected: str) -> None:
    """Where each system keeps such things."""
    assert user_state_dir(environ, platform, Path("/h")) == Path(expected)
