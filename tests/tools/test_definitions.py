"""Definitions of tools made elsewhere, what is sent, and sets of tools."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from azure.ai.inference.models import ChatCompletionsToolDefinition, FunctionDefinition

from github_models_azure.tools import Tool, toolset
from tests.tools.tool_helpers import weather, weather_later

PLAIN = {"type": "object", "properties": {"city": {"type": "string"}}}
AS_JSON = {
    "type": "function",
    "function": {"name": "find", "description": "Find it.", "parameters": PLAIN},
}
OF_SDK = ChatCompletionsToolDefinition(
    function=FunctionDefinition(name="find", description="Find it.", parameters=PLAIN)
)


def test_the_definition_of_a_function() -> None:
    """It is the SDK's class, with name, description and schema."""
    definition = Tool.of(weather).definition()
    assert isinstance(definition, ChatCompletionsToolDefinition)
    assert definition.type == "function"
    assert definition.function.name == "weather"
    assert definition.function.description == "Tell the weather."
    assert definition.function.parameters == dict(Tool.of(weather).parameters or {})
    assert json.loads(json.dumps(definition.as_dict())) == definition.as_dict()


def test_a_definition_is_new_each_time() -> None:
    """Changing what was handed out does not change the tool."""
    tool = Tool.of(weather)
    schema = tool.definition()["function"]["parameters"]
    schema["properties"]["days"].clear()
    schema["$defs"]["Unit"]["enum"].append("k")
    schema["required"].clear()
    assert tool.definition() == Tool.of(weather).definition()


def test_a_definition_given_is_copied() -> None:
    """Changing it later does not change the tool."""
    source = copy.deepcopy(AS_JSON)
    tool = Tool.of(source)
    source["function"]["parameters"]["properties"].clear()  # type: ignore[index]
    assert tool.definition().as_dict() == AS_JSON


@pytest.mark.parametrize("source", [AS_JSON, OF_SDK], ids=["dict", "sdk"])
def test_definitions_are_taken_as_they_are(source: Any) -> None:
    """There is no function, arguments are only read, and the same definition is sent."""
    tool = Tool.of(source)
    assert (tool.name, tool.description, tool.parameters) == ("find", "Find it.", PLAIN)
    assert tool.function is None
    assert not tool.is_async
    assert tool.definition().as_dict() == AS_JSON
    assert tool.validate('{"city": 1.0, "more": [true]}') == {"city": 1.0, "more": [True]}
    with pytest.raises(ValueError, match="are not JSON"):
        tool.validate("city")


def test_members_of_others_are_kept() -> None:
    """What a service wants beside the known members is sent as it came."""
    source = {
        "type": "function",
        "function": {"name": "find", "strict": True, "vendor": 1},
        "cache_control": {"type": "ephemeral"},
    }
    tool = Tool.of(source)
    assert tool.strict
    assert tool.definition().as_dict() == source
    renamed = Tool.of(tool, name="seek", description="Seek.")
    expected = {"name": "seek", "description": "Seek.", "strict": True, "vendor": 1}
    assert renamed.definition().as_dict() == {**source, "function": expected}


@pytest.mark.parametrize(
    "source",
    [
        {},
        {"type": "web_search"},
        {"type": "web_search", "function": {"name": "f"}},
        {"type": "function", "name": "f", "parameters": {}},
        {"function": "f"},
    ],
)
def test_other_mappings_are_refused(source: dict[str, Any]) -> None:
    """Only tools of the type function, in the form of chat completions, are known."""
    with pytest.raises(TypeError, match="A tool definition is"):
        Tool.of(source)


def test_a_definition_needs_a_name() -> None:
    """Its own, or one that is given."""
    with pytest.raises(ValueError, match="A tool cannot be called ''"):
        Tool.of({"function": {}})
    assert Tool.of({"function": {}}, name="f").definition().as_dict() == {
        "type": "function",
        "function": {"name": "f"},
    }


def test_a_tool_is_its_own_tool() -> None:
    """Unless something is to change; then the rest stays."""
    tool = Tool.of(weather, name="rain", description="Rain.")
    assert Tool.of(tool) is tool
    strict = Tool.of(tool, strict=True)
    assert (strict.name, strict.description, strict.strict) == ("rain", "Rain.", True)
    assert Tool.of(strict, name="snow").strict


def test_tools_are_values() -> None:
    """Equal where they say and do the same; fit for sets and for logs."""
    tool = Tool.of(weather)
    assert tool == Tool.of(weather)
    assert tool != Tool.of(weather, strict=True)
    assert len({tool, Tool.of(weather), Tool.of(weather_later), Tool.of(AS_JSON)}) == 3
    assert repr(tool) == "<Tool weather(city, days, unit)>"
    assert repr(Tool.of(weather_later)) == "<async Tool weather_later(city)>"
    assert repr(Tool.of(AS_JSON)) == "<definition Tool find(city)>"
    with pytest.raises(AttributeError):
        tool.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        tool.parameters["type"] = "array"  # type: ignore[index]


def test_a_set_of_tools_is_found_by_name() -> None:
    """Functions, tools and definitions may be mixed; the order is kept."""
    known = toolset([weather, Tool.of(weather_later, name="later"), AS_JSON])
    assert list(known) == ["weather", "later", "find"]
    assert known["weather"].function is weather
    with pytest.raises(TypeError):
        known["x"] = known["find"]  # type: ignore[index]


def test_two_tools_of_one_name_are_refused() -> None:
    """The model could not tell them apart."""
    with pytest.raises(ValueError, match=r"Two tools are called 'find': .* Tool\.of"):
        toolset([AS_JSON, weather, OF_SDK])


@pytest.mark.parametrize("tools", [weather, AS_JSON, OF_SDK, "weather"])
def test_a_set_is_made_of_a_list(tools: Any) -> None:
    """One tool alone is a common mistake, and is told."""
    with pytest.raises(TypeError, match=r"toolset\(\) takes a list of tools, not one"):
        toolset(tools)
