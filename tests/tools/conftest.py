"""What the tests of the runners share."""

from __future__ import annotations

import pytest

from tests.harness import Twin
from tests.tools.runner_helpers import Driver


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def driver(request: pytest.FixtureRequest, twin: Twin) -> Driver:
    """Both runners, whole and streamed."""
    return Driver(twin, streamed=request.param)
