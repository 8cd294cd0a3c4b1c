"""Images, sounds and files: where they may stand, and what they weigh."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_helpers import Service, service

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:;base64,AA=="}}
CALL = {"id": "c1", "type": "function", "function": {"name": "draw", "arguments": "{}"}}


@pytest.fixture
def emulated() -> Service:
    return service(plan="enterprise")


def ask(emulated: Service, *messages: Any, model: str = "openai/gpt-4o", **body: Any) -> Any:
    request = {"model": model, "messages": list(messages), **body}
    return emulated.post("/inference/chat/completions", request)


@pytest.mark.parametrize(
    "misplaced",
    [
        {"role": "system", "content": [IMAGE]},
        {"role": "assistant", "content": [IMAGE]},
        {"role": "tool", "tool_call_id": "c1", "content": [IMAGE]},
    ],
    ids=lambda message: message["role"],
)
def test_openai_takes_images_of_users_alone(emulated: Service, misplaced: Any) -> None:
    """Refused in the words that openai-node#1030 shows; other deployments are not known to."""
    called = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    user = {"role": "user", "content": [IMAGE]}
    answer = ask(emulated, user, called, misplaced)
    assert answer.status == 400
    assert answer.error["message"] == (
        "Invalid 'messages[2]'. Image URLs are only allowed for messages with role 'user', but "
        f"this message with role '{misplaced['role']}' contains an image URL."
    )
    assert answer.error["param"] == "messages[2]"
    answered = {"role": "tool", "tool_call_id": "c1", "content": "done"}
    assert ask(emulated, user, called, answered).status == 200
    mistral = ask(emulated, user, called, misplaced, model="mistral-ai/mistral-medium-2505")
    assert mistral.status == 200


def test_sounds_are_counted_apart(emulated: Service) -> None:
    """In the details of usage, whole and streamed."""
    said = {"role": "user", "content": [AUDIO, AUDIO]}
    usage = ask(emulated, said).json["usage"]
    assert usage["prompt_tokens_details"]["audio_tokens"] == 200
    assert usage["prompt_tokens"] > 200
    options = {"stream": True, "stream_options": {"include_usage": True}}
    (last,) = [one["usage"] for one in ask(emulated, said, **options).events if one.get("usage")]
    assert last == usage
    text = ask(emulated, {"role": "user", "content": "Hello"}).json["usage"]
    assert text["prompt_tokens_details"]["audio_tokens"] == 0


def test_files_weigh_something(emulated: Service) -> None:
    """As pages do."""
    assert ask(emulated, {"role": "user", "content": [FILE]}).json["usage"]["prompt_tokens"] > 999
