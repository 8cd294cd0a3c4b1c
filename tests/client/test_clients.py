"""The clients are the SDK's: its classes, its keywords, its results; in both twins.

About `client/assemble.py`, `client/base.py`.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest
from azure.ai.inference import models as sdk
from azure.core.credentials import AzureKeyCredential

from github_models_azure import Endpoint, trail_of
from github_models_azure.client.keywords import _BODY_MEMBERS
from tests.harness import (
    HELLO,
    URL,
    Answer,
    Sent,
    Service,
    Twin,
    chat,
    hello_stream,
    limited,
    timed,
)

KINDS = {
    "ChatCompletionsClient": "complete",
    "EmbeddingsClient": "embed",
    "ImageEmbeddingsClient": "embed",
}
IMAGES = [sdk.ImageEmbeddingInput(image="data:image/png;base64,AA")]
TOOL = sdk.ChatCompletionsToolDefinition(function=sdk.FunctionDefinition(name="f"))
# One value for each keyword of the SDK, and how it reads in the body.
VALUES: dict[str, Any] = {
    "dimensions": 3,
    "encoding_format": "float",
    "frequency_penalty": 0.5,
    "input_type": "query",
    "max_tokens": 5,
    "model": "mine",
    "model_extras": {"extra": 1},
    "presence_penalty": 0.25,
    "response_format": "json_object",
    "seed": 7,
    "stop": ["."],
    "temperature": 0.5,
    "tool_choice": "auto",
    "tools": [TOOL],
    "top_p": 0.75,
}
SENT: dict[str, Any] = {
    **VALUES,
    "response_format": {"type": "json_object"},
    "tools": [TOOL.as_dict()],
}
SENT.update(SENT.pop("model_extras"))
NOT_FOR_BOTH = {"self", "endpoint", "credential", "kwargs", "body", "messages", "input", "stream"}


def sdk_class(twin: Twin, name: str) -> Any:
    package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    return getattr(package, name)


def answers(sent: Sent) -> Answer:
    if sent.url.partition("?")[0].endswith("embeddings"):
        data = [{"index": 0, "object": "embedding", "embedding": [0.5]}]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return Answer(200, {"id": "1", "model": "m", "data": data, "usage": usage})
    return chat("m")


def client_of(twin: Twin, name: str, service: Service, *args: Any, **options: Any) -> Any:
    options = {"transport": twin.transport(service), **timed(service.clock), **options}
    return getattr(twin.package, name)(*(args or (URL, "key")), **options)


def call(twin: Twin, client: Any, **keywords: Any) -> Any:
    """Ask with the least that the kind of client takes."""
    if "Chat" in type(client).__name__:
        return twin.complete(client, **keywords)
    given = IMAGES if "Image" in type(client).__name__ else ["a"]
    return twin.run(client.embed(**{"input": given, **keywords}))


def keywords_of(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters) - NOT_FOR_BOTH


@pytest.mark.parametrize("name", KINDS)
def test_a_client_is_one_of_the_sdk(twin: Twin, name: str) -> None:
    """Frameworks check ``isinstance``."""
    client = client_of(twin, name, Service(answers))
    assert isinstance(client, sdk_class(twin, name))


@pytest.mark.parametrize("name", KINDS)
def test_keywords_of_the_constructor_are_sent_with_every_call(twin: Twin, name: str) -> None:
    """Everything that the SDK's constructor takes arrives in the body."""
    names = keywords_of(sdk_class(twin, name).__init__)
    service = Service(answers)
    client = client_of(twin, name, service, **{key: VALUES[key] for key in names})
    call(twin, client)
    assert_sent(service, names)


@pytest.mark.parametrize(("name", "method"), KINDS.items())
def test_keywords_of_a_call_are_sent(twin: Twin, name: str, method: str) -> None:
    """Everything that the SDK's call takes arrives in the body."""
    names = keywords_of(getattr(sdk_class(twin, name), method))
    service = Service(answers)
    call(twin, client_of(twin, name, service), **{key: VALUES[key] for key in names})
    assert_sent(service, names)


def assert_sent(service: Service, names: set[str]) -> None:
    body = service.sent[0].body
    expected = {"extra" if key == "model_extras" else key for key in names}
    assert {key: body[key] for key in expected} == {key: SENT[key] for key in expected}
    assert service.sent[0].headers["extra-parameters"] == "pass-through"


@pytest.mark.parametrize(("name", "method"), KINDS.items())
def test_a_call_keeps_signature_and_documentation(twin: Twin, name: str, method: str) -> None:
    """Editors and ``help`` show what they show for the SDK."""
    ours = getattr(getattr(twin.package, name), method)
    theirs = getattr(sdk_class(twin, name), method)
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert ours.__doc__ == theirs.__doc__
    assert ours.__name__ == method
    assert inspect.iscoroutinefunction(ours) is twin.is_async


