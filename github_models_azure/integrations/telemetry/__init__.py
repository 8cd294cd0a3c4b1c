"""OpenTelemetry: one span for each call, one below it for each attempt, and metrics.

Switch it on for the whole process, before the clients are made, or give it to one client::

    GitHubModelsInstrumentor().instrument()
    ChatCompletionsClient(observer=TelemetryObserver())

The attempts follow the ``gen_ai`` conventions. Prompts and completions are recorded only when that
is asked for; credentials never are.
"""

from .._common import missing_extra

try:
    from ._observer import GitHubModelsInstrumentor, TelemetryObserver
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "opentelemetry":
        raise
    raise missing_extra("otel", error) from error

__all__ = ["GitHubModelsInstrumentor", "TelemetryObserver"]
