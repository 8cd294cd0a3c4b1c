"""The variables that show OpenHands' debug log; here they show that of the package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_ALL, _LEVEL = "LOG_ALL_EVENTS", "OPENHANDS_LOG_LEVEL"
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_LEVELS = ("debug", "info", "warning", "error", "critical")


def shows_debug_log(environ: Mapping[str, str]) -> bool:
    """Return whether a variable asks for the debug log."""
    return _word(environ, _ALL) in _YES or _word(environ, _LEVEL) == "debug"


def log_notes(environ: Mapping[str, str]) -> Iterator[str]:
    """Say what each of them does, if it is set."""
    every, level = _word(environ, _ALL), _word(environ, _LEVEL)
    if every in _YES:
        yield f"{_ALL} shows the debug log."
    elif every and every not in _NO:
        yield f"{_ALL} is not used: it is true or false."
    if level == "debug":
        yield f"{_LEVEL}=DEBUG shows the debug log."
    elif level in _LEVELS:
        yield f"{_LEVEL} is not used: only DEBUG shows more."
    elif level:
        yield f"{_LEVEL} is not used: it is one of {', '.join(_LEVELS).upper()}."


def _word(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()
