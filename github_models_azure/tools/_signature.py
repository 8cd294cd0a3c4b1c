"""What a callable looks like from outside: its name, parameters, hints and docstring."""

from __future__ import annotations

import functools
import inspect
import logging
import sys
import typing
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

Function = Callable[..., object]

REQUIRED = inspect.Parameter.empty

# Longer descriptions of a function are a 400 at Azure OpenAI and OpenAI (OpenHands#4838,
# modelcontextprotocol/servers#799).
LONGEST_DESCRIPTION = 1024

_ADVICE = "Define what it names where the function's module can see it, or annotate otherwise."

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Help:
    """The description of a function, and the help for its parameters by their names."""

    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a caller may give; ``default`` is ``REQUIRED`` where there is none."""

    name: str
    hint: Any
    default: object
    positional_only: bool = False
    gathers: bool = False


def name_of(function: Function) -> str:
    """Return the name of a function, of what a partial calls, or of a callable object's class."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__name__", None)
    return name if isinstance(name, str) else type(function).__name__


def is_async(function: Function) -> bool:
    """Tell whether calling gives a coroutine; a wrapper speaks for itself."""
    return _is(inspect.iscoroutinefunction, function)


def help_of(function: Function) -> Help:
    """Read the docstring of a callable; that of a class and of its ``__call__`` together."""
    if isinstance(function, functools.partial):
        return help_of(function.func)
    if inspect.isroutine(function):
        return read_docstring(inspect.getdoc(function))
    if inspect.isclass(function):
        return _own_help(function)
    owner, call = _own_help(type(function)), read_docstring(_call_of(function).__doc__)
    return Help(call.description or owner.description, {**owner.parameters, **call.parameters})


def parameters_of(function: Function, name: str) -> list[Parameter]:
    """Return the parameters that a caller may give; those that a partial binds are hidden.

    :param name: what errors call the function.
    :raises TypeError: if the signature cannot be read, has ``*args``, lacks its ``self``, or an
        annotation cannot be resolved; and for generators, whose result is no single value.
    """
    for kind in (inspect.isgeneratorfunction, inspect.isasyncgenfunction):
        if _is(kind, function):
            raise TypeError(f"{name} is a generator; a tool returns one value, such as a list.")
    try:
        given = list(_signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The signature of {name} cannot be read: {error}. Wrap it in a function."
        ) from error
    if given and _is_unbound(function, given[0]):
        raise TypeError(f"{name} is a method without its object; pass it bound, as in thing.{name}")
    hidden = _bound_names(function)
    return [_parameter(function, name, one) for one in given if one.name not in hidden]


def _parameter(function: Function, owner: str, given: inspect.Parameter) -> Parameter:
    if given.kind is given.VAR_POSITIONAL:
        raise TypeError(
            f"{owner} takes *{given.name}, but a model gives arguments by name; "
            f"use a parameter such as {given.name}: list[str]."
        )
    return Parameter(
        given.name,
        _resolve_hint(function, owner, given),
        given.default,
        positional_only=given.kind is given.POSITIONAL_ONLY,
        gathers=given.kind is given.VAR_KEYWORD,
    )


def _resolve_hint(function: Function, owner: str, given: inspect.Parameter) -> Any:
    """Resolve one annotation: another that cannot be, of the result say, does no harm."""
    if given.annotation is given.empty:
        return Any

    def holder() -> None:
        """Carry the annotation to ``get_type_hints``."""

    holder.__annotations__ = {"it": given.annotation}
    seen, local = _namespaces(function)
    try:
        return typing.get_type_hints(holder, seen, local, include_extras=True)["it"]
    except Exception as error:  # an annotation is an expression, and raises what it likes
        raise TypeError(
            f"The annotation {given.annotation!r} of parameter {given.name!r} of {owner} cannot "
            f"be resolved: {error}. {_ADVICE}"
        ) from error


def _signature(function: Function) -> inspect.Signature:
    if sys.version_info >= (3, 14):  # there annotations are evaluated when they are looked at
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _namespaces(function: Function) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the names that the annotations of a callable may use: global and local ones."""
    if isinstance(function, functools.partial):
        return _namespaces(function.func)
    if inspect.isclass(function):
        return vars(sys.modules[function.__module__]), dict(vars(function))
    written: Any = function if inspect.isroutine(function) else _call_of(function)
    written = inspect.unwrap(getattr(written, "__func__", written))
    local = {one.__name__: one for one in getattr(written, "__type_params__", ())}
    code, cells = getattr(written, "__code__", None), getattr(written, "__closure__", None)
    for name, cell in zip(getattr(code, "co_freevars", ()), cells or (), strict=False):
        with suppress(ValueError):  # not filled yet
            local[name] = cell.cell_contents
    return getattr(written, "__globals__", {}), local


def _call_of(function: Function) -> Any:
    return type(function).__call__


def _is(kind: Callable[[object], bool], function: Function) -> bool:
    if isinstance(function, functools.partial):
        return _is(kind, function.func)
    if inspect.isroutine(function) or inspect.isclass(function):
        return kind(function)
    return kind(_call_of(function))


def _bound_names(function: Function) -> set[str]:
    if not isinstance(function, functools.partial):
        return set()
    return {*function.keywords, *_bound_names(function.func)}


def _is_unbound(function: Function, first: inspect.Parameter) -> bool:
    if not inspect.isfunction(function) or first.name not in {"self", "cls"}:
        return False
    owner = function.__qualname__.rpartition(".")[0]
    return first.annotation is first.empty and not owner.endswith("<locals>") and owner != ""


def _own_help(owner: type) -> Help:
    text = vars(owner).get("__doc__")
    if not isinstance(text, str) or text.startswith(f"{owner.__name__}("):
        return Help()  # inherited, or written by dataclasses
    return read_docstring(text)


def read_docstring(text: str | None) -> Help:
    """Read a docstring in Google, NumPy or Sphinx style; sections other than parameters are left.

    Without the package docstring-parser, or where it cannot read the text, the first paragraph is
    the description. A description is cut to 1,024 characters.
    """
    if text is None or not text.strip():
        return Help()
    text = inspect.cleandoc(text)
    return _parse_sections(text) or Help(_shorten(_first_paragraph(text)))


def _parse_sections(text: str) -> Help | None:
    try:
        import docstring_parser
    except ImportError:
        if "\n\n" in text:
            _log.info(
                "docstring-parser is not installed, so only the first paragraph of a docstring is "
                "used; pip install 'github-models-azure[tools]' adds the help for parameters"
            )
        return None
    try:
        read = docstring_parser.parse(text)
    except Exception as error:  # whatever it meets: a text that it cannot read is still a text
        _log.debug("a docstring could not be parsed: %s", type(error).__name__)
        return None
    helps: dict[str, str] = {}
    for parameter in read.params:
        words = " ".join((parameter.description or "").split())
        for name in parameter.arg_name.split(","):
            if words:
                helps.setdefault(name.strip().lstrip("*\\"), words)
    return Help(_shorten((read.description or "").strip()), helps)


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _shorten(text: str) -> str | None:
    if len(text) > LONGEST_DESCRIPTION:
        text = text[: LONGEST_DESCRIPTION - 3].rpartition(" ")[0].rstrip() + "..."
    return text or None
