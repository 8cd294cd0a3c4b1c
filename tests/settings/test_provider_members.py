"""``NAME_...`` members of a provider's ``[llm]`` table, and files that plainly mean us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from tests.harness import HELLO, Service, Twin, chat, limited
from tests.settings.test_openhands_in_clients import client_of

URL = "https://api.dummyllm.example/v1"
# As OpenHands' guide for adding a provider has it
GUIDE = f"""
[llm]
model = "dummyllm/dummyllm-expert"
custom_llm_provider = "openai"
base_url = "{URL}"
api_key = "key"
dummyllm_region = "us-west-2"
dummyllm_timeout = 180
dummyllm_response_format = "json"
"""


def write(text: str) -> Path:
    path = Path("config.toml")
    path.write_text(text, "utf-8")
    return path.resolve()


def refused() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    return str(caught.value)


def test_the_guides_table_is_understood(twin: Twin) -> None:
    """A body member, the timeout of the endpoint, the shape of the answer; the trail says so."""
    write(GUIDE)
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service)
    answer = twin.complete(client)
    (sent,) = service.sent
    assert sent.body == {
        "model": "dummyllm/dummyllm-expert",
        "messages": HELLO,
        "region": "us-west-2",
        "response_format": {"type": "json_object"},
    }
    assert sent.options["read_timeout"] == 180
    assert [event.change for event in trail_of(answer).adaptations] == [  # type: ignore[union-attr]
        "region='us-west-2', as the settings of the target say",
        "response_format={'type': 'json_object'}, as the settings of the target say",
    ]
    twin.complete(client, model_extras={"region": "eu"}, response_format="text")
    assert service.sent[1].body["region"] == "eu"
    assert service.sent[1].body["response_format"] == {"type": "text"}
    twin.complete(client, attempt_timeout=20)
    assert service.sent[2].options["read_timeout"] == 20


@pytest.mark.parametrize(
    "where",
    [
        'model = "x"\ncustom_llm_provider = "groq"\ngroq_region = "eu"',
        'model = "groq/x"\ngroq_region = "eu"',
        'model = "GROQ/x"\nGroq_Region = "eu"',
        'model = "openai/x"\nopenai_api_region = "eu"',  # the endpoint's name
        'model = "x"\nbase_url = "https://llm.example/v1"\nllm_example_region = "eu"',
        'model = "my-own/x"\ncustom_llm_provider = "openai"\nmy_own_region = "eu"',
        'model = "hosted_vllm/x"\nbase_url = "https://a.example/v1"\nhosted_vllm_region = "eu"',
    ],
)
def test_a_provider_is_known_by_each_of_its_names(where: str) -> None:
    """What is written, what stands in front of the model, and what its endpoint is called."""
    write(f'[llm]\napi_key = "k"\n{where}\n')
    members = load_settings({}).endpoints["llm"].defaults.chat_body
    assert members["region"] == "eu"


def test_the_longest_name_counts() -> None:
    """``azure_ai_region`` is no ``ai_region`` of Azure's."""
    resource = 'base_url = "https://r.services.ai.azure.com/openai/v1"'
    write(f'[llm]\nmodel = "azure_ai/x"\n{resource}\nazure_ai_region = "eu"\n')
    assert load_settings({}).endpoints["llm"].defaults.chat_body["region"] == "eu"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("'json'", {"type": "json_object"}),
        ("'JSON_object'", {"type": "json_object"}),
        ("'text'", {"type": "text"}),
        ("{ type = 'json_object' }", {"type": "json_object"}),
    ],
)
def test_a_format_is_a_word_or_a_table(written: str, sent: dict[str, Any]) -> None:
    """The table goes as it is, and is no model of the route."""
    write(f'[llm]\nmodel = "groq/x"\ngroq_response_format = {written}\n')
    settings = load_settings({})
    assert settings.endpoints["llm"].defaults.chat_body["response_format"] == sent
    assert settings.options["fallback"] is None


def test_a_table_that_says_something_of_a_model_is_one() -> None:
    """Whatever it is called."""
    write('[llm]\nmodel = "groq/x"\n[llm.groq_spare]\nmodel = "groq/y"\n')
    assert load_settings({}).options["fallback"] == ["llm.groq_spare/y"]


def test_a_table_has_members_of_its_own_provider(twin: Twin) -> None:
    """It takes over those of ``[llm]`` for the same provider, and none of another's."""
    write(
        """
        [llm]
        model = "groq/first"
        api_key = "k"
        groq_region = "eu"
        groq_timeout = 9
        [llm.same]
        model = "groq/second"
        groq_timeout = 4
        [llm.other]
        model = "mistral/third"
        api_key = "k"
        mistral_safe = true
        [llm.named]
        model = "openrouter/fourth"
        api_key = "k"
        named_safe = true
        """
    )
    service = Service(lambda sent: chat(sent.model) if sent.model == "fourth" else limited())
    twin.complete(client_of(twin, service))
    said = [
        (sent.body.get("region"), sent.body.get("safe"), sent.options.get("read_timeout"))
        for sent in service.sent
    ]
    assert said == [("eu", None, 9), ("eu", None, 4), (None, True, None), (None, True, None)]


def test_sampling_under_the_providers_name_is_sampling(twin: Twin) -> None:
    """It goes before the table's own, and a call before both."""
    write('[llm]\nmodel = "groq/x"\napi_key = "k"\ntop_p = 0.5\ngroq_top_p = 0.25\n')
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service)
    twin.complete(client)
    twin.complete(client, top_p=0.75)
    assert [sent.body["top_p"] for sent in service.sent] == [0.25, 0.75]


