"""What answers become, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler

from tests.harness import DONE, FIRST, SECOND, Service, chat, delta, event, limited, stream

from .side_helpers import Side

USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 7,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 0},
}
COUNTED = {
    "input_tokens": 10,
    "output_tokens": 7,
    "total_tokens": 17,
    "input_token_details": {"audio": 1, "cache_read": 4},
    "output_token_details": {"audio": 0, "reasoning": 5},
}


def whole(side: Side, content: Any = "Hi", usage: Any = USAGE, **message: Any) -> Any:
    """Ask a service that answers with one message."""

    def answer(sent: Any) -> Any:
        made = chat(sent.model, content, **message)
        made.body["usage"] = usage
        return made

    return side.invoke(side.chat(Service(answer)))


def streamed(side: Side, *chunks: bytes) -> Any:
    """Ask a service that answers with a stream."""
    return side.stream(side.chat(Service(lambda sent: stream(*chunks, DONE))))


def test_tokens_are_counted_with_their_details(side: Side) -> None:
    """In LangChain's words, whole and streamed."""
    assert whole(side).usage_metadata == COUNTED
    end = event(id="1", created=1, model="m", choices=[], usage=USAGE)
    assert streamed(side, delta("Hi"), delta(finish="stop"), end).usage_metadata == COUNTED


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, None),
        ({}, None),
        (
            {"prompt_tokens": 3, "prompt_cache_hit_tokens": 2},
            {
                "input_tokens": 3,
                "output_tokens": 0,
                "total_tokens": 3,
                "input_token_details": {"cache_read": 2},
            },
        ),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 1,
                "prompt_tokens_details": {"cache_write_tokens": 2},
            },
            {
                "input_tokens": 3,
                "output_tokens": 1,
                "total_tokens": 4,
                "input_token_details": {"cache_creation": 2},
            },
        ),
    ],
    ids=["none", "empty", "deepseek", "openrouter"],
)
def test_servers_count_in_their_own_words(side: Side, usage: Any, counted: Any) -> None:
    """What is not told is not made up."""
    assert whole(side, usage=usage).usage_metadata == counted


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_a_block_of_their_own(side: Side, name: str) -> None:
    """As LangChain's standard blocks have it; `content` is what was said."""
    answer = whole(side, **{name: "Hm. So."})
    pieces = [delta(**{name: "Hm. "}), delta(**{name: "So."}), delta("Hi"), delta(finish="stop")]
    for message in (answer, streamed(side, *pieces)):
        assert message.content == "Hi"
        assert message.additional_kwargs["reasoning_content"] == "Hm. So."
        assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]


def call(arguments: str, **more: Any) -> dict[str, Any]:
    function = {"name": "find", "arguments": arguments}
    return {"id": "c1", "type": "function", "function": function, **more}


def test_calls_are_read(side: Side) -> None:
    """Whole, and put together of their pieces."""
    answer = whole(side, None, tool_calls=[call('{"what": "it"}')])
    pieces = [
        delta(tool_calls=[call('{"what', index=0)]),
        delta(tool_calls=[{"index": 0, "function": {"arguments": '": "it"}'}}]),
        delta(finish="tool_calls"),
    ]
    for message in (answer, streamed(side, *pieces)):
        (made,) = message.tool_calls
        assert (made["name"], made["args"], made["id"]) == ("find", {"what": "it"}, "c1")
        assert message.content == ""


def test_calls_that_are_no_json_are_kept_apart(side: Side) -> None:
    """An agent can tell the model so."""
    answer = whole(side, "", tool_calls=[call('{"what'), call("{}", id="c2")])
    assert [one["id"] for one in answer.invalid_tool_calls] == ["c1"]
    assert answer.invalid_tool_calls[0]["args"] == '{"what'
    assert [one["id"] for one in answer.tool_calls] == ["c2"]


@pytest.mark.parametrize("arguments", ["[1]", '"it"', "1", "false", "[]"])
def test_calls_without_an_object_are_kept_apart(side: Side, arguments: str) -> None:
    """JSON as they are; the rest of the answer is not lost."""
    answer = whole(side, "So:", tool_calls=[call(arguments), call("{}", id="c2")])
    assert answer.content == "So:"
    (broken,) = answer.invalid_tool_calls
    assert (broken["id"], broken["args"]) == ("c1", arguments)
    assert "find are not a JSON object" in broken["error"]
    assert [one["id"] for one in answer.tool_calls] == ["c2"]


