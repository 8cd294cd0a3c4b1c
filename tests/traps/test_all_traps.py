"""No fault of the plain SDK is forgotten: each has a test here, or a reason why it has none.

They are counted in the order in which a request meets them: its making (1-12), the policies (13-15),
retries (16-21), streams (22-31), errors (32-34), data and connections (35-42). The tests say what
each is; these have none:

| trap | what the SDK does | why there is no test |
|------|-------------------|----------------------|
| 12 | `get_model_info()` on an endpoint without `/info` is a 404 | it is the server's answer, and stays one |
| 27 | hands out a usage update whose `choices` are empty | it is OpenAI's form; the update is kept, the samples are tested against it |
| 31 | the models of each update cost most of the CPU time | a cost, measured by the benchmarks |
| 35 | a tool call that is rebuilt loses members the SDK does not know | the caller rebuilds it; the objects themselves are handed on whole |
| 36 | reads JSON twice | a cost, measured by the benchmarks |
| 38 | reads the environment on every call | a cost, and what proxies and certificates are found by |
| 40 | is frozen and retired | `tests/client/test_sdk_pin.py` holds what is relied upon |
"""  # noqa: E501 - rows of a table

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

ALL = set(range(1, 43))


def covered() -> Counter[int]:
    """Count the tests of this folder by the traps that they name."""
    found: Counter[int] = Counter()
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.traps.{path.stem}")
        for name, member in vars(module).items():
            if name.startswith("test_"):
                found.update(getattr(member, "traps", ()))
    return found


def left_out() -> dict[int, str]:
    """Read the table above: the reason by trap."""
    rows = re.findall(r"^\| (\d+) \|[^|]+\| ([^|]+) \|$", __doc__ or "", re.MULTILINE)
    return {int(number): reason for number, reason in rows}


def test_every_trap_has_a_test_or_a_reason() -> None:
    """A test that is deleted, or a trap that is cured, has to be noted here."""
    assert set(covered()) | set(left_out()) == ALL
    assert not set(covered()) & set(left_out())


def test_every_test_here_names_its_traps() -> None:
    """What a test shows can be found by number."""
    folder = Path(__file__).parent
    for path in sorted(folder.glob("test_*_traps.py")):
        if path.name == Path(__file__).name:
            continue
        source = path.read_text(encoding="utf-8")
        assert source.count("\n@trap(") == source.count("\ndef test_"), path.name


@pytest.mark.parametrize(("number", "reason"), left_out().items())
def test_every_reason_is_one(number: int, reason: str) -> None:
    """A trap is left out for something, and by its own number."""
    assert number in ALL
    assert len(reason.split()) > 3
