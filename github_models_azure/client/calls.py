"""What the calls of all clients share: clear errors for keywords, the trail on what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

from ..policies._call import Call
from ..policies.errors import complete_error
from ..policies.planner import CALL_OPTION, CallReport
from ..policies.structured import Structured
from ..trail import attach_trail, trail_of
from .keywords import check_call, check_keywords

__all__ = ["begin", "check_call", "keep_parsed", "keep_trail", "reported", "structured_call"]

_NAME_EMBEDDINGS = (
    "Name an embeddings model, such as openai/text-embedding-3-small, as model= of the client or "
    "of the call, or in LLM_EMBEDDING_MODEL beside the other LLM_* variables."
)


def begin(keywords: dict[str, Any], structured: Structured | None = None) -> CallReport:
    """Check a call's keywords and add the report that its policy fills in."""
    check_keywords(keywords)
    report = CallReport() if structured is None else CallReport(structured)
    given = {**(keywords.get("model_extras") or {}), **keywords}
    report.said = frozenset(name for name, value in given.items() if value is not None)
    keywords[CALL_OPTION] = report
    return report


def structured_call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Structured | None:
    """Take ``response_model`` out of a call's keywords; ``None`` where it is ``None``.

    :raises TypeError: beside ``response_format``, or for a type that has no JSON schema.
    """
    model = keywords.pop("response_model")
    if model is None:
        return None
    body = keywords.get("body", args[0] if args else {})
    if not isinstance(body, Mapping):
        raise TypeError("response_model goes with messages=..., or with a body that is a dict.")
    places = (keywords, body, keywords.get("model_extras") or {})
    if any(place.get("response_format") is not None for place in places):
        raise TypeError(
            "response_model and response_format both say what shape the answer has; leave "
            "response_format out."
        )
    from ..tools.answer import answer_model

    return Structured(answer_model(model))


@contextmanager
def reported(report: CallReport) -> Iterator[None]:
    """Put the trail on every error that leaves a call, and what its body says."""
    try:
        yield
    except AzureError as error:
        call = report.call
        if isinstance(error, HttpResponseError):
            complete_error(error)
        if call is not None:
            call.hide_secrets(error)
            if trail_of(error) is None:
                attach_trail(error, call.trail())
            _suggest(error, call)
        raise
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        raise TypeError(
            f"{error}: no policy of this client takes that keyword, so it reached the transport. "
            "A member of the request body goes into model_extras={...}, api_version and the like "
            "to the client's constructor."
        ) from error


def keep_trail(result: Any, report: CallReport) -> Any:
    """Put the trail on a result; on a stream it stays live until the stream ends."""
    call = report.call
    if call is not None:
        attach_trail(result, call.trail if call.is_streamed else call.trail())
    return result


def keep_parsed(
    result: Any, structured: Structured, report: CallReport, ask: Callable[..., Any], *call: Any
) -> Any:
    """Put the instance on a completion; a stream gets it at its end.

    :param ask: makes a call, given what sends it, its arguments, its keywords and a wanted shape.
    :param call: the first three, for a second call that corrects what the stream brought.
    """
    if report.call is None or not report.call.is_streamed:
        object.__setattr__(result, "parsed", structured.parsed)
        return result
    from ..policies.parsed import AsyncParsedStream, ParsedStream

    send, args, keywords = call
    body = ({**args[0], "stream": False}, *args[1:]) if args else ()
    if "body" in keywords:
        keywords = {**keywords, "body": {**keywords["body"], "stream": False}}
    kind = AsyncParsedStream if hasattr(result, "__aiter__") else ParsedStream
    again = lambda shape, options: ask(send, body, {**keywords, **options}, shape)  # noqa: E731
    return kind.of(result, structured, report.call, again)


def _suggest(error: AzureError, call: Call) -> None:
    if not isinstance(error, HttpResponseError) or isinstance(error, ClientAuthenticationError):
        return  # a key is the matter, and no name
    hint = _NAME_EMBEDDINGS if call.lacks_embeddings_model() else call.model_hint()
    if hint is not None:
        error.message = f"{error.message}\n{hint}"
        error.args = (error.message, *error.args[1:])