@pytest.mark.parametrize("arguments", ["", " ", "null", None, "{}"])
def test_calls_of_tools_without_parameters(side: Side, arguments: Any) -> None:
    """Servers say it in several ways."""
    (made,) = whole(side, "", tool_calls=[call(arguments)]).tool_calls
    assert made["args"] == {}


def test_arguments_that_a_server_read_already(side: Side) -> None:
    """They are taken as they are, whole and streamed."""
    given: Any = {"what": "it"}
    pieces = [delta(tool_calls=[call(given, index=0)]), delta(finish="tool_calls")]
    for message in (whole(side, "", tool_calls=[call(given)]), streamed(side, *pieces)):
        assert [one["args"] for one in message.tool_calls] == [given]
        assert not message.invalid_tool_calls


def test_a_call_of_text_is_kept_apart(side: Side) -> None:
    """OpenAI's custom tools take no JSON, for which LangChain's calls have no room."""
    custom = {"id": "c1", "type": "custom", "custom": {"name": "run", "input": "print(1)"}}
    (broken,) = whole(side, "", tool_calls=[custom]).invalid_tool_calls
    assert (broken["name"], broken["args"], broken["id"]) == ("run", "print(1)", "c1")


def test_what_has_no_field_is_kept(side: Side) -> None:
    """Refusals, spoken answers and the like."""
    answer = whole(side, "", refusal="I cannot.", audio={"id": "a1", "transcript": "Hi"})
    assert answer.additional_kwargs == {
        "refusal": "I cannot.",
        "audio": {"id": "a1", "transcript": "Hi"},
    }


def test_several_answers(side: Side) -> None:
    """`n` gives as many; the tokens are counted once."""

    def answer(sent: Any) -> Any:
        made = chat(sent.model)
        (first,) = made.body["choices"]
        made.body["choices"] = [first, {**first, "index": 1}]
        return made

    model = side.chat(Service(answer), n=2)
    messages = [[("human", "Hello")], [("human", "Hi")]]
    read = [model._convert_input(one).to_messages() for one in messages]
    result = side.twin.run(model.agenerate(read) if side.is_async else model.generate(read))
    first, second = result.generations[0]
    assert (first.text, second.text) == ("Hi there", "Hi there")
    assert first.message.usage_metadata["total_tokens"] == 3
    assert second.message.usage_metadata is None
    assert result.llm_output["token_usage"]["total_tokens"] == 6
    assert result.llm_output["model_name"] == FIRST


def test_the_output_names_the_answer(side: Side) -> None:
    """By its id and the fingerprint of what made it, as LangChain's own connectors do."""

    def answer(sent: Any) -> Any:
        made = chat(sent.model)
        made.body.update(id="chatcmpl-7", system_fingerprint="fp_1")
        return made

    for told, given in ((("chatcmpl-7", "fp_1"), answer), (("1", None), lambda s: chat(s.model))):
        model = side.chat(Service(given))
        messages = [model._convert_input([("human", "Hello")]).to_messages()]
        generate = model._agenerate if side.is_async else model._generate
        output = side.twin.run(generate(messages[0])).llm_output
        assert (output.get("id"), output.get("system_fingerprint")) == told
        assert output["model_name"] == FIRST


def test_probabilities_are_kept(side: Side) -> None:
    """Whole, and in the order in which a stream brought them."""
    told = {"content": [{"token": "Hi", "logprob": -0.5}]}

    def answer(sent: Any) -> Any:
        made = chat(sent.model)
        made.body["choices"][0]["logprobs"] = told
        return made

    message = side.invoke(side.chat(Service(answer)))
    assert message.response_metadata["logprobs"] == told
    choice = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None, "logprobs": told}
    piece = event(id="1", created=1, model="m", choices=[choice])
    summed = streamed(side, piece, piece, delta(finish="stop"))
    assert len(summed.response_metadata["logprobs"]["content"]) == 2


# What is told beside the answer


def falls_back(sent: Any) -> Any:
    if sent.model == FIRST:
        return limited()
    if sent.body.get("stream"):
        return stream(delta("Hi "), delta("there"), delta(finish="stop"), DONE)
    return chat(sent.model)


