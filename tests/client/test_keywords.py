"""Keywords that are nearly right say what to write; what is merely unknown passes.

About `client/keywords.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from azure.ai.inference import models as sdk
from pydantic import BaseModel, TypeAdapter

from github_models_azure.client.keywords import _CALLS, _ELSEWHERE, _known, check_call, checked
from github_models_azure.policies.options import CLIENT_NAMES, CORE_NAMES
from github_models_azure.tools import Tool
from tests.harness import HELLO, URL, Service, Twin, chat, timed

CLIENTS = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]

# What azure-core documents for clients and calls, and what frameworks hand over.
AZURE_CORE = [
    *("api_version", "connection_cert", "connection_data_block_size", "connection_timeout"),
    *("connection_verify", "cls", "content_type", "credential_scopes", "custom_hook_policy"),
    *("error_map", "headers", "headers_policy", "http_logging_policy", "logging_body"),
    *("logging_enable", "logging_policy", "network_span_namer", "params", "per_call_policies"),
    *("per_retry_policies", "permit_redirects", "policies", "pipeline", "proxies", "proxy_policy"),
    *("raw_request_hook", "raw_response_hook", "read_timeout", "redirect_max", "redirect_policy"),
    *("request_id", "request_id_policy", "response_encoding", "retry_backoff_factor"),
    *(
        "retry_backoff_max",
        "retry_connect",
        "retry_mode",
        "retry_on_methods",
        "retry_on_status_codes",
    ),
    *("retry_policy", "retry_read", "retry_status", "retry_total", "sdk_moniker", "session"),
    *("session_owner", "timeout", "tracing_attributes", "user_agent", "user_agent_overwrite"),
    *("user_agent_policy", "use_env_settings", "user_agent_use_env", "base_headers", "loop"),
]
FRAMEWORKS = [
    *("model_info", "name", "model_capabilities", "component_config", "verbose", "callbacks"),
    *("adapter", "tags", "metadata", "cache", "team", "region", "deployment", "context", "n"),
]


def make(twin: Twin, name: str = "ChatCompletionsClient", **keywords: Any) -> Any:
    service = Service(lambda sent: chat("m"))
    keywords = {"transport": twin.transport(service), **timed(service.clock), **keywords}
    return getattr(twin.package, name)(URL, "key", model="m", **keywords)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("fallbck", "fallback"),
        ("fallbacks", "fallback"),
        ("Fallback", "fallback"),
        ("fall_back", "fallback"),
        ("fallback_max_waits", "fallback_max_wait"),
        ("fallbackMaxAttempts", "fallback_max_attempts"),
        ("fallback-on", "fallback_on"),
        ("atempt_timeout", "attempt_timeout"),
        ("legder", "ledger"),
        ("alow_retired", "allow_retired"),
        ("registery", "registry"),
        ("observers", "observer"),
        ("valdiate", "validate"),
        ("retry_totals", "retry_total"),
        ("credentials", "credential"),
        ("endpont", "endpoint"),
        ("model_extra", "model_extras"),
        ("temprature", "temperature"),
        ("timout", "timeout"),
    ],
)
@pytest.mark.parametrize("name", CLIENTS)
def test_a_slip_in_an_option_is_named(twin: Twin, name: str, slip: str, meant: str) -> None:
    """A client that ignored it would do without the option, unnoticed."""
    with pytest.raises(TypeError, match=rf"'{slip}' is not a keyword .* Write {meant}="):
        make(twin, name, **{slip: 3})


@pytest.mark.parametrize("name", [*sorted(CLIENT_NAMES | CORE_NAMES), "validate", "transport"])
def test_no_option_is_taken_for_another(twin: Twin, name: str) -> None:
    """Each is known by its own name."""
    make(twin, **{name: None} if name not in ("fallback", "validate") else {name: False or None})


@pytest.mark.parametrize("name", [*AZURE_CORE, *FRAMEWORKS])
def test_what_is_not_ours_passes(twin: Twin, name: str) -> None:
    """The SDK takes or ignores it, and frameworks rely on both."""
    assert checked({name: "anything"}) == {name: "anything"}


def test_the_settings_of_a_framework_pass(twin: Twin) -> None:
    """AutoGen's, for one, all in the constructor."""
    theirs = {"model_info": {"vision": True}, "name": "mine", "model_capabilities": None}
    transport = twin.transport(Service(lambda sent: chat("m")))
    client = twin.package.ChatCompletionsClient(URL, "key", transport=transport, **theirs)
    assert twin.complete(client).choices[0].message.content == "Hi there"


@pytest.mark.parametrize("name", sorted(_ELSEWHERE))
def test_another_sdks_name_is_translated(twin: Twin, name: str) -> None:
    """With the keyword to write."""
    with pytest.raises(TypeError, match=f"takes no {name}. Write ") as caught:
        make(twin, **{name: "value-that-may-be-secret"})
    assert _ELSEWHERE[name] in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["api_key", "base_url", "max_retries", "organization"])
