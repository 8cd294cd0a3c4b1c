"""The ``error`` of azure-core's exceptions, also where azure-core cannot read the body.

It knows ``code`` and ``message`` in an object, at the top or under ``error``. Servers also answer
with arrays (Gemini), ``detail`` (FastAPI, Mistral), problem+json, text, HTML, and numbers as codes.
"""

from __future__ import annotations

from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ODataV4Format

from .._core.failure.error_body import ErrorBody, read_error_body

HIDDEN = "***"
"""Stands where a server repeated the key that it was sent."""


def complete_error(error: HttpResponseError) -> None:
    """Fill in ``error.error`` and the message, from the body, where azure-core left them empty.

    Codes become text. What azure-core read well stays as it is.
    """
    known = error.error
    if known is not None:
        _make_text_of_codes(known)
        message: object = known.message
        if message is None or isinstance(message, str):
            return
    said = _said(error.response)
    if said is None:
        return
    made = ODataV4Format({"code": said.code, "message": said.message, "target": said.param})
    generic = f"Operation returned an invalid status '{error.reason}'"
    is_generic = error.message in (generic, str(known))
    error.error = made
    if is_generic:
        error.message = str(made) if said.code else f"HTTP {error.status_code}: {said.message}"
        error.args = (error.message, *error.args[1:])


def hide(error: HttpResponseError, key: str) -> None:
    """Take a key out of what a server said of it; ``response`` stays as it came."""
    error.message = error.message.replace(key, HIDDEN)
    error.args = (error.message, *error.args[1:])
    if error.error is not None:
        _hide_in(error.error, key)
    if key in str(error):  # azure-core shows a body that it could not read
        error.error = ODataV4Format({"message": error.message})


def _hide_in(node: ODataV4Format, key: str) -> None:
    for name in ("code", "message", "target"):
        value = getattr(node, name)
        if isinstance(value, str):
            setattr(node, name, value.replace(key, HIDDEN))
    for detail in node.details:
        _hide_in(detail, key)


def _said(response: Any) -> ErrorBody | None:
    """Read the body of a refusal; ``None`` where there is none, or where it says nothing."""
    try:
        body = getattr(response, "content", None)
    except AzureError:  # it was never read
        return None
    if not isinstance(body, bytes) or response.status_code == 200:
        return None
    said = read_error_body(body, response.headers.get("content-type"))
    return said if said.code or said.message else None


def _make_text_of_codes(node: ODataV4Format) -> None:
    code: object = node.code
    if not isinstance(code, str):
        node.code = str(code) if isinstance(code, int) and not isinstance(code, bool) else None
    for detail in node.details:
        _make_text_of_codes(detail)
