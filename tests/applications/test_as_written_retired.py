"""Each block of the guides as it stands, with a token that looks real: nothing is sent.

The error says that the service is retired, and what would answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure import trail_of
from github_models_azure.exceptions import EndpointRetiredError
from tests.applications.written_helpers import (
    ENVIRONMENT,
    ENVIRONMENTS,
    FILES,
    HOST,
    LEGACY_HOST,
    LISTED,
    LITELLM,
    LOGAI,
    MAIN,
    TOKEN,
    ask_gateway,
    ask_program,
    exported,
    written,
)
from tests.cli.program import Program
from tests.harness import Service, Twin, chat, timed

if TYPE_CHECKING:
    pass


RETIRED = {
    **{name: (text, {}) for name, text in FILES.items()},
    **{name: ("", variables) for name, variables in ENVIRONMENTS.items()},
    "LogAI": ("", LOGAI),
    "LiteLLM": ("", LITELLM),
}


@pytest.fixture(params=RETIRED)
def as_it_stands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A block with a token that looks real; the name of the host that it leads to."""
    text, variables = RETIRED[request.param]
    if text:
        written(text)
    exported(monkeypatch, variables)
    return LEGACY_HOST if variables in (LOGAI, LITELLM) else HOST


def says_what_would_answer(message: str, host: str) -> None:
    assert f"{host} was retired on 202" in message
    assert "nothing was sent" in message
    assert "Set GITHUB_MODELS_ENDPOINT" in message
    assert "list targets elsewhere in fallback=" in message
    assert "Nearest known models" not in message  # its name is right
    assert TOKEN not in message


def test_nothing_is_sent_to_the_real_addresses(twin: Twin, as_it_stands: str) -> None:
    """The error says that the service is retired, and what would answer."""
    behind = Service(lambda sent: chat(sent.model))
    client = twin.package.ChatCompletionsClient(
        transport=twin.transport(behind), **timed(behind.clock)
    )
    with pytest.raises(EndpointRetiredError) as caught:
        twin.complete(client)
    says_what_would_answer(str(caught.value), as_it_stands)
    assert trail_of(caught.value).attempts == ()  # type: ignore[union-attr]
    assert behind.sent == []


def test_the_command_line_and_the_gateway_send_nothing_there(
    program: Program, as_it_stands: str
) -> None:
    """No test may leave this machine; both end in the same words."""
    outcome = ask_program(program)
    assert outcome.code == 1
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    says_what_would_answer("\n".join(errors), as_it_stands)
    answer = ask_gateway()
    assert answer.status_code == 410
    says_what_would_answer(answer.json()["error"]["message"], as_it_stands)


def test_embeddings_send_nothing_there(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the models that the list of variables names for them."""
    exported(monkeypatch, {**ENVIRONMENT, **LISTED})
    behind = Service(lambda sent: chat(sent.model))
    client = twin.package.EmbeddingsClient(transport=twin.transport(behind))
    with pytest.raises(HttpResponseError, match="was retired on 2026-07-30; nothing was sent"):
        twin.run(client.embed(input=["a"]))
    assert behind.sent == []


@pytest.mark.parametrize(
    ("tokens", "options"),
    [
        ({"GITHUB_TOKEN": "demo_token"}, {"endpoint": LEGACY_HOST, "credential": TOKEN}),
        ({"GITHUB_MODELS_TOKEN": TOKEN, "GITHUB_TOKEN": "demo_token"}, {}),
    ],
    ids=["a key that code passes", "a token that goes first"],
)
def test_the_switch_to_the_demo_is_no_stronger_than_what_goes_before_it(
    twin: Twin, monkeypatch: pytest.MonkeyPatch, tokens: dict[str, str], options: dict[str, str]
) -> None:
    """A key of the settings gives way to it; another token of the user's does not."""
    written(MAIN)
    for name, value in tokens.items():
        monkeypatch.setenv(name, value)
    behind = Service(lambda sent: chat(sent.model))
    client = twin.package.ChatCompletionsClient(transport=twin.transport(behind), **options)
    with pytest.raises(EndpointRetiredError, match="nothing was sent"):
        twin.complete(client)
    assert behind.sent == []