def test_another_sdks_name_that_says_nothing_passes(twin: Twin, name: str) -> None:
    """Some frameworks hand over all that they know, set or not."""
    make(twin, **{name: None})


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("max_token", "max_tokens"),
        ("temprature", "temperature"),
        ("fallbck", "fallback"),
        ("message", "messages"),
        ("responce_format", "response_format"),
        ("response_modle", "response_model"),
        ("tool_choise", "tool_choice"),
        ("model_extra", "model_extras"),
        ("timout", "timeout"),
    ],
)
def test_a_slip_in_a_call_is_named(twin: Twin, slip: str, meant: str) -> None:
    """Before anything is sent, also by a dry run."""
    client = make(twin)
    for ask in (client.complete, client.plan_route):
        with pytest.raises(TypeError, match=rf"'{slip}' is not a keyword of complete.*{meant}="):
            twin.run(ask(messages=HELLO, **{slip: 1}))


@pytest.mark.parametrize("name", CLIENTS[1:])
def test_a_slip_in_a_call_for_embeddings_is_named(twin: Twin, name: str) -> None:
    """As for chats."""
    with pytest.raises(TypeError, match=r"'dimension' is not a keyword of embed.* dimensions="):
        twin.run(make(twin, name).embed(input=["a"], dimension=3))


@pytest.mark.parametrize("method", _CALLS)
def test_what_a_call_hands_to_azure_core_passes(method: str) -> None:
    """None of it is like a keyword of ours."""
    check_call(method, (), dict.fromkeys(AZURE_CORE))
    check_call(method, (), dict.fromkeys(_known(method)))


def refused(twin: Twin, *args: Any, **keywords: Any) -> str:
    with pytest.raises(TypeError) as caught:
        twin.run(make(twin).complete(*args, **keywords))
    return str(caught.value)


@pytest.mark.parametrize("given", [HELLO, "Hello", tuple(HELLO)])
def test_messages_are_given_by_name(twin: Twin, given: Any) -> None:
    """The SDK takes a list for a body and sends it."""
    assert "Write complete(messages=[UserMessage('...')])" in refused(twin, given)


@pytest.mark.parametrize("name", CLIENTS[1:])
def test_inputs_are_given_by_name(twin: Twin, name: str) -> None:
    """As messages are."""
    with pytest.raises(TypeError, match=r"Write embed\(input=\['\.\.\.'\]\)"):
        twin.run(make(twin, name).embed(["a"]))


@pytest.mark.parametrize("given", ["Hello", sdk.UserMessage("Hello"), HELLO[0], ["Hello"]])
def test_messages_are_a_list_of_messages(twin: Twin, given: Any) -> None:
    """Text and a single message are what people try first."""
    assert "Write messages=[UserMessage('...')]" in refused(twin, messages=given)


def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return city


class City(BaseModel):
    """A city."""

    name: str


@dataclass
class Town:
    """A town."""

    name: str


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([get_weather], "get_weather"),
        (get_weather, "get_weather"),
        ([City], "City"),
        ([Tool.of(get_weather)], "Tool"),
        (Tool.of(get_weather).definition(), "one definition without a list"),
        (["get_weather"], "'get_weather'"),
    ],
)
def test_tools_are_definitions(twin: Twin, given: Any, named: str) -> None:
    """A function is what other libraries take; how it becomes a definition is said."""
    told = refused(twin, messages=HELLO, tools=given)
    assert named in told
    assert "Tool.of(function).definition()" in told
    assert "ToolRunner" in told
    with pytest.raises(TypeError, match=r"Tool\.of"):
        make(twin, tools=given)


def test_definitions_pass(twin: Twin) -> None:
    """The SDK's objects, and plain dicts."""
    definition = Tool.of(get_weather).definition()
    for given in ([definition], [definition.as_dict()], (definition,)):
        assert twin.complete(make(twin), tools=given).choices
        assert twin.complete(make(twin, tools=given)).choices


@pytest.mark.parametrize("given", [City, Town, dict])
def test_a_class_is_no_format(twin: Twin, given: type) -> None:
    """Other SDKs take one; here it has a keyword of its own."""
    told = refused(twin, messages=HELLO, response_format=given)
    assert f"response_model={given.__name__}" in told
    with pytest.raises(TypeError, match=f"response_model={given.__name__}"):
        make(twin, response_format=given)


@pytest.mark.parametrize(
    ("given", "write"),
    [
        ({"type": "json_object"}, "response_format='json_object'"),
        ({"type": "text"}, "response_format='text'"),
        ({"type": "json_schema", "json_schema": {}}, "JsonSchemaFormat(name=..., schema=...)"),
        ({}, "JsonSchemaFormat"),
    ],
)
def test_the_wire_form_of_a_format_is_translated(twin: Twin, given: Any, write: str) -> None:
    """What another SDK takes has another form here."""
    assert write in refused(twin, messages=HELLO, response_format=given)


def test_other_formats_are_refused_by_the_sdk(twin: Twin) -> None:
    """As it does."""
    with pytest.raises(ValueError, match="Unsupported `response_format`"):
        twin.complete(make(twin), response_format=TypeAdapter(int))


@pytest.mark.parametrize(
    "given", ["text", "json_object", sdk.JsonSchemaFormat(name="a", schema={})]
)
def test_the_sdks_formats_pass(twin: Twin, given: Any) -> None:
    """All three forms, for a call and for all calls."""
    assert twin.complete(make(twin), response_format=given).choices
    assert twin.complete(make(twin, response_format=given)).choices


def test_a_whole_body_passes(twin: Twin) -> None:
    """As a dict or as bytes."""
    body = {"messages": HELLO, "model": "m"}
    assert twin.run(make(twin).complete(body)).choices
    assert twin.run(make(twin).complete(body=body)).choices
