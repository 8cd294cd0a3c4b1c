"""The observer that a client is given, and the switch that gives it to a whole process."""

from __future__ import annotations

from typing import ClassVar

from opentelemetry import metrics, trace

from ..._version import __version__
from ...policies import CallObserver, CallStart, observe_new_clients
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


class _Switch:
    """The observer of all clients that were made while the instrumentor was on."""

    current: TelemetryObserver | None = None

    def call_started(self, call: CallStart) -> CallObserver | None:
        """Pass a call on; to nobody once the instrumentor is off again."""
        current = self.current
        return None if current is None else current.call_started(call)


class GitHubModelsInstrumentor:
    """Switches telemetry on for every client that is made from then on.

    There is one switch in a process, however many of these are made. A client that is given an
    ``observer`` of its own keeps to that one.
    """

    _switch: ClassVar[_Switch] = _Switch()

    def instrument(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        capture_content: bool | None = None,
    ) -> None:
        """Switch on; the keywords are those of :class:`TelemetryObserver`.

        Where it is on already, the last call's keywords hold, also for clients that exist.
        """
        self._switch.current = TelemetryObserver(
            tracer_provider=tracer_provider,
            meter_provider=meter_provider,
            capture_content=capture_content,
        )
        observe_new_clients(self._switch)

    def uninstrument(self) -> None:
        """Switch off, also for the clients that exist; calls under way are told to their end."""
        self._switch.current = None
        observe_new_clients(None)

    def is_instrumented(self) -> bool:
        """Tell whether it is on."""
        return self._switch.current is not None

    def is_content_recording_enabled(self) -> bool:
        """Tell whether prompts and completions are recorded."""
        current = self._switch.current
        return current is not None and current.captures_content
