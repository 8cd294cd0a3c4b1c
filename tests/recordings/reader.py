"""Reads recorded HTTP exchanges in the three shapes that the recordings come in."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

VARIABLE = "GITHUB_MODELS_RECORDINGS"
BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "recordings"

_PATHS = ("/chat/completions", "/embeddings")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One recorded exchange; header values and bodies are what was recorded, placeholders too."""

    name: str
    method: str
    url: str
    request: dict[str, Any]
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def route(self) -> str:
        """The operation that the URL ends in; empty for one that the clients do not have."""
        path = urlsplit(self.url).path
        return next((route for route in _PATHS if path.endswith(route)), "")

    @property
    def endpoint(self) -> str:
        """The URL that a client is given to send this request."""
        return self.url.partition("?")[0].removesuffix(self.route)

    @property
    def api_version(self) -> str:
        """The ``api-version`` of the query."""
        return parse_qs(urlsplit(self.url).query)["api-version"][0]

    @property
    def kind(self) -> str:
        """The call that sends such a request: ``complete``, ``stream``, ``embed``; or empty."""
        if self.method.upper() != "POST" or not self.route:
            return ""
        if self.route == "/embeddings":
            return "embed"
        return "stream" if self.request.get("stream") else "complete"

    @property
    def answered_at(self) -> float | None:
        """Seconds since the epoch, as the answer's ``Date`` has them."""
        dates = [value for name, value in self.headers.items() if name.lower() == "date"]
        return parsedate_to_datetime(dates[0]).timestamp() if dates else None


def folder() -> Path:
    """Return where the recordings should be: the variable's folder, else the one beside us."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else BESIDE_THE_CHECKOUT


def files(root: Path) -> dict[str, Path]:
    """Return every recording under a folder by its name there."""
    found = [path for path in sorted(root.rglob("*")) if path.suffix in _SHAPES]
    return {path.relative_to(root).as_posix(): path for path in found}


def read(text: str, name: str) -> list[Interaction]:
    """Return the exchanges of one file; ``name`` ends in what tells its shape.

    :raises ValueError: for a document of none of the known shapes.
    """
    load, key, convert = _SHAPES[Path(name).suffix]
    entries = load(text).get(key)
    if not isinstance(entries, list):
        raise ValueError(f"{name} has no list {key!r}; its shape is not one that is read here.")
    return [convert(entry, f"{name}#{number}") for number, entry in enumerate(entries, 1)]


class _RubyLoader(yaml.SafeLoader):
    """Knows the tag under which Ruby writes bytes."""


def _ruby_bytes(loader: _RubyLoader, node: yaml.ScalarNode) -> bytes:
    return base64.b64decode(loader.construct_scalar(node))


_RubyLoader.add_constructor("!binary", _ruby_bytes)


def _ruby(text: str) -> Any:
    return yaml.load(text, _RubyLoader)


def _of_vcr(entry: Mapping[str, Any], name: str) -> Interaction:
    """Convert what vcrpy and Ruby's VCR wrote; vcrpy has another shape for httpx."""
    request, response = entry["request"], entry["response"]
    if "status_code" in response:
        status, body = response["status_code"], response["content"]
    else:
        status, body = response["status"]["code"], response["body"]["string"]
    asked = request["body"]
    return Interaction(
        name,
        request["method"],
        request["uri"],
        json.loads(asked["string"] if isinstance(asked, dict) else asked),
        status,
        {header: ", ".join(values) for header, values in response["headers"].items()},
        _bytes(body),
    )


def _of_test_proxy(entry: Mapping[str, Any], name: str) -> Interaction:
    """Convert what Azure's test proxy wrote: JSON parsed, a stream as a list of its events."""
    body = entry["ResponseBody"]
    is_stream = isinstance(body, list) and all(isinstance(event, str) for event in body)
    return Interaction(
        name,
        entry["RequestMethod"],
        entry["RequestUri"],
        entry["RequestBody"],
        entry["StatusCode"],
        entry["ResponseHeaders"],
        _bytes("".join(body) if is_stream else json.dumps(body)),
    )


def _bytes(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode()


_SHAPES: dict[str, Any] = {
    ".yaml": (yaml.safe_load, "interactions", _of_vcr),
    ".yml": (_ruby, "http_interactions", _of_vcr),
    ".json": (json.loads, "Entries", _of_test_proxy),
}
