"""Refreshing the catalogue into the user's cache folder, and loading it back."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from github_models_azure.registry import CatalogError, ModelRegistry, RateLimitTier
from github_models_azure.registry.data import CATALOG_FILE
from github_models_azure.registry.refresh import RefreshReport, refresh_catalog, user_cache_dir

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=timezone.utc)
HOME = Path("/home/ann")
URL = "https://models.example/catalog/models?token=hunter2"


def entry(**changes: Any) -> dict[str, Any]:
    row = {"id": "my/new", "name": "New", "publisher": "Me", "rate_limit_tier": "low"}
    return {**row, **changes}


def refresh(folder: Path, *entries: object) -> RefreshReport:
    def fetch(url: str) -> bytes:
        assert url == URL
        return json.dumps(entries).encode()

    return refresh_catalog(fetch, url=URL, cache_dir=folder, now=NOW)


def cached_file(folder: Path) -> Path:
    return folder / "catalog.json"


def test_a_refreshed_catalogue_is_loaded_on_top(tmp_path: Path) -> None:
    """New models are there and known ones are brought up to date."""
    refresh(tmp_path, entry(), entry(id="openai/gpt-4o", rate_limit_tier="low"))
    registry = ModelRegistry.load(cache_dir=tmp_path)
    assert registry.get("my/new").tier is RateLimitTier.LOW
    assert registry.get("gpt-4o").tier is RateLimitTier.LOW
    assert registry.get("gpt-4o").tool_calling is True
    assert len(registry) == 64


def test_facts_from_a_refresh_say_from_where_and_when(tmp_path: Path) -> None:
    """The source shows the address without what may be secret in it."""
    refresh(tmp_path, entry())
    sources = ModelRegistry.load(cache_dir=str(tmp_path)).get("my/new").sources
    assert sources["tier"] == (
        "seen: catalogue of https://models.example/catalog/models, 2026-11-20"
    )
    assert "hunter2" not in cached_file(tmp_path).read_text()


def test_the_report_tells_what_was_kept_and_what_was_not(tmp_path: Path) -> None:
    """One line for each entry that was left out."""
    report = refresh(tmp_path, entry(), entry(id="bad"))
    assert report.path == cached_file(tmp_path)
    assert report.models == ("my/new",)
    assert report.skipped == ("entry 1 ('bad'): id = 'bad': should be of the form publisher/model",)


def test_without_a_cached_catalogue_the_bundled_data_counts(tmp_path: Path) -> None:
    """A folder that is empty or absent is no reason for a warning."""
    assert ModelRegistry.load(cache_dir=tmp_path / "none").models() == (
        ModelRegistry.bundled().models()
    )


def test_the_users_cache_folder_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refreshing and loading agree on the folder without being told."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    report = refresh_catalog(lambda _: json.dumps([entry()]).encode(), url=URL, now=NOW)
    assert report.path.parent == tmp_path / "github-models-azure"
    assert "my/new" in ModelRegistry.load()


def test_a_bad_answer_leaves_the_cache_as_it_was(tmp_path: Path) -> None:
    """What was fetched before is worth more than nothing."""
    refresh(tmp_path, entry())
    before = cached_file(tmp_path).read_bytes()
    with pytest.raises(CatalogError, match="no usable model"):
        refresh(tmp_path, entry(id="bad"))
    assert cached_file(tmp_path).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.json"]


def test_a_later_refresh_replaces_the_earlier(tmp_path: Path) -> None:
    """The cache holds one catalogue, the last."""
    refresh(tmp_path, entry())
    refresh(tmp_path, entry(id="my/newer"))
    registry = ModelRegistry.load(cache_dir=tmp_path)
    assert "my/newer" in registry
    assert "my/new" not in registry


@pytest.mark.parametrize("error", [OSError("hunter2"), ValueError("x"), RuntimeError("x")])
def test_a_failing_fetch_is_the_declared_error(tmp_path: Path, error: Exception) -> None:
    """The cause is kept, and its words, which may hold a secret address, are not repeated."""

    def fetch(url: str) -> bytes:
        raise error

    with pytest.raises(CatalogError, match=type(error).__name__) as caught:
        refresh_catalog(fetch, url=URL, cache_dir=tmp_path, now=NOW)
    assert caught.value.__cause__ is error
    assert "hunter2" not in str(caught.value)


def test_a_declared_error_of_the_fetch_is_passed_on(tmp_path: Path) -> None:
    """It says already what to say."""
    declared = CatalogError("no")

    def fetch(url: str) -> bytes:
        raise declared

    with pytest.raises(CatalogError) as caught:
        refresh_catalog(fetch, url=URL, cache_dir=tmp_path, now=NOW)
    assert caught.value is declared


def test_the_default_fetch_takes_http_addresses_only(tmp_path: Path) -> None:
    """A file is not a catalogue that somebody serves."""
    with pytest.raises(CatalogError, match="not an http or https address"):
        refresh_catalog(url=CATALOG_FILE.as_uri(), cache_dir=tmp_path, now=NOW)


def test_a_time_without_a_zone_is_refused(tmp_path: Path) -> None:
    """What is written down has to mean the same moment everywhere."""
    with pytest.raises(ValueError, match="has no time zone"):
        refresh_catalog(
            lambda _: b"",
            url=URL,
            cache_dir=tmp_path,
            now=datetime(2026, 1, 1),
        )


def test_the_packages_own_data_is_never_written_over() -> None:
    """A folder within the package is no cache folder."""
    before = CATALOG_FILE.read_bytes()
    with pytest.raises(CatalogError, match="belongs to the package"):
        refresh(CATALOG_FILE.parent, entry())
    assert CATALOG_FILE.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_the_declared_error(tmp_path: Path) -> None:
    """The error names the path and says what to do."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(CatalogError, match=r"cannot be written .*; use another cache_dir"):
        refresh(blocked / "folder", entry())


