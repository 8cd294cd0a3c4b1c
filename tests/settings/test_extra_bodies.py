"""Members of the body and a timeout, by endpoint and by model; through both twins."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from github_models_azure import trail_of
from github_models_azure.endpoints import Endpoint
from github_models_azure.exceptions import SettingsError
from github_models_azure.registry import ModelRegistry, OverlayError
from github_models_azure.settings.load import load_settings
from tests.cli.program import Program
from tests.harness import HELLO, Answer, Sent, Service, Twin, chat, error, limited, timed
from tests.settings.test_openhands_variables import vectors

URL = "https://llm.example/v1"
OWN = f"""
endpoint = "mine"
model = "dummyllm-base"
fallback = ["other/dummyllm-expert", "mine/plain"]

[endpoints.mine]
url = "{URL}"
extra_body = {{ region = "us-west-2", seed = 1 }}
timeout = 30

[endpoints.other]
url = "https://other.example/v1"
timeout = 5
credential = {{ none = true }}

[models."dummyllm-expert"]
extra_body = {{ advanced_reasoning = true }}
"""


def write(text: str) -> Path:
    path = Path("github-models.toml")
    path.write_text(text, "utf-8")
    return path.resolve()


def client_of(twin: Twin, service: Service, kind: str = "Chat", **options: Any) -> Any:
    names = {"Chat": "ChatCompletionsClient", "Embeddings": "EmbeddingsClient"}
    options = {"transport": twin.transport(service), **timed(service.clock), **options}
    return getattr(twin.package, names[kind])(**options)


def last_answers(sent: Sent) -> Answer:
    return chat(sent.model) if sent.model == "plain" else limited()


def test_each_target_is_sent_what_is_said_of_it(twin: Twin) -> None:
    """What an endpoint wants, and what a model wants; the trail says so."""
    write(OWN)
    service = Service(last_answers)
    answer = twin.complete(client_of(twin, service))
    assert [sent.body for sent in service.sent] == [
        {"model": "dummyllm-base", "messages": HELLO, "region": "us-west-2", "seed": 1},
        {"model": "dummyllm-expert", "messages": HELLO, "advanced_reasoning": True},
        {"model": "plain", "messages": HELLO, "region": "us-west-2", "seed": 1},
    ]
    changes = [str(event) for event in trail_of(answer).adaptations]  # type: ignore[union-attr]
    assert changes[2] == (
        "adapted for other/dummyllm-expert: advanced_reasoning=True, as the settings of the "
        "target say"
    )


def test_the_model_goes_before_the_endpoint(twin: Twin) -> None:
    """A member that both give is the model's."""
    write(OWN + '[models."dummyllm-base"]\nextra_body = { region = "eu" }\n')
    service = Service(lambda sent: chat(sent.model))
    twin.complete(client_of(twin, service))
    assert (service.sent[0].body["region"], service.sent[0].body["seed"]) == ("eu", 1)


@pytest.mark.parametrize("how", ["keyword", "extras", "client"])
def test_the_callers_own_member_goes_before(twin: Twin, how: str) -> None:
    """Of the call, by either way, and of the client."""
    write(OWN)
    service = Service(lambda sent: chat(sent.model))
    client = client_of(twin, service, **({"seed": 2} if how == "client" else {}))
    said: dict[str, Any] = {
        "keyword": {"seed": 2},
        "extras": {"model_extras": {"seed": 2}},
        "client": {},
    }
    twin.complete(client, **said[how])
    assert service.sent[0].body["seed"] == 2
    assert service.sent[0].body["region"] == "us-west-2"


def test_what_a_target_is_to_be_sent_is_sent_in_every_dialect(twin: Twin) -> None:
    """A dialect that knows its members only is wrong about this one; a refusal is still heard."""
    write(
        '[endpoints.mistral]\ncredential = { none = true }\nextra_body = { "own" = 1, "odd" = 2 }\n'
    )

    def refuses(sent: Sent) -> Answer:
        if "odd" in sent.body:
            return error(400, "unsupported_parameter", "Unsupported parameter: 'odd'")
        return chat(sent.model)

    service = Service(refuses)
    client = client_of(twin, service, endpoint="mistral", model="m")
    trail = trail_of(twin.complete(client, model_extras={"unheard_of": 1}))
    first, second = service.sent
    assert {"own", "odd"} <= first.body.keys()
    assert "own" in second.body
    assert "odd" not in second.body
    assert "unheard_of=1 dropped" in str(trail)


