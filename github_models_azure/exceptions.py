"""The errors of this package, all on azure-core's bases.

::

    AzureError
    ├── HttpResponseError
    │   ├── FallbackExhaustedError     every target failed or was refused; one line for each
    │   ├── RateLimitedError           the only target is limited; says when it returns
    │   ├── OutputValidationError      the answer is no instance of response_model; keeps the text
    │   └── EndpointRetiredError       the endpoint is gone for good; says what to set
    ├── ServiceResponseError
    │   └── StreamInterruptedError     a stream broke after its first content; keeps the text
    ├── ClientAuthenticationError
    │   ├── CredentialScopeError       sending would leak a credential; nothing was sent
    │   └── CredentialUnavailableError no token or key was found; says what was tried
    ├── QuotaExceededError             refused locally, nothing was sent (planned)
    └── ToolCallError                  a model's tool call could not be carried out
    ValueError
    └── SettingsError                  a setting is wrong; one line for each

Everything else that can go wrong keeps the class that azure-core gives it. Each error raised by a
call carries its trail: ``trail_of(error)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceResponseError,
)

__all__ = [
    "CredentialScopeError",
    "CredentialUnavailableError",
    "EndpointRetiredError",
    "FallbackExhaustedError",
    "OutputValidationError",
    "QuotaExceededError",
    "RateLimitedError",
    "SettingsError",
    "StreamInterruptedError",
    "ToolCallError",
]


class _PlainMessageError(HttpResponseError):
    """An error whose message is the whole story: azure-core would put the answer's in front."""

    def __init__(self, message: str, response: Any = None, **kwargs: Any) -> None:
        super().__init__(message=message, response=response, **kwargs)
        self.message = message
        self.args = (message,)

    def __str__(self) -> str:
        return self.message


class FallbackExhaustedError(_PlainMessageError):
    """Every target failed or was refused; the message has one line for each.

    ``response`` is the last answer (``None`` where there was none), ``retry_after`` the seconds
    until the first target returns (``None`` where none is known to).
    """

    def __init__(
        self, message: str, *, response: Any = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, response)
        self.retry_after = retry_after


class RateLimitedError(_PlainMessageError):
    """The only target of the call is rate limited, for longer than the call may wait.

    ``retry_after`` is in seconds (``None`` where the server did not say), ``limit`` the quota that
    was met, ``window`` the span it counts over (``minute``, ``day``, ``concurrency`` ...).
    ``response`` is ``None`` where the limit was known from an earlier call and nothing was sent.
    """

    def __init__(
        self,
        message: str,
        *,
        response: Any = None,
        retry_after: float | None = None,
        limit: int | None = None,
        window: str | None = None,
    ) -> None:
        super().__init__(message, response)
        self.retry_after = retry_after
        self.limit = limit
        self.window = window


class OutputValidationError(_PlainMessageError):
    """The answer is no instance of ``response_model``, also after the model was told why.

    ``text`` is what the model said, ``errors`` are pydantic's findings: empty where there was no
    JSON at all. Also raised where the model refused, or where its answer was cut or filtered.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        errors: Sequence[Mapping[str, Any]] = (),
        response: Any = None,
    ) -> None:
        super().__init__(message, response)
        self.text = text
        self.errors = list(errors)


class EndpointRetiredError(_PlainMessageError):
    """The endpoint has been retired and no other target is configured.

    Raised without a request where the date is known, or from the answer of the service.
    """


class QuotaExceededError(AzureError):
    """A quota kept by this process is used up; nothing was sent (planned: nothing raises it)."""


class StreamInterruptedError(ServiceResponseError):
    """A streamed answer broke after its first content.

    ``partial_text`` is what had arrived of the first choice.
    """

    def __init__(self, message: str, *, partial_text: str = "", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.partial_text = partial_text


class CredentialScopeError(ClientAuthenticationError):
    """Sending would carry a credential where it does not belong; nothing was sent."""


class CredentialUnavailableError(ClientAuthenticationError):
    """No token or key was found; the message lists what was tried and what to set."""


class SettingsError(ValueError):
    """A setting is wrong; one line for each says where, which value, and what it may be."""


class ToolCallError(AzureError):
    """A tool call of the model could not be carried out."""
