"""Models of answers: the JSON schema of a type, and the reading of JSON text by the same type.

Imported on use: it needs pydantic.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from .._core.answer.json_text import json_start, json_texts
from .._core.answer.wanted import Wanted
from ._errors import problem
from ._schema import _Generator, read_whole
from ._strict import strict_schema, without_unset
from ._walk import DEFS, TO_DEFS, Schema, definitions, tidy_schema

WRAPPED = "value"
"""The one member of the object in which an answer travels that is no object itself."""

_MOST_LINES = 5


class AnswerError(ValueError):
    """A text holds no valid answer; ``errors`` are pydantic's, empty where there is no JSON."""

    def __init__(self, text: str, errors: Sequence[ErrorDetails] = ()) -> None:
        super().__init__(text)
        self.errors = list(errors)


class AnswerModel:
    """What an answer is to be an instance of: ``wanted`` says it to models, ``read`` reads it."""

    __slots__ = ("_adapter", "_is_wrapped", "_schema", "wanted")

    def __init__(self, model: object) -> None:
        self._adapter: TypeAdapter[object] = _adapter(model)
        try:
            schema = _inline_root(self._adapter.json_schema(schema_generator=_Generator))
        except Exception as error:  # a type's own hooks raise what they like
            raise _refusal(model, error) from error
        self._is_wrapped = schema.get("type") != "object"
        self._schema = _wrap(schema) if self._is_wrapped else schema
        name = _name_of(model)
        try:
            strict: Schema | None = strict_schema(self._schema, name)
            rich: Schema | None = strict_schema(self._schema, name, keeps=True)
        except TypeError:  # it takes any value somewhere, or members of any name
            strict = rich = None
        description = schema.get("description")
        self.wanted = Wanted(
            name,
            strict or self._schema,
            self._schema,
            strict is not None,
            description if isinstance(description, str) else None,
            rich if rich != strict else None,
        )

    def read(self, text: str, *, strict: bool) -> object:
        """Return the instance in a text, which may have prose and a code fence around it.

        :param strict: whether ``null`` stands for what was left out.
        :raises AnswerError: where there is no JSON, or none that is valid; its cause is pydantic's.
        """
        found = json_texts(text)
        if not found:
            raise AnswerError("there is no JSON in it" if text.strip() else "it is empty")
        findings: list[ValidationError] = []
        for one in found:
            with _collect(findings):
                return self._instance(json.loads(one), strict=strict)
        errors = findings[0].errors(include_url=False, include_context=False)
        raise AnswerError(_describe(errors), errors) from findings[0]

    def partial(self, text: str) -> object:
        """Return the data in a text that is still growing, as far as it has come; else ``None``."""
        begun = json_start(text)
        if begun is None:
            return None
        try:
            value = from_json(begun, allow_partial=True)
        except ValueError:
            return None
        return value.get(WRAPPED) if self._is_wrapped and isinstance(value, dict) else value

    def _instance(self, value: object, *, strict: bool) -> object:
        trimmed = without_unset(value, self._schema, definitions(self._schema))
        if strict:
            return self._validate(trimmed)
        try:
            return self._validate(value)
        except ValidationError:
            if trimmed == value:
                raise
        return self._validate(trimmed)

    def _validate(self, value: object) -> object:
        if self._is_wrapped and isinstance(value, dict) and value.keys() == {WRAPPED}:
            value = value[WRAPPED]
        return self._adapter.validate_json(json.dumps(value))


def answer_model(model: object) -> AnswerModel:
    """Return the answer model of a type; those of types seen before are kept.

    :raises TypeError: where JSON cannot carry the type.
    """
    try:
        hash(model)
    except TypeError:
        return AnswerModel(model)
    return _kept(model)


_kept = functools.lru_cache(maxsize=128)(AnswerModel)


@contextmanager
def _collect(findings: list[ValidationError]) -> Iterator[None]:
    """Add what pydantic finds wrong to a list."""
    try:
        yield
    except ValidationError as error:
        findings.append(error)


def _adapter(model: object) -> TypeAdapter[object]:
    if isinstance(model, TypeAdapter):
        return model
    if inspect.isroutine(model) or isinstance(model, functools.partial):
        raise _refusal(model, TypeError("it is a function, which reading would call"))
    try:
        return TypeAdapter(read_whole(model))
    except Exception as error:  # a type's own hooks raise what they like
        raise _refusal(model, error) from error


def _refusal(model: object, error: Exception) -> TypeError:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return TypeError(
        f"response_model={model!r:.80} has no JSON schema: {why}. Give a pydantic model, a "
        "dataclass, a TypedDict, or a type such as list[str]."
    )


def _inline_root(schema: Schema) -> Schema:
    """Give a schema that only names a definition, as recursive models have it, as that one."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(TO_DEFS)
        schema = {**schema[DEFS][name], DEFS: schema[DEFS]}
    made: Schema = tidy_schema(schema)
    return made


def _wrap(schema: Schema) -> Schema:
    inner = {name: value for name, value in schema.items() if name != DEFS}
    made: Schema = {
        "type": "object",
        "properties": {WRAPPED: inner},
        "required": [WRAPPED],
        "additionalProperties": False,
    }
    return {**made, DEFS: schema[DEFS]} if DEFS in schema else made


def _name_of(model: object) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", getattr(model, "__name__", ""))[:64]
    return name if isinstance(model, type) and name.strip("_") else "answer"


def _describe(errors: Sequence[ErrorDetails]) -> str:
    lines = []
    for error in errors[:_MOST_LINES]:
        place = ".".join(map(str, error["loc"]))
        lines.append(problem(place, error["msg"]) if place else error["msg"])
    more = len(errors) - _MOST_LINES
    return "; ".join([*lines, f"and {more} more"] if more > 0 else lines)