def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a half-written file nor a temporary one stays."""

    def replace(source: str, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(CatalogError, match="disk full"):
        refresh(tmp_path, entry())
    assert not list(tmp_path.iterdir())


def test_a_path_that_no_system_takes_is_the_declared_error() -> None:
    """A null byte in a path is not worth a traceback."""
    with pytest.raises(CatalogError, match="give one as cache_dir"):
        refresh(Path("\0"), entry())


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"5", b"\xff", b"[" * 100_000, b"{}"),
        b'{"format": 2, "source": "x", "fetched_at": "x", "models": []}',
        b'{"format": 1, "source": "x", "fetched_at": "x", "models": {}}',
        b'{"format": 1, "source": "x", "fetched_at": "x", "models": []}',
        b'{"format": 1, "source": "x", "fetched_at": "x", "models": [{"id": 1}]}',
        b'{"format": 1, "fetched_at": "x", "models": []}',
    ],
)
def test_a_corrupt_cache_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """Loading gives the bundled data and says why, once."""
    cached_file(tmp_path).write_bytes(content)
    registry = ModelRegistry.load(cache_dir=tmp_path)
    assert registry.models() == ModelRegistry.bundled().models()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "is left out" in record.getMessage()


def test_bad_entries_in_the_cache_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A later version may be stricter than the one that wrote the file."""
    refresh(tmp_path, entry())
    document = json.loads(cached_file(tmp_path).read_bytes())
    document["models"].append({"id": 1})
    cached_file(tmp_path).write_text(json.dumps(document))
    assert "my/new" in ModelRegistry.load(cache_dir=tmp_path)
    assert "bad entries" in caplog.text


def test_a_cache_that_cannot_be_read_is_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder in the file's place, or missing rights, are no reason to fail."""
    cached_file(tmp_path).mkdir()
    assert len(ModelRegistry.load(cache_dir=tmp_path)) == 63
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("folder", ["\0", str(CATALOG_FILE.parent)])
def test_an_impossible_folder_is_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture, folder: str
) -> None:
    """Loading never fails for the cache's sake."""
    assert len(ModelRegistry.load(cache_dir=folder)) == 63
    assert "is left out" in caplog.text


def test_a_user_without_a_home_has_no_cache(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Containers without a home folder still get the bundled data."""

    def home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", home)
    assert len(ModelRegistry.load()) == 63
    assert "No cache folder" in caplog.text


@given(st.binary(max_size=300))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cached_bytes_give_a_registry(tmp_path: Path, content: bytes) -> None:
    """Loading never fails, whatever the file has become."""
    cached_file(tmp_path).write_bytes(content)
    assert len(ModelRegistry.load(cache_dir=tmp_path)) >= 63


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({}, "linux", "/home/ann/.cache/github-models-azure"),
        ({"XDG_CACHE_HOME": "/big"}, "linux", "/big/github-models-azure"),
        ({"XDG_CACHE_HOME": "not/absolute"}, "linux", "/home/ann/.cache/github-models-azure"),
        ({"XDG_CACHE_HOME": "/big"}, "darwin", "/big/github-models-azure"),
        ({}, "darwin", "/home/ann/Library/Caches/github-models-azure"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/github-models-azure/Cache"),
        ({}, "win32", "/home/ann/AppData/Local/github-models-azure/Cache"),
    ],
)
def test_each_platform_has_its_folder(environ: dict[str, str], platform: str, folder: str) -> None:
    """The folder follows the platform's custom, and XDG_CACHE_HOME everywhere."""
    assert user_cache_dir(environ, platform, HOME) == Path(folder)


def test_the_process_is_asked_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments the environment and home of the process count."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", lambda: HOME)
    assert user_cache_dir().is_relative_to(HOME)
