"""Where settings come from: environment, then file, then defaults; arguments go before all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ..exceptions import SettingsError
from .applications import find_applications, joined, lent
from .model import CONFIG_VARIABLE, FILE_NAME, LLM_FILE, PREFIX, Settings

_LLM_HEADING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\[llm[.\]]", re.MULTILINE)
_NOTHING: Mapping[str, object] = MappingProxyType({})
_ELSEWHERE = ("DEBUG", "GATEWAY_KEY", "RECORDINGS", "TOKEN")  # read by whoever they concern
_NO_SETTING = {CONFIG_VARIABLE, *(PREFIX + word for word in _ELSEWHERE)}
_DEFAULTS = Settings()


def load_settings(
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    *,
    decided: bool = False,
) -> Settings:
    """Read the environment and the nearest settings file.

    The file is the one that ``GITHUB_MODELS_CONFIG`` names, else ``github-models.toml`` or a
    ``[tool.github-models]`` table of ``pyproject.toml`` in the directory or its parents. The
    settings of OpenHands (``LLM_*``, ``config.toml``) and of LogAI are understood too.

    :param decided: the caller names an endpoint or a credential, so that an application's settings
        lend at most a key to their own origin, and their mistakes do not matter.
    :raises SettingsError: for a file that cannot be read and for values of a wrong type.
    """
    environ = os.environ if environ is None else environ
    directory = directory or Path.cwd()
    variables = {
        name: value
        for name, value in environ.items()
        # Compose files and CI set variables to nothing where they mean to leave them out.
        if name.startswith(PREFIX) and name not in _NO_SETTING and value.strip()
    }
    named = _named_file(environ)
    file, table = _find_table(named, directory)
    own = _DEFAULTS
    if variables or table:  # where nobody set anything pydantic stays unloaded
        from .schema import validate

        own = validate(variables, table, file, environ)
    if not own.applications:
        return own
    said = frozenset(name.removeprefix(PREFIX).lower() for name in variables)
    return _beside_applications(own, said, environ, named, directory, decided=decided)


def _beside_applications(
    own: Settings,
    said: frozenset[str],
    environ: Mapping[str, str],
    named: tuple[Path, Mapping[str, object]] | None,
    directory: Path,
    *,
    decided: bool,
) -> Settings:
    theirs = None
    if named is not None:
        table = _llm_table(named[1])
        theirs = None if table is None else (named[0], table)
    documents = () if named is not None else _llm_tables(directory)
    found = find_applications(environ, documents, theirs)
    own = replace(own, notes=found.notes) if found.notes else own
    ours = said & {"endpoint", "api_key"} or (own.endpoint is not None or own.api_key is not None)
    decided = decided or bool(said & {"endpoint", "api_key"})
    try:
        application = found.read(environ, own.overlays)
    except SettingsError:
        if decided or (ours and not found.by_variables):
            return own
        raise
    if application is None:
        return own
    if decided:
        return lent(own, application, said)
    return joined(own, said, application)


def _named_file(environ: Mapping[str, str]) -> tuple[Path, Mapping[str, object]] | None:
    named = environ.get(CONFIG_VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {named!r}, which is not a file.")
    return path, _read_toml(path)


def _find_table(
    named: tuple[Path, Mapping[str, object]] | None, directory: Path
) -> tuple[Path | None, Mapping[str, object]]:
    if named is not None:
        path, document = named
        if _llm_table(document) is not None:
            return None, _NOTHING
        return path, _own_table(path, document)
    for path in _candidates(directory):
        if path.name == FILE_NAME:
            return path, _read_toml(path)
        if b"github-models" in _read_bytes(path):
            table = _own_table(path, _read_toml(path))
            if table:
                return path, table
    return None, _NOTHING


def _llm_table(document: Mapping[str, object]) -> Mapping[str, object] | None:
    table = document.get("llm")
    return table if isinstance(table, Mapping) else None


def _llm_tables(directory: Path) -> Iterator[tuple[Path, Mapping[str, object] | SettingsError]]:
    """Yield the ``[llm]`` tables upwards; a ``config.toml`` may be anybody's, and be broken.

    In place of a table there is an error where a broken file has the heading of one.
    """
    for folder in (directory, *directory.parents):
        path = folder / LLM_FILE
        if path.is_file() and b"llm" in _read_bytes(path):
            try:
                document = _read_toml(path)
            except SettingsError as error:
                if _LLM_HEADING.search(_read_bytes(path)):
                    yield path, error
                continue
            table = _llm_table(document)
            if table is not None:
                yield path, table


def _candidates(directory: Path) -> Iterator[Path]:
    for folder in (directory, *directory.parents):
        for name in (FILE_NAME, "pyproject.toml"):
            path = folder / name
            if path.is_file():
                yield path


def _own_table(path: Path, document: Mapping[str, object]) -> Mapping[str, object]:
    if path.name != "pyproject.toml":
        return document
    tools = document.get("tool", {})
    table = tools.get("github-models", {}) if isinstance(tools, Mapping) else {}
    return table if isinstance(table, Mapping) else {}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a file of some other project that we may not read says nothing to us
        return b""


def _read_toml(path: Path) -> Mapping[str, object]:
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        import tomli as tomllib  # type: ignore[no-redef, unused-ignore]
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))  # editors of Windows write a mark
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings file {path} cannot be read: {error}.") from error
    # Also what is nested too deeply, and numbers of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"The settings file {path} is not TOML: {error}.") from error
