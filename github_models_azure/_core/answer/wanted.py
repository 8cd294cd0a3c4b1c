"""Answers of a wanted shape: the ways to ask for one.

A target is asked in the best way that it is not known to refuse. What it does refuse is a lesson,
and the next way is tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ..failure.kinds import Failure, FailureKind
from ..never import assert_never
from ..request.dialect import Dialect
from ..route.needs import ModelFacts
from ..trail_events import Change

INVALID_OUTPUT = "invalid_output"
"""Code of a failure whose answer has not the shape that was wanted."""

ANSWER_AS = "answer_as."
"""Begins the lessons that a target refuses a way."""

IN_WORDS = "answer_as.json_schema.keywords"
"""The lesson that a target takes no formats, patterns and bounds in strict mode, but as words."""

# Groq judges JSON itself and refuses its own model's (build-with-groq/g1#23).
_JUDGED_BY_SERVER = frozenset({"json_validate_failed"})
_REFUSALS = (FailureKind.WRONG_DIALECT, FailureKind.REJECTED, FailureKind.UNCLEAR)
_ROLES = ("system", "developer")
_FORMAT = re.compile(
    r"(?i)response[ _]?(?:format|mime|schema)|json[ _](?:schema|object|mode)|structured[ _]output"
)
_CALL = re.compile(r"(?i)\btool|\bfunction")
_BAD_SCHEMA = re.compile(  # of "json_schema", which is a way, it says nothing
    r"(?i)(?:invalid|unsupported) (?:json )?schema\b|\bschema\b.{0,40}(?:invalid|not supported)"
    r"|\bis not a valid format\b|\bis not permitted\b|\bschema conversion failed\b"
)


class Way(str, Enum):
    """How an answer of a wanted shape is asked for, the surest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TOOL = "tool"
    PROMPT = "prompt"


