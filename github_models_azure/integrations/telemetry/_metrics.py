"""The metrics: the conventions' own of each attempt, and what fallback adds to them."""

from __future__ import annotations

from opentelemetry.metrics import Meter

from ...policies import AttemptStart, CallStart
from ...trail import Attempt, Trail
from ._attributes import Attributes, error_type, fallback

# The boundaries that the conventions recommend.
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))
_FIRST_CHUNK = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
_TOKEN_TYPES = {"gen_ai.usage.input_tokens": "input", "gen_ai.usage.output_tokens": "output"}


class Metrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter) -> None:
        self._attempt_seconds = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "Length of an attempt, with the stream that it answered with.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "Time from a request to the first event of its stream.",
            explicit_bucket_boundaries_advisory=_FIRST_CHUNK,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens that an answer says it used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._call_seconds = meter.create_histogram(
            "github_models.client.call.duration",
            "s",
            "Length of a call with its attempts and waits.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._waits = meter.create_histogram(
            "github_models.client.wait.duration",
            "s",
            "Length of a wait between attempts.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._attempts = meter.create_counter(
            "github_models.client.attempts", "{attempt}", "Requests that were sent, by outcome."
        )
        self._fallbacks = meter.create_counter(
            "github_models.client.fallbacks",
            "{fallback}",
            "Attempts on another target than the requested one, by reason.",
        )
        self._cooldowns = meter.create_counter(
            "github_models.client.cooldowns", "{cooldown}", "Failures that led to a cooldown."
        )

    def attempt_started(self, call: CallStart, attempt: AttemptStart) -> None:
        """Count a fallback."""
        moved = fallback(call, attempt)
        if moved is not None:
            names = ("github_models.fallback.from", "github_models.fallback.reason")
            target = {"github_models.target": attempt.target}
            self._fallbacks.add(1, {**dict(zip(names, moved, strict=True)), **target})

    def first_chunk(self, common: Attributes, seconds: float) -> None:
        """Record how long the first event of a stream took."""
        self._first_chunk.record(seconds, common)

    def attempt_ended(
        self,
        start: AttemptStart,
        common: Attributes,
        answered: Attributes,
        attempt: Attempt | None,
        error: object,
        seconds: float,
    ) -> None:
        """Record the outcome of an attempt, its length and its tokens."""
        failure = None if attempt is None else attempt.failure
        kind = error_type(failure, error)
        outcome = "served" if kind is None else "broken_off"
        self._attempts.add(
            1,
            {
                **common,
                "github_models.target": start.target,
                "github_models.outcome": outcome if failure is None else failure.kind.value,
                "github_models.retry": start.retry,
            },
        )
        served = {name: answered[name] for name in ("gen_ai.response.model",) if name in answered}
        common = {**common, **served}
        self._attempt_seconds.record(
            seconds, common if kind is None else {**common, "error.type": kind}
        )
        for name, token_type in _TOKEN_TYPES.items():
            if name in answered:
                self._tokens.record(answered[name], {**common, "gen_ai.token.type": token_type})

    def waited(self, target: str, seconds: float) -> None:
        """Record a wait."""
        self._waits.record(seconds, {"github_models.target": target})

    def cooled(self, target: str, kind: str) -> None:
        """Count a cooldown."""
        attributes = {"github_models.target": target, "github_models.failure.kind": kind}
        self._cooldowns.add(1, attributes)

    def call_ended(self, call: CallStart, trail: Trail, kind: str | None, seconds: float) -> None:
        """Record the length of a call."""
        attributes: Attributes = {
            "github_models.operation": call.operation,
            "github_models.requested": call.requested,
            "github_models.fell_back": trail.fell_back,
        }
        if trail.served_by is not None:
            attributes["github_models.served_by"] = trail.served_by
        if kind is not None:
            attributes["error.type"] = kind
        self._call_seconds.record(seconds, attributes)
