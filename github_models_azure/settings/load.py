"""Where settings come from: environment, then file, then defaults; arguments go before all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from .._core.trust import BY_USER
from ..exceptions import SettingsError
from .applications import LOGAI_PROVIDER, Document, find_applications, joined, lent, nearest
from .env_file import ENV_FILE, EnvFile, read_env_file
from .found import Machine, SettingsFile, folders, read_found, read_named, this_machine
from .model import CONFIG_VARIABLE, FILE_NAME, LLM_FILE, LOGAI_PREFIX, PREFIX, Settings
from .remembered import remembered
from .trusted import judged

_LLM_HEADING = re.compile(rb"^(?:\xef\xbb\xbf)?\s*\[llm[.\]]", re.MULTILINE)
_NOTHING: Mapping[str, object] = MappingProxyType({})
_ELSEWHERE = ("DEBUG", "GATEWAY_KEY", "RECORDINGS", "TOKEN")  # read by whoever they concern
_NO_SETTING = {CONFIG_VARIABLE, *(PREFIX + word for word in _ELSEWHERE)}
_DEFAULTS = Settings()
_NO_FILE = EnvFile()


def load_settings(
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    *,
    decided: bool = False,
    env_file: EnvFile = _NO_FILE,
    named: SettingsFile | None = None,
    machine: Machine | None = None,
) -> Settings:
    """Read the environment and the nearest settings file.

    The file is the one that ``GITHUB_MODELS_CONFIG`` names, else ``github-models.toml`` or a
    ``[tool.github-models]`` table of ``pyproject.toml`` in the directory or its parents, up to the
    root of the repository or the home folder. The settings of OpenHands (``LLM_*``,
    ``config.toml``) and of LogAI (``LOGAI_*``, also in a ``.env``) are understood too.

    :param decided: the caller names an endpoint or a credential, so that an application's settings
        lend at most a key to their own origin, and their mistakes do not matter.
    :param env_file: variables of a file, which count if the environment does not set them.
    :param named: the settings file that the caller names and has read.
    :param machine: what of the system the files are judged by; by default that of this process.
    :raises SettingsError: for a file that cannot be read or is refused, and for values of a wrong
        type.
    """
    if (environ, directory, named, machine) == (None, None, None, None) and env_file is _NO_FILE:
        process = dict(os.environ)  # once: each look at a variable decodes it
        here = os.getcwd()
        key = (decided, here, *process.items())
        return remembered(
            key, lambda: _read(process, Path(here), decided, env_file, None, this_machine())
        )
    return _read(
        os.environ if environ is None else environ,
        directory or Path.cwd(),
        decided,
        env_file,
        named,
        machine or this_machine(),
    )


def _read(
    environ: Mapping[str, str],
    directory: Path,
    decided: bool,
    env_file: EnvFile,
    named: SettingsFile | None,
    machine: Machine,
) -> Settings:
    variables = {
        name: value
        for name, value in {**env_file.values, **_filled(environ)}.items()
        if name.startswith(PREFIX) and name not in _NO_SETTING
    }
    document = _named_file(environ, machine, named)
    file, table = _find_table(document, directory, machine)
    own = _DEFAULTS
    if variables or table:  # where nobody set anything pydantic stays unloaded
        from .schema import validate

        own = validate(
            variables,
            table,
            file.path if file is not None else None,
            environ,
            file_by=file.chosen if file is not None else BY_USER,
            variables_by={
                name: env_file.chosen for name in env_file.values if name not in _filled(environ)
            },
        )
    warned = [document[0].warning] if document is not None else []
    warnings = tuple(one for one in (*warned, *env_file.warnings) if one)
    if warnings:
        own = replace(own, warnings=warnings)
    if not own.applications:
        return own
    said = frozenset(name.removeprefix(PREFIX).lower() for name in variables)
    return _beside_applications(own, said, environ, document, directory, machine, decided=decided)


def _filled(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what Compose files and CI set to nothing where they mean to leave it out."""
    return {name: value for name, value in environ.items() if value.strip()}


