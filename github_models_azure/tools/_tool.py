"""A tool: a Python function, or a definition without one, that a model may call."""

from __future__ import annotations

import asyncio
import copy
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Union

from ._arguments import read_arguments
from ._signature import REQUIRED, Function, Parameter, help_of, is_async, name_of, parameters_of
from ._strict import strict_schema, without_unset
from ._walk import Schema, SchemaView, definitions, tidy_schema

if TYPE_CHECKING:
    from azure.ai.inference.models import ChatCompletionsToolDefinition

    from ._schema import Arguments

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

ToolSource = Union["Tool", Callable[..., Any], Mapping[str, Any], "ChatCompletionsToolDefinition"]
"""What a tool can be made of; the SDK's definitions are mappings too."""


@dataclass(frozen=True, slots=True, repr=False)
class Tool:
    """A function that a model may call, with what the model is told about it.

    Make one with :meth:`of`. Values are ready for use by many threads and tasks at once.

    :ivar name: what the model calls it.
    :ivar description: what it does, for the model; ``None`` where nothing was said.
    :ivar parameters: the JSON schema of its arguments; ``None`` where a definition has none.
    :ivar function: what is called; ``None`` for a definition, which somebody else carries out.
    :ivar is_async: whether ``function`` must be awaited.
    :ivar strict: whether the service is asked to keep to the schema.
    """

    name: str
    description: str | None
    parameters: SchemaView | None = field(hash=False)
    function: Callable[..., Any] | None = field(default=None, hash=False)
    is_async: bool = False
    strict: bool = False
    _arguments: Arguments | None = field(default=None, compare=False)
    _in_order: tuple[Parameter, ...] = field(default=(), compare=False)
    _plain: SchemaView = field(default_factory=dict, compare=False)
    _members: SchemaView = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"A tool cannot be called {self.name!r}: names have one to 64 letters of a-z, A-Z, "
                "digits, _ and -. Give another with name=..."
            )

    def __repr__(self) -> str:
        names = ", ".join((self.parameters or {}).get("properties", ()))
        kind = "async " * self.is_async + "strict " * self.strict
        kind += "definition " * (self.function is None)
        return f"<{kind}Tool {self.name}({names})>"

    @classmethod
    def of(
        cls,
        source: ToolSource,
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool = False,
    ) -> Tool:
        """Make a tool of a function, or of a definition of the SDK's or as JSON.

        A function may be a coroutine function, a bound method, a callable object, a class, or a
        ``functools.partial``, whose bound arguments the model does not see. Its type hints make the
        schema; its docstring the description and the help for parameters, unless these have
        ``Annotated[..., "text"]`` or ``Field(description=...)``.

        :param name: instead of the function's own; a lambda needs one.
        :param description: instead of the docstring's.
        :param strict: ask the service to keep to the schema (OpenAI's structured outputs). Every
            parameter is then required, and ``null`` stands for one that is left out.
        :raises TypeError: if there can be no schema, for ``*args``, for a type that JSON cannot
            carry, or where ``strict`` cannot be.
        :raises ValueError: if the name is not one.
        """
        if isinstance(source, Tool):
            if name is description is None and strict <= source.strict:
                return source
            name, description = name or source.name, description or source.description
            strict = strict or source.strict
            source = source.function or source.definition()
        if isinstance(source, Mapping):
            return _of_definition(source, name, description, strict)
        if callable(source):
            return _of_function(source, name, description, strict)
        raise TypeError(
            f"A tool is made of a function, a tool definition of the SDK's or a dict, not of "
            f"{type(source).__name__}."
        )

    def definition(self) -> ChatCompletionsToolDefinition:
        """Return what is sent to the service; a new object each time."""
        from azure.ai.inference.models import ChatCompletionsToolDefinition

        inner: dict[str, Any] = {"name": self.name, "description": self.description}
        inner["parameters"] = None if self.parameters is None else dict(self.parameters)
        told = {key: value for key, value in inner.items() if value is not None}
        if self.strict:
            told["strict"] = True
        others = {key: value for key, value in self._members.items() if key != "function"}
        function = {**told, **self._members.get("function", {})}
        # The class copies what it is given, to the innermost list.
        return ChatCompletionsToolDefinition({**others, "type": "function", "function": function})

    def validate(self, arguments: str | Mapping[str, object] | None) -> dict[str, Any]:
        """Return the arguments of a call as Python values, ready for :meth:`call`.

        Values are judged as the schema judges them: a text is no number, and ``1.0`` is an integer.
        A parameter that was not given is not in the result. Of a definition without a function the
        arguments are only read. Where ``strict``, ``null`` for what has a default means that it was
        not given.

        :param arguments: the JSON text that the model wrote, or the object that it stands for;
            empty text and ``null`` mean no arguments.
        :raises ToolArgumentsError: with a line for each argument that is wrong.
        """
        given = read_arguments(arguments)
        if self.strict:
            given = without_unset(given, self._plain, definitions(self._plain))
        return given if self._arguments is None else self._arguments.ready(given)

    def call(self, values: Mapping[str, object]) -> Any:
        """Call the function with values from :meth:`validate`, and return what it returns.

        :raises TypeError: if there is no function, or it is async: then use :meth:`acall`.
        """
        if self.is_async:
            raise TypeError(f"{self.name} is async: await its acall().")
        result = self._run(values)
        if inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise TypeError(f"{self.name} returned an awaitable: await its acall().")
        return result

    async def acall(self, values: Mapping[str, object]) -> Any:
        """Await the function with values from :meth:`validate`, and return what it returns.

        A function that is not async runs in a thread of the loop's default executor, with the
        context variables of the caller, so that it does not stop the loop. A thread cannot be
        ended: if the call is cancelled, the function still runs to its end.

        :raises TypeError: if there is no function.
        """
        result = self._run(values) if self.is_async else await asyncio.to_thread(self._run, values)
        return await result if inspect.isawaitable(result) else result

    def result_text(self, value: object) -> str:
        """Return what the function returned as text for the model: ``str`` as it is, else JSON.

        Pydantic models, dataclasses, dates, enums, sets, bytes and so on are written as pydantic
        writes them; ``None`` is ``null``. An enum of text is that text.

        :raises TypeError: if the value cannot be written as JSON.
        """
        from ._records import result_text

        return result_text(value, self.name)

    def _run(self, values: Mapping[str, object]) -> Any:
        if self.function is None:
            raise TypeError(f"{self.name} has no function to call: it is a definition only.")
        by_name, by_place = dict(values), []
        first = [one for one in self._in_order if one.positional_only]
        while first and first[-1].name not in by_name:
            first.pop()
        for one in first:
            default = () if one.default is REQUIRED else (one.default,)
            by_place.append(by_name.pop(one.name, *default))
        try:
            return self.function(*by_place, **by_name)
        except StopIteration as error:  # in a thread it would never reach who waits
            raise RuntimeError(f"{self.name} raised StopIteration") from error


