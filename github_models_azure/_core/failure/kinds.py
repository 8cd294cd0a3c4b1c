"""The words for what can go wrong with one attempt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FailureKind(str, Enum):
    """What went wrong, in the one distinction that decides what happens next."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    QUOTA_EXHAUSTED = "quota_exhausted"
    ENDPOINT_GONE = "endpoint_gone"
    MODEL_GONE = "model_gone"
    TOO_LARGE = "too_large"
    WRONG_DIALECT = "wrong_dialect"
    AUTH = "auth"
    CONTENT_FILTERED = "content_filtered"
    REJECTED = "rejected"
    BAD_STREAM = "bad_stream"


class Scope(str, Enum):
    """What a failure says something about: the one target, or its endpoint as a whole."""

    TARGET = "target"
    ENDPOINT = "endpoint"


class Window(str, Enum):
    """The span over which the exceeded limit counts; ``UNKNOWN`` when nothing told."""

    MINUTE = "minute"
    DAY = "day"
    CONCURRENCY = "concurrency"
    TOKENS_MINUTE = "tokens_minute"
    UNKNOWN = "unknown"


WRONG_PATH = "wrong_path"
"""Code of an ``UNAVAILABLE`` failure whose URL the server does not know: retrying is pointless."""

MALFORMED_ANSWER = "malformed_answer"
"""Code of an ``UNAVAILABLE`` failure that came as a 200 without anything usable in it."""


TOOL_CHOICE_IGNORED = "tool_choice_ignored"
"""Code of a ``WRONG_DIALECT`` failure: a 200 without the tool call that was demanded."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One classified bad outcome.

    ``status`` is the HTTP status, or the one stated by an error inside a 200 or a stream.
    ``code`` is the server's own (numbers as text) or one of this module's constants.
    ``message`` is one line of at most 300 characters without control characters or credentials.
    ``retry_after`` counts seconds from the ``now`` of the classifier; ``None`` is unknown, and 0.0
    was stated by the server although a real limit may stand behind it, so never loop on it.
    ``limit`` is the exceeded number of ``window``. ``param`` names the refused member of a
    ``WRONG_DIALECT``, dotted when nested, list positions as numbers (``messages.0.role``).
    ``max_input_tokens`` is the cap that a ``TOO_LARGE`` names.
    """

    kind: FailureKind
    scope: Scope = Scope.TARGET
    status: int | None = None
    code: str | None = None
    message: str = ""
    retry_after: float | None = None
    window: Window = Window.UNKNOWN
    limit: int | None = None
    param: str | None = None
    max_input_tokens: int | None = None
