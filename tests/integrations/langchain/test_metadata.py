"""What LangChain is told of an answer beside its text."""

from __future__ import annotations

import json

from github_models_azure import trail
from github_models_azure.integrations.langchain._metadata import answer_metadata
from tests.trail_helpers import TRAIL, assert_shows_every_field


def test_the_metadata_have_every_field_of_the_trail() -> None:
    """Each step stands in the list of its kind."""
    assert_shows_every_field(
        lambda told: answer_metadata({}, told),
        trail.LEFT_OUT_OF_JSON,
        "integrations/langchain/_metadata.py",
    )
    json.dumps(answer_metadata({}, TRAIL))


def test_a_failure_stands_flat_in_its_attempt() -> None:
    """`failure` is its kind; an attempt that served has neither a kind nor a message."""
    told = answer_metadata({}, TRAIL)["trail"]
    (failed,) = told["attempts"]
    assert (failed["failure"], failed["message"]) == ("rate_limited", "message 1")
    assert (failed["code"], failed["window"], failed["limit"]) == ("code 1", "minute", 431)
    assert (failed["status"], failed["failure_status"]) == (431, 431)
    assert (failed["emulated"], told["emulated"]) == (False, False)
    assert told["skipped"] == [{"target": "target 1", "reason": "reason 1", "kind": "rate_limited"}]
    assert told["waits"] == [{"target": "target 1", "seconds": 1.5}]
    assert told["adaptations"] == [{"target": "target 1", "change": "change 1", "lossy": False}]

    served = trail.Attempt("a/b", 1.0, 0.5, 200)
    (step,) = answer_metadata({}, trail.Trail("a/b", (served,), "a/b"))["trail"]["attempts"]
    assert (step["failure"], step["message"], step["status"]) == (None, None, 200)
