"""The strict mode: ``/openai/v1`` as a Foundry resource serves it."""

from __future__ import annotations

from typing import Any

import pytest
from emulator_helpers import Service, service

from github_models_azure.server.emulator import EmulatorSettings

V1 = "/openai/v1"
CHAT = f"{V1}/chat/completions"
PROJECT = "/api/projects/mine/openai/v1"
HELLO = [{"role": "user", "content": "Hello"}]
OPENAI = "API version not supported"
OTHERS = "api-version query parameter is not allowed when using /v1 path"
DEPLOYED = EmulatorSettings(deployments={"my-chat": "openai/gpt-5-mini"})


@pytest.fixture
def foundry() -> Service:
    return service(strict_api_version=True, settings=DEPLOYED)


def ask(foundry: Service, model: str = "gpt-4o", **body: Any) -> Any:
    return foundry.post(CHAT, {"model": model, "messages": HELLO, **body})


@pytest.mark.parametrize(
    ("base", "model", "message"),
    [
        (V1, "gpt-4o", OPENAI),
        (V1, "my-chat", OPENAI),
        (V1, "Llama-3.3-70B-Instruct", OTHERS),
        (PROJECT, "gpt-4o", OTHERS),
    ],
)
@pytest.mark.parametrize("version", ["2024-05-01-preview", "v1", ""])
def test_any_api_version_is_refused(
    foundry: Service, base: str, model: str, message: str, version: str
) -> None:
    """The words depend on who serves the model; leaving the version out is the only way in."""
    body = {"model": model, "messages": HELLO}
    answer = foundry.post(f"{base}/chat/completions?api-version={version}", body)
    assert answer.status == 400
    assert answer.json == {"error": {"code": "BadRequest", "message": message}}
    assert foundry.post(f"{base}/chat/completions", body).status == 200