@pytest.mark.parametrize("name", KINDS)
def test_the_constructor_takes_what_the_sdks_takes_first(twin: Twin, name: str) -> None:
    """Endpoint and credential in the same places; both may be left out."""
    ours = list(inspect.signature(getattr(twin.package, name)).parameters.values())
    assert [parameter.name for parameter in ours[:2]] == ["endpoint", "credential"]
    assert all(parameter.default is None for parameter in ours[:2])
    kinds = {parameter.kind for parameter in ours[2:-1]}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY}
    assert ours[-1].kind is inspect.Parameter.VAR_KEYWORD


def test_a_completion_is_the_sdks(twin: Twin) -> None:
    """Results are its model objects, with the trail on them."""
    answer = twin.complete(client_of(twin, "ChatCompletionsClient", Service(answers)))
    assert type(answer) is sdk.ChatCompletions
    assert isinstance(answer.choices[0], sdk.ChatChoice)
    assert isinstance(answer.usage, sdk.CompletionsUsage)
    assert answer.as_dict()["choices"][0]["message"]["content"] == "Hi there"
    assert trail_of(answer) is not None


def test_a_stream_is_the_sdks(twin: Twin) -> None:
    """Updates too."""
    name = "AsyncStreamingChatCompletions" if twin.is_async else "StreamingChatCompletions"
    client = client_of(twin, "ChatCompletionsClient", Service(lambda sent: hello_stream()))
    text, updates = twin.read(client)
    assert text == "Hello"
    assert isinstance(updates, getattr(sdk, name))


@pytest.mark.parametrize("name", ["EmbeddingsClient", "ImageEmbeddingsClient"])
def test_embeddings_are_the_sdks(twin: Twin, name: str) -> None:
    """Texts and images alike, with the trail on them."""
    service = Service(answers)
    result = call(twin, client_of(twin, name, service, model="m"))
    assert type(result) is sdk.EmbeddingsResult
    assert result.data[0].embedding == [0.5]
    assert trail_of(result).served_by.endswith("m")
    path = "/images/embeddings" if "Image" in name else "/embeddings"
    assert service.sent[0].url.partition("?")[0] == URL + path


@pytest.mark.parametrize("name", ["EmbeddingsClient", "ImageEmbeddingsClient"])
def test_embeddings_fall_back_to_the_targets_listed(twin: Twin, name: str) -> None:
    """And to no model of the tier."""
    service = Service(lambda sent: limited() if sent.model == "m" else answers(sent))
    client = client_of(twin, name, service, model="m", fallback=["n"])
    assert trail_of(call(twin, client)).fell_back
    assert service.models == ["m", "n"]


@pytest.mark.parametrize("name", KINDS)
def test_a_dry_run_sends_nothing(twin: Twin, name: str) -> None:
    """``plan_route`` takes what the call takes."""
    service = Service(answers)
    client = client_of(twin, name, service, model="m", fallback=["n"])
    given = {"messages": HELLO} if "Chat" in name else {"input": ["a"]}
    given = {"input": IMAGES} if "Image" in name else given
    plan = twin.run(client.plan_route(**given))
    assert [target.rpartition("/")[2] for target in plan.targets] == ["m", "n"]
    assert service.sent == []


@pytest.mark.parametrize("name", KINDS)
def test_a_dry_run_needs_a_body_that_can_be_read(twin: Twin, name: str) -> None:
    """Bytes that are no JSON object have no route."""
    client = client_of(twin, name, Service(answers))
    with pytest.raises(TypeError, match="no route to plan"):
        twin.run(client.plan_route(b"[]"))


@pytest.mark.parametrize("name", KINDS)
def test_body_members_as_keywords_are_explained(twin: Twin, name: str) -> None:
    """Each kind of client says how they are sent, for calls and for dry runs."""
    client = client_of(twin, name, Service(answers))
    for method in (KINDS[name], "plan_route"):
        with pytest.raises(TypeError, match=r"model_extras=\{'top_k': 3, 'user': 'me'\}"):
            twin.run(getattr(client, method)(user="me", top_k=3))


def test_no_keyword_of_the_sdk_is_taken_for_a_body_member() -> None:
    """The list of members that the SDK has no keyword for names none that it has."""
    for name, method in KINDS.items():
        owner = getattr(azure.ai.inference, name)
        assert not _BODY_MEMBERS & set(inspect.signature(getattr(owner, method)).parameters)


