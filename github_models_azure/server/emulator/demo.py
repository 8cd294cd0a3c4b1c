"""The emulator of this process, for ``GITHUB_TOKEN=demo_token`` and ``--demo``."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from azure.core.credentials import AzureKeyCredential

from github_models_azure.endpoints import Endpoint

if TYPE_CHECKING:
    from .runner import Emulator

_TOKEN = "demo_token"  # noqa: S105 - the documented switch to the emulator, not a secret

_lock = threading.Lock()
_running: list[Emulator] = []


def demo_endpoint() -> Endpoint:
    """Return the endpoint of the emulator of this process; the first call starts it.

    It listens on a free port of this machine until the process ends.

    :raises ImportError: where the extra that it needs is not installed.
    """
    with _lock:
        if not _running:
            _running.append(_start())
        url = _running[0].inference_url
    return Endpoint("emulator", url, credential=AzureKeyCredential(_TOKEN), dialect="github")


def _forget() -> None:
    """Leave the emulator to the process that was forked from: its thread runs there only."""
    global _lock  # the old one may be held by a thread that is not here
    _lock = threading.Lock()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _start() -> Emulator:
    try:
        from .runner import Emulator
    except ModuleNotFoundError as error:
        raise ImportError(
            "The emulator needs: pip install 'github-models-azure[server]'"
        ) from error
    emulator = Emulator()
    emulator.start()
    atexit.register(emulator.stop)
    return emulator
