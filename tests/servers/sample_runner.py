"""Runs sample code of the SDK with nothing changed but the line that imports the client."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

SAMPLES = {path.stem: path for path in sorted(Path(__file__).parent.glob("sdk_samples/*.py"))}

_CLIENTS = r"(?:ChatCompletions|Embeddings|ImageEmbeddings)Client"
_IMPORT = re.compile(
    rf"^([ \t]*)from azure\.ai\.inference(\.aio)? import ({_CLIENTS}(?:, {_CLIENTS})*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Finished:
    """What a sample left behind: the text it printed, and its names."""

    printed: str
    names: Mapping[str, Any]


def with_our_clients(source: str) -> str:
    """Return a sample that imports its clients from this package; all else stays.

    :raises ValueError: where it imports no client.
    """
    changed, count = _IMPORT.subn(r"\1from github_models_azure\2 import \3", source)
    if not count:
        raise ValueError("The sample imports no client of azure.ai.inference.")
    return changed


def run_sample(path: Path, variables: Mapping[str, str], *, changed: bool = True) -> Finished:
    """Run a sample as a program of this process.

    :param variables: added to the environment while it runs.
    :param changed: whether it gets the clients of this package, or runs as it stands.
    """
    source = path.read_text(encoding="utf-8")
    if changed:
        source = with_our_clients(source)
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    printed = io.StringIO()
    with mock.patch.dict("os.environ", variables), contextlib.redirect_stdout(printed):
        exec(compile(source, str(path), "exec"), names)
    return Finished(printed.getvalue(), names)
