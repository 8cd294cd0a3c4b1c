"""Which of the offered tools a message asks for, and with which arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .chat_request import ChatRequest, Tool
from .hints import find_hints, words_of
from .json_value import JsonObject, as_list, as_object
from .schema_values import arguments_for

_STOP_WORDS = frozenset(
    words_of(
        "a an the is are was were be do does did has have had of in on at to for from by with and "
        "or not no it its this that these those there here i me my we our you your he she they "
        "them what which who whom whose when where why how can could should would will shall may "
        "might must get gets give gives return returns use used using tell show please current "
        "specified given any all some one two into about as if then than also name value string "
        "number description result information info data tool function call make new up out s"
    )
)
_ENOUGH = 2
_LONGEST = 8000  # characters of a message that are read
_CONJUNCTION = re.compile(
    r"[.?!;\n]+\s+|,?\s+\band\b\s+(?:also\s+|then\s+)?|,?\s+\bthen\b\s+|\s&\s"
)
_LIST = re.compile(r",\s+")
# A lone value, such as the "Paris?" of "the weather in Oslo and Paris?".
_VALUE = re.compile(r"^(?:(?:in|for|at|of|to)\s+)?(?:[A-Z\u00c0-\u00de]|[\"'\u201c]|-?\d)")
_VALUE_WORDS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function: its name and its arguments."""

    name: str
    arguments: JsonObject


def choose_calls(request: ChatRequest) -> tuple[Call, ...]:
    """Return the calls that answer a request, none where it is answered in text.

    A choice that is ``required`` or names a function is obeyed even after tool results; ``auto``
    calls what the last user message asks for, once each, and then answers in text.
    """
    if not request.tools or request.tool_choice.mode == "none":
        return ()
    if request.tool_choice.mode == "required":
        return _forced(request)
    wanted = wanted_calls(request.last_user_text, request.tools)
    left = wanted[_calls_made(request) :]
    return left if request.parallel else left[:1]


def wanted_calls(text: str, tools: Sequence[Tool]) -> tuple[Call, ...]:
    """Return every call that ``text`` asks for, in order; none when no tool fits."""
    text = text[:_LONGEST]
    named = _named_in(text, tools)
    if named:
        return named
    asked: list[tuple[Tool, str]] = []
    for clause in _clauses(text):
        last = asked[-1][0] if asked else None
        tool = best_tool(clause, tools)
        if tool is None and last is not None and _is_value(clause) and _takes_one(last):
            tool = last
        if tool is None:
            continue
        if tool is last and not _has_value(tool, clause):
            # "..., in celsius": a remark on what was asked for, not one more thing to ask.
            asked = [(one, f"{said} {clause}" if one is tool else said) for one, said in asked]
        else:
            asked.append((tool, clause))
    if len(asked) == 1:
        # A single call may draw its arguments from the whole message, not from one clause of it.
        return (_call(asked[0][0], text),)
    calls: list[Call] = []
    for tool, said in asked:
        call = _call(tool, said)
        if call not in calls:
            calls.append(call)
    return tuple(calls)


def best_tool(text: str, tools: Sequence[Tool]) -> Tool | None:
    """Return the tool whose words overlap most with ``text``, or ``None`` when hardly any do."""
    said = set(words_of(text)) - _STOP_WORDS
    scored = [(_score(said, tool), -index, tool) for index, tool in enumerate(tools)]
    score, _, tool = max(scored, key=lambda one: one[:2], default=(0, 0, None))
    return tool if score >= _ENOUGH else None


def _score(said: set[str], tool: Tool) -> int:
    """Weigh the shared words: 3 for one of the name, 2 of an enum, 1 of descriptions."""
    properties = as_object(tool.parameters.get("properties"))
    enums, hints = set[str](), set(words_of(tool.description))
    for name, schema in properties.items():
        rules = as_object(schema)
        hints.update(words_of(name), words_of(str(rules.get("description") or "")))
        for value in as_list(rules.get("enum")):
            enums.update(words_of(value) if isinstance(value, str) else ())
    own = {word for word in words_of(tool.name) if word not in _STOP_WORDS}
    described = (hints - _STOP_WORDS) - own
    enums -= own
    return 3 * len(said & own) + 2 * len(said & enums) + len(said & (described - enums))


def _forced(request: ChatRequest) -> tuple[Call, ...]:
    offered = request.tools
    if request.tool_choice.name is not None:
        offered = tuple(tool for tool in offered if tool.name == request.tool_choice.name)
    text = request.last_user_text
    wanted = wanted_calls(text, offered)
    if not wanted:
        wanted = (_call(best_tool(text, offered) or offered[0], text),)
    one = request.tool_choice.name is not None or not request.parallel
    return wanted[:1] if one else wanted


def _calls_made(request: ChatRequest) -> int:
    """Count the calls that the assistant has made since the last user message."""
    made = 0
    for message in reversed(request.messages):
        if message.role == "user":
            break
        made += len(message.calls)
    return made


def _named_in(text: str, tools: Sequence[Tool]) -> tuple[Call, ...]:
    """Return a call for each tool whose exact name stands in the text, in order of appearance."""
    found = []
    for tool in tools:
        if len(words_of(tool.name)) < 2 and f"{tool.name}(" not in text:
            continue  # "add" or "weather" is a word before it is a function's name
        for match in re.finditer(rf"\b{re.escape(tool.name)}\b(\([^()]*\))?", text):
            found.append((match.start(), tool, match.group(1)))
            break
    found.sort(key=lambda one: one[0])
    starts = [place for place, _, _ in found] + [len(text)]
    calls = []
    for index, (place, tool, arguments) in enumerate(found):
        spoken = arguments or text[place + len(tool.name) : starts[index + 1]]
        calls.append(_call(tool, spoken.strip(" ()")))
    return tuple(calls)


def _clauses(text: str) -> list[str]:
    clauses: list[str] = []
    for part in _CONJUNCTION.split(text):
        # Commas separate values only beside an "and": "Paris, France" is one place.
        several = _CONJUNCTION.search(text) is not None
        pieces = _LIST.split(part) if several else [part]
        clauses.extend(piece.strip() for piece in pieces)
    return [clause for clause in clauses if clause]


def _is_value(clause: str) -> bool:
    return bool(_VALUE.match(clause)) and len(clause.split()) <= _VALUE_WORDS


def _has_value(tool: Tool, clause: str) -> bool:
    """Tell whether a clause names something a call could be about, or a required choice."""
    hints = find_hints(clause)
    if hints.quoted or hints.places or hints.names or hints.numbers or hints.pairs:
        return True
    properties = as_object(tool.parameters.get("properties"))
    choices = (
        words_of(value)
        for name in as_list(tool.parameters.get("required"))
        for value in as_list(as_object(properties.get(str(name))).get("enum"))
        if isinstance(value, str)
    )
    return any(words and hints.words.issuperset(words) for words in choices)


def _takes_one(tool: Tool) -> bool:
    required = as_list(tool.parameters.get("required"))
    count = len(required) or len(as_object(tool.parameters.get("properties")))
    return count == 1


def _call(tool: Tool, text: str) -> Call:
    return Call(tool.name, arguments_for(tool.parameters, find_hints(text)))
