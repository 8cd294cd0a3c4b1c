"""What goes wrong, in the kernel's words, with ours as the cause."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from semantic_kernel import Kernel
from semantic_kernel.exceptions import KernelInvokeException
from semantic_kernel.exceptions.service_exceptions import (
    ServiceContentFilterException,
    ServiceInvalidExecutionSettingsError,
    ServiceInvalidRequestError,
    ServiceResponseException,
)

from github_models_azure import trail_of
from github_models_azure.exceptions import (
    FallbackExhaustedError,
    RateLimitedError,
    StreamInterruptedError,
)
from github_models_azure.integrations.semantic_kernel import GitHubModelsChatCompletion
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, chat_settings, history
from .test_chat import QUESTION, streamed

pytestmark = pytest.mark.parametrize("how", ["whole", "streamed"])


async def ask(service: GitHubModelsChatCompletion, how: str, **settings: Any) -> Any:
    asked = history(settings.pop("prompt", QUESTION))
    if how == "streamed":
        return await streamed(service, asked, chat_settings(**settings))
    return await service.get_chat_message_content(asked, chat_settings(**settings))


async def test_nobody_left_to_ask(
    service: GitHubModelsChatCompletion, emulator: Emulator, how: str
) -> None:
    """The error says it once for each model, and has the trail."""
    emulator.fault("rate_limit", times=None, seconds=5631, type="UserByModelByDay")
    with pytest.raises(ServiceResponseException) as caught:
        await ask(service, how)
    assert isinstance(caught.value.__cause__, FallbackExhaustedError)
    assert str(caught.value).startswith(
        "GitHubModelsChatCompletion failed to complete the prompt: "
    )
    assert FIRST in str(caught.value)
    assert SECOND in str(caught.value)
    trail = trail_of(caught.value)
    assert trail is not None
    assert [attempt.status for attempt in trail.attempts] == [429, 429]


async def test_a_limit_without_a_fallback(
    service: GitHubModelsChatCompletion, limited: Emulator, how: str
) -> None:
    """The cause knows when the model returns."""
    with pytest.raises(ServiceResponseException) as caught:
        await ask(service, how, call_options={"fallback": None})
    cause = caught.value.__cause__
    assert isinstance(cause, RateLimitedError)
    assert cause.retry_after is not None
    assert cause.retry_after > 5000


async def test_the_content_filter_has_an_error_of_its_own(
    service: GitHubModelsChatCompletion, how: str
) -> None:
    """As with the kernel's own connectors."""
    with pytest.raises(ServiceContentFilterException) as caught:
        await ask(service, how, prompt="emulate-content-filter")
    assert isinstance(caught.value.__cause__, HttpResponseError)


async def test_a_refused_request_is_the_callers(
    service: GitHubModelsChatCompletion, emulator: Emulator, how: str
) -> None:
    """And so it is called an invalid request; nobody else is asked."""
    words = "messages with role 'tool' must be a response to a call"
    body = json.dumps({"error": {"code": "BadRequest", "message": words}})
    emulator.fault("status", status=400, body=body)
    with pytest.raises(ServiceInvalidRequestError, match="must be a response"):
        await ask(service, how)
    assert len(emulator.journal) == 1


async def test_a_wrong_key(emulator: Emulator, how: str) -> None:
    """Is a service's response like others; the key is in no word of it."""
    async with GitHubModelsChatCompletion(
        FIRST, endpoint=emulator.inference_url, api_key="bad", fallback=None
    ) as service:
        with pytest.raises(ServiceResponseException, match="Bad credentials"):
            await ask(service, how)
        assert "bad" not in repr(service)


async def test_a_refusal_in_doubt(
    service: GitHubModelsChatCompletion, emulator: Emulator, how: str
) -> None:
    """The first refusal is what the kernel hears of, though the other target was down."""
    emulator.fault("status", times=1, status=422)
    emulator.fault("status", times=None, status=503)
    with pytest.raises(ServiceInvalidRequestError) as caught:
        await ask(service, how)
    cause = caught.value.__cause__
    assert isinstance(cause, HttpResponseError)
    assert cause.status_code == 422


async def test_nobody_there(how: str) -> None:
    """A refused connection."""
    async with GitHubModelsChatCompletion(
        FIRST, endpoint="http://127.0.0.1:9/inference", api_key="k", fallback=None,
        fallback_max_wait=0,
    ) as service:  # fmt: skip
        with pytest.raises(ServiceResponseException) as caught:
            await ask(service, how)
    assert isinstance(caught.value.__cause__, ServiceRequestError)
    assert trail_of(caught.value) is not None


async def test_a_stream_that_breaks(
    service: GitHubModelsChatCompletion, emulator: Emulator, how: str
) -> None:
    """After its first content it is an error, with what arrived; a whole answer is asked again."""
    emulator.fault("cut_stream", after=6)
    if how == "whole":
        return
    with pytest.raises(ServiceResponseException) as caught:
        await ask(service, how)
    cause = caught.value.__cause__
    assert isinstance(cause, StreamInterruptedError)
    assert cause.partial_text
    assert trail_of(caught.value) is not None


async def test_an_option_that_is_none(
    service: GitHubModelsChatCompletion, emulator: Emulator, how: str
) -> None:
    """Says what was meant, before anything is sent."""
    for options, words in (
        ({"top_k": 3}, "model_extras"),
        ({"fallback_max_attempts": 0}, "fallback_max_attempts"),
    ):
        with pytest.raises(ServiceInvalidExecutionSettingsError, match=words):
            await ask(service, how, call_options=options)
    assert list(emulator.journal) == []


async def test_the_trail_is_reached_through_the_kernels_wrappings(
    kernel: Kernel, emulator: Emulator, how: str
) -> None:
    """The kernel wraps the error of a whole answer twice; ``trail_of`` unwraps it."""
    emulator.fault("rate_limit", times=None, seconds=5631, type="UserByModelByDay")
    wrapped = {"whole": KernelInvokeException, "streamed": ServiceResponseException}[how]
    with pytest.raises(wrapped) as caught:
        await invoked(kernel, how)
    trail = trail_of(caught.value)
    assert trail is not None
    assert len(trail.attempts) == 2


async def invoked(kernel: Kernel, how: str) -> None:
    if how == "whole":
        await kernel.invoke_prompt(QUESTION)
    else:
        [piece async for piece in kernel.invoke_prompt_stream(QUESTION)]
