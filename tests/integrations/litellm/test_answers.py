"""What LiteLLM keeps beside an answer."""

from __future__ import annotations

from types import SimpleNamespace

from github_models_azure import trail
from github_models_azure.integrations.litellm._answers import hidden_params
from github_models_azure.trail import attach_trail
from tests.trail_helpers import assert_shows_every_field


def hidden(told: trail.Trail) -> dict[str, object]:
    answer = SimpleNamespace()
    attach_trail(answer, told)
    return hidden_params(answer, {})


def test_a_response_keeps_every_field_of_the_trail() -> None:
    """As the JSON that all writers share."""
    assert_shows_every_field(
        lambda told: hidden(told)["github_models_trail"],
        trail.LEFT_OUT_OF_JSON,
        "integrations/litellm/_answers.py",
    )


def test_the_headers_for_a_proxys_callers_have_every_field() -> None:
    """As those of the gateway; a target that never answered is not named."""
    assert_shows_every_field(
        lambda told: hidden(told)["additional_headers"],
        trail.LEFT_OUT_OF_HEADERS,
        "integrations/litellm/_answers.py",
    )