SECRET = "sk-secret-0123456789"


@pytest.mark.parametrize(
    ("line", "name", "says"),
    [
        ("groq_timeout = 'soon'", "groq_timeout", "is a number of seconds"),
        ("groq_timeout = 0", "groq_timeout", "is at least"),
        ("groq_response_format = 'xml'", "groq_response_format", "'json'"),
        ("groq_response_format = { x = 1 }", "groq_response_format", "a table with a type"),
        ("groq_response_format = 3", "groq_response_format", "not 3"),
        ("groq_model = 'y'", "groq_model", "only the call itself may say"),
        ("groq_stream = true", "groq_stream", "only the call itself may say"),
        ("groq_messages = []", "groq_messages", "only the call itself may say"),
        ("groq_day = 2026-01-01", "groq_day", "JSON does not have"),
        (f"groq_api_key = '{SECRET}'", "groq_api_key", "write api_key"),
        (f"groq_secret = '{SECRET}'", "groq_secret", "would be sent in the body"),
        (f"groq_token = '{SECRET}'", "groq_token", "would be sent in the body"),
        (f"groq_key = '{SECRET}'", "groq_key", "would be sent in the body"),
        (f"groq_x = {{ token = '{SECRET}' }}", "groq_x", "would be sent in the body"),
        ("groq_num_retries = 3", "groq_num_retries", "write num_retries"),
        ("xai_region = 'eu'", "xai_region", "is not known"),
        ("region = 'eu'", "region", "A provider's own members begin with its name"),
        ("groq_ = 3", "groq_", "is not known"),
    ],
)
def test_what_is_not_understood_is_named(line: str, name: str, says: str) -> None:
    """File, table and member; the file is not dropped, and no secret is shown."""
    file = write(f'[llm]\nmodel = "groq/x"\n{line}\n')
    text = refused()
    assert text.startswith(f"llm.{name} in {file}: ")
    assert says in text
    assert SECRET not in text
    file = write(f'[llm]\nmodel = "openrouter/x"\n[llm.a]\nmodel = "groq/x"\n{line}\n')
    assert refused().startswith(f"llm.a.{name} in {file}: ")


@pytest.mark.parametrize(
    "text",
    [
        'model = "groq/x"\nworkspace = 1',
        'model = "x"\nbase_url = "https://a.example/v1"\nworkspace = 1',
        'model = "x"\ncustom_llm_provider = "groq"\nworkspace = 1',
        'model = "anthropic/x"\nworkspace = 1',
    ],
)
def test_a_file_that_plainly_means_us_is_never_dropped(text: str) -> None:
    """What is unknown in it is an error that says how to leave the file out."""
    file = write(f"[llm]\n{text}\n")
    assert f"llm.workspace in {file}: is not known" in refused()
    assert "GITHUB_MODELS_APPLICATIONS=false" in refused()
    assert load_settings({"GITHUB_MODELS_APPLICATIONS": "false"}).endpoint is None
    assert load_settings({}, decided=True).endpoint is None


@pytest.mark.parametrize(("line", "says"), [("", "is missing"), ("model = 5", "a valid string")])
def test_a_file_with_a_provider_and_no_model_is_never_dropped(line: str, says: str) -> None:
    """``custom_llm_provider`` is LiteLLM's word; a variable may have the model."""
    text = 'custom_llm_provider = "openai"\nbase_url = "https://a.example/v1"\napi_key = "k"'
    file = write(f"[llm]\n{line}\n{text}\n")
    assert refused().startswith(f"llm.model in {file}: ")
    assert says in refused()
    assert load_settings({"LLM_MODEL": "own"}).model == "own"
    file = write("[llm]\ncustom_llm_provider = ''\n")
    assert load_settings({}).notes == (f"{file} is not used: its [llm] table names no model.",)


def test_a_provider_that_nobody_knows_is_named_with_its_file() -> None:
    """Its own members tell that the file means us."""
    file = write('[llm]\nmodel = "dummyllm/x"\ndummyllm_region = "eu"\n')
    assert f"llm.model in {file}: does not begin with a known provider" in refused()
    file = write(GUIDE.replace('"openai"', '"dummyllm"'))
    assert f"llm.custom_llm_provider in {file}: names a provider that is not known" in refused()


@pytest.mark.parametrize("text", ['model = "y"\nprovider = "x"', 'model = "gpt-4o"\nprovider = 3'])
def test_another_programs_file_is_passed_over(text: str) -> None:
    """One that does not say in LiteLLM's words where its model is; a note says so."""
    file = write(f"[llm]\n{text}\n")
    (note,) = load_settings({}).notes
    assert note == f"{file} is not used: [llm] has 'provider', which OpenHands does not know."


def test_a_github_token_is_not_sent_as_a_member() -> None:
    """As somebody writes it who knows the variable's name; ``github`` is the provider."""
    file = write(f'[llm]\nmodel = "github/openai/gpt-4.1"\ngithub_token = "{SECRET}"\n')
    text = refused()
    assert text.startswith(f"llm.github_token in {file}: would be sent in the body")
    assert "a key is api_key of the table" in text
    assert SECRET not in text


def test_embeddings_are_given_the_timeout_alone(twin: Twin) -> None:
    """The members are of chats, the timeout is the endpoint's."""
    from tests.settings.test_openhands_variables import vectors

    write(GUIDE)
    service = Service(vectors)
    client = twin.package.EmbeddingsClient(transport=twin.transport(service), model="e")
    twin.run(client.embed(input=["a"]))
    assert service.sent[0].body == {"model": "e", "input": ["a"]}
    assert service.sent[0].options["read_timeout"] == 180
