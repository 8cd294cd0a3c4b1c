"""Trusting a settings file, as ``github-models trust`` does."""

from __future__ import annotations

from pathlib import Path

from github_models_azure.settings.found import read_found, this_machine
from github_models_azure.settings.trusted import read_store


def trust(path: Path | str) -> Path:
    """Trust a file as it is now."""
    file = read_found(Path(path).resolve(), this_machine())
    assert file is not None
    read_store().with_file(file.usable()).save()
    return file.path
