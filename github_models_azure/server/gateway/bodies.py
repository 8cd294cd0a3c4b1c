"""Reading a request's body: within limits, and only what can be sent on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import anyio
from starlette.types import Receive

from ..._core.bounded import LONGEST_NAME
from . import errors
from .errors import Refusal

BODY_SECONDS = 60.0
"""How long a body may take to arrive."""

_DRAIN_SECONDS = 5.0
_DEEPEST = 100
_FORMS = frozenset(
    {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}
)  # fmt: skip
"""What a web page may post to another site without being asked first."""


class Left(Exception):
    """The client went away."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it came, and the JSON object in it."""

    content: bytes
    members: Mapping[str, Any]

    @property
    def model(self) -> str | None:
        """The model that is asked for."""
        return self.members.get("model") or None

    @property
    def is_streamed(self) -> bool:
        """Whether a stream is asked for."""
        return self.members.get("stream") is True

    def with_model(self, model: str) -> Body:
        """Return a body that names a model."""
        members = {**self.members, "model": model}
        return Body(json.dumps(members).encode(), members)


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], limit: int, seconds: float
) -> Body:
    """Return the body of a request.

    :raises Refusal: where it is too large, too slow, or no JSON object that can be sent on.
    :raises Left: where the client went away before its end.
    """
    _check_headers(headers)
    announced = headers.get(b"content-length", b"")
    waits = headers.get(b"expect", b"").lower() == b"100-continue"
    try:
        with anyio.fail_after(seconds):
            if announced.isdigit() and int(announced) > limit and waits:
                raise Refusal(errors.body_too_large(limit))  # before any of it is sent
            content = await _read(receive, limit)
    except TimeoutError as error:
        raise Refusal(errors.body_too_slow(seconds)) from error
    return parse(content)


def parse(content: bytes) -> Body:
    """Read the JSON object in a body.

    :raises Refusal: where there is none, or where its members are of a wrong kind.
    """
    try:
        content = content.removeprefix(b"\xef\xbb\xbf")
        members = json.loads(content.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Refusal(errors.wrong_body("The body is not UTF-8.")) from error
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, json.JSONDecodeError) else "one of its values is not"
        raise Refusal(errors.wrong_body(f"The body is not JSON: {why}.")) from error
    if not isinstance(members, dict):
        raise Refusal(errors.wrong_body("The body is not a JSON object."))
    if content.count(b"[") + content.count(b"{") > _DEEPEST and _is_deep(members):
        raise Refusal(errors.wrong_body(f"The body is nested deeper than {_DEEPEST} levels."))
    if not isinstance(members.get("model"), str | None):
        raise Refusal(errors.wrong_body("model must be a string.", "model"))
    check_name(members.get("model"))
    if not isinstance(members.get("stream"), bool | None):
        raise Refusal(errors.wrong_body("stream must be true or false.", "stream"))
    return Body(content, members)


def check_name(model: str | None) -> None:
    """Refuse a name that no model has.

    :raises Refusal: if it is longer than 500 characters.
    """
    if model is not None and len(model) > LONGEST_NAME:
        told = f"model has {len(model):,} characters; at most {LONGEST_NAME} are possible."
        raise Refusal(errors.wrong_body(told, "model"))


def _check_headers(headers: Mapping[bytes, bytes]) -> None:
    encoding = headers.get(b"content-encoding", b"identity").strip().lower()
    if encoding not in (b"identity", b""):
        raise Refusal(errors.wrong_media("Compressed bodies are not read: send plain JSON."))
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media.decode("latin-1") in _FORMS:
        raise Refusal(errors.wrong_media("Send JSON, with content-type: application/json."))


async def _read(receive: Receive, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Left
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            if message.get("more_body", False):
                await _drain(receive, limit)
            raise Refusal(errors.body_too_large(limit))
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _drain(receive: Receive, room: int) -> None:
    """Throw away more of a body, for a while: who still sends does not read the answer."""
    with anyio.move_on_after(_DRAIN_SECONDS):
        while room > 0:
            message = await receive()
            room -= len(message.get("body", b"")) or 1
            if not message.get("more_body", False):
                return


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _is_deep(members: object) -> bool:
    """Tell nesting that Python could read here, and not write again further in."""
    level: list[object] = [members]
    for _ in range(_DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
