"""What goes wrong before an answer comes: the caller's own mistakes, and all else.

A closed client, a certificate file that is missing, a header that cannot be sent: the transports'
libraries raise these as plain exceptions, and so does the SDK. They are not outages, so they leave
the transport as they are; the fallback policy lets them pass.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ServiceRequestError

from ..policies.errors import is_about_a_file
from ..policies.option_checks import Number

_SECONDS = Number(least=0)
_TIMEOUTS = {"connection_timeout": "timeout", "read_timeout": "read_timeout"}


class Head:
    """Knows whether the head of an answer has come."""

    __slots__ = ("has_come",)

    def __init__(self) -> None:
        self.has_come = False

    def come(self, response: Any, **_: Any) -> None:
        """Note it; a hook of requests, which calls it before it looks at anything."""
        self.has_come = True

    async def after(self, sending: Awaitable[Any]) -> Any:
        """Note it once a request has been sent and its answer has begun."""
        response = await sending
        self.has_come = True
        return response

    def watched(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a request with the hook after the caller's own."""
        given = (options.get("hooks") or {}).get("response") or ()
        hooks = [*(given if isinstance(given, list | tuple) else (given,)), self.come]
        return {**options, "hooks": {"response": hooks}}


@contextmanager
def clear_errors(url: str) -> Iterator[Head]:
    """Give what libraries raise for broken answers and names the class of azure-core.

    What the caller gave and cannot be sent is raised as it is.
    """
    head = Head()
    try:
        yield head
    except AzureError:
        raise
    except (ValueError, OSError) as error:
        if not head.has_come and _is_callers(error, url):
            raise
        raise ServiceRequestError(error, error=error) from error


def _is_callers(error: ValueError | OSError, url: str) -> bool:
    if isinstance(error, OSError):
        # A handshake that failed comes as an error of the library's own. What has no number is
        # what requests says of a path at which there is nothing.
        unnumbered = type(error) is OSError and error.errno is None
        return unnumbered or isinstance(error, ssl.SSLError) or is_about_a_file(error)
    return _is_readable(url)  # one that is not may come from a redirect


def _is_readable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.port != 0 and bool((parts.hostname or "").encode("idna"))
    except ValueError:
        return False


def check_timeouts(options: Mapping[str, Any], config: Any) -> None:
    """Refuse seconds that are none: aiohttp takes them for something else.

    :raises ValueError: for a negative number; TypeError for what is no number.
    """
    for name, attribute in _TIMEOUTS.items():
        value = options.get(name, getattr(config, attribute, None))
        if value is not None:
            _SECONDS(name, value)
