"""Streams that pour take turns, and everything else goes on between them.

About `server/gateway/turns.py`.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from github_models_azure.server.gateway.turns import Turns


async def test_one_turn_is_given_in_a_round() -> None:
    """However many streams have data at hand: each round, the rest of the program comes to act."""
    turns, done, rounds = Turns(), [0], []
    loop = asyncio.get_running_loop()

    async def pour() -> None:
        for _ in range(20):
            await turns.next()
            done[0] += 1

    def look() -> None:
        rounds.append(done[0])
        if done[0] < 200:
            loop.call_soon(look)

    loop.call_soon(look)
    await asyncio.gather(*(pour() for _ in range(10)))
    steps = [after - before for before, after in pairwise(rounds)]
    # Whoever has had a turn may come at once for that of the next round.
    assert max(steps) <= 2
    assert done == [200]


async def test_turns_go_round() -> None:
    """In the order in which they were asked for; only the first comes back before the others."""
    turns, seen = Turns(), ""

    async def pour(name: str) -> None:
        nonlocal seen
        for _ in range(3):
            await turns.next()
            seen += name

    await asyncio.gather(*map(pour, "abc"))
    assert seen == "aabcabcbc"


async def test_who_comes_by_himself_waits_for_nothing() -> None:
    """A stream that waits for its data has had no turn in this round."""
    turns = Turns()
    for _ in range(3):
        with pytest.raises(StopIteration):
            turns.next().send(None)
        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0))])  # noqa: TID251 - a round


async def test_who_leaves_is_passed_over() -> None:
    """His turn is the next one's."""
    turns = Turns()
    _, leaver, last = (asyncio.ensure_future(turns.next()) for _ in range(3))
    asyncio.get_running_loop().call_soon(leaver.cancel)  # once all three have asked
    await last
    assert leaver.cancelled()
