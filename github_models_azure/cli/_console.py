"""The terminal: data on stdout, messages on stderr, one status line while something is awaited.

Also what a command makes of values on their way there: rows, wrapped lines, and JSON.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import sys
import textwrap
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import IO

from .._core.trail_events import JsonValue as JsonValue
from ._log_switches import shows_debug_log

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_TICK = 0.5
_GONE = {errno.EPIPE, errno.EINVAL, errno.ESHUTDOWN}  # EINVAL is Windows' word for a closed pipe


class OutputClosedError(Exception):
    """Whoever read our output has gone, as ``head`` does; there is nobody left to tell."""


class Console:
    """What the commands write to.

    :param environ: read for ``NO_COLOR`` and ``TERM``; the environment of the process by default.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.debug = environ.get("GITHUB_MODELS_DEBUG", "0") not in ("", "0")
        self.logs_debug = shows_debug_log(environ)
        self._held: list[str] = []
        self._holds = True
        self.awaited = ""
        self._plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self._plain = self._plain or (os.name == "nt" and "WT_SESSION" not in environ)
        self._status = ""
        self._lock = threading.RLock()
        for stream in (sys.stdout, sys.stderr):
            # A character that the terminal cannot show is escaped: losing the answer is worse.
            with contextlib.suppress(AttributeError, ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def out(self, text: str = "", *, style: str = "", end: str = "\n") -> None:
        """Write data to stdout, at once.

        :raises OutputClosedError: when the reader has gone.
        """
        with self._lock:
            self.status("")
            stream = sys.stdout
            if stream is None:  # started with stdout closed
                return
            if is_terminal(stream):
                text = self._style(_escape(text), style, stream)
            try:
                stream.write(text + end)
                stream.flush()
            except OSError as error:
                if error.errno not in _GONE:
                    raise
                _abandon(stream)
                raise OutputClosedError from error

    def json(self, value: object, *, indent: int | None = 2) -> None:
        """Write a value as JSON to stdout; ``indent=None`` keeps it on one line."""
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
        self.out(json.dumps(value, indent=indent, ensure_ascii=encoding != "utf8", default=str))

    def note(self, text: str, *, style: str = "") -> None:
        """Write a message to stderr; if nobody reads it, it is lost."""
        with self._lock:
            self.status("")
            stream = sys.stderr
            if stream is None:
                return
            with contextlib.suppress(OSError, ValueError):
                stream.write(self._style(_escape(text), style, stream) + "\n")
                stream.flush()

    def warn(self, text: str) -> None:
        """Write a warning to stderr."""
        self.note(f"warning: {text}", style="yellow")

    def hold_warning(self, text: str) -> None:
        """Keep a warning until the command has succeeded: beside an error it would only repeat."""
        if not self._holds:
            self.warn(text)
        elif text not in self._held:
            self._held.append(text)

    def release_warnings(self, *, for_good: bool = False) -> None:
        """Write the warnings that were kept.

        :param for_good: write all further ones as they come: the command goes on for days.
        """
        self._holds = self._holds and not for_good
        held, self._held = self._held, []
        for text in held:
            self.warn(text)

    @contextlib.contextmanager
    def logging(self) -> Iterator[None]:
        """Show what the package logs: warnings, and everything in debug mode.

        What other packages log stays silent; Python would print it as it comes.
        """
        own, others = logging.getLogger(__name__.partition(".")[0]), logging.getLogger()
        handler, silence, level = _Messages(self), logging.NullHandler(), own.level
        own.addHandler(handler)
        others.addHandler(silence)
        own.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            own.removeHandler(handler)
            others.removeHandler(silence)
            own.setLevel(level)

    def fail(self, text: str) -> None:
        """Write the one line that says what went wrong."""
        self.note(f"error: {' '.join(text.split())}", style="red")

    def status(self, text: str) -> None:
        """Show what is awaited, on the last line of a terminal; an empty text takes it away."""
        with self._lock:
            if text == self._status or not is_terminal(sys.stderr):
                return
            blank = ""
            if self._status:  # a terminal that echoes ^C has written beyond the text
                blank = "\r" + " " * len(self._status) + "\r" if self._plain else "\r\x1b[2K"
            text = _escape(text)[: _columns() - 1]
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(blank + text)
                sys.stderr.flush()
            self._status = text

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[Waiting]:
        """Count the seconds on a terminal's last line until the block ends or content arrives."""
        self.awaited = what
        waiting = Waiting(self)
        waiting.start()
        try:
            yield waiting
        finally:
            waiting.stop()

    def close(self) -> None:
        """Write out what is still held back.

        :raises OutputClosedError: when the reader has gone.
        """
        self.status("")
        self.out(end="")

    def _style(self, text: str, style: str, stream: IO[str]) -> str:
        if not style or self._plain or not is_terminal(stream):
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


class _Messages(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        if self._console.debug or self._console.logs_debug:
            if record.exc_info is not None:
                text += "\n" + logging.Formatter().formatException(record.exc_info).rstrip()
            self._console.note(f"{record.name}: {text}", style="dim")
        elif record.levelno >= logging.WARNING:
            self._console.hold_warning(text)
        elif record.levelno >= logging.INFO:
            self._console.awaited = text


class Waiting:
    """The seconds that pass while an answer is awaited; silent unless stderr is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start counting."""
        if is_terminal(sys.stderr):
            self._thread = threading.Thread(target=self._count, name="waiting", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop counting and clear the line; doing so twice is harmless."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
            self._console.status("")

    def _count(self) -> None:
        ticks = 0
        while not self._ended.wait(_TICK):
            ticks += 1
            end = f" ... {int(ticks * _TICK)} s (Ctrl-C stops)"
            room = _columns() - len(end) - 1
            self._console.status(self._console.awaited[:room] + end)


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether somebody watches a stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _escape(text: str) -> str:
    """Make control characters visible: an answer must not steer the terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r", ""))


def _abandon(stream: IO[str]) -> None:
    """Send the rest to nowhere, or Python complains about it when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def table(rows: Iterable[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Yield rows as lines; a cell that is too wide takes the space of those after it."""
    for row in rows:
        line, wanted = "", 0
        for cell, width in zip(row, widths, strict=True):
            line += cell + " "
            wanted += width + 1
            line = line.ljust(wanted)
        yield line.rstrip()


def wrap(lead: str, text: str, *, hang: int = 0, width: int = 79) -> Iterator[str]:
    """Yield a text after a lead, its further lines indented by the lead's length and ``hang``."""
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=lead,
        subsequent_indent=" " * (len(lead) + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(value: object) -> JsonValue:
    """Return a fact as JSON: sets sorted, dates as text, enums as their words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, frozenset | set):
        return list[JsonValue](sorted(str(item) for item in value))
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    if isinstance(value, dict):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
