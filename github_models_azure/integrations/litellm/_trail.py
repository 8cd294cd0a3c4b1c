"""The trail of a call in the form in which LiteLLM carries it: plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from github_models_azure._core.records_json import event_as_json
from github_models_azure.trail import Trail

TRAIL = "github_models_trail"
"""The key of ``_hidden_params`` under which a response keeps its trail."""


def trail_json(trail: Trail) -> dict[str, Any]:
    """Return a trail as a JSON object; ``events`` has one object for each step."""
    return {
        "requested": trail.requested,
        "served_by": trail.served_by,
        "fell_back": trail.fell_back,
        "emulated": trail.emulated,
        "waited": round(trail.waited, 3),
        "events": [event_as_json(event) for event in trail.events],
    }


def trail_headers(trail: Trail) -> Mapping[str, str]:
    """Return the headers by which a proxy tells its callers who served; the gateway's names."""
    return {
        "x-github-models-requested": trail.requested,
        "x-github-models-served-by": trail.served_by or "",
        "x-github-models-attempts": str(len(trail.attempts)),
        "x-github-models-fell-back": str(trail.fell_back).lower(),
    }
