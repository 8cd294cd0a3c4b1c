"""What the chat and the embedding service share: their client, and errors in the kernel's words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from azure.core.exceptions import AzureError, HttpResponseError
from pydantic import PrivateAttr
from semantic_kernel.exceptions.service_exceptions import (
    ServiceContentFilterException,
    ServiceException,
    ServiceInitializationError,
    ServiceInvalidExecutionSettingsError,
    ServiceInvalidRequestError,
    ServiceInvalidResponseError,
    ServiceResponseException,
)
from semantic_kernel.services.ai_service_client_base import AIServiceClientBase

from ..._core.failure.kinds import RequestError, deciding
from ..._core.never import assert_never
from ...client.assemble import warn_once
from ...endpoints import Endpoint
from ...exceptions import OutputValidationError
from ...settings.env_file import EnvFile, read_env_file
from ...settings.load import load_settings
from ...settings.model import PREFIX, Settings
from ...settings.own_endpoint import own_endpoint
from ...trail import trail_of


def service_fields(
    make: type[Any],
    ai_model_id: str | None,
    service_id: str | None,
    client: Any,
    endpoint: Any,
    credential: Any,
    env_file: tuple[str | None, str | None],
    options: dict[str, Any],
) -> dict[str, Any]:
    """Return the fields of a service, with a client that is made unless one is given.

    :param make: the class of the client.
    :param env_file: the path and the encoding of a ``.env`` file; the environment goes first.
    :raises ServiceInitializationError: for a wrong setting, and where no model is named.
    """
    try:
        found = _env_file(*env_file)
        decided = endpoint is not None or credential is not None
        settings = load_settings(decided=decided, env_file=found)
        model = ai_model_id or settings.model
        if not model:
            raise ServiceInitializationError(
                f"No model is named. Pass ai_model_id=..., or set {PREFIX}MODEL."
            )
        if client is not None:
            if not isinstance(client, make) or endpoint or credential or options:
                raise TypeError(
                    f"client is an async {make.__name__} of this package, and brings its endpoint, "
                    "key and options with it: leave those out."
                )
            return {"ai_model_id": model, "service_id": service_id or "", "client": client}
        url = endpoint if endpoint is not None else settings.endpoint
        url = url if isinstance(url, str) and "://" in url else ""
        if found.values:  # else the client reads the same settings by itself
            options = {**settings.options, **options}
            warn_once(settings.warnings)
            if endpoint is None:
                endpoint, credential = _resolved(settings, credential), None
        return {
            "ai_model_id": model,
            "service_id": service_id or "",
            "client": make(endpoint, credential, model=model, **options),
            "managed_client": True,
            "url": url.partition("?")[0] or None,  # spans show it, and a query may hold a secret
        }
    except (AzureError, TypeError, ValueError) as error:
        raise ServiceInitializationError(f"The service could not be made: {error}") from error


def _env_file(path: str | None, encoding: str | None) -> EnvFile:
    return read_env_file(PREFIX, Path.cwd(), named=path, encoding=encoding or "utf-8")


def _resolved(settings: Settings, credential: Any) -> Endpoint:
    """Return the endpoint of the settings: who chose it decides which key it gets.

    A token that has to be fetched is left to the client, whose credentials are async.
    """
    signed = own_endpoint(settings, None, credential)
    warn_once(signed.warnings)
    if signed.source.kind in ("github", "entra"):
        return replace(signed.endpoint, credential=None)
    return signed.endpoint


class GitHubModelsService(AIServiceClientBase):
    """A service with a client, which it closes if it made it."""

    MODEL_PROVIDER_NAME: ClassVar[str] = "github_models"

    client: Any
    managed_client: bool = False
    url: str | None = None
    _loop: Any = PrivateAttr(None)

    def service_url(self) -> str | None:
        """Return the URL that the service was given, for the kernel's telemetry."""
        return self.url

    def in_first_loop(self) -> bool:
        """Tell whether this is the event loop of the first call, where the connections belong."""
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        return self._loop is loop

    async def close(self) -> None:
        """Close the connections of the client, unless it was given to the service."""
        if self.managed_client:
            await self.client.close()

    async def ask(self, send: Callable[..., Awaitable[Any]], **keywords: Any) -> Any:
        """Call the client.

        :raises ServiceInvalidExecutionSettingsError: for what it does not take.
        """
        try:
            return await send(**keywords)
        except (TypeError, ValueError) as error:
            raise ServiceInvalidExecutionSettingsError(str(error)) from error

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *exc_details: object) -> None:
        await self.close()


@contextmanager
def service_errors(service: GitHubModelsService, purpose: str) -> Iterator[None]:
    """Raise what goes wrong as the kernel's own error; ``trail_of`` looks through to its cause."""
    at_home = service.in_first_loop()
    try:
        yield
    except AzureError as error:
        text = f"{type(service).__name__} failed to {purpose}: {error}"
        raise _error_class(error)(text) from error
    except RuntimeError as error:
        if at_home:
            raise
        raise ServiceResponseException(
            f"{type(service).__name__} failed to {purpose}: its connections belong to the event "
            "loop of its first call, and this is another one. Make a service for each asyncio.run."
        ) from error


def _error_class(error: AzureError) -> type[ServiceException]:
    if isinstance(error, OutputValidationError):
        return ServiceInvalidResponseError
    trail = trail_of(error)
    attempts = trail.attempts if trail is not None else ()
    failures = [attempt.failure for attempt in attempts if attempt.failure is not None]
    failure = deciding(failures, refused=isinstance(error, HttpResponseError))
    what = None if failure is None else failure.kind.rule.request_error
    match what:
        case RequestError.FILTERED:
            return ServiceContentFilterException
        case RequestError.INVALID:
            return ServiceInvalidRequestError
        case RequestError.TOO_LONG | RequestError.UNSUPPORTED | None:
            return ServiceResponseException
        case _:
            return assert_never(what)
