"""What is kept under names of callers and servers is bounded by bytes."""

from __future__ import annotations

from github_models_azure._core.bounded import ENTRY_BYTES, Bounded


def test_the_oldest_makes_way() -> None:
    """And what is put again is the newest."""
    kept: Bounded[int] = Bounded(3 * (ENTRY_BYTES + 1))
    for key, value in (("a", 1), ("b", 2), ("c", 3), ("a", 4), ("d", 5)):
        kept.put(key, value)
    assert dict(kept.items()) == {"c": 3, "a": 4, "d": 5}
    assert (kept.get("b"), kept.get("a"), len(kept)) == (None, 4, 3)


def test_what_has_no_room_at_all_is_not_kept() -> None:
    """Nothing else is dropped for it; an older value of its key is, for it holds no more."""
    kept: Bounded[int] = Bounded(2 * ENTRY_BYTES)
    kept.put("a", 1)
    kept.put("b" * 2000, 2)
    assert dict(kept.items()) == {"a": 1}
    kept.put("a", 3, size=5000)
    assert (len(kept), kept.size) == (0, 0)


def test_dropping_gives_the_room_back() -> None:
    """What is not there is nothing."""
    kept: Bounded[int] = Bounded()
    kept.put("a", 1, size=7)
    assert (kept.size, kept.pop("a"), kept.pop("a"), kept.size) == (ENTRY_BYTES + 8, 1, None, 0)
