"""The two sides of every comparison."""

from __future__ import annotations

import pytest

from tests.harness import Twin
from tests.traps.side_helpers import Side


@pytest.fixture
def plain(twin: Twin) -> Side:
    """The SDK as it is."""
    return Side(twin, is_ours=False)


@pytest.fixture
def ours(twin: Twin) -> Side:
    """The clients of this package."""
    return Side(twin, is_ours=True)