_FORMATS = (Way.JSON_SCHEMA, Way.JSON_OBJECT)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The shape of an answer.

    ``schema`` is what ``response_format`` is given, in OpenAI's strict subset where ``strict``;
    ``plain`` is the same for instructions and tools. ``rich`` is the strict schema with formats,
    patterns and bounds as keywords, which ``schema`` says in words; ``None`` if it has none.
    """

    name: str
    schema: Mapping[str, object]
    plain: Mapping[str, object]
    strict: bool = False
    description: str | None = None
    rich: Mapping[str, object] | None = None

    @property
    def written(self) -> str:
        """The plain schema as JSON text."""
        return json.dumps(self.plain, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Correction:
    """An answer that will not do, and what is wrong with it."""

    text: str
    problem: str


def ways_for(
    facts: ModelFacts, known: frozenset[str], dialect: Dialect, payload: Mapping[str, object]
) -> tuple[Way, ...]:
    """Return the ways that a target is not known to refuse, the surest first.

    :param known: members that it refuses, and lessons.
    """

    def takes(*names: str) -> bool:
        members = dialect.members
        return all(
            name not in known | dialect.refuses and (members is None or name in members)
            for name in names
        )

    def can(way: Way) -> bool:
        match way:
            case Way.JSON_SCHEMA:
                return takes("response_format") and facts.json_schema is not False
            case Way.JSON_OBJECT:
                return takes("response_format")
            case Way.TOOL:
                # If calls are not forced, or tools are the caller's own, a call proves nothing.
                forced = dialect.tool_choice and facts.forced_choice is not False
                takes_call = takes("tools", "tool_choice") and facts.tools is not False
                return takes_call and forced and not payload.get("tools")
            case Way.PROMPT:
                return True
            case _:
                return assert_never(way)

    return tuple(way for way in Way if can(way) and lesson_of(way, payload) not in known)


def lesson_of(way: Way, payload: Mapping[str, object]) -> str:
    """Return the lesson that a target refuses a way, for requests with tools a lesson apart.

    Groq and Gemini refuse the two together that they take one by one (vercel/ai#16540).
    """
    return f"{ANSWER_AS}{way.value}{'+tools' if payload.get('tools') else ''}"


def ask(
    payload: Mapping[str, object],
    wanted: Wanted,
    way: Way,
    correction: Correction | None = None,
    *,
    rich: bool = False,
) -> Mapping[str, object]:
    """Return the body that asks for an answer of the wanted shape in one way.

    The body given is left as it is.

    :param correction: the answer to be corrected, at the end of the same conversation.
    :param rich: whether a strict schema keeps its formats, patterns and bounds as keywords.
    """
    body = {name: value for name, value in payload.items() if name != "response_format"}
    instructed = False
    match way:
        case Way.JSON_SCHEMA:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": _form(wanted, rich=rich),
            }
        case Way.JSON_OBJECT:
            body["response_format"], instructed = {"type": "json_object"}, True
        case Way.TOOL:
            function: dict[str, object] = {"name": wanted.name, "parameters": wanted.plain}
            function["description"] = wanted.description or "Give the answer."
            body["tools"] = [{"type": "function", "function": function}]
            body["tool_choice"] = {"type": "function", "function": {"name": wanted.name}}
        case Way.PROMPT:
            instructed = True
        case _:
            assert_never(way)
    messages = payload.get("messages")
    if isinstance(messages, list):
        if instructed:
            messages = _instructed(messages, wanted)
        if correction is not None:
            messages = [*messages, *_corrected(correction, wanted, way)]
        body["messages"] = messages
    return body


def _form(wanted: Wanted, *, rich: bool) -> Mapping[str, object]:
    schema = wanted.rich if rich and wanted.rich is not None else wanted.schema
    form: dict[str, object] = {"name": wanted.name, "schema": schema}
    if wanted.strict:
        form["strict"] = True
    if wanted.description:
        form["description"] = wanted.description
    return form


def told_way(wanted: Wanted, way: Way) -> Change:
    """Say in which way an answer is asked for; none is lossy, for each answer is validated."""
    form = "response_format json_schema"
    match way:
        case Way.JSON_SCHEMA:
            strict = "strict" if wanted.strict else "not strict"
            return Change(f"response_model {wanted.name} sent as {form}, {strict}")
        case Way.JSON_OBJECT:
            return Change(f"{form} sent as json_object with the schema in the prompt")
        case Way.TOOL:
            return Change(f"{form} sent as a forced call of the tool {wanted.name}")
        case Way.PROMPT:
            return Change(f"{form} sent as instructions in the prompt")
        case _:
            return assert_never(way)


def is_refused(failure: Failure, way: Way) -> bool:
    """Tell whether a failure refuses the way in which the answer was asked for.

    A stated parameter decides; of refusals without one the words do, as DeepSeek's and Groq's
    (litellm#7580, deep-research#127).
    """
    if failure.kind not in _REFUSALS or way is Way.PROMPT or failure.code == INVALID_OUTPUT:
        return False
    names = _FORMAT if way in _FORMATS else _CALL
    return names.search(failure.param or failure.message) is not None


def is_about_schema(failure: Failure) -> bool:
    """Tell a refusal of this one schema, which says nothing of the next."""
    return failure.code == "invalid_json_schema" or _BAD_SCHEMA.search(failure.message) is not None


def is_judged_by_server(failure: Failure) -> bool:
    """Tell whether the server itself found no valid JSON in its model's answer."""
    return failure.code in _JUDGED_BY_SERVER


def _instructed(messages: list[object], wanted: Wanted) -> list[object]:
    """Put the schema into the one system message, which some templates want to be the first.

    DeepSeek takes no ``json_object`` without the word JSON (browserbase/stagehand#1204).
    """
    text = (
        "Answer with nothing but one JSON object, without a code fence, that fits this JSON "
        f"schema:\n{wanted.written}"
    )
    first = messages[0] if messages else None
    if not isinstance(first, Mapping) or first.get("role") not in _ROLES:
        return [{"role": "system", "content": text}, *messages]
    said = first.get("content")
    content = f"{said}\n\n{text}" if isinstance(said, str) else text
    if isinstance(said, list):
        return [{**first, "content": [*said, {"type": "text", "text": text}]}, *messages[1:]]
    return [{**first, "content": content}, *messages[1:]]


def _corrected(correction: Correction, wanted: Wanted, way: Way) -> Iterable[object]:
    again = "Answer again with nothing but the corrected JSON"
    match way:
        case Way.TOOL:
            again = f"Call {wanted.name} with the corrected arguments"
        case Way.JSON_SCHEMA:  # a server that ignores it has not told its model either
            again += f", which has to fit this JSON schema:\n{wanted.written}\nNo more than that"
        case Way.JSON_OBJECT | Way.PROMPT:
            pass
        case _:
            assert_never(way)
    yield {"role": "assistant", "content": correction.text or "(nothing)"}
    yield {"role": "user", "content": f"That will not do: {correction.problem}. {again}."}
