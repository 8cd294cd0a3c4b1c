"""Deterministic embeddings: texts that share words get vectors that point the same way."""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from . import errors
from .chat_request import count_pieces
from .errors import ServiceRefusal
from .hints import words_of
from .json_value import Json, JsonObject, as_count
from .names import Family, ServedModel

MAX_INPUTS = 2048
_FEATURES = 8
_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "cohere-embed-v3-english": 1024,
    "cohere-embed-v3-multilingual": 1024,
}
_OTHER_DIMENSIONS = 1024


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What the emulator needs of an embeddings body; token arrays become texts of their own."""

    inputs: tuple[str, ...]
    tokens: int
    dimensions: int
    base64: bool


def default_dimensions(model: ServedModel) -> int:
    """Return the length of the model's vectors when the caller asks for none."""
    return _DIMENSIONS.get(model.name, _OTHER_DIMENSIONS)


def input_size(body: JsonObject) -> int:
    """Count the tokens of an embeddings body, whatever its shape."""
    return sum(tokens for _, tokens in _inputs(body.get("input")))


def read_embeddings(body: JsonObject, model: ServedModel) -> EmbeddingsRequest:
    """Return the request in ``body``.

    :raises ServiceRefusal: 400 for no input, empty or too many inputs, or other formats.
    """
    given = body.get("input")
    if isinstance(given, list) and not given:
        raise ServiceRefusal(errors.invalid("input", "empty array", code="empty_array"))
    if isinstance(given, list) and len(given) > MAX_INPUTS:
        message = (
            f"array too long. Expected an array with maximum length {MAX_INPUTS}, "
            f"but got an array with length {len(given)} instead."
        )
        raise ServiceRefusal(errors.invalid("input", message, code="array_above_max_length"))
    inputs = tuple(_inputs(given))
    count = len(given) if isinstance(given, list) and not _is_tokens(given) else 1
    if len(inputs) != count:
        raise ServiceRefusal(errors.invalid("input", "expected a string or an array of strings."))
    if any(not text for text, _ in inputs):
        raise ServiceRefusal(
            errors.invalid("input", "input cannot be an empty string.", code="invalid_value")
        )
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise ServiceRefusal(
            errors.invalid("encoding_format", "choose float or base64.", code="invalid_value")
        )
    return EmbeddingsRequest(
        inputs=tuple(text for text, _ in inputs),
        tokens=sum(tokens for _, tokens in inputs),
        dimensions=_dimensions(body.get("dimensions"), model),
        base64=encoding == "base64",
    )


def embeddings_body(request: EmbeddingsRequest, model: ServedModel) -> Json:
    """Return the body of an answer."""
    return {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": _encoded(vector_of(text, request.dimensions), request.base64),
            }
            for index, text in enumerate(request.inputs)
        ],
        "model": model.upstream,
        "usage": {"prompt_tokens": request.tokens, "total_tokens": request.tokens},
    }


def vector_of(text: str, dimensions: int) -> tuple[float, ...]:
    """Return the unit vector of ``text``, in single precision."""
    values = [0.0] * dimensions
    for word in words_of(text) or (text,):
        digest = hashlib.sha256(word.encode(errors="surrogatepass")).digest()
        for place in range(_FEATURES):
            raw = int.from_bytes(digest[place * 4 : place * 4 + 4], "big")
            # The lowest bit is the sign, the rest the place: a hashed bag of words.
            values[(raw >> 1) % dimensions] += 1.0 if raw & 1 else -1.0
    norm = math.sqrt(sum(value * value for value in values))
    if not norm:
        # Words that cancel each other out (likely only in very few dimensions).
        values[len(text) % dimensions] = norm = 1.0
    packed = struct.pack(f"<{dimensions}f", *(value / norm for value in values))
    return struct.unpack(f"<{dimensions}f", packed)


def _encoded(vector: Sequence[float], as_base64: bool) -> Json:
    if not as_base64:
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _is_tokens(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(as_count(v) is not None for v in value)


def _inputs(value: Json) -> Iterator[tuple[str, int]]:
    """Yield (text, tokens) for each input that is a string or an array of tokens."""
    if isinstance(value, str):
        yield value, count_pieces(value)
    elif isinstance(value, list) and _is_tokens(value):
        yield " ".join(map(str, value)), len(value)
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, str) or _is_tokens(one):
                yield from _inputs(one)


def _dimensions(value: Json, model: ServedModel) -> int:
    most = default_dimensions(model)
    if value is None:
        return most
    if model.family is not Family.OPENAI:
        raise ServiceRefusal(errors.unsupported_parameter("dimensions"))
    wanted = as_count(value)
    if wanted is None or not 1 <= wanted <= most:
        raise ServiceRefusal(
            errors.invalid(
                "dimensions", f"expected an integer from 1 to {most}.", code="invalid_value"
            )
        )
    return wanted
