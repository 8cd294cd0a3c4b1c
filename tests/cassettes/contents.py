"""What a cassette may hold, and how it is written: only what is listed here gets in."""

from __future__ import annotations

import json
from typing import Any

import yaml
from vcr.request import Request
from vcr.serializers import yamlserializer

REQUEST_HEADERS = frozenset({"accept", "content-type", "extra-parameters"})
"""Neither credentials nor ids nor the machine's description: they are dropped by not being here."""

RESPONSE_HEADERS = frozenset(
    {
        "content-type", "deprecation", "link", "ms-azureml-model-error-reason",
        "ms-azureml-model-error-statuscode", "retry-after", "retry-after-ms", "sunset",
        "x-emulated-by", "x-ms-error-code", "x-ms-retry-after-ms",
    }
)  # fmt: skip
_WIDTH = 96


def is_kept(name: str) -> bool:
    """Tell whether a response header goes into a cassette."""
    return name in RESPONSE_HEADERS or name.startswith("x-ratelimit-")


def request_for_cassette(request: Request) -> Request:
    """Keep the listed headers, in lower case, and lay the body out."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    request.headers = {name: headers[name] for name in sorted(REQUEST_HEADERS & headers.keys())}
    request.body = laid_out(request.body)
    return request


def response_for_cassette(response: dict[str, Any]) -> dict[str, Any]:
    """Keep the listed headers, in lower case, and lay the body out.

    The announced length goes: it is not that of the body laid out.
    """
    headers = {name.lower(): list(values) for name, values in response["headers"].items()}
    kept = {name: headers[name] for name in sorted(headers) if is_kept(name)}
    body = {"string": laid_out(response["body"].get("string", b""))}
    return {"status": response["status"], "headers": kept, "body": body}


def laid_out(body: bytes) -> bytes:
    """Return JSON over several short lines; anything else, such as a stream, as it came."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    return _layout(value).encode()


def _layout(value: Any, indent: str = "") -> str:
    flat = json.dumps(value)
    if not isinstance(value, dict | list) or len(indent) + len(flat) <= _WIDTH:
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(name)}: {_layout(value[name], inner)}" for name in value]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    lines = [inner + _layout(item, inner) for item in value]
    return "[\n" + ",\n".join(lines) + f"\n{indent}]"


class _Dumper(yaml.SafeDumper):
    """Writes bodies as blocks of text instead of one quoted line."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text or text.startswith(("{", "[")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


class ReadableYaml:
    """A serializer for vcrpy; what it writes, vcrpy's own reads too."""

    deserialize = staticmethod(yamlserializer.deserialize)

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        """Write a cassette in the order of the exchange, nothing wrapped."""
        return str(yaml.dump(cassette, Dumper=_Dumper, sort_keys=False, width=10**6))
