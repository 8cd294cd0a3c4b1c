"""The ledger that the clients of a process share."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure import ledger
from github_models_azure.ledger import process_ledger
from tests.harness import FIRST, SECOND, Clock, Service, Twin, falls_back


def ask(twin: Twin, service: Service, **options: Any) -> None:
    """Build a client that goes by the machine's clock, and call once."""
    options = {"model": FIRST, "fallback": [SECOND], "clock": None, **options}
    twin.complete(twin.client(service, **options))


def test_five_clients_meet_a_limit_once(twin: Twin) -> None:
    """A framework that builds a client for each call remembers what the last one met."""
    service = Service(falls_back)
    for _ in range(5):
        ask(twin, service)
    assert service.models == [FIRST] + 5 * [SECOND]


def test_other_keys_know_nothing_of_it(twin: Twin) -> None:
    """The quota of one tenant is none of the other's business."""
    service = Service(falls_back)
    ask(twin, service, credential="one")
    ask(twin, service, credential="two")
    assert service.models == 2 * [FIRST, SECOND]


@pytest.mark.parametrize("options", [{"ledger": "memory"}, {"clock": Clock()}])
def test_a_client_can_have_its_own(twin: Twin, options: dict[str, Any]) -> None:
    """By name, or because times of two clocks do not compare."""
    service = Service(falls_back)
    ask(twin, service)
    ask(twin, service, **options)
    assert service.models == 2 * [FIRST, SECOND]


def test_reset_forgets_everything(twin: Twin) -> None:
    """For tests, which are coupled by nothing then."""
    service = Service(falls_back)
    ask(twin, service)
    ledger.reset()
    ask(twin, service, ledger="process")
    assert service.models == 2 * [FIRST, SECOND]
    process_ledger().learn("key", "seed")
    ledger.reset()
    assert not process_ledger().learnt("key")
