"""The switch for a whole process, as OpenTelemetry's users know it."""

from __future__ import annotations

from typing import ClassVar

from opentelemetry import metrics, trace

from ...policies import CallObserver, CallStart, observe_new_clients
from ._observer import TelemetryObserver


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
