"""The kernel's contents say what real servers send, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from semantic_kernel.contents.function_call_content import FunctionCallContent
from semantic_kernel.exceptions import ServiceResponseException
from semantic_kernel.exceptions.content_exceptions import FunctionCallInvalidArgumentsException

from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from tests.harness import DONE, delta
from tests.integrations.semantic_kernel.conftest import chat_settings, history
from tests.wire_case_helpers import TEXT, TOOL, Case, arguments, each_case, message, piece, served

both = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


async def ask(case: Case, *, streamed: bool) -> Any:
    """The first message of an answer; of a stream, the sum of its pieces."""
    with served(case) as upstream:
        options = {"endpoint": upstream.url, "api_key": "key", "fallback": None}
        async with GitHubModelsChatCompletion("m", **options) as service:
            settings = chat_settings(tools=[TOOL])
            if not streamed:
                return (await service.get_chat_message_contents(history("Hi"), settings))[0]
            total: Any = None
            pieces = service.get_streaming_chat_message_contents(history("Hi"), settings)
            async for one, *_ in pieces:
                total = one if total is None else total + one
            return total


def calls_in(said: Any) -> list[FunctionCallContent]:
    return [item for item in said.items if isinstance(item, FunctionCallContent)]


@both
@each_case
async def test_a_message_says_it(case: Case, streamed: bool) -> None:
    """Calls with their arguments, each under an id of its own."""
    said = await ask(case, streamed=streamed)
    calls = calls_in(said)
    assert [json.loads(str(one.arguments)) for one in calls] == arguments(case)
    assert {one.name for one in calls} <= {"Answer"}
    assert len({one.id for one in calls}) == case.calls
    assert case.calls or str(said) == TEXT


@both
@pytest.mark.parametrize("written", ["", '{"n": 4', None])
async def test_cut_arguments_are_none_that_the_kernel_runs(
    written: str | None, streamed: bool
) -> None:
    """Nothing is not the same as no arguments where the answer was cut."""
    call = {"id": "a", "function": {"name": "Answer", "arguments": written}}
    chunks = [piece(written, "Answer", index=0, id="a"), delta(finish="length"), DONE]
    case = Case(chunks, "application/json", message("length", tool_calls=[call]))
    (made,) = calls_in(await ask(case, streamed=streamed))
    with pytest.raises(FunctionCallInvalidArgumentsException):
        made.parse_arguments()


@both
async def test_a_failed_answer_is_no_message(streamed: bool) -> None:
    """It is the kernel's own error."""
    chunks = [delta("half"), delta(finish="network_error"), DONE]
    case = Case(chunks, "application/json", message("network_error", content="half"))
    with pytest.raises(ServiceResponseException, match="network_error"):
        await ask(case, streamed=streamed)
