"""Hands the SDK an answer in the form that its models expect."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from azure.core.pipeline import PipelineResponse

from .._core.answer.normalise import normalise_completion
from .._core.answer.text_calls import take_text_calls
from .._core.answer.text_grammar import TextCalls
from .._core.route.needs import Operation

__all__ = ["body_of", "bring_into_form"]

_BODY = "deserialized_data"  # where azure-core's ContentDecodePolicy puts what it read


def read_body(response: PipelineResponse[Any, Any]) -> object:
    """Give the body of an answer as it was read; JSON counts as such under any label.

    The SDK's own operations look at no label either.
    """
    value: object = response.context.get(_BODY)
    if isinstance(value, str) and response.http_response.status_code == 200:
        with suppress(ValueError, RecursionError):
            value = response.context[_BODY] = json.loads(value)
    return value


def bring_into_form(
    response: PipelineResponse[Any, Any],
    operation: Operation,
    written: TextCalls | None = None,
    *,
    asked: str = "",
) -> object:
    """Bring the body of an answer into OpenAI's form, for whoever reads it next; return it.

    :param written: the tool calls to look for in its text.
    :param asked: what tells the request from others, for ids that are made.
    """
    value: object = response.context.get(_BODY)
    if operation is not Operation.CHAT or not isinstance(value, dict):
        return value
    fitted = normalise_completion(value, asked)
    if written is not None:
        fitted = take_text_calls(fitted, written)
    if fitted is not value:
        response.context[_BODY] = fitted
        response.http_response.json = lambda: fitted  # all that the SDK's operations read
    return fitted


def body_of(http: Any) -> bytes:
    """Return the body of an answer that was read, in the form that it was brought into."""
    if "json" in vars(http):  # put there above
        return json.dumps(http.json(), separators=(",", ":")).encode()
    body: bytes = http.content
    return body
