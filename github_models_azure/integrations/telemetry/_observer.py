"""The observer that a client is given."""

from __future__ import annotations

from opentelemetry import metrics, trace

from ..._version import __version__
from ...policies import CallObserver, CallStart
from ._content import wants_content
from ._metrics import Metrics
from ._spans import CallSpans

_SCOPE = "github_models_azure"
_SCHEMA = "https://opentelemetry.io/schemas/1.37.0"


class TelemetryObserver:
    """Makes spans and metrics of the calls of a client, sync or async.

    ``ChatCompletionsClient(observer=TelemetryObserver())``; one may serve many clients.

    :keyword tracer_provider: the process's own unless given; likewise ``meter_provider``.
    :keyword capture_content: record prompts, completions and the texts of errors. Left out, the
        variables ``AZURE_TRACING_GEN_AI_CONTENT_RECORDING_ENABLED`` and
        ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` decide, else they are not.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        capture_content: bool | None = None,
    ) -> None:
        self.captures_content = wants_content(capture_content)
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider, _SCHEMA)
        self._metrics = Metrics(metrics.get_meter(_SCOPE, __version__, meter_provider, _SCHEMA))

    def call_started(self, call: CallStart) -> CallObserver:
        """Open the span of a call; return who is told of the rest."""
        return CallSpans(self._tracer, self._metrics, call, content=self.captures_content)

    def __repr__(self) -> str:
        return f"TelemetryObserver(captures_content={self.captures_content})"
