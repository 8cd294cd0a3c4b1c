"""What docstrings say of a function and its parameters."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from github_models_azure.tools import Tool
from tests.tools.tool_helpers import parameters

GOOGLE = """Tell the weather.

    For some days.

    Args:
        city (str): Where,
            in two lines.
        days: How many.
        **more: Anything.

    Returns:
        str: a text
    """
NUMPY = """Tell the weather.

    For some days.

    Parameters
    ----------
    city : str
        Where,
        in two lines.
    days : int
        How many.
    **more
        Anything.

    Returns
    -------
    str
        a text
    """
SPHINX = """Tell the weather.

    For some days.

    :param city: Where,
        in two lines.
    :param int days: How many.
    :param more: Anything.
    :returns: a text
    """


def documented(text: str | None) -> Any:
    def weather(city: str, days: int, **more: int) -> str:
        return city

    weather.__doc__ = text
    return weather


def helps(function: Any) -> dict[str, str | None]:
    schema = parameters(function)
    return {name: one.get("description") for name, one in schema["properties"].items()}


@pytest.fixture
def without_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if docstring-parser were not installed."""
    monkeypatch.setitem(sys.modules, "docstring_parser", None)


@pytest.mark.extras
@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_the_three_styles_are_read(text: str) -> None:
    """Description and help for parameters come from the docstring, whatever its style."""
    function = documented(text)
    assert Tool.of(function).description == "Tell the weather.\n\nFor some days."
    assert helps(function) == {"city": "Where, in two lines.", "days": "How many."}
    assert parameters(function)["additionalProperties"]["description"] == "Anything."


@pytest.mark.extras
def test_numpy_may_document_two_parameters_at_once() -> None:
    """``city, days : int`` is help for both."""
    text = "Tell.\n\n    Parameters\n    ----------\n    city, days : int\n        Both.\n"
    assert helps(documented(text)) == {"city": "Both.", "days": "Both."}


@pytest.mark.extras
def test_a_parameter_may_be_named_without_help() -> None:
    """It is then as if it were not named."""
    text = "Tell.\n\n    :param city:\n    :param days: How many.\n"
    assert helps(documented(text)) == {"city": None, "days": "How many."}


@pytest.mark.extras
def test_a_broken_docstring_is_taken_as_it_is() -> None:
    """Text in no style is the description."""
    text = "Tell.\n\n    Args:\n        city without a colon\n    "
    assert Tool.of(documented(text)).description == "Tell.\n\nArgs:\n    city without a colon"


@pytest.mark.extras
def test_a_parser_that_fails_leaves_the_first_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    """No docstring makes a function unusable."""
    import docstring_parser

    def fail(text: str) -> None:
        raise IndexError(text)

    monkeypatch.setattr(docstring_parser, "parse", fail)
    assert Tool.of(documented(GOOGLE)).description == "Tell the weather."


@pytest.mark.usefixtures("without_parser")
def test_without_the_parser_the_first_paragraph_is_the_description(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The function stays usable, and the log says what to install."""
    caplog.set_level(logging.INFO)
    function = documented("Tell the\n    weather.\n\n    Args:\n        city: Where.\n")
    assert Tool.of(function).description == "Tell the weather."
    assert helps(function) == {"city": None, "days": None}
    assert "pip install 'github-models-azure[tools]'" in caplog.text


@pytest.mark.usefixtures("without_parser")
def test_a_docstring_of_one_paragraph_needs_no_parser(caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing is lost, nothing is logged."""
    caplog.set_level(logging.INFO)
    assert Tool.of(documented("Tell the weather.")).description == "Tell the weather."
    assert not caplog.records


@pytest.mark.parametrize("text", [None, "", "   \n"])
def test_no_docstring_is_no_description(text: str | None) -> None:
    """The definition then has no description at all."""
    tool = Tool.of(documented(text))
    assert tool.description is None
    assert "description" not in tool.definition().as_dict()["function"]


def test_a_description_can_be_given() -> None:
    """What the caller says stands before the docstring."""
    assert Tool.of(documented("Old."), description="New.").description == "New."


def test_long_descriptions_are_cut_between_words() -> None:
    """A docstring longer than servers take ends in dots."""
    description = Tool.of(documented("word " * 400)).description
    assert description is not None
    assert 1000 < len(description) <= 1024
    assert description.endswith("word...")


@pytest.mark.extras
def test_hints_stand_before_the_docstring() -> None:
    """Text in Annotated, or a Field, is nearer to the parameter than the docstring."""

    def weather(
        city: Annotated[str, "nearer"], days: Annotated[int, Field(description="near")] = 3
    ) -> None:
        """Tell.

        :param city: far
        :param days: far
        """

    assert helps(weather) == {"city": "nearer", "days": "near"}


class Greeter:
    """Greets people."""

    def __call__(self, who: str) -> str:
        return f"hello {who}"

    def greet(self, who: str) -> str:
        """Greet."""
        return self(who)


class Loud(Greeter):
    def greet(self, who: str) -> str:
        return super().greet(who).upper()


class Letter(BaseModel):
    who: str


def test_docstrings_of_objects_and_methods() -> None:
    """An object is described by its class, a method by the one that it overrides."""
    assert Tool.of(Greeter()).description == "Greets people."
    assert Tool.of(Loud().greet).description == "Greet."
    assert Tool.of(Letter).description is None