def test_a_client_is_a_context_manager(twin: Twin) -> None:
    """Leaving the block closes the transport."""
    service, closed = Service(answers), []

    class Watched(type(twin.transport(service))):  # type: ignore[misc]
        def __exit__(self, *_: object) -> None:
            closed.append(True)

        async def __aexit__(self, *_: object) -> None:
            closed.append(True)

    client = twin.package.ChatCompletionsClient(URL, "key", transport=Watched(service))

    async def in_block() -> Any:
        async with client as entered:
            return await entered.complete(messages=HELLO)

    if twin.is_async:
        answer = asyncio.run(in_block())
    else:
        with client as entered:
            answer = entered.complete(messages=HELLO)
    assert answer.choices[0].message.content == "Hi there"
    assert closed == [True]


def test_a_client_can_be_closed(twin: Twin) -> None:
    """Without a block, and twice."""
    client = client_of(twin, "ChatCompletionsClient", Service(answers))
    twin.run(client.close())
    twin.run(client.close())


@pytest.mark.parametrize("credential", ["key", " key\n", AzureKeyCredential("key")])
def test_a_key_may_be_a_plain_text(twin: Twin, credential: Any) -> None:
    """White space around it goes, since files end with a line end."""
    service = Service(answers)
    twin.complete(client_of(twin, "ChatCompletionsClient", service, URL, credential))
    assert service.sent[0].headers["authorization"] == "Bearer key"


@pytest.mark.parametrize("credential", ["", " ", "\n"])
def test_an_empty_key_is_refused(twin: Twin, credential: str) -> None:
    """A variable that was empty is no wish for a request without a key."""
    with pytest.raises(ValueError, match="empty string"):
        client_of(twin, "ChatCompletionsClient", Service(answers), URL, credential)


def test_an_endpoint_that_needs_no_key(twin: Twin) -> None:
    """A server on this machine is asked without any credential."""
    service = Service(answers)
    client = client_of(twin, "ChatCompletionsClient", service, "http://localhost:11434/v1")
    twin.complete(client)
    assert not {"authorization", "api-key"} & service.sent[0].headers.keys()


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("github", "https://models.github.ai/inference"),
        ("github-azure", "https://models.inference.ai.azure.com"),
        ("/orgs/o/inference", "https://models.github.ai/orgs/o/inference"),
        ("https://llm.example/v1/", "https://llm.example/v1"),
        (Endpoint("mine", "https://llm.example/v2"), "https://llm.example/v2"),
    ],
)
def test_endpoints_as_they_may_be_given(twin: Twin, endpoint: Any, url: str) -> None:
    """A name, a path of an organisation, a URL, or an endpoint."""
    service = Service(answers)
    client = client_of(
        twin, "ChatCompletionsClient", service, endpoint, "key", allow_retired=True, model="m"
    )
    twin.complete(client)
    assert service.sent[0].url.partition("?")[0] == url + "/chat/completions"


def test_an_unknown_endpoint_is_refused_at_construction(twin: Twin) -> None:
    """With the names that are known."""
    with pytest.raises(ValueError, match=r"Known names: .*\bgithub, github-azure\b"):
        client_of(twin, "ChatCompletionsClient", Service(answers), "gitub", "key")


@pytest.mark.parametrize("listed", [False, True])
def test_policies_of_the_caller_are_kept(twin: Twin, listed: bool) -> None:
    """They stand before the fallback and see a call once, alone or in a list."""
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Counting(SansIOHTTPPolicy[Any, Any]):
        seen = 0

        def on_request(self, request: Any) -> None:
            self.seen += 1

    service = Service(lambda sent: limited() if sent.model == "m" else chat("n"))
    policy = Counting()
    client = client_of(
        twin,
        "ChatCompletionsClient",
        service,
        model="m",
        fallback=["n"],
        per_call_policies=[policy] if listed else policy,
    )
    twin.complete(client)
    assert (policy.seen, len(service.sent)) == (1, 2)


def test_a_second_answer_of_one_client_has_a_trail_of_its_own(twin: Twin) -> None:
    """Trails of calls do not run together."""
    service = Service(answers)
    client = client_of(twin, "ChatCompletionsClient", service, model="m")
    first, second = trail_of(twin.complete(client)), trail_of(twin.complete(client))
    assert first is not second
    assert len(first.attempts) == len(second.attempts) == 1


@pytest.mark.parametrize(
    "options", [{"endpoint": 5}, {"endpoint": []}, {"credential": 5}, {"credential": b"key"}]
)
def test_arguments_of_other_kinds_are_named(twin: Twin, options: dict[str, Any]) -> None:
    """Wrong types are refused when the client is made."""
    (name,) = options
    with pytest.raises(TypeError, match=name):
        twin.package.ChatCompletionsClient(**{"endpoint": URL, "credential": "k", **options})