def test_vectors_are_asked_with_them_too(twin: Twin) -> None:
    """They are members of every body."""
    write(OWN + '[models."vectors"]\nextra_body = { dimensions = 5 }\n')
    service = Service(vectors)
    client = client_of(twin, service, "Embeddings", model="vectors")
    twin.run(client.embed(input=["a"]))
    body = {"model": "vectors", "input": ["a"], "region": "us-west-2", "seed": 1, "dimensions": 5}
    assert service.sent[0].body == body


def test_the_smaller_timeout_rules(twin: Twin) -> None:
    """That of the endpoint, of the call's attempts, or what is left of the whole call."""
    write(OWN)

    def seconds(**said: Any) -> list[float]:
        service = Service(last_answers)
        twin.complete(client_of(twin, service), **said)
        return [sent.options["read_timeout"] for sent in service.sent]

    assert seconds() == [30, 5, 30]
    assert seconds(attempt_timeout=10) == [10, 5, 10]
    assert seconds(attempt_timeout=60) == [30, 5, 30]
    assert seconds(timeout=3) == [3, 3, 3]


def test_a_wanted_shape_goes_before_a_format_of_the_settings(twin: Twin) -> None:
    """``response_model`` says what the answer is."""
    from pydantic import BaseModel

    class City(BaseModel):
        name: str

    write(OWN.replace("seed = 1", 'seed = 1, response_format = { type = "json_object" }'))
    service = Service(lambda sent: chat(sent.model, '{"name": "Bonn"}'))
    client = client_of(twin, service)
    assert twin.complete(client, response_model=City).parsed.name == "Bonn"
    assert service.sent[0].body.get("response_format") != {"type": "json_object"}
    twin.complete(client)
    assert service.sent[1].body["response_format"] == {"type": "json_object"}


def test_they_are_options_of_an_endpoint_in_code(twin: Twin) -> None:
    """The same as in the settings; they travel with it."""
    made = Endpoint("mine", URL, "k", extra_body={"region": "eu"}, timeout=4)
    for endpoint in (made, pickle.loads(pickle.dumps(made)), replace(made, name="mine")):
        assert (endpoint.extra_body, endpoint.timeout) == ({"region": "eu"}, 4)
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, made, credential=None, model="m"))
    assert service.sent[0].body["region"] == "eu"
    assert service.sent[0].options["read_timeout"] == 4


def test_an_endpoint_that_moved_keeps_them(twin: Twin) -> None:
    """It is the same server."""
    moved = Endpoint(
        "mine", f"{URL}/old", "k", retired_on=date(2026, 1, 1), moved_to=URL,
        extra_body={"region": "eu"}, timeout=4,
    )  # fmt: skip
    service = Service(lambda sent: chat(sent.model))
    twin.complete(twin.client(service, moved, credential=None, model="m"))
    assert service.sent[0].url.startswith(f"{URL}/chat")
    assert service.sent[0].body["region"] == "eu"
    assert service.sent[0].options["read_timeout"] == 4


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"extra_body": {"model": "x"}}, ValueError, "endpoint 'n': extra_body has 'model'"),
        ({"extra_body": []}, TypeError, "endpoint 'n': extra_body is a table"),
        ({"timeout": 0}, ValueError, "endpoint 'n': timeout is at least"),
        ({"timeout": "soon"}, TypeError, "endpoint 'n': timeout is a number"),
    ],
)
def test_what_cannot_be_is_refused_in_code(
    options: dict[str, Any], error: type[Exception], says: str
) -> None:
    """With the name of the endpoint."""
    with pytest.raises(error, match=says):
        Endpoint("n", URL, **options)


@pytest.mark.parametrize(
    ("line", "path", "says"),
    [
        ('extra_body = { model = "x" }', "endpoints.mine.extra_body", "extra_body has 'model'"),
        ("extra_body = { messages = [] }", "endpoints.mine.extra_body", "'messages'"),
        ("extra_body = { stream = true }", "endpoints.mine.extra_body", "'stream'"),
        ("extra_body = 3", "endpoints.mine.extra_body", "is a table"),
        ("extra_body = { day = 2026-01-01 }", "endpoints.mine.extra_body", "JSON does not have"),
        ("timeout = 0", "endpoints.mine.timeout", "is at least 0.001 seconds"),
        ("timeout = true", "endpoints.mine.timeout", "is a number of seconds"),
        ('timeout = "5"', "endpoints.mine.timeout", "is a number of seconds"),
    ],
)
def test_what_cannot_be_is_refused_in_the_file(line: str, path: str, says: str) -> None:
    """With file and member."""
    file = write(f'[endpoints.mine]\nurl = "{URL}"\n{line}\n')
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    (text,) = str(caught.value).splitlines()
    assert text.startswith(f"{path} in {file}: ")
    assert says in text


