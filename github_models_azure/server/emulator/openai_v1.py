"""The ``/openai/v1`` paths of a Foundry resource: no ``api-version``, deployments as models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import errors
from .chat_request import input_tokens
from .embeddings import input_size
from .errors import ErrorAnswer, ServiceRefusal
from .journal import bearer_token
from .json_value import Json, JsonObject, as_text
from .names import Family, ServedModel, served
from .service import (
    Answer,
    ServiceCall,
    read_body,
    written_chat,
    written_embeddings,
    wrong_operation,
)

if TYPE_CHECKING:
    from .state import EmulatorState

PATHS = ("/openai/v1", "/api/projects/{project}/openai/v1")
"""The base paths: of the resource, and of a project on it."""


def is_openai_v1(path: str) -> bool:
    """Tell whether a path lies below one of the base paths."""
    if path.startswith("/api/projects/"):
        path = path.removeprefix("/api/projects/").partition("/")[2]
        path = f"/{path}"
    return path.startswith(f"{PATHS[0]}/")


def answer_chat_v1(state: EmulatorState, call: ServiceCall) -> Answer:
    """Answer a chat request as a deployment does; no Copilot plan limits it.

    :raises ServiceRefusal: with the answer of the service to a request it refuses.
    """
    body, model = _admitted(state, call)
    if model.is_embedding:
        raise ServiceRefusal(wrong_operation(model, "chatCompletion"))
    return written_chat(state, call, body, model, input_tokens(body))


def answer_embeddings_v1(state: EmulatorState, call: ServiceCall) -> Answer:
    """Answer an embeddings request as a deployment does.

    :raises ServiceRefusal: with the answer of the service to a request it refuses.
    """
    body, model = _admitted(state, call)
    if not model.is_embedding:
        raise ServiceRefusal(wrong_operation(model, "embeddings"))
    return written_embeddings(state, call, body, model, input_size(body))


def list_models_v1(state: EmulatorState, call: ServiceCall) -> Json:
    """Return the deployments in the shape of OpenAI's list.

    :raises ServiceRefusal: without a key, and for any ``api-version``.
    """
    _check_key(state, call)
    _check_version(call, None)
    names = [
        *state.settings.deployments,
        *(m.id.rpartition("/")[2] for m in state.registry.models()),
    ]
    return {
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": 0, "owned_by": "system"} for name in names
        ],
    }


def _admitted(state: EmulatorState, call: ServiceCall) -> tuple[JsonObject, ServedModel]:
    _check_key(state, call)
    body = read_body(call)
    name = as_text(body.get("model"))
    model = _deployment(state, name)
    _check_version(call, model)
    if not name:
        raise ServiceRefusal(errors.upstream("you must provide a model parameter", code=None))
    if model is None:
        raise ServiceRefusal(_no_deployment())
    return body, model


def _deployment(state: EmulatorState, name: str) -> ServedModel | None:
    """Find the model behind a deployment's name, whose case matters."""
    given = state.settings.deployments.get(name)
    info = state.registry.find(name if given is None else given)
    if info is None or (
        given is None and name not in (info.legacy_name, info.id.rpartition("/")[2])
    ):
        return None
    return served(info)


def _check_key(state: EmulatorState, call: ServiceCall) -> None:
    key = bearer_token(call.authorization or "") or call.api_key
    if not key or key in state.settings.bad_tokens:
        raise ServiceRefusal(_access_denied())


def _check_version(call: ServiceCall, model: ServedModel | None) -> None:
    if call.api_version is None:
        return
    openai = model is None or model.family is Family.OPENAI
    # JetBrains/koog#2150 and pydantic-ai#5066; the latter also at projects (vercel/ai#14009).
    message = (
        "API version not supported"
        if openai and not call.project
        else "api-version query parameter is not allowed when using /v1 path"
    )
    raise ServiceRefusal(
        errors.from_json(400, {"error": {"code": "BadRequest", "message": message}})
    )


def _access_denied() -> ErrorAnswer:
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide "
        "a valid key for an active subscription and use a correct regional API endpoint for your "
        "resource."
    )
    return errors.from_json(401, {"error": {"code": "401", "message": message}})


def _no_deployment() -> ErrorAnswer:
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within "
        "the last 5 minutes, please wait a moment and try again."
    )
    error: Json = {
        "type": "invalid_request_error",
        "code": "DeploymentNotFound",
        "message": message,
    }
    return errors.from_json(404, {"error": error})
