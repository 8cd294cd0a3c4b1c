"""The emulated service itself, without a web framework: a request in, an answer out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import errors
from .bodies import answer_headers, chat_body
from .chat_checks import refusal_of
from .chat_request import input_tokens, read_chat
from .completion import Completion, compose
from .embeddings import embeddings_body, input_size, read_embeddings
from .errors import ServiceRefusal
from .journal import bearer_token, fingerprint
from .json_value import JsonObject, as_text, compact, parse
from .names import Family, ServedModel, resolve_model
from .sse import MEDIA_TYPE as SSE_TYPE
from .sse import chat_events

if TYPE_CHECKING:
    from github_models_azure.registry import Quota

    from .state import EmulatorState


def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What the service looks at in a request; ``body`` is the raw text of it.

    ``project`` is the name in the path of a Foundry project.
    """

    legacy: bool
    authorization: str | None
    api_version: str | None
    content_type: str
    body: bytes
    client_request_id: str | None = None
    tools_forever: bool = False
    api_key: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: a whole body, or the events of a stream.

    ``finished`` must be called once when the answer has been sent, or was given up.
    """

    body: bytes
    events: Iterator[bytes] | None
    media_type: str
    headers: tuple[tuple[str, str], ...]
    finished: Callable[[], None]


def answer_chat(state: EmulatorState, call: ServiceCall) -> Answer:
    """Answer a chat request.

    :raises ServiceRefusal: with the answer of the service to a request it refuses.
    """
    user = _user(state, call)
    body = read_body(call)
    model = _model(state, call, body)
    if model.is_embedding:
        raise ServiceRefusal(wrong_operation(model, "chatCompletion"))
    tokens = input_tokens(body)
    quota, finished = _admit(state, user, model, tokens)
    limit = quota.output_tokens_per_request if quota is not None else None
    return written_chat(state, call, body, model, tokens, output_limit=limit, finished=finished)


def written_chat(
    state: EmulatorState,
    call: ServiceCall,
    body: JsonObject,
    model: ServedModel,
    tokens: int,
    *,
    output_limit: int | None = None,
    finished: Callable[[], None] = _nothing,
) -> Answer:
    """Write the answer of a model to a request that was let through.

    :param tokens: what the input counts.
    :param output_limit: the most tokens that the plan lets the model write.
    :param finished: called once, when the answer has been sent or was refused.
    :raises ServiceRefusal: with the model's own refusal.
    """
    try:
        request = read_chat(body)
        refusal = refusal_of(
            body, request, model, api_version=call.api_version, settings=state.settings
        )
        if refusal is not None:
            raise ServiceRefusal(refusal)
        completion = compose(
            request,
            body,
            model,
            prompt_tokens=tokens,
            output_limit=output_limit,
            filtered_word=state.settings.filtered_answer_word,
            silent_tools="llama-4-scout" in model.name,
            tools_forever=call.tools_forever,
        )
        created = int(state.clock())
        headers = _headers(state, call, model, completion)
        if request.stream:
            events = chat_events(completion, model, created, include_usage=request.include_usage)
            return Answer(b"", events, SSE_TYPE, headers, finished)
        written = compact(chat_body(completion, model, created)).encode()
        return Answer(written, None, "application/json", headers, finished)
    except BaseException as error:
        finished()
        if isinstance(error, RecursionError):  # a schema of more levels than any model takes
            raise ServiceRefusal(errors.too_deep()) from error
        raise


def answer_embeddings(state: EmulatorState, call: ServiceCall) -> Answer:
    """Answer an embeddings request.

    :raises ServiceRefusal: with the answer of the service to a request it refuses.
    """
    user = _user(state, call)
    body = read_body(call)
    model = _model(state, call, body)
    if not model.is_embedding:
        raise ServiceRefusal(wrong_operation(model, "embeddings"))
    tokens = input_size(body)
    _, finished = _admit(state, user, model, tokens)
    return written_embeddings(state, call, body, model, tokens, finished=finished)


def written_embeddings(
    state: EmulatorState,
    call: ServiceCall,
    body: JsonObject,
    model: ServedModel,
    tokens: int,
    *,
    finished: Callable[[], None] = _nothing,
) -> Answer:
    """Write the vectors of a model for a request that was let through.

    :param tokens: what the input counts.
    :param finished: called once, when the answer has been sent or was refused.
    :raises ServiceRefusal: with the model's own refusal.
    """
    try:
        request = read_embeddings(body, model)
        written = compact(embeddings_body(request, model)).encode()
        headers = _headers(state, call, model, None, tokens)
        return Answer(written, None, "application/json", headers, finished)
    except BaseException:
        finished()
        raise


def read_body(call: ServiceCall) -> JsonObject:
    """Return the JSON object in the request.

    :raises ServiceRefusal: 415 for another media type, 400 for anything but a JSON object.
    """
    media_type = call.content_type.partition(";")[0].strip().lower()
    if media_type and media_type != "application/json" and not media_type.endswith("+json"):
        raise ServiceRefusal(errors.wrong_content_type(media_type))
    try:
        value = parse(call.body)
    except ValueError as error:
        raise ServiceRefusal(errors.malformed_json()) from error
    if not isinstance(value, dict):
        raise ServiceRefusal(errors.not_an_object())
    return value


def _user(state: EmulatorState, call: ServiceCall) -> str:
    # Only ``Authorization`` was looked at; an ``api-key`` alone was no credential on GitHub.
    token = bearer_token(call.authorization or "")
    if not token or token in state.settings.bad_tokens:
        raise ServiceRefusal(errors.bad_credentials())
    if token in state.settings.unscoped_tokens:
        raise ServiceRefusal(errors.models_permission())
    return fingerprint(token)


def _model(state: EmulatorState, call: ServiceCall, body: JsonObject) -> ServedModel:
    return resolve_model(
        as_text(body.get("model")),
        state.registry,
        legacy=call.legacy,
        bare_names=state.settings.bare_names,
    )


def _admit(
    state: EmulatorState, user: str, model: ServedModel, tokens: int
) -> tuple[Quota | None, Callable[[], None]]:
    """Judge access, size and rate as the gateway did; return the quota and how to end the stay."""
    quota = state.quota(user, model.info)
    if quota is not None and not quota.available:
        if model.info.id in state.settings.unavailable_models:
            raise ServiceRefusal(errors.unavailable_model(model.name))
        raise ServiceRefusal(errors.no_access(model.name if model.legacy else model.info.id))
    limit = quota.input_tokens_per_request if quota is not None else None
    if limit is not None and tokens > limit:
        raise ServiceRefusal(errors.too_large(model.name, limit))
    refusal = state.limiter.admit(user, model.info.id, quota, tokens=tokens, now=state.clock())
    if refusal is not None:
        raise ServiceRefusal(
            errors.rate_limited(refusal.type, refusal.limit, refusal.span, refusal.wait)
        )
    return quota, lambda: state.limiter.release(user, model.info.id)


def wrong_operation(model: ServedModel, operation: str) -> errors.ErrorAnswer:
    """Return the answer of a model that was asked for another operation than its own."""
    openai = model.family is Family.OPENAI
    return errors.wrong_operation(model.name, operation, openai=openai)


def _headers(
    state: EmulatorState,
    call: ServiceCall,
    model: ServedModel,
    completion: Completion | None,
    tokens: int = 0,
) -> tuple[tuple[str, str], ...]:
    written = completion.completion_tokens if completion is not None else 0
    read = completion.prompt_tokens if completion is not None else tokens
    use = state.upstream_use(model.name, read + written, state.clock())
    return answer_headers(
        model,
        request_id=state.next_request_id(),
        client_request_id=call.client_request_id,
        use=use,
        prompt_tokens=read,
        completion_tokens=written,
    )
