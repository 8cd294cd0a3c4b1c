"""Pipeline policies: fallback, and credentials bound to their origins.

How a call goes through them, and which module to read for it::

    request -> _begin.Planner       what is asked for, and of whom (_settings, _route)
            -> _run.Run             one call: asks the core's plan for the next step
               _core.plan.Plan      decides: try, wait or give up
               _outgoing.Outgoing   makes each attempt from the original request
               _authentication      signs it for its own origin (authentication, its twin)
               _judge, _faults      what came back, or the exception in its place, says
               _stream              a streamed answer, watched to its end
            -> _outcome             what a call without an answer raises
            -> _observers           who is told of all this, for telemetry

``fallback`` and ``fallback_async`` are the shells around it: they send, sleep, read and close.
"""

from ._observers import AttemptStart, CallObserver, CallStart, Observer, observe_new_clients
from ._report import RoutePlan
from .authentication import TargetAuthenticationPolicy
from .authentication_async import AsyncTargetAuthenticationPolicy
from .fallback import FallbackPolicy
from .fallback_async import AsyncFallbackPolicy

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
