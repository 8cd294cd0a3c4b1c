"""Where a prompt comes from: the command line, a file, or a pipe."""

from __future__ import annotations

import base64
import mimetypes
import sys
from pathlib import Path

from ._console import is_terminal
from ._errors import CommandFailedError, WrongUsageError

STDIN = "-"


def read_prompt(argument: str | None, file: str | None) -> str:
    """Return the prompt: the argument, then what the file holds; else what is piped in.

    :raises WrongUsageError: where there is none.
    :raises CommandFailedError: for a file that cannot be read as text.
    """
    if STDIN == argument == file:
        raise WrongUsageError("The standard input can be read once: give '-' once.")
    parts = []
    if argument is not None:
        parts.append(_from_stdin() if argument == STDIN else argument)
    if file is not None:
        parts.append(_from_stdin() if file == STDIN else _from_file(file))
    if not parts:
        if sys.stdin is None or is_terminal(sys.stdin):
            raise WrongUsageError(
                "There is no prompt. Give it as an argument, with --file PATH, or through a pipe."
            )
        parts.append(_from_stdin())
        if not parts[0].strip():
            raise WrongUsageError(
                "There is no prompt: nothing was piped in. Give it as an argument or with --file."
            )
    prompt = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    if not prompt:
        raise WrongUsageError("The prompt is empty.")
    return prompt


def image_url(source: str) -> str:
    """Return what a message takes for an image: a URL as it is, a file as ``data:``.

    :raises CommandFailedError: for a file that cannot be read or is no image by its name.
    """
    if source.startswith(("http://", "https://", "data:")):
        return source
    kind = mimetypes.guess_type(source)[0] or ""
    if not kind.startswith("image/"):
        raise CommandFailedError(
            f"The file {source} does not have the name of an image; png, jpg, gif and webp are "
            "supported."
        )
    content = base64.b64encode(_read(Path(source).expanduser(), "image")).decode("ascii")
    return f"data:{kind};base64,{content}"


def _from_file(name: str) -> str:
    return _text(_read(Path(name).expanduser(), "prompt"), f"The prompt file {name}")


def _from_stdin() -> str:
    if sys.stdin is None:
        raise WrongUsageError("There is no standard input to read the prompt from.")
    return _text(sys.stdin.buffer.read(), "The standard input")


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandFailedError(
            f"The {what} file {path} cannot be read: {error.strerror or error}."
        ) from error


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandFailedError(
            f"{where} is not UTF-8 text: byte {error.start} is not part of a character."
        ) from error