def test_embeddings_and_the_list_refuse_it_too(foundry: Service) -> None:
    """All paths of the base are of one mind."""
    body = {"model": "text-embedding-3-small", "input": ["one"], "dimensions": 2}
    refused = foundry.post(f"{V1}/embeddings?api-version=2024-10-21", body)
    assert (refused.status, refused.error["message"]) == (400, OPENAI)
    assert len(foundry.post(f"{V1}/embeddings", body).json["data"][0]["embedding"]) == 2
    assert foundry.get(f"{V1}/models?api-version=preview").error["message"] == OPENAI
    listed = foundry.get(f"{V1}/models").json
    assert listed["object"] == "list"
    names = [entry["id"] for entry in listed["data"]]
    assert names[:2] == ["my-chat", "gpt-4.1"]
    assert not [name for name in names if "/" in name]


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("key", {}, 200),
        (None, {"api-key": "key"}, 200),
        (None, {}, 401),
        ("bad", {}, 401),
        (None, {"api-key": "bad"}, 401),
    ],
)
@pytest.mark.parametrize("path", [CHAT, f"{V1}/models"])
def test_a_key_goes_in_either_header(
    foundry: Service, path: str, token: str | None, headers: dict[str, str], status: int
) -> None:
    """A resource's key is taken as Bearer or as api-key; without one, the code is a text."""
    method = "GET" if path.endswith("models") else "POST"
    body = {"model": "gpt-4o", "messages": HELLO}
    answer = foundry.request(method, path, body=body, token=token, headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.error["code"] == "401"
        assert answer.error["message"].startswith("Access denied due to invalid subscription key")


@pytest.mark.parametrize("model", ["GPT-4o", "openai/gpt-4o", "gpt-4o-2024-11-20", "My-Chat", "x"])
def test_models_go_by_deployment_names(foundry: Service, model: str) -> None:
    """No ids, no aliases, and upper case matters."""
    answer = ask(foundry, model)
    assert (answer.status, answer.error["code"]) == (404, "DeploymentNotFound")


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": None}])
def test_a_model_is_mandatory(foundry: Service, body: dict[str, Any]) -> None:
    """The path names no deployment, so the body has to."""
    answer = foundry.post(CHAT, {"messages": HELLO, **body})
    assert answer.status == 400
    assert answer.error["message"] == "you must provide a model parameter"


@pytest.mark.parametrize("model", ["my-chat", "gpt-5", "o3"])
def test_reasoning_deployments_refuse_one_after_the_other(foundry: Service, model: str) -> None:
    """max_tokens, then temperature, then stop; the name of a deployment need not give it away."""
    body: dict[str, Any] = {"max_tokens": 200, "temperature": 0.5, "stop": ["."]}
    refused = []
    while body:
        answer = ask(foundry, model, **body)
        assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")
        refused.append((answer.error["param"], answer.error["code"]))
        del body[answer.error["param"]]
    family = "unsupported_value" if model != "o3" else "unsupported_parameter"
    assert refused == [
        ("max_tokens", "unsupported_parameter"),
        ("temperature", family),
        ("stop", "unsupported_parameter"),
    ]
    fine = ask(foundry, model, max_completion_tokens=200, temperature=1)
    assert fine.status == 200


def test_a_temperature_is_refused_in_openais_words(foundry: Service) -> None:
    """The value and the only one allowed are both named."""
    assert ask(foundry, "my-chat", temperature=0.5).error == {
        "message": "Unsupported value: 'temperature' does not support 0.5 with this model. "
        "Only the default (1) value is supported.",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "unsupported_value",
    }


def test_other_deployments_take_everything(foundry: Service) -> None:
    """gpt-4o knows the old parameters."""
    assert ask(foundry, max_tokens=9, temperature=0.5, stop=["."]).status == 200


def test_a_stream_begins_with_a_chunk_without_choices(foundry: Service) -> None:
    """The events are those of Azure OpenAI."""
    answer = ask(foundry, stream=True)
    assert answer.events[0]["choices"] == []
    assert answer.body.endswith(b"data: [DONE]\n\n")


def test_an_operation_that_the_model_lacks_is_refused(foundry: Service) -> None:
    """Chat models embed nothing, and the reverse."""
    assert ask(foundry, "text-embedding-3-small").error["code"] == "OperationNotSupported"
    body = {"model": "gpt-4o", "input": ["one"]}
    assert foundry.post(f"{V1}/embeddings", body).error["code"] == "OperationNotSupported"


def test_no_copilot_plan_limits_a_deployment() -> None:
    """The free plan has no gpt-5 and ten requests a minute; a resource has neither limit."""
    foundry = service(strict_api_version=True)
    assert [ask(foundry, "gpt-5").status for _ in range(20)] == [200] * 20
    assert foundry.chat(model="openai/gpt-5").status == 400


def test_faults_strike_there_too(foundry: Service) -> None:
    """A fault on demand knows a deployment by its name, and the next request is well again."""
    told = {"kind": "status", "status": 503, "model": "my-chat"}
    assert foundry.post("/_emulator/faults", told).status == 200
    assert [ask(foundry).status, ask(foundry, "my-chat").status] == [200, 503]
    assert ask(foundry, "my-chat").status == 200


@pytest.mark.parametrize("path", [CHAT, f"{PROJECT}/chat/completions", f"{V1}/models"])
def test_without_the_mode_the_paths_do_not_exist(path: str) -> None:
    """GitHub Models had no such path, and after its end it has the 410 of all others."""
    method = "GET" if path.endswith("models") else "POST"
    plain = service()
    answer = plain.request(method, path, body={"model": "gpt-4o", "messages": HELLO})
    assert (answer.status, answer.text) == (404, "404 page not found")
    assert service(retired="410").request(method, path, body={}).status == 410


@pytest.mark.parametrize("retired", ["410", "403-sunset", "deprecated"])
def test_the_end_of_github_models_does_not_concern_it(retired: str) -> None:
    """A resource stays when GitHub's paths go, and announces no end."""
    foundry = service(strict_api_version=True, retired=retired)
    answer = ask(foundry)
    assert answer.status == 200
    assert "deprecation" not in answer.headers
    assert "deprecation" in foundry.chat().headers or foundry.chat().status == 410


def test_another_process_turns_the_mode_on_and_off() -> None:
    """The control API has the switch, the state shows it, a reset undoes it."""
    plain = service()
    switch = "/_emulator/strict_api_version"
    assert plain.post(switch, {"on": True}).json == {"strict_api_version": True}
    assert plain.get("/_emulator/state").json["strict_api_version"] is True
    assert ask(plain).status == 200
    assert plain.post(switch, {"on": False}).status == 200
    assert ask(plain).status == 404
    assert plain.post(switch, {"on": "yes"}).status == 400
    plain.post(switch, {"on": True})
    assert plain.post("/_emulator/reset").json["strict_api_version"] is False


def test_a_deployment_of_an_unknown_model_is_a_mistake() -> None:
    """Said when the emulator is made, not when a request comes."""
    with pytest.raises(ValueError, match=r"deployments\['mine'\] is 'openai/gpt-9'"):
        service(settings=EmulatorSettings(deployments={"mine": "openai/gpt-9"}))
