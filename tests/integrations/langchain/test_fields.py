"""How a model is made, shown and written down; no secret shows anywhere.

About `integrations/langchain/_connected.py`.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import AzureKeyCredential
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumpd, dumps, load
from langchain_core.runnables import ConfigurableField

from github_models_azure import Endpoint, GitHubTokenCredential, ModelRegistry, Target
from github_models_azure.integrations.langchain import ChatGitHubModels, GitHubModelsEmbeddings
from tests.harness import Service, chat

from . import emulator_helpers as emulated
from .side_helpers import Side

SECRET = "sk-very-secret"
NAMESPACE = ["github_models_azure"]


def made(**fields: Any) -> ChatGitHubModels:
    return ChatGitHubModels(**{"model": "m", "base_url": "https://x.example/v1", **fields})


def test_no_secret_is_shown() -> None:
    """Neither by repr nor in what LangChain writes or traces."""
    model = made(api_key=SECRET, client_kwargs={"headers": {"x": SECRET}})
    shown = [repr(model), str(model), dumps(model), str(model.asdict())]
    shown += [str(model.lc_attributes), str(model._identifying_params), model.model_dump_json()]
    shown += [str(model._get_invocation_params()), model._get_llm_string()]
    model._sync_client()
    shown += [repr(model.__pydantic_private__), repr(model._sync_client())]
    assert not [text for text in shown if SECRET in text]
    assert dumpd(model)["kwargs"]["api_key"]["id"] == ["GITHUB_MODELS_API_KEY"]


def test_a_key_in_the_url_is_not_shown() -> None:
    """Some gateways want it there; in front of the host it is refused, as by the clients."""
    url = f"https://x.example/v1?code={SECRET}"
    model = ChatGitHubModels(model="m", base_url=url)
    shown = [repr(model), dumps(model), str(model._identifying_params), model._get_llm_string()]
    assert not [text for text in [*shown, model.model_dump_json()] if SECRET in text]
    assert model._client_options["endpoint"].url == url
    with pytest.raises(ValueError, match="carries a user name or password") as caught:
        ChatGitHubModels(model="m", base_url=f"https://u:{SECRET}@x.example/v1")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"temprature": 1}, {"temperature": "hot"}, {"max_retries": -1}])
def test_errors_do_not_show_the_key(wrong: dict[str, Any]) -> None:
    """Pydantic would repeat all that it was given."""
    with pytest.raises(ValueError, match=next(iter(wrong))) as caught:
        made(api_key=SECRET, **wrong)
    assert SECRET not in str(caught.value)


def test_an_unknown_field_is_told_where_to_go() -> None:
    """A typing error is not swallowed."""
    with pytest.raises(ValueError, match=r"no field 'top_k'.*model_kwargs=\{'top_k'"):
        made(top_k=1)


@pytest.mark.filterwarnings("ignore:The function `load` is in beta")
def test_a_model_can_be_written_down_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes from the environment then."""
    model = made(api_key=SECRET, temperature=0.5, fallback=None, model_kwargs={"user": "ada"})
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "another")
    read = load(
        json.loads(dumps(model)),
        valid_namespaces=NAMESPACE,
        allowed_objects=[ChatGitHubModels],
        secrets_from_env=True,
    )
    assert read.api_key.get_secret_value() == "another"
    assert read.model_copy(update={"api_key": model.api_key}) == model
    assert read._policy_options == {"fallback": None}


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"model_name": "other"}, "model", "other"),
        ({"azure_endpoint": "https://y"}, "base_url", "https://y"),
        ({"endpoint": "https://y"}, "base_url", "https://y"),
        ({"request_timeout": 3}, "timeout", 3),
        ({"stop_sequences": ["x"]}, "stop", ["x"]),
    ],
    ids=str,
)
def test_other_names_of_fields(given: dict[str, Any], field: str, value: Any) -> None:
    """Those that LangChain's other connectors have."""
    assert getattr(ChatGitHubModels(**{"model_name": "m", **given}), field) == value


def test_a_text_for_a_credential_is_a_key() -> None:
    """So that it is hidden like one."""
    assert made(credential=SECRET).api_key.get_secret_value() == SECRET  # type: ignore[union-attr]
    assert made(credential=AzureKeyCredential(SECRET)).api_key is None


