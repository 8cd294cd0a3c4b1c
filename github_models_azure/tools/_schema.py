"""The JSON schema of a function's parameters, and the reading of arguments by the same types.

Imported on use: it needs pydantic.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core import PydanticUndefined, to_jsonable_python

from ._arguments import with_integers
from ._errors import ToolArgumentsError, format_value, list_problems, path_to, problem
from ._signature import REQUIRED, Parameter
from ._walk import DEFS, TO_DEFS, Schema, tidy_schema

Filler = Callable[[], object]


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas without made-up titles, and silent about defaults that are no JSON."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012 - pydantic's own shape
        "skipped-choice",
        "non-serializable-default",
    }

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave titles out: they repeat the name."""
        return False


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: ``key`` in the JSON object, ``name`` in the function."""

    key: str
    name: str
    adapter: TypeAdapter[object]
    schema: Schema
    required: bool
    filled: Filler | None = None

    def read(self, value: object) -> object:
        """Return the Python value; text is no number, and ``1.0`` is an integer where need be."""
        try:
            return self.adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError:
            whole = with_integers(value)
            if whole is value:
                raise
            return self.adapter.validate_json(json.dumps(whole), strict=True)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments that a function takes; ``others`` reads those of ``**kwargs``."""

    known: tuple[Argument, ...]
    others: Argument | None
    schema: Schema

    def ready(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return the Python values by parameter; what was not given is left to the function.

        :raises ToolArgumentsError: with a line for each argument that is missing, unknown or wrong.
        """
        problems: list[str] = []
        values: dict[str, object] = {}
        for one in self.known:
            if one.key in given:
                _read(one, one.key, one.name, given[one.key], values, problems)
            elif one.required:
                problems.append(problem(path_to([one.key]), "is missing"))
            elif one.filled is not None:
                values[one.name] = one.filled()
        keys = [one.key for one in self.known]
        names = {one.name for one in self.known}
        for key, value in given.items():
            if key in keys:
                continue
            if self.others is None or key in names:
                known = f"known: {', '.join(keys)}" if keys else "there are none"
                what = f"is not a parameter ({known}); got {format_value(value)}"
                problems.append(problem(path_to([key]), what))
            else:
                _read(self.others, key, key, value, values, problems)
        if problems:
            raise ToolArgumentsError(*problems)
        return values


def arguments_of(
    owner: str, parameters: Sequence[Parameter], helps: Mapping[str, str]
) -> Arguments:
    """Return the arguments that a function with these parameters takes.

    :param owner: what errors call the function.
    :param helps: what the docstring says of the parameters.
    :raises TypeError: if a parameter has a type that JSON cannot carry.
    """
    known = [_argument(owner, one, helps) for one in parameters]
    keys = [one.key for one in known]
    for key in keys:
        if keys.count(key) > 1:
            raise TypeError(f"Two parameters of {owner} are called {key!r} in JSON.")
    schemas, defs = _schemas(known)
    schema: Schema = {"type": "object", "properties": {}}
    required = [one.key for one in known if one.required]
    if required:
        schema["required"] = required
    schema["additionalProperties"] = False
    others = None
    for parameter, one, own in zip(parameters, known, schemas, strict=True):
        if parameter.gathers:
            others = one
            schema["additionalProperties"] = own or True
        else:
            schema["properties"][one.key] = own
    if defs:
        schema[DEFS] = defs
    return Arguments(tuple(one for one in known if one is not others), others, schema)


def read_whole(hint: object) -> Any:
    """Return a type with lists for iterables, which pydantic would judge only item by item, in use.

    By then the function has begun its work.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        annotated: Any = Annotated
        return annotated[(read_whole(inner[0]), *inner[1:])]
    if origin in (Union, UnionType):
        return Union[tuple(map(read_whole, inner))]  # noqa: UP007 - of as many as there are
    if origin is Iterable or hint is Iterable:
        return list[read_whole(inner[0])] if inner else list[Any]  # type: ignore[misc]
    return list[read_whole(inner[0])] if origin is list else hint  # type: ignore[misc]


def _argument(owner: str, parameter: Parameter, helps: Mapping[str, str]) -> Argument:
    hint, notes = _split(parameter)
    fields = [note for note in notes if isinstance(note, FieldInfo)]
    try:
        adapter: TypeAdapter[object] = TypeAdapter(read_whole(hint))
        adapter.json_schema(schema_generator=_Generator)
    except Exception as error:  # a type's own hooks raise what they like
        raise TypeError(
            f"Parameter {parameter.name!r} of {owner} has a type that JSON cannot carry: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. "
            "Annotate it with plain data, or bind it with functools.partial."
        ) from error
    filled, default = _default(parameter, fields)
    return Argument(
        key=next((key for one in fields if (key := _alias(one))), parameter.name),
        name=parameter.name,
        adapter=adapter,
        schema=_annotations(notes, helps.get(parameter.name), default),
        required=default is REQUIRED and not parameter.gathers,
        filled=filled,
    )


def _split(parameter: Parameter) -> tuple[Any, list[object]]:
    """Return the type with its constraints, and everything else that was noted beside it.

    Descriptions do not go through pydantic: with a recursive model it gives that of one parameter
    to all parameters of the same model (seen in 2.7 and 2.14).
    """
    base, *notes = (
        get_args(parameter.hint) if get_origin(parameter.hint) is Annotated else (parameter.hint,)
    )
    if isinstance(parameter.default, FieldInfo):
        notes.insert(0, parameter.default)
    kept = [one for note in notes for one in _constraints(note)]
    annotated: Any = Annotated
    return (annotated[(base, *kept)] if kept else base), notes


def _constraints(note: object) -> list[object]:
    if not isinstance(note, FieldInfo):
        return [] if isinstance(note, str) else [note]
    if note.discriminator is not None:
        return [Field(discriminator=note.discriminator)]
    return note.metadata


def _annotations(notes: Sequence[object], helped: str | None, default: object) -> Schema:
    """Return the keywords that say something of a parameter without judging its values."""
    texts: list[str | None] = []
    schema: Schema = {}
    for note in notes:
        if isinstance(note, FieldInfo):
            texts.append(note.description)
            if note.examples:
                schema["examples"] = to_jsonable_python(note.examples)
            if isinstance(note.json_schema_extra, dict):
                schema.update(note.json_schema_extra)
        else:  # Doc of typing_extensions has its text there
            texts.append(note if isinstance(note, str) else getattr(note, "documentation", None))
    text = next((text for text in (*texts, helped) if isinstance(text, str) and text), None)
    if text:
        schema["description"] = text
    if default is not REQUIRED and default is not None:
        with suppress(ValueError):  # no JSON, and so nothing that a model could be told
            schema["default"] = to_jsonable_python(default)
    return schema


def _schemas(known: Sequence[Argument]) -> tuple[list[Schema], Schema]:
    if not known:
        return [], {}
    made, shared = TypeAdapter.json_schemas(
        [(position, "validation", one.adapter) for position, one in enumerate(known)],
        ref_template=f"{TO_DEFS}{{model}}",
        schema_generator=_Generator,
    )
    schemas = [
        tidy_schema({**made[position, "validation"], **one.schema})
        for position, one in enumerate(known)
    ]
    return schemas, tidy_schema(shared).get(DEFS, {})


def _default(parameter: Parameter, fields: Sequence[FieldInfo]) -> tuple[Filler | None, object]:
    """Return how a missing argument is filled in where the function cannot, and the default."""
    if parameter.default is not REQUIRED and not isinstance(parameter.default, FieldInfo):
        return None, parameter.default
    field = next((one for one in fields if not one.is_required()), None)
    if field is None:
        return None, REQUIRED
    filled = functools.partial(field.get_default, call_default_factory=True)
    return filled, None if field.default is PydanticUndefined else field.default


def _alias(field: FieldInfo) -> str | None:
    alias = field.validation_alias if field.validation_alias is not None else field.alias
    return alias if isinstance(alias, str) else None


def _read(
    one: Argument,
    key: str,
    name: str,
    value: object,
    values: dict[str, object],
    problems: list[str],
) -> None:
    try:
        values[name] = one.read(value)
    except ValidationError as error:
        problems += list_problems(error, key, value)
