"""The attacker's host, and the secrets that there are to steal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.dialects.servers_http import LoopbackServer, as_json
from tests.leaks.found_files import ENTRIES, VARIABLES

ANSWER = {
    "id": "1",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}
    ],
}


@pytest.fixture
def recorder() -> Iterator[LoopbackServer]:
    """The attacker's host."""
    with LoopbackServer(lambda _: as_json(ANSWER)) as server:
        yield server


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant what there is to steal."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    fake = SimpleNamespace(get_password=lambda _, entry: ENTRIES.get(entry))
    monkeypatch.setitem(sys.modules, "keyring", fake)
