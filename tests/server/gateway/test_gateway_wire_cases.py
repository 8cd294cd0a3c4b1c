"""The gateway hands on what real servers send in OpenAI's form, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure.server.gateway import Gateway
from tests.core.answer.framed import FramedReader
from tests.server.gateway.gateway_helpers import KEY, ask
from tests.wire_case_helpers import TEXT, TOOL, Case, arguments, each_case, message, served


@each_case
def test_a_whole_answer_is_handed_on(case: Case) -> None:
    """As JSON with nothing around it."""
    with served(case) as upstream, Gateway(upstream.url, KEY, fallback=None) as gateway:
        response = ask(gateway, tools=[TOOL])
    (choice,) = response.json()["choices"]
    assert response.headers["content-type"] == "application/json"
    calls = choice["message"].get("tool_calls") or []
    assert [json.loads(one["function"]["arguments"]) for one in calls] == arguments(case)
    assert case.calls or choice["message"]["content"] == TEXT


@each_case
def test_a_stream_is_handed_on(case: Case) -> None:
    """As events with one line each, and ``[DONE]`` behind them."""
    with served(case) as upstream, Gateway(upstream.url, KEY, fallback=None) as gateway:
        response = ask(gateway, tools=[TOOL], stream=True)
    assert response.content.endswith(b"data: [DONE]\n\n")
    text, calls = "", dict[int, str]()
    for line in response.content.split(b"\n\n")[:-2]:
        for choice in json.loads(line.removeprefix(b"data: "))["choices"]:
            text += choice["delta"].get("content") or ""
            for one in choice["delta"].get("tool_calls") or []:
                calls[one["index"]] = calls.get(one["index"], "") + one["function"]["arguments"]
    assert [json.loads(one) for one in calls.values()] == arguments(case)
    assert text == ("" if case.calls else TEXT)
    assert FramedReader().feed(response.content) == response.content


@pytest.mark.parametrize("members", [{"content": "half"}, {"content": None}])
@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
def test_a_failed_answer_is_an_error(reason: str, members: dict[str, Any]) -> None:
    """With content and without."""
    case = Case([], "application/json", message(reason, **members))
    options = {"fallback": None, "fallback_max_wait": 0}
    with served(case) as upstream, Gateway(upstream.url, KEY, **options) as gateway:
        response = ask(gateway)
    assert response.status_code == 502
    assert reason in response.json()["error"]["message"]
