"""The user's cache folder on each platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from github_models_azure.registry.cache_folder import user_cache_dir

HOME = Path("/home/ann")


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
