"""What a request requires of the model that serves it, and what is known of a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ..failure.kinds import FailureKind
from .tokens import TokenCounter, estimate_text

ESTIMATE_MARGIN = 1.2  # an estimate refuses only what is surely too much
IMAGE_TOKENS = 765  # one high-detail image of 1024 x 1024 in OpenAI's published rule

MESSAGE_OVERHEAD = 4
"""Tokens that the role and the separators of one chat message cost, on top of its text."""


class Operation(str, Enum):
    """The route of an inference request below the endpoint's base URL."""

    CHAT = "/chat/completions"
    EMBEDDINGS = "/embeddings"
    IMAGE_EMBEDDINGS = "/images/embeddings"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Limits and capabilities of one model; ``None`` means unknown and excludes nothing.

    Token limits count one request: ``input_tokens`` what may be sent, ``output_tokens`` what may
    be generated. ``forced_choice`` is whether a tool call that is demanded is surely made.
    ``advised_input_tokens`` is a cap that may not hold where the model is served: it
    orders a route and refuses nothing. ``rejects`` names members of a request body, and the
    message roles ``system`` and ``developer``, that the model refuses. ``drops_images`` is whether
    images are left out of what is sent to it, so that it may be asked last about them.
    """

    input_tokens: int | None = None
    advised_input_tokens: int | None = None
    output_tokens: int | None = None
    tools: bool | None = None
    parallel_tool_calls: bool | None = None
    streaming: bool | None = None
    json_schema: bool | None = None
    images: bool | None = None
    audio: bool | None = None
    embeddings: bool | None = None
    chat: bool | None = None
    reasoning_effort: bool | None = None
    forced_choice: bool | None = None
    rejects: frozenset[str] = frozenset()
    drops_images: bool = False


UNKNOWN = ModelFacts()
"""The facts of a model nobody has described: nothing is known, so nothing excludes it."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request requires.

    Token counts are estimates unless ``exact``. ``capabilities`` names the facts of a model that
    must not be false: ``tools``, ``images``, ``streaming`` and so on.
    """

    input_tokens: int = 0
    output_tokens: int | None = None
    capabilities: tuple[str, ...] = ("chat",)
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Unmet:
    """Why a target cannot serve a request; ``firm`` is false where the fact may be out of date.

    Where it is ``harmless``, asking last can do no harm, even after another target has failed: what
    is refused is left out of the body, or the answer is checked.
    """

    reason: str
    firm: bool = True
    harmless: bool = False
    kind: FailureKind = field(default=FailureKind.REJECTED, compare=False)


ANY_CALL = ""
"""Demands a call of whichever tool."""


def demanded_call(payload: Mapping[str, object]) -> str | None:
    """Return the tool that must be called, or :data:`ANY_CALL`; ``None`` if none must be."""
    choice = payload.get("tool_choice")
    if choice in ("required", "any"):
        return ANY_CALL
    function = choice.get("function") if isinstance(choice, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else None


def derive_needs(
    payload: Mapping[str, object],
    operation: Operation = Operation.CHAT,
    count: TokenCounter = estimate_text,
) -> Needs:
    """Read the needs off a request body.

    :param count: counts the tokens of a text; by characters unless a tokenizer is given.
    """
    if operation is not Operation.CHAT:
        largest = _largest_input(payload.get("input"), count)
        return Needs(largest, None, ("embeddings",), count is not estimate_text)
    text, images, audio = _read_messages(payload.get("messages"), count)
    needed = ["chat"]
    tools = payload.get("tools") or payload.get("functions")
    if tools:
        text += count(json.dumps(tools, default=str))
        needed.append("tools")
        if payload.get("parallel_tool_calls") is True:
            needed.append("parallel_tool_calls")
        if demanded_call(payload) is not None:
            needed.append("forced_choice")
    response_format = payload.get("response_format")
    if isinstance(response_format, Mapping) and response_format.get("type") == "json_schema":
        text += count(json.dumps(response_format, default=str))
        needed.append("json_schema")
    if images:
        needed.append("images")
    if audio:
        needed.append("audio")
    if payload.get("stream") is True:
        needed.append("streaming")
    if _asks_for_effort(payload):
        needed.append("reasoning_effort")
    limits = (payload.get(name) for name in ("max_completion_tokens", "max_tokens"))
    limit = next((limit for limit in limits if isinstance(limit, int)), None)
    exact = count is not estimate_text
    return Needs(text + images * IMAGE_TOKENS, limit, tuple(needed), exact)


def unmet(needs: Needs, facts: ModelFacts) -> Unmet | None:
    """Give the gravest reason why a model with these facts cannot serve the request."""
    harmless: Unmet | None = None
    for capability in needs.capabilities:
        if getattr(facts, capability) is False:
            dropped = capability == "images" and facts.drops_images
            if capability not in _HARMLESS and not dropped:
                return Unmet(_LACKS[capability])
            harmless = harmless or Unmet(_LACKS[capability], firm=False, harmless=True)
    for limit, firm in ((facts.input_tokens, True), (facts.advised_input_tokens, False)):
        if limit is not None and needs.input_tokens > limit:
            much = f"{needs.input_tokens:,}"
            sure = firm and (needs.exact or needs.input_tokens > limit * ESTIMATE_MARGIN)
            reason = f"input of about {much} tokens is over its limit of {limit:,}"
            return Unmet(reason, sure, kind=FailureKind.TOO_LARGE)
    asked, most = needs.output_tokens, facts.output_tokens
    if asked is not None and most is not None and asked > most:
        return Unmet(f"{asked:,} output tokens are over its limit of {most:,}", firm=False)
    return harmless


NO_EMBEDDINGS = "does not make embeddings"
_LACKS = {
    "audio": "does not take audio",
    "chat": "is not a chat model",
    "embeddings": NO_EMBEDDINGS,
    "forced_choice": "is known to ignore tool_choice",
    "images": "does not take images",
    "json_schema": "does not support json_schema",
    "parallel_tool_calls": "does not support parallel tool calls",
    "reasoning_effort": "does not take reasoning_effort",
    "streaming": "does not stream",
    "tools": "does not support tools",
}

_HARMLESS = ("forced_choice", "reasoning_effort")


def _asks_for_effort(payload: Mapping[str, object]) -> bool:
    """Tell whether a request says how much to think; OpenRouter has a member of its own for it."""
    reasoning = payload.get("reasoning")
    nested = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
    return any(effort not in (None, "none") for effort in (payload.get("reasoning_effort"), nested))


def _read_messages(messages: object, count: TokenCounter) -> tuple[int, int, bool]:
    tokens, images, audio = 0, 0, False
    for message in _items(messages):
        tokens += MESSAGE_OVERHEAD
        if not isinstance(message, Mapping):
            continue
        content = message.get("content")
        if isinstance(content, str):
            tokens += count(content)
        else:
            for part in _items(content):
                text, image, sound = _read_part(part, count)
                tokens, images, audio = tokens + text, images + image, audio or sound
        if message.get("tool_calls"):
            tokens += count(json.dumps(message["tool_calls"], default=str))
    return tokens, images, audio


def _read_part(part: object, count: TokenCounter) -> tuple[int, int, bool]:
    if not isinstance(part, Mapping):
        return 0, 0, False
    kind, text = part.get("type"), part.get("text")
    if isinstance(text, str):
        return count(text), 0, False
    return 0, int(kind == "image_url"), kind in ("input_audio", "audio_url")


def _largest_input(value: object, count: TokenCounter) -> int:
    if isinstance(value, str):
        return count(value)
    return max((count(item) for item in _items(value) if isinstance(item, str)), default=0)


def _items(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()
