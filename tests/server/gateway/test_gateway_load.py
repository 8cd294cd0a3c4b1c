"""A small load on a gateway leaves nothing behind; `nox -s load` is the same for a minute."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.gateway_load import Load, run


@pytest.mark.skipif(sys.platform != "linux", reason="counts sockets in /proc")
async def test_streams_with_leavers_and_faults_leave_nothing_behind() -> None:
    """Tasks and sockets are as few as before, and each error has the form of OpenAI's."""
    report = await run(Load(streams=24, seconds=None, calls=6, gap=0.0))
    assert report.unshaped == []
    assert report.leaks == []
    assert sum(report.outcomes.values()) == 24 * 6
    assert set(report.outcomes) >= {"done", "left", "broken off", "refused"}
