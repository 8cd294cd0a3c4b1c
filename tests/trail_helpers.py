"""Checks that a writer of trails shows every field of them, by changing one after the other.

A writer is a function from a trail to what it writes, in any form that can be compared. What it
leaves out it names beside itself, with the reason: ``Class.field``, or a whole ``Class``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

import pytest

from github_models_azure._core.failure.kinds import Failure
from github_models_azure.trail import Adaptation, Attempt, Pause, Skip, Trail, Usage

EVENTS = (Attempt, Skip, Pause, Adaptation)
PACKAGE = Path(__file__).resolve().parents[1] / "github_models_azure"


def sample(owner: type, take: int = 0) -> Any:
    """Make an event or a failure that has something in every field."""
    hints = get_type_hints(owner)
    given = {one.name: values(owner, one.name, hints[one.name])[take] for one in fields(owner)}
    return owner(**given)


def values(owner: type, name: str, hint: Any) -> tuple[Any, Any]:
    """Make two values of a field that differ in every form in which they may be written."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    kind = kinds[0] if isinstance(hint, UnionType) and len(kinds) == 1 else hint
    if kind is Failure:
        return sample(Failure), None
    if kind is Usage:
        return Usage(1, 2, 3, estimated=True), None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)), list(kind)[-1]
    known = {bool: (False, True), int: (431, 512), float: (1.5, 27.25), str: (f"{name} 1", "two")}
    if kind not in known:
        pytest.fail(f"{__file__} makes no value for {owner.__name__}.{name}, which is a {hint}.")
    return known[kind]


TRAIL = Trail("requested", tuple(map(sample, EVENTS)), "served")


def changes() -> Iterator[tuple[str, Trail, Trail]]:
    """Yield the name of each field, and two trails that differ in that field alone."""
    for owner in (*EVENTS, Failure):
        for one in fields(owner):
            pair = values(owner, one.name, get_type_hints(owner)[one.name])
            first, second = (with_field(owner, one.name, value) for value in pair)
            yield f"{owner.__name__}.{one.name}", first, second
    for one in fields(Trail):
        other: Any = {"events": (), "spent": Usage(4, 5, 9, estimated=True)}.get(
            one.name, "another"
        )
        yield f"Trail.{one.name}", TRAIL, replace(TRAIL, **{one.name: other})
    for name, member in inspect.getmembers(Trail, lambda member: isinstance(member, property)):
        kind = get_type_hints(member.fget)["return"]
        steps = [one for one in TRAIL.events if type(one) in get_args(kind)]
        pair = (tuple(steps), ()) if steps else values(Trail, name, kind)
        first, second = (with_property(name, value) for value in pair)
        yield f"Trail.{name}", first, second


def with_field(owner: type, name: str, value: Any) -> Trail:
    events = [
        replace(event, failure=replace(event.failure, **{name: value}))
        if owner is Failure and isinstance(event, Attempt)
        else replace(event, **{name: value})
        if isinstance(event, owner)
        else event
        for event in TRAIL.events
    ]
    return replace(TRAIL, events=tuple(events))


def with_property(name: str, value: Any) -> Trail:
    altered = type("Trail", (Trail,), {name: property(lambda self: value)})
    return altered(*(getattr(TRAIL, one.name) for one in fields(Trail)))


def assert_shows_every_field(
    write: Callable[[Trail], object], left_out: Mapping[str, str], file: str
) -> None:
    """Fail with the name of each field that a writer neither shows nor says it leaves out.

    :param file: where the writer stands, below the package.
    """
    known, missing, stale = set(), [], []
    for name, first, second in changes():
        owner = name.partition(".")[0]
        known |= {name, owner}
        shown = write(first) != write(second)
        if not shown and not {name, owner} & left_out.keys():
            missing.append(name)
        # A fact of the whole trail may show through another one.
        if shown and name in left_out and owner != "Trail":
            stale.append(name)
    stale += sorted(left_out.keys() - known)
    assert not missing, (
        f"{PACKAGE / file} does not write {', '.join(missing)}: write it there, "
        "or name it there among what is left out, with the reason."
    )
    assert not stale, f"{PACKAGE / file} says it leaves out {', '.join(stale)}, which is not so."