@pytest.mark.parametrize("member", ["model", "messages", "stream"])
def test_a_model_does_not_say_what_the_call_says(twin: Twin, member: str) -> None:
    """The error names the model, the member and the file."""
    file = write(f'[models."x"]\nextra_body = {{ {member} = "y" }}\n')
    with pytest.raises(SettingsError) as caught:
        client_of(twin, Service(vectors), endpoint=URL, credential="k")
    assert f"has {member!r}" in str(caught.value)
    assert "'x'" in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_registry_takes_them_from_an_overlay() -> None:
    """In code."""
    registry = ModelRegistry.bundled().with_overlay({"openai/gpt-4o": {"extra_body": {"a": 1}}})
    assert registry.get("gpt-4o").extra_body == {"a": 1}
    with pytest.raises(OverlayError, match="extra_body"):
        registry.with_overlay({"openai/gpt-4o": {"extra_body": 3}})


@pytest.mark.extras
def test_commands_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    """``models`` those of a model, ``doctor`` those of an endpoint; in words and as JSON."""
    program = Program(capsys)
    write(OWN)
    assert "extra_body          advanced_reasoning=True" in program("models", "dummyllm-expert").out
    shown = json.loads(program("models", "dummyllm-expert", "--json").out)
    assert shown["extra_body"] == {"advanced_reasoning": True}
    assert "extra_body" not in program("models", "gpt-4o").out
    write(
        OWN.replace(URL, "http://127.0.0.1:9/v1").replace("https://other.example", "http://[::1]:9")
    )
    calls = ["region='us-west-2'", "seed=1", "timeout=30"]
    assert (
        f"    calls: {', '.join(calls)}" in program("doctor", "--timeout", "0.1").out.splitlines()
    )
    report = json.loads(program("doctor", "--json", "--timeout", "0.1").out)
    assert next(one for one in report["endpoints"] if one["name"] == "mine")["calls"] == calls


def test_variables_say_them_as_json(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over those of the file, member by member."""
    write(OWN)
    entry = {"mine": {"extra_body": {"seed": 9}, "timeout": 2}}
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINTS", json.dumps(entry))
    service = Service(lambda sent: chat(sent.model))
    twin.complete(client_of(twin, service))
    assert service.sent[0].body["seed"] == 9
    assert service.sent[0].body["region"] == "us-west-2"
    assert service.sent[0].options["read_timeout"] == 2


@pytest.mark.extras
def test_a_secret_in_a_body_is_sent_and_never_shown(
    twin: Twin, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some servers want one there: neither the trail nor a command has its value."""
    write(
        """
        endpoint = "mine"
        model = "m"
        [endpoints.mine]
        url = "http://127.0.0.1:9/v1"
        credential = { none = true }
        extra_body = { tenant_key = "sk-1", options = { token = "sk-1" } }
        [models.m]
        extra_body = { password = "sk-1", x = 1 }
        """
    )

    def refuses(sent: Sent) -> Answer:
        if "password" in sent.body:
            return error(400, "unsupported_parameter", "Unsupported parameter: 'password'")
        return chat(sent.model)

    service = Service(refuses)
    answer = twin.complete(client_of(twin, service))
    assert service.sent[0].body["tenant_key"] == "sk-1"
    mine = ModelRegistry.bundled().with_overlay({"m": {"extra_body": {"password": "sk-1"}}})
    said = f"{trail_of(answer)}{mine.get('m')!r}{load_settings({}).endpoints['mine'].terms!r}"
    assert "password='...' dropped" in said
    assert "tenant_key='...', as the settings of the target say" in said
    program = Program(capsys)
    for arguments in (["doctor", "--timeout", "0.1"], ["models", "m"]):
        for json_too in ([], ["--json"]):
            outcome = program(*arguments, *json_too)
            said += outcome.out + outcome.err
    assert "x=1" in said
    assert "sk-1" not in said
