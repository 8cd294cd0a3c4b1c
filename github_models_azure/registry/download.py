"""Fetching one document over http or https, with the standard library."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO
from urllib.parse import urlsplit

from .._core.hosts import is_loopback
from .catalog_entries import LARGEST_CATALOG
from .errors import CatalogError

_SCHEMES = ("http", "https")
_CHUNK = 65536


def fetch_url(
    url: str,
    *,
    timeout: float = 20.0,
    deadline: float = 60.0,
    limit: int = LARGEST_CATALOG,
    clock: Callable[[], float] = time.monotonic,
) -> bytes:
    """Return the body of a document; no credential is sent.

    :param timeout: seconds that connecting and each read may take.
    :param deadline: seconds after which a body that still trickles in is given up.
    :param limit: bytes; a larger body is refused.
    :param clock: tells seconds for the deadline.
    :raises CatalogError: for any failure, and for addresses that are not http or https.
    """
    _check_scheme(url)
    end = clock() + deadline
    opener = urllib.request.OpenerDirector()  # build_opener() would add ftp, file and data
    for handler in (
        urllib.request.ProxyHandler({} if is_loopback(url) else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _CarefulRedirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("Accept", "application/json"), ("User-Agent", "github-models-azure")]
    try:
        with opener.open(url, timeout=timeout) as answer:
            return _read(answer, url, limit=limit, in_time=lambda: clock() <= end)
    except urllib.error.HTTPError as error:
        error.close()
        raise CatalogError(f"{public_part(url)} answered {error.code}.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise CatalogError(f"{public_part(url)} could not be fetched: {reason}.") from error


def _read(
    answer: http.client.HTTPResponse, url: str, *, limit: int, in_time: Callable[[], bool]
) -> bytes:
    body = bytearray()
    while chunk := answer.read1(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise CatalogError(f"{public_part(url)} sent more than the {limit} bytes allowed.")
        if not in_time():
            raise CatalogError(f"{public_part(url)} took too long to send its body.")
    return bytes(body)


def public_part(url: str) -> str:
    """Return scheme, host and path: what a message may show of an address."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "The address"
    return f"{parts.scheme}://{host}{parts.path}"


def _check_scheme(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme.lower() in _SCHEMES and bool(parts.hostname)
        secret = "@" in parts.netloc
    except ValueError:
        usable = secret = False
    if not usable:
        raise CatalogError(f"{public_part(url)} is not an http or https address.")
    if secret:  # http.client would show the password in its error
        raise CatalogError(f"{public_part(url)} was given with a user name; leave that out.")


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and never from https down to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _check_scheme(newurl)
            if req.type == "https" and urlsplit(newurl).scheme.lower() != "https":
                raise CatalogError(
                    f"{public_part(req.full_url)} redirects to an unprotected address."
                )
        except CatalogError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)
