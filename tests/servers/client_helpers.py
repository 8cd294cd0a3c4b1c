"""One call or several over real connections, in the same words for both twins."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from github_models_azure import Endpoint, Trail, trail_of
from tests.harness import HELLO, Twin
from tests.servers.service import Service


@dataclass(frozen=True)
class Reply:
    """The text that arrived, what the SDK gave, and the trail."""

    text: str
    result: Any
    trail: Trail


def ask(twin: Twin, service: Service, endpoint: Endpoint | None = None, **keywords: Any) -> Reply:
    """Ask once; see ``ask_all``."""
    (reply,) = ask_all(twin, service, [keywords], endpoint)
    return reply


def ask_all(
    twin: Twin,
    service: Service,
    calls: Sequence[Mapping[str, Any]],
    endpoint: Endpoint | None = None,
) -> list[Reply]:
    """Ask one client several times; streams are read to their end.

    Nothing falls back unless a call says so, and no call waits: a test that hangs tells nothing.

    :param calls: the keywords of ``complete`` for each call.
    :param endpoint: in place of the service's URL and key.
    """
    where = {"endpoint": endpoint} if endpoint else {"endpoint": service.url}
    if endpoint is None:
        where["credential"] = service.key
    # By whole waits, since a random one can be over before the client decides not to wait.
    waits = {"fallback_max_wait": 0, "jitter": float}
    made: dict[str, Any] = {"model": service.model, "fallback": None, **waits}
    client = twin.package.ChatCompletionsClient(**where, **made)
    if twin.is_async:
        return asyncio.run(_ask_async(client, calls))
    with client:
        return [_ask(client, {"messages": HELLO, **keywords}) for keywords in calls]


def _ask(client: Any, keywords: Mapping[str, Any]) -> Reply:
    result = client.complete(**keywords)
    updates = list(result) if keywords.get("stream") else None
    return _reply(result, updates)


async def _ask_async(client: Any, calls: Sequence[Mapping[str, Any]]) -> list[Reply]:
    replies = []
    async with client:
        for keywords in calls:
            result = await client.complete(**{"messages": HELLO, **keywords})
            updates = [update async for update in result] if keywords.get("stream") else None
            replies.append(_reply(result, updates))
    return replies


def _reply(result: Any, updates: list[Any] | None) -> Reply:
    trail = trail_of(result)
    assert trail is not None
    if updates is None:
        return Reply(result.choices[0].message.content or "", result, trail)
    deltas = [update.choices[0].delta for update in updates if update.choices]
    return Reply("".join(delta.content or "" for delta in deltas if delta), updates, trail)