@pytest.mark.parametrize(
    "fields",
    [
        {"api_key": "k", "credential": GitHubTokenCredential("t")},
        {"endpoint": Endpoint("y", "https://y")},
        {"model_name": "other"},
        {"base_url": Endpoint("y", "https://y"), "endpoint": Endpoint("z", "https://z")},
    ],
    ids=["credential", "endpoint", "model", "endpoints"],
)
def test_two_words_for_one_thing_are_refused(fields: dict[str, Any]) -> None:
    """One of them would be passed over in silence."""
    with pytest.raises(ValueError, match="say the same thing"):
        made(**fields)


def test_fields_reach_the_client() -> None:
    """Under the client's own names; what was left out is left to the settings."""
    credential, registry = GitHubTokenCredential("t"), ModelRegistry.bundled()
    endpoint = Endpoint("y", "https://y.example/v1")
    model = ChatGitHubModels(
        model="m",
        base_url=endpoint,  # type: ignore[arg-type]  # a text to type checkers
        credential=credential,
        timeout=9,
        max_retries=1,
        fallback=[Target("b"), "y/c"],
        fallback_max_wait=2,
        registry=registry,
        client_kwargs={"connection_timeout": 3},
    )
    assert model._client_options == {
        "endpoint": endpoint,
        "credential": credential,
        "model": "m",
        "timeout": 9,
        "retry_total": 1,
        "fallback": ["b", "y/c"],
        "fallback_max_wait": 2,
        "registry": registry,
        "connection_timeout": 3,
    }
    assert ChatGitHubModels(model="m")._client_options == {"model": "m"}
    assert made(fallback=None)._client_options["fallback"] is None
    assert made(fallback={"m": [Target("b")]})._client_options["fallback"] == {"m": ["b"]}


def test_settings_fill_what_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: Side
) -> None:
    """Endpoint, key and model as the clients find them; a ready client has its own model."""
    monkeypatch.chdir(tmp_path)
    place = emulated.place()
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", place["base_url"])
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", place["api_key"])
    monkeypatch.setenv("GITHUB_MODELS_MODEL", emulated.SECOND)
    model = ChatGitHubModels()
    assert model.model == emulated.SECOND
    assert model._get_ls_params()["ls_model_name"] == emulated.SECOND
    assert side.invoke(model).response_metadata["model_name"].startswith("gpt-4o")
    model.close()
    service = Service(lambda sent: chat("m"))
    client = {"model": "its-own"}
    assert side.chat(service, client, model=None).model is None
    side.invoke(side.chat(service, client, model=None))
    assert service.models == ["its-own"]


def test_answers_are_cached_by_langchain(side: Side) -> None:
    """The same request is asked once; other fields make another request."""
    service, cache = Service(lambda sent: chat(sent.model)), InMemoryCache()
    model = side.chat(service, cache=cache)
    first, second = side.invoke(model), side.invoke(model)
    assert first.content == second.content
    assert second.usage_metadata["total_cost"] == 0
    side.invoke(side.chat(service, cache=cache, temperature=1))
    assert len(service.sent) == 2


def test_fields_can_be_configured_at_run_time(side: Side) -> None:
    """As LangChain's `configurable_fields` has it."""
    model = emulated.chat().configurable_fields(model=ConfigurableField(id="model"))
    chosen = model.with_config(configurable={"model": emulated.SECOND})
    assert "gpt-4o" in side.invoke(chosen).response_metadata["model_name"]


def test_a_field_configured_at_run_time_leaves_the_settings_alone() -> None:
    """LangChain makes the model anew of all its fields, also those that were left out."""
    for model, policy in ((made(), {}), (made(fallback=None), {"fallback": None})):
        configured, _ = model.configurable_fields(temperature=ConfigurableField(id="t")).prepare(
            {"configurable": {"t": 1}}
        )
        assert configured.temperature == 1  # type: ignore[attr-defined]
        assert configured._policy_options == policy  # type: ignore[attr-defined]


@pytest.mark.parametrize("nothing", [None, "none"])
def test_a_copy_may_have_no_fallback(nothing: Any) -> None:
    """``None`` is not the same as left out."""
    assert made(fallback="")._policy_options == {}
    copied = made(fallback=["b"]).model_copy(update={"fallback": nothing})
    assert copied._policy_options == {"fallback": None}


