"""A ``.env`` file in the working directory, or one that is named: variables that lie in a file."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .._core.trust import BY_USER, Chosen, shown_path, trust_command
from ..exceptions import SettingsError
from .found import Machine, SettingsFile, read_found, read_named, this_machine
from .model import CONFIG_VARIABLE
from .trusted import judged

ENV_FILE = ".env"


@dataclass(frozen=True, slots=True)
class EnvFile:
    """Variables of a file, and who chose that file; the environment of the process goes first.

    ``warnings`` say what is in it and does not count.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    chosen: Chosen = BY_USER
    warnings: tuple[str, ...] = ()


_NONE = EnvFile()


def read_env_file(
    prefix: str,
    directory: Path,
    *,
    named: str | None = None,
    encoding: str = "utf-8",
    machine: Machine | None = None,
) -> EnvFile:
    """Read the variables that begin with a prefix; a file without any is not ours.

    ``GITHUB_MODELS_CONFIG`` is never among them: a file that lies there would name another one.

    :param named: the file that the caller names, in place of ``.env`` in the directory; it need not
        exist.
    :raises SettingsError: for a file that is refused, cannot be decoded, or refers to other
        variables without being named or trusted.
    """
    machine = machine or this_machine()
    if named is not None:
        try:
            found: SettingsFile | None = read_named(Path(named).expanduser(), machine)
        except (FileNotFoundError, NotADirectoryError):
            return _NONE
    else:
        found = read_found(directory / ENV_FILE, machine, _marker(prefix, encoding))
    if found is None:
        return _NONE
    if found.refused is not None and not found.data:
        found.usable(by_name=False)
    if named is None:
        found = judged(found, machine)
    values = _values(found, prefix, encoding)
    if not values:
        return _NONE
    found.usable(by_name=False)
    shown, warnings = shown_path(str(found.path)), [found.warning] if found.warning else []
    if values.pop(CONFIG_VARIABLE, None) is not None:
        warnings.append(
            f"{CONFIG_VARIABLE} in {shown} is not used: only the environment of the process, or "
            "an argument, names a settings file."
        )
    return EnvFile(values, found.chosen, tuple(warnings))


def _marker(prefix: str, encoding: str) -> bytes:
    # With a byte order mark of its own each text would begin with one.
    plain = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding.lower(), encoding)
    return prefix.encode(plain)


def _values(file: SettingsFile, prefix: str, encoding: str) -> dict[str, str]:
    from dotenv import dotenv_values

    shown = shown_path(str(file.path))
    text = None
    with suppress(LookupError, UnicodeDecodeError):
        text = file.data.decode(encoding).removeprefix("\ufeff")
    if text is None:  # raised here, it has no cause: that one keeps the whole file
        raise SettingsError(f"The file {shown} is not text in {encoding}.")
    written = _ours(dotenv_values(stream=io.StringIO(text), interpolate=False), prefix)
    if not file.chosen.is_found:
        return _ours(dotenv_values(stream=io.StringIO(text)), prefix)
    for name, value in written.items():
        if "${" in value:  # it would put any variable of the process into a URL
            raise SettingsError(
                f"{name} in {shown} refers to another variable, which a file that was found may "
                f"not. Read the file; if it may, run: {trust_command(file.chosen.file)}"
            )
    return written


def _ours(values: Mapping[str, str | None], prefix: str) -> dict[str, str]:
    return {
        name: value
        for name, value in values.items()
        if value and value.strip() and name.startswith(prefix)
    }
