"""Pipeline policies: fallback, and credentials bound to their origins.

How a call goes through them, and which module to read for it::

    request -> planner.Planner     what is asked for, and of whom (options, route)
            -> _call.Call           one call: asks the core's plan for the next step
               _core.route.plan     decides: try, wait or give up
            -> _attempt.OpenAttempt one attempt: its request, its answer, what that means
               _outgoing.Outgoing   makes it from the original request
               authentication       signs it for its own origin
               _core.answer.reader  reads what came, whole or streamed (_stream, responses)
               errors               reads the exception that came instead
            -> _outcome             what a call without an answer raises
            -> observers            who sees all this, for telemetry

``fallback`` and ``fallback_async`` are the shells around it: they send, sleep, read and close.
"""

from .authentication import AsyncTargetAuthenticationPolicy, TargetAuthenticationPolicy
from .fallback import FallbackPolicy
from .fallback_async import AsyncFallbackPolicy
from .observers import AttemptStart, CallObserver, CallStart, Observer, observe_new_clients
from .planner import RoutePlan

__all__ = [
    "AsyncFallbackPolicy",
    "AsyncTargetAuthenticationPolicy",
    "AttemptStart",
    "CallObserver",
    "CallStart",
    "FallbackPolicy",
    "Observer",
    "RoutePlan",
    "TargetAuthenticationPolicy",
    "observe_new_clients",
]