def _beside_applications(
    own: Settings,
    said: frozenset[str],
    environ: Mapping[str, str],
    named: tuple[SettingsFile, Mapping[str, object]] | None,
    directory: Path,
    machine: Machine,
    *,
    decided: bool,
) -> Settings:
    theirs = None
    if named is not None:
        table = _llm_table(named[1])
        theirs = None if table is None else Document(named[0], table)
    logai = read_env_file(LOGAI_PREFIX, directory, machine=machine)
    by_process = bool(environ.get(LOGAI_PROVIDER, "").strip())
    found = find_applications(
        {**environ, **logai.values, **_filled(environ)} if logai.values else environ,
        () if named is not None else _llm_documents(directory, machine),
        theirs,
        machine=machine,
        logai_by=BY_USER if by_process else logai.chosen,
    )
    own = replace(own, notes=found.notes) if found.notes else own
    ours = said & {"endpoint", "api_key"} or (own.endpoint is not None or own.api_key is not None)
    decided = decided or bool(said & {"endpoint", "api_key"})
    try:
        application = found.read({**environ, **logai.values, **_filled(environ)}, own.overlays)
    except SettingsError:
        if decided or (ours and not found.by_variables):
            return own
        raise
    if application is None:
        return own
    if decided:
        return lent(own, application, said)
    return joined(own, said, application)


def nearest_files(directory: Path, machine: Machine) -> tuple[SettingsFile, ...]:
    """Return the files that lie there and that settings are read from, ours first.

    :raises SettingsError: for one that is refused or cannot be read.
    """
    own, _ = _find_table(None, directory, machine)
    document, _ = nearest(_llm_documents(directory, machine))
    theirs = document.file.usable() if document is not None else None
    logai = read_found(directory / ENV_FILE, machine, LOGAI_PREFIX.encode())
    found = (own, theirs, logai.usable(by_name=False) if logai is not None else None)
    return tuple(file for file in found if file is not None)


def _named_file(
    environ: Mapping[str, str], machine: Machine, given: SettingsFile | None
) -> tuple[SettingsFile, Mapping[str, object]] | None:
    if given is not None:
        return given, _parse(given)
    named = environ.get(CONFIG_VARIABLE)
    if not named:
        return None
    try:
        file = read_named(Path(named).expanduser(), machine)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SettingsError(f"{CONFIG_VARIABLE} names {named!r}, which is not a file.") from error
    return file.usable(), _parse(file)


def _find_table(
    named: tuple[SettingsFile, Mapping[str, object]] | None, directory: Path, machine: Machine
) -> tuple[SettingsFile | None, Mapping[str, object]]:
    if named is not None:
        file, document = named
        if _llm_table(document) is not None:
            return None, _NOTHING
        return file, _own_table(file.path, document)
    for found in _candidates(directory, machine):
        if found.path.name == FILE_NAME or not found.data:
            return judged(found.usable(), machine), _parse(found)
        table = _own_table(found.path, _parse(found))
        if table:
            return judged(found.usable(), machine), table
    return None, _NOTHING


def _llm_table(document: Mapping[str, object]) -> Mapping[str, object] | None:
    table = document.get("llm")
    return table if isinstance(table, Mapping) else None


def _llm_documents(directory: Path, machine: Machine) -> Iterator[Document]:
    """Yield the ``[llm]`` tables upwards; a ``config.toml`` may be anybody's, and be broken.

    In place of a table there is an error where a broken file has the heading of one.
    """
    for folder in folders(directory, machine.home):
        file = read_found(folder / LLM_FILE, machine, b"llm")
        if file is None:
            continue
        if not file.data:
            file.usable()
        try:
            document = _parse(file)
        except SettingsError as error:
            if _LLM_HEADING.search(file.data):
                yield Document(file, broken=error)
            continue
        table = _llm_table(document)
        if table is not None:
            yield Document(file, table)


def _candidates(directory: Path, machine: Machine) -> Iterator[SettingsFile]:
    for folder in folders(directory, machine.home):
        for name, mentions in ((FILE_NAME, b""), ("pyproject.toml", b"github-models")):
            file = read_found(folder / name, machine, mentions)
            if file is not None:
                yield file


def _own_table(path: Path, document: Mapping[str, object]) -> Mapping[str, object]:
    if path.name != "pyproject.toml":
        return document
    tools = document.get("tool", {})
    table = tools.get("github-models", {}) if isinstance(tools, Mapping) else {}
    return table if isinstance(table, Mapping) else {}


def _parse(file: SettingsFile) -> Mapping[str, object]:
    try:
        import tomllib
    except ModuleNotFoundError:  # Python 3.10
        import tomli as tomllib  # type: ignore[import-not-found, no-redef, unused-ignore]
    try:
        return tomllib.loads(file.data.decode("utf-8-sig"))  # editors of Windows write a mark
    except UnicodeDecodeError as error:
        wrong = f"cannot be read: {error}"
    # Also what is nested too deeply, and numbers of thousands of digits.
    except (ValueError, RecursionError) as error:
        wrong = f"is not TOML: {error}"
    # Raised here, it has no cause and no context: both keep the whole file.
    raise SettingsError(f"The settings file {file.path} {wrong}.")
