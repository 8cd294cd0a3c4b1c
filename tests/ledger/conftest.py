"""The stores of quotas, which all answer alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.store_helpers import KINDS, Make, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """Make stores of any kind, and close their files at the end."""
    with Stores(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def reused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Keep one store of each kind, for the many histories of a property."""
    with Stores(tmp_path_factory.mktemp("quotas")) as made:
        yield made


@pytest.fixture(params=KINDS)
def exact(request: pytest.FixtureRequest, stores: Stores) -> Make:
    """Make an empty store without a margin, once of each kind."""
    kind: str = request.param
    return lambda margin=0.0: stores.make(kind, margin)