def test_the_metadata_tell_of_the_fallback(side: Side) -> None:
    """Who served, how many requests it took, and why; all of it is JSON."""
    model = side.chat(Service(falls_back), fallback=[SECOND])
    for message in (side.invoke(model), side.stream(side.chat(Service(falls_back)))):
        told = message.response_metadata
        json.dumps(told)
        assert message.content == "Hi there"
        assert told["model_provider"] == "github_models"
        assert told["requested"].endswith(FIRST)
        assert told["served_by"].endswith(SECOND)
        assert (told["fell_back"], told["attempts"]) == (True, 2)
        failed, served = told["trail"]["attempts"]
        assert (failed["failure"], failed["status"]) == ("rate_limited", 429)
        assert "UserByModelByDay" in failed["message"]
        assert (served["failure"], served["status"]) == (None, 200)
        assert told["finish_reason"] == "stop"
        assert told["model_name"] in (SECOND, "m")


def test_each_metadatum_of_a_stream_is_told_once(side: Side) -> None:
    """Chunks are added up, and texts that come twice are glued together."""
    service = Service(falls_back)
    chunks = side.chunks(side.chat(service))
    assert [bool(chunk.response_metadata) for chunk in chunks] == [False, False, True]
    assert chunks[-1].chunk_position == "last"
    assert chunks[-1].content == ""


class Listener(BaseCallbackHandler):
    """Writes down what LangChain tells its callbacks."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.params: dict[str, Any] = {}
        self.errors: list[BaseException] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **told: Any) -> None:
        self.params = told["metadata"]

    def on_llm_new_token(self, token: Any, **told: Any) -> None:
        self.tokens.append(token)

    def on_llm_error(self, error: BaseException, **told: Any) -> None:
        self.errors.append(error)


def test_callbacks_hear_each_token_once(side: Side) -> None:
    """Of a stream, and of `invoke` behind which there is one."""
    for ask, fields in ((side.chunks, {}), (side.invoke, {"streaming": True})):
        heard = Listener()
        model = side.chat(Service(falls_back), temperature=0.5, max_tokens=9, stop="x", **fields)
        ask(model, config={"callbacks": [heard]})
        assert "".join(heard.tokens) == "Hi there"
        assert heard.params["ls_provider"] == "github_models"
        assert heard.params["ls_model_name"] == FIRST
        assert heard.params["ls_temperature"] == 0.5
        assert heard.params["ls_max_tokens"] == 9
        assert heard.params["ls_stop"] == ["x"]


def test_a_run_manager_that_is_given_hears_the_tokens(side: Side) -> None:
    """As those who call `_stream` themselves expect."""
    from unittest.mock import AsyncMock, Mock

    model = side.chat(Service(falls_back))
    prompt = model._convert_input("Hello").to_messages()
    if side.is_async:
        manager = Mock(on_llm_new_token=AsyncMock())

        async def read() -> int:
            return len([one async for one in model._astream(prompt, run_manager=manager)])

        count = side.twin.run(read())
    else:
        manager = Mock()
        count = len(list(model._stream(prompt, run_manager=manager)))
    assert manager.on_llm_new_token.call_count == count == 3


def test_usage_is_summed_by_langchain(side: Side) -> None:
    """LangChain's own counter finds the name of the model and its tokens."""
    counter = UsageMetadataCallbackHandler()
    side.invoke(side.chat(Service(falls_back)), config={"callbacks": [counter]})
    assert counter.usage_metadata[SECOND]["total_tokens"] == 3


def test_a_stock_client_leaves_no_trail(side: Side) -> None:
    """The SDK's own client serves too; what it does not know is not told."""
    from azure.ai.inference import ChatCompletionsClient
    from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
    from azure.core.credentials import AzureKeyCredential

    from github_models_azure.integrations.langchain import ChatGitHubModels

    made = AsyncChatCompletionsClient if side.is_async else ChatCompletionsClient
    transport = side.twin.transport(Service(lambda sent: chat("m")))
    client = made("https://x", AzureKeyCredential("k"), transport=transport)
    field = "async_client" if side.is_async else "client"
    answer = side.invoke(ChatGitHubModels(**{field: client}))
    assert answer.content == "Hi there"
    assert answer.response_metadata["model_name"] == "m"
    assert "trail" not in answer.response_metadata


@pytest.mark.parametrize("usage", [[1], {"prompt_tokens": "few"}, {"prompt_tokens": True}])
def test_an_odd_usage_costs_no_answer(side: Side, usage: Any) -> None:
    """What a server has in place of a number is left out."""
    assert whole(side, usage=usage).content == "Hi"
