"""Types and functions that the tests of tools share; annotations are text here, as in user code."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field
from typing_extensions import NotRequired, TypedDict

from github_models_azure.tools import Tool


class Unit(enum.Enum):
    """How warm it is."""

    CELSIUS = "c"
    FAHRENHEIT = "f"


class Level(enum.IntEnum):
    LOW = 2
    HIGH = 3


class Place(BaseModel):
    """Somewhere on earth."""

    name: str
    near: Place | None = None
    unit: Unit = Unit.CELSIUS


@dataclass
class Stop:
    where: Place
    nights: int = 1
    notes: list[str] = field(default_factory=list)


class Filters(TypedDict):
    word: str
    most: NotRequired[int]


class Point(NamedTuple):
    x: int
    label: str


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]
    lives: int | None


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


def weather(
    city: Annotated[str, "where"],
    days: Annotated[int, Field(ge=1, le=7), "how many"] = 3,
    *,
    unit: Unit = Unit.CELSIUS,
) -> str:
    """Tell the weather."""
    return f"{days} days of rain in {city}, in {unit.value}"


async def weather_later(city: str) -> str:
    """Tell the weather, a little later."""
    return f"sun in {city}"


def parameters(function: Any, **options: Any) -> dict[str, Any]:
    """Return the schema of a function's parameters."""
    schema = Tool.of(function, **options).parameters
    assert schema is not None
    return dict(schema)


def of_one(hint: Any, **options: Any) -> Tool:
    """Return a tool with the one parameter ``x`` of this type."""

    def takes(x: Any) -> Any:
        return x

    takes.__annotations__ = {"x": hint}
    return Tool.of(takes, **options)


def schema_of(hint: Any, **options: Any) -> Any:
    """Return the schema of a parameter of this type."""
    return dict(of_one(hint, **options).parameters or {})["properties"]["x"]
