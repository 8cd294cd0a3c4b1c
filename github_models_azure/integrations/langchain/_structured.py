"""``with_structured_output``: how a schema is asked for, and how the answer is read."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.base import OutputParserLike
from langchain_core.output_parsers.openai_tools import (
    JsonOutputKeyToolsParser,
    PydanticToolsParser,
)
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from ._request import json_schema_of

METHODS = ("function_calling", "json_schema", "json_mode")


def structured(
    model: BaseChatModel,
    schema: Any,
    *,
    method: str,
    include_raw: bool,
    strict: bool | None,
    **kwargs: Any,
) -> Runnable[Any, Any]:
    """Return a runnable that asks the model for a schema and reads the answer.

    :raises ValueError: for an unknown method, ``strict`` beside json_mode, or a missing schema.
    """
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, not {method!r}.")
    if method == "json_mode" and strict is not None:
        raise ValueError("strict has no meaning for json_mode, which sends no schema.")
    if schema is None and method != "json_mode":
        raise ValueError(f"method {method!r} needs a schema; only json_mode goes without one.")
    is_model = isinstance(schema, type) and is_basemodel_subclass(schema)
    reader: OutputParserLike[Any]
    if method == "function_calling":
        name = convert_to_openai_tool(schema)["function"]["name"]
        asked = {"tools": [schema], "tool_choice": name, "strict": strict}
        reader = (
            PydanticToolsParser(tools=[schema], first_tool_only=True)
            if is_model
            else JsonOutputKeyToolsParser(key_name=name, first_tool_only=True)
        )
    else:
        by_schema = method == "json_schema"
        wanted = json_schema_of(schema, strict) if by_schema else {"type": "json_object"}
        asked = {"response_format": wanted}
        reader = PydanticOutputParser(pydantic_object=schema) if is_model else JsonOutputParser()
    described: dict[str, Any] = {}
    if schema is not None:  # what tracing shows
        told = {"method": method} if strict is None else {"method": method, "strict": strict}
        described["ls_structured_output_format"] = {"kwargs": told, "schema": schema}
    if method == "function_calling":
        bound = model.bind_tools(**asked, **described, **kwargs)
    else:
        bound = model.bind(**asked, **described, **kwargs)
    return _with_raw(bound, reader) if include_raw else bound | reader


def _with_raw(bound: Runnable[Any, Any], reader: OutputParserLike[Any]) -> Runnable[Any, Any]:
    read = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | reader, parsing_error=lambda _: None
    )
    unread = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | read.with_fallbacks([unread], exception_key="parsing_error")
