"""Where settings come from: environment, then file, then defaults; arguments go before all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ._credentials import KeySource
from .endpoints import Endpoint
from .endpoints.presets import PRESETS
from .exceptions import SettingsError

__all__ = ["Settings", "load_settings"]

PREFIX = "GITHUB_MODELS_"
CONFIG_VARIABLE = PREFIX + "CONFIG"
FILE_NAME = "github-models.toml"

_ELSEWHERE = ("DEBUG", "GATEWAY_KEY", "RECORDINGS", "TOKEN")  # read by whoever they concern
_NO_SETTING = {CONFIG_VARIABLE, *(PREFIX + word for word in _ELSEWHERE)}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a client that its arguments leave open.

    ``options`` are keywords of the fallback policy, ``overlays`` changes to the model registry and
    ``tiers`` user-made quotas. ``sources`` says of the endpoints that were given a credential where
    it comes from. ``file`` is the settings file that was read, if one was.
    """

    endpoint: str | None = None
    api_key: str | None = field(default=None, repr=False)
    model: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=lambda: PRESETS)
    sources: Mapping[str, KeySource] = field(default_factory=dict)
    overlays: Mapping[str, Any] = field(default_factory=dict)
    tiers: Mapping[str, Any] = field(default_factory=dict)
    file: Path | None = None


_DEFAULTS = Settings()


def load_settings(
    environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Settings:
    """Read the environment and the nearest settings file.

    The file is the one that ``GITHUB_MODELS_CONFIG`` names, else ``github-models.toml`` or a
    ``[tool.github-models]`` table of ``pyproject.toml`` in the directory or its parents.

    :raises SettingsError: for a file that cannot be read and for values of a wrong type.
    """
    environ = os.environ if environ is None else environ
    variables = {
        name: value
        for name, value in environ.items()
        # Compose files and CI set variables to nothing where they mean to leave them out.
        if name.startswith(PREFIX) and name not in _NO_SETTING and value.strip()
    }
    file, table = _find_table(environ, directory or Path.cwd())
    if not variables and not table:  # nobody set anything: pydantic stays unloaded
        return _DEFAULTS
    from ._settings_schema import validate

    return validate(variables, table, file, environ)


def _find_table(
    environ: Mapping[str, str], directory: Path
) -> tuple[Path | None, Mapping[str, Any]]:
    named = environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(f"{CONFIG_VARIABLE} names {named!r}, which is not a file.")
        return path, _own_table(path, _read_toml(path))
    for path in _candidates(directory):
        if path.name == FILE_NAME:
            return path, _read_toml(path)
        if b"github-models" in _read_bytes(path):
            table = _own_table(path, _read_toml(path))
            if table:
                return path, table
    return None, MappingProxyType({})


def _candidates(directory: Path) -> Iterator[Path]:
    for folder in (directory, *directory.parents):
        for name in (FILE_NAME, "pyproject.toml"):
            path = folder / name
            if path.is_file():
                yield path


def _own_table(path: Path, document: Mapping[str, Any]) -> Mapping[str, Any]:
    if path.name != "pyproject.toml":
        return document
    table = document.get("tool", {}).get("github-models", {})
    return table if isinstance(table, Mapping) else {}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a file of some other project that we may not read says nothing to us
        return b""


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        import tomli as tomllib  # type: ignore[no-redef, unused-ignore]
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {path} is not TOML: {error}.") from error
