"""LiteLLM's responses say what real servers send, whole and streamed."""

from __future__ import annotations

import json

import pytest
from litellm.exceptions import MidStreamFallbackError

from github_models_azure.integrations.litellm import GitHubModelsLLM, register
from tests.harness import DONE, delta
from tests.integrations.litellm.caller_helpers import Caller
from tests.wire_case_helpers import TEXT, TOOL, Case, arguments, each_case, message, served

import litellm  # isort: skip - after the line that keeps it off the network

both = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@both
@each_case
def test_a_response_says_it(caller: Caller, case: Case, streamed: bool) -> None:
    """Also one that LiteLLM builds of the chunks."""
    with served(case) as upstream, GitHubModelsLLM(upstream.url, "key", fallback=None) as made:
        register(made)
        if streamed:
            response = litellm.stream_chunk_builder(caller.stream(tools=[TOOL]))
        else:
            response = caller.completion(tools=[TOOL])
    (choice,) = response.choices
    calls = choice.message.tool_calls or []
    assert [json.loads(one.function.arguments) for one in calls] == arguments(case)
    assert len({one.id for one in calls}) == case.calls
    assert case.calls or choice.message.content == TEXT


@both
def test_a_failed_answer_is_an_error(caller: Caller, streamed: bool) -> None:
    """One of LiteLLM's, which its Router may retry."""
    chunks = [delta("half"), delta(finish="network_error"), DONE]
    case = Case(chunks, "application/json", message("network_error", content="half"))
    with served(case) as upstream, GitHubModelsLLM(upstream.url, "key", fallback=None) as made:
        register(made)
        kinds = (litellm.APIConnectionError, MidStreamFallbackError)
        with pytest.raises(kinds, match="network_error"):
            caller.stream() if streamed else caller.completion()
