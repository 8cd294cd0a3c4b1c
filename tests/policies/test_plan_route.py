"""A dry run says who would be asked, and sends nothing."""

from __future__ import annotations

import io

import pytest

from tests.harness import (
    FIRST,
    HELLO,
    SECOND,
    Service,
    Twin,
    chat,
    falls_back,
)


def test_plan_route_names_who_would_be_asked(twin: Twin) -> None:
    """A dry run orders the targets, gives reasons, and sends nothing."""
    service = Service(falls_back)
    client = twin.client(service, model=FIRST, fallback=[SECOND, "openai/o1-mini"])
    twin.complete(client)
    tools = [{"type": "function", "function": {"name": "f"}}]
    plan = twin.run(client.plan_route(messages=HELLO, tools=tools))
    assert [target.rpartition("/")[2] for target in plan.targets] == ["gpt-4o"]
    assert "returns in" in plan.later[0].reason
    assert "does not support tools" in plan.skipped[0].reason
    assert "gpt-4o" in str(plan)
    assert len(service.sent) == 2


def test_plan_route_needs_a_body_it_can_read(twin: Twin) -> None:
    """A body that is no JSON object has no route."""
    service = Service(lambda sent: chat("m"))
    with pytest.raises(TypeError, match="JSON object"):
        twin.run(twin.client(service).plan_route(io.BytesIO(b"[]")))
