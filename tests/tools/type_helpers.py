"""Types drawn at random, with values of them and the JSON that a model would write for those."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

from hypothesis import strategies as st
from pydantic import Field, create_model
from typing_extensions import NotRequired, TypedDict

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


class Sample(NamedTuple):
    """A value, its JSON, and its JSON where all members are required."""

    value: Any
    plain: Any
    strict: Any


@dataclass(frozen=True)
class Kind:
    """A type, values of it, and whether a set may hold them."""

    hint: Any
    samples: st.SearchStrategy[Sample]
    hashable: bool = True


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    """Not 0 or 1: pydantic takes ``false`` and ``true`` for those, and a schema does not."""

    SMALL = 2
    LARGE = 3


def kind(
    hint: Any, values: st.SearchStrategy[Any], written: Callable[[Any], Any] = lambda value: value
) -> Kind:
    def sample(value: Any) -> Sample:
        return Sample(value, written(value), written(value))

    return Kind(hint, values.map(sample))


PLAIN = [
    kind(int, st.integers(-(10**30), 10**30)),
    kind(float, NUMBERS),
    kind(bool, st.booleans()),
    kind(str, TEXT),
    kind(type(None), st.none()),
    kind(Colour, st.sampled_from(Colour), lambda value: value.value),
    kind(Size, st.sampled_from(Size), lambda value: int(value)),
    kind(Literal["a", "b", 2], st.sampled_from(["a", "b", 2])),
    kind(int | str, st.integers(-9, 9) | TEXT),
]
FORMATTED = [
    kind(dt.date, st.dates(), dt.date.isoformat),
    kind(dt.datetime, st.datetimes(timezones=st.just(dt.timezone.utc)), dt.datetime.isoformat),
    kind(dt.time, st.times(), dt.time.isoformat),
    kind(dt.timedelta, st.integers(0, 10**6).map(lambda n: dt.timedelta(seconds=n)),
         lambda value: f"PT{int(value.total_seconds())}S"),
    kind(uuid.UUID, st.uuids(), str),
    kind(bytes, TEXT.map(str.encode), bytes.decode),
    kind(Annotated[int, Field(ge=2, lt=9)], st.integers(2, 8)),
    kind(Annotated[int, Field(multiple_of=3)], st.integers(-9, 9).map(lambda n: 3 * n)),
    kind(Annotated[str, Field(min_length=1, max_length=3)], TEXT.map(lambda t: (t + "a")[:3])),
]  # fmt: skip
DECIMAL = kind(decimal.Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=3), str)


def leaves(*kinds: Kind) -> st.SearchStrategy[Kind]:
    return st.sampled_from(kinds)


def grown(inner: st.SearchStrategy[Kind], *, left_out: str = "") -> st.SearchStrategy[Kind]:
    """Return containers of the inner kinds, without those that are left out by name."""
    made = [
        inner.map(many),
        inner.filter(lambda one: one.hashable).map(unique),
        inner.map(optional),
        st.dictionaries(NAMES, st.tuples(inner, st.booleans()), max_size=3).flatmap(struct),
        inner.map(tagged),
    ]
    if "dict" not in left_out:
        made.append(inner.map(by_name))
    if "tuple" not in left_out:
        made.append(st.tuples(inner, inner).map(lambda two: tuple_of(*two)))
    return st.one_of(made)


NAMES = st.sampled_from(["a", "b", "text", "x1", "title", "default", "type"])


def many(item: Kind) -> Kind:
    lists = st.lists(item.samples, max_size=3)
    samples = lists.map(lambda some: Sample(*([one[n] for one in some] for n in range(3))))
    return Kind(list[item.hint], samples, hashable=False)  # type: ignore[name-defined]


def unique(item: Kind) -> Kind:
    def sample(some: list[Sample]) -> Sample:
        return Sample({one.value for one in some}, [one.plain for one in some],
                      [one.strict for one in some])  # fmt: skip

    samples = st.lists(item.samples, max_size=3, unique_by=lambda one: one.value).map(sample)
    return Kind(set[item.hint], samples, hashable=False)  # type: ignore[name-defined]


def tuple_of(*items: Kind) -> Kind:
    def sample(some: tuple[Sample, ...]) -> Sample:
        return Sample(tuple(one.value for one in some), [one.plain for one in some],
                      [one.strict for one in some])  # fmt: skip

    hint: Any = tuple
    samples = st.tuples(*(one.samples for one in items)).map(sample)
    return Kind(hint[tuple(one.hint for one in items)], samples, all(i.hashable for i in items))


def by_name(item: Kind) -> Kind:
    def sample(some: dict[str, Sample]) -> Sample:
        return Sample(*({key: one[n] for key, one in some.items()} for n in range(3)))

    samples = st.dictionaries(TEXT, item.samples, max_size=3).map(sample)
    return Kind(dict[str, item.hint], samples, hashable=False)  # type: ignore[name-defined]


def optional(item: Kind) -> Kind:
    samples = st.none().map(lambda _: Sample(None, None, None)) | item.samples
    return Kind(item.hint | None, samples, item.hashable)


def tagged(item: Kind) -> Kind:
    """Return a union of two models that a member tells apart, one of them with a default."""
    first = create_model("First", tag=(Literal["one"], ...), it=(item.hint, ...))
    second = create_model("Second", tag=(Literal["two"], ...), most=(int, 5))

    def sample(one: Sample) -> Sample:
        plain, strict = {"tag": "one", "it": one.plain}, {"tag": "one", "it": one.strict}
        return Sample(first(tag="one", it=one.value), plain, strict)

    other = Sample(second(tag="two"), {"tag": "two"}, {"tag": "two", "most": None})
    hint = Annotated[first | second, Field(discriminator="tag")]  # type: ignore[valid-type]
    return Kind(hint, item.samples.map(sample) | st.just(other), hashable=False)


@st.composite
def struct(draw: st.DrawFn, members: Mapping[str, tuple[Kind, bool]]) -> Kind:
    """Return a model, a dataclass or a typed dictionary with some members that have a default."""
    needed = {name: one for name, (one, optional) in members.items() if not optional}
    others = {name: one for name, (one, optional) in members.items() if optional}
    make = draw(st.sampled_from([_model, _dataclass, _typed_dict]))
    build = make({name: one.hint for name, one in needed.items()},
                 {name: one.hint for name, one in others.items()})  # fmt: skip

    def sample(some: dict[str, Sample]) -> Sample:
        given = {name: one for name, one in some.items() if one.plain is not None or name in needed}
        return Sample(
            build(**{name: one.value for name, one in given.items()}),
            {name: one.plain for name, one in given.items()},
            {name: given[name].strict if name in given else None for name in members},
        )

    samples = st.fixed_dictionaries(
        {name: one.samples for name, one in needed.items()},
        optional={name: one.samples for name, one in others.items()},
    ).map(sample)
    return Kind(build, samples, hashable=False)


def _model(needed: dict[str, Any], others: dict[str, Any]) -> Any:
    fields: dict[str, Any] = {name: (hint, ...) for name, hint in needed.items()}
    return create_model("Made", **fields, **{name: (hint, None) for name, hint in others.items()})


def _dataclass(needed: dict[str, Any], others: dict[str, Any]) -> Any:
    late = [(name, hint, dataclasses.field(default=None)) for name, hint in others.items()]
    return dataclasses.make_dataclass("Made", [*needed.items(), *late])


def _typed_dict(needed: dict[str, Any], others: dict[str, Any]) -> Any:
    late = {name: NotRequired[hint] for name, hint in others.items()}
    return TypedDict("Made", {**needed, **late})  # type: ignore[operator]


def kinds(*basic: Kind, left_out: str = "") -> st.SearchStrategy[Kind]:
    return st.recursive(leaves(*basic), partial(grown, left_out=left_out), max_leaves=4)


class Case(NamedTuple):
    """A function, and one call of it: the values, and the JSON of the arguments."""

    function: Any
    values: dict[str, Any]
    plain: dict[str, Any]
    strict: dict[str, Any]


@st.composite
def cases(draw: st.DrawFn, some: st.SearchStrategy[Kind]) -> Case:
    """Draw a function with up to three parameters, some of which have a default."""
    values: dict[str, Any] = {}
    plain: dict[str, Any] = {}
    strict: dict[str, Any] = {}
    given: list[inspect.Parameter] = []
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        one, has_default = draw(some), draw(st.booleans())
        default = draw(one.samples).value if has_default else inspect.Parameter.empty
        given.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, annotation=one.hint, default=default
            )
        )
        sample = draw(one.samples)
        if has_default and (sample.plain is None or draw(st.booleans())):
            strict[name] = None
        else:
            values[name], plain[name], strict[name] = sample.value, sample.plain, sample.strict

    def function(**arguments: Any) -> Any:
        return arguments

    function.__signature__ = inspect.Signature(given)  # type: ignore[attr-defined]
    return Case(function, values, plain, strict)