def test_the_cache_tells_places_apart(side: Side) -> None:
    """What is not written down, endpoints and ready clients, is heeded all the same."""
    service, cache = Service(lambda sent: chat(sent.model, sent.model)), InMemoryCache()
    for name in ("a", "b", "a"):
        model = side.chat(service, {"model": name}, model=None, cache=cache)
        assert side.invoke(model).content == name
    assert service.models == ["a", "b"]
    places = [Endpoint(name, f"https://{name}.example/v1?code={SECRET}") for name in ("y", "z")]
    keys = {ChatGitHubModels(model="m", endpoint=place)._get_llm_string() for place in places}
    assert len(keys) == 2
    assert not [key for key in keys if SECRET in key]


def test_the_profile_comes_from_the_registry() -> None:
    """LangChain's agents look there for what a model can do; unknown models have none."""
    profile = made(model="github/openai/gpt-4.1").profile
    assert profile is not None
    assert profile["max_input_tokens"] == 1_048_576
    assert profile["tool_calling"] is True
    assert profile["structured_output"] is True
    assert made(model="openai/o3-mini").profile["temperature"] is False  # type: ignore[index]
    assert made(model="my-own").profile is None
    assert ChatGitHubModels().profile is None


def test_tokens_are_estimated_or_counted() -> None:
    """LangChain asks before it trims a history; nothing is downloaded for it."""
    messages = ChatGitHubModels(model="m")._convert_input("four word long text").to_messages()
    assert made().get_num_tokens("four word long text") == 5
    counted = made(tokenizer=lambda text: len(text.split()))
    assert counted.get_num_tokens("four word long text") == 4
    assert counted.get_num_tokens_from_messages(messages) == 8
    encoder = SimpleNamespace(encode=str.split)
    assert made(tokenizer=encoder).get_num_tokens_from_messages(messages) == 8
    assert made(tokenizer=str.split).get_num_tokens("four word long text") == 4
    picture = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    (message,) = messages
    message.content = [picture]
    assert counted.get_num_tokens_from_messages([message], tools=[{"name": "f"}]) > 769


def test_embeddings_hide_their_key_too(caplog: pytest.LogCaptureFixture) -> None:
    """The fields are the same."""
    caplog.set_level(logging.DEBUG)
    model = emulated.embeddings(api_key=SECRET)
    with model:
        model.embed_query("Hello")
    assert SECRET not in repr(model) + caplog.text
    with pytest.raises(ValueError, match="no field 'temperature'"):
        GitHubModelsEmbeddings(temperature=1)


@pytest.mark.parametrize("name", ["headers", "extra_headers"])
def test_headers_of_a_call_reach_no_callback_and_no_cache(side: Side, name: str) -> None:
    """Tracing would send them on, and a cache keep them."""
    service, seen = Service(lambda sent: chat(sent.model)), Seen()
    model = side.chat(service, cache=InMemoryCache())
    side.invoke(model.bind(**{name: {"x": SECRET}}), config={"callbacks": [seen]})
    assert service.sent[0].headers["x"] == SECRET
    assert seen.told
    assert SECRET not in seen.told
    assert SECRET not in str(model.cache._cache)  # type: ignore[union-attr]


class Seen(BaseCallbackHandler):
    """What a callback is told when a model starts."""

    told = ""

    def on_chat_model_start(self, *given: Any, **named: Any) -> None:
        self.told += f"{given} {named}"


@pytest.mark.parametrize("name", ["api_key", "credential", "base_url", "endpoint"])
def test_a_call_cannot_say_where_to_connect(side: Side, name: str) -> None:
    """It would be sent as a member of the body, to every target."""
    service, seen = Service(lambda sent: chat(sent.model)), Seen()
    with pytest.raises(ValueError, match=f"{name} is not a keyword of a call"):
        side.invoke(side.chat(service), config={"callbacks": [seen]}, **{name: SECRET})
    with pytest.raises(ValueError, match=f"{name} is not a keyword of a call"):
        side.embed(side.embeddings(service), ["a"], **{name: SECRET})
    assert service.sent == []
    assert SECRET not in seen.told


@pytest.mark.parametrize("mapped", [False, True])
def test_a_dump_names_targets_without_their_keys(mapped: bool) -> None:
    """The endpoint of a target has a key of its own."""
    targets = [Target("x", Endpoint("work", "https://x.example/v1", credential=SECRET)), "y"]
    model = made(fallback={"m": targets} if mapped else targets)
    named = {"m": ["work/x", "y"]} if mapped else ["work/x", "y"]
    assert model.model_dump()["fallback"] == named
    assert json.loads(model.model_dump_json())["fallback"] == named
    assert model._client_options["fallback"] == ({"m": targets} if mapped else targets)