def toolset(tools: Iterable[ToolSource]) -> Mapping[str, Tool]:
    """Return tools by name, in the order given.

    :raises TypeError: if one cannot be made a tool; see :meth:`Tool.of`.
    :raises ValueError: if a name is not one, or two tools have the same.
    """
    if isinstance(tools, (str, Mapping)) or callable(tools):
        raise TypeError(f"toolset() takes a list of tools, not one {type(tools).__name__}.")
    named: dict[str, Tool] = {}
    for tool in map(Tool.of, tools):
        if tool.name in named:
            raise ValueError(
                f"Two tools are called {tool.name!r}: the model could not tell them apart. "
                "Give one another name with Tool.of(..., name=...)."
            )
        named[tool.name] = tool
    return MappingProxyType(named)


def _of_function(
    function: Function, name: str | None, description: str | None, strict: bool
) -> Tool:
    from ._schema import arguments_of

    name = name_of(function) if name is None else name
    parameters = parameters_of(function, name)
    told = help_of(function)
    arguments = arguments_of(name, parameters, told.parameters)
    return Tool(
        name,
        told.description if description is None else description,
        MappingProxyType(strict_schema(arguments.schema, name) if strict else arguments.schema),
        function,
        is_async(function),
        strict,
        _arguments=arguments,
        _in_order=tuple(parameters),
        _plain=arguments.schema,
    )


def _of_definition(
    source: Mapping[str, object], name: str | None, description: str | None, strict: bool
) -> Tool:
    members = copy.deepcopy(_as_dict(source))
    function = members.get("function")
    if members.pop("type", "function") != "function" or not isinstance(function, dict):
        raise TypeError(
            "A tool definition is {'type': 'function', 'function': {'name': ...}}, not one with "
            f"{', '.join(sorted(map(str, source))) or 'nothing in it'}."
        )
    parameters: Schema | None = function.pop("parameters", None)
    own_name, own_text = function.pop("name", None), function.pop("description", None)
    is_strict = function.pop("strict", None) is True
    name = str(own_name or "") if name is None else name
    plain: Schema = {}
    if strict and not is_strict:
        plain = tidy_schema(parameters or {"type": "object", "properties": {}})
        parameters = strict_schema(plain, name)
    return Tool(
        name,
        own_text if description is None else description,
        None if parameters is None else MappingProxyType(parameters),
        strict=strict or is_strict,
        _plain=plain,
        _members=members,
    )


def _as_dict(source: Mapping[str, object]) -> dict[str, Any]:
    """Return a definition as JSON; the SDK's objects are mappings that say it themselves."""
    as_dict = getattr(source, "as_dict", None)
    return dict(as_dict() if callable(as_dict) else source)
