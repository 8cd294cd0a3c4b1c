"""What route planning knows of a model that may serve a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Limits and capabilities of one model; ``None`` means unknown and excludes nothing.

    Token limits count one request: ``input_tokens`` what may be sent, ``output_tokens`` what may
    be generated. ``forced_choice`` is whether a tool call that is demanded is surely made.
    ``advised_input_tokens`` is a cap that may not hold where the model is served: it
    orders a route and refuses nothing. ``rejects`` names members of a request body, and the
    message roles ``system`` and ``developer``, that the model refuses.
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


UNKNOWN = ModelFacts()
"""The facts of a model nobody has described: nothing is known, so nothing excludes it."""
