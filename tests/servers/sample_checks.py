"""What each sample must have got, whoever answered; where the answers are noise, shapes only."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from azure.ai.inference.models import ChatCompletions
from jsonschema import validate

from tests.servers.sample_runner import SAMPLES, Finished, run_sample
from tests.servers.service import Service

OURS = "github_models_azure"


def check_sample(name: str, service: Service) -> Finished:
    """Run a sample with our clients against a server, and look at all that it got."""
    finished = run_sample(SAMPLES[name], service.variables)
    clients = {value.__module__ for key, value in finished.names.items() if key.endswith("Client")}
    assert {module.partition(".")[0] for module in clients} == {OURS}
    CHECKS[name](finished, service)
    return finished


def _completion(response: Any, service: Service) -> str:
    assert isinstance(response, ChatCompletions)
    (choice,) = response.choices
    assert choice.message.role == "assistant"
    assert choice.finish_reason in {"stop", "length"}
    assert isinstance(choice.message.content, str)
    assert choice.message.content or service.random
    usage = response.usage
    assert usage.prompt_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    return choice.message.content


def _chat(finished: Finished, service: Service) -> None:
    text = _completion(finished.names["response"], service)
    assert finished.printed.startswith(f"{text}\nToken usage: {{")


def _chat_from_dict(finished: Finished, service: Service) -> None:
    texts = [_completion(response, service) for response in finished.names["responses"]]
    assert finished.printed.startswith("\n".join(texts))


def _stream(finished: Finished, service: Service) -> None:
    names = finished.names
    text = finished.printed.partition("\n\nToken usage: ")[0]
    assert text or service.random
    *running, last = [reason for reason in names["finish_reasons"] if reason is not None]
    assert not running
    assert last in {"stop", "length"}
    if service.reports_stream_usage:
        (usage,) = names["usages"]
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0
    else:
        assert names["usages"] == []


def _tools(finished: Finished, service: Service) -> None:
    text = _completion(finished.names["response"], service)
    roles = [message.role for message in finished.names["messages"]]
    if service.random:  # whoever talks noise asks for no tool on its own accord
        assert roles == ["system", "user"]
        return
    assert roles == ["system", "user", "assistant", "tool"]
    assert finished.printed == f"Calling `get_weather` with {{'city': 'Oslo'}}.\n{text}\n"


def _named_tool(finished: Finished, service: Service) -> None:
    text = _completion(finished.names["response"], service)
    (call,) = finished.names["tool_calls"]
    assert call.type == "function"
    assert call.id
    assert finished.names["messages"][-1].tool_call_id == call.id
    assert finished.printed == f"Calling `get_weather` with {{'city': 'Oslo'}}.\n{text}\n"


def _json_schema(finished: Finished, service: Service) -> None:
    validate(finished.names["recipe"], finished.names["schema"])
    assert json.loads(finished.printed) == finished.names["recipe"]


def _image(finished: Finished, service: Service) -> None:
    text = _completion(finished.names["response"], service)
    assert finished.printed == f"{text}\n"


def _embeddings(finished: Finished, service: Service) -> None:
    data = finished.names["response"].data
    assert [item.index for item in data] == [0, 1, 2]
    (length,) = {len(item.embedding) for item in data}
    assert length > 1
    assert all(isinstance(number, float) for item in data for number in item.embedding)
    assert finished.printed.count(f"length={length}, ") == 3


CHECKS: dict[str, Callable[[Finished, Service], None]] = {
    "chat": _chat,
    "chat_async": _chat,
    "chat_from_dict": _chat_from_dict,
    "embeddings": _embeddings,
    "embeddings_async": _embeddings,
    "image": _image,
    "json_schema": _json_schema,
    "named_tool": _named_tool,
    "stream": _stream,
    "stream_async": _stream,
    "tools": _tools,
}
