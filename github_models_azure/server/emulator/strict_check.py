"""What OpenAI's structured outputs refuse of a schema.

The rules are those of https://developers.openai.com/api/docs/guides/structured-outputs, "Supported
schemas", read in November 2026. Reported words: ``additionalProperties`` (moeru-ai/xsai#202,
agentscope-java#2548), ``required`` (the same), formats (git-mcp-server#47, oh-my-pi#206), ``oneOf``
(community.openai.com/t/932422), ``pattern`` in 2024 (openai-node#983). For the other keywords the
page says that they are not supported; that they meet the same words is [unconfirmed]. What the page
does not name (``minLength``, ``default``...) is not refused here, nor are its limits of size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from . import errors
from .errors import ErrorAnswer
from .json_value import Json, JsonObject, as_list, as_object, as_text
from .schema_heights import Heights

_FORMATS = frozenset(
    {
        "date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid",
    }
)  # fmt: skip
_REFUSED = (
    "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
    "patternProperties", "unevaluatedProperties", "propertyNames", "minProperties",
    "maxProperties", "unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems",
    "prefixItems",
)  # fmt: skip
_NAMED = ("properties", "$defs", "definitions")
_DEEPEST = 100


def schema_refusals(body: JsonObject, *, strict: bool) -> Iterator[ErrorAnswer]:
    """Yield the refusals of the schemas in a chat body: of the answer's, then of the tools'.

    :param strict: whether the rules of structured outputs are kept; that a schema has to come to
        an end holds everywhere.
    """
    form = as_object(as_object(body.get("response_format")).get("json_schema"))
    place = _Place(f"response_format '{as_text(form.get('name'))}'", "response_format", None)
    yield from _judge(place, form.get("schema"), strict=strict and form.get("strict") is True)
    for index, tool in enumerate(as_list(body.get("tools"))):
        function = as_object(as_object(tool).get("function"))
        place = _Place(
            f"function '{as_text(function.get('name'))}'",
            f"tools[{index}].function.parameters",
            "invalid_function_parameters",
        )
        is_strict = strict and function.get("strict") is True
        yield from _judge(place, function.get("parameters"), strict=is_strict)


class _Place:
    """Whose schema it is, and what its refusal is called."""

    def __init__(self, name: str, param: str, code: str | None) -> None:
        self._name, self._param, self._code = name, param, code

    def refuse(self, what: str) -> ErrorAnswer:
        message = f"Invalid schema for {self._name}: {what}"
        return errors.upstream(message, code=self._code, param=self._param)


def _judge(place: _Place, schema: Json, *, strict: bool) -> Iterator[ErrorAnswer]:
    if not isinstance(schema, Mapping):
        return
    try:
        if strict:
            yield from _root(place, schema)
            for context, why in _problems(schema, (), 0):
                yield place.refuse(f"In context=({_shown(context)}), {why}")
        if _never_ends(schema):
            yield place.refuse("it refers to itself without an end.")  # [unconfirmed]
    except RecursionError:
        yield place.refuse("it is nested too deeply.")  # [unconfirmed]


def _root(place: _Place, schema: JsonObject) -> Iterator[ErrorAnswer]:
    kind = schema.get("type")
    if kind != "object":
        shown = f'"{kind}"' if isinstance(kind, str) else "None"
        yield place.refuse(
            f"schema must be a JSON Schema of 'type: \"object\"', got 'type: {shown}'."
        )


def _shown(context: tuple[str, ...]) -> str:
    inner = ", ".join(f"'{part}'" for part in context)
    return f"{inner}," if len(context) == 1 else inner


_Problem = tuple[tuple[str, ...], str]


def _problems(schema: Json, context: tuple[str, ...], depth: int) -> Iterator[_Problem]:
    rules = as_object(schema)
    if depth > _DEEPEST:
        return
    for why in _own(rules):
        yield context, why
    for path, inner in _inside(rules):
        yield from _problems(inner, (*context, *path), depth + 1)


def _own(rules: JsonObject) -> Iterator[str]:
    if "$ref" in rules:
        beside = sorted(rules.keys() - {"$ref", "$defs", "definitions"})
        if beside:
            yield f"$ref cannot have keywords {{'{beside[0]}'}}."
    yield from (f"'{name}' is not permitted." for name in _REFUSED if name in rules)
    given = rules.get("format")
    if isinstance(given, str) and given not in _FORMATS:
        yield f"'{given}' is not a valid format."
    kinds = as_list(rules.get("type")) or [rules.get("type")]
    if "object" in kinds:
        yield from _object(rules)
    if "array" in kinds and "items" not in rules:
        yield "array schema missing items."


def _inside(rules: JsonObject) -> Iterator[tuple[tuple[str, ...], Json]]:
    for name in _NAMED:
        for key, inner in as_object(rules.get(name)).items():
            yield (name, key), inner
    for number, inner in enumerate(as_list(rules.get("anyOf"))):
        yield ("anyOf", str(number)), inner
    if "items" in rules:
        yield ("items",), rules["items"]


def _object(rules: JsonObject) -> Iterator[str]:
    if rules.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    required = [as_text(name) for name in as_list(rules.get("required"))]
    known = as_object(rules.get("properties"))
    why = (
        "'required' is required to be supplied and to be an array including every key in "
        "properties."
    )
    missing = next((name for name in known if name not in required), None)
    extra = next((name for name in required if name not in known), None)
    if missing is not None:
        yield f"{why} Missing '{missing}'."
    elif extra is not None:
        yield f"{why} Extra required key '{extra}' supplied."


def _never_ends(schema: JsonObject) -> bool:
    return Heights(schema).of(schema) == math.inf
