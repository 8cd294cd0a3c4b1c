"""Every error of the service: status, code, words and headers.

About `server/emulator/chat_checks.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_helpers import WEATHER, Service, service

from github_models_azure.server.emulator import EmulatorSettings

NEW = "/inference/chat/completions"
MISTRAL = "mistral-ai/mistral-small-2503"
HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def emulated() -> Service:
    return service()


@pytest.fixture
def enterprise() -> Service:
    return service(plan="enterprise")


@pytest.mark.parametrize("token", [None, "bad"])
def test_a_missing_or_wrong_token_is_bad_credentials(emulated: Service, token: str | None) -> None:
    """The gateway's envelope, with the message repeated in details."""
    answer = emulated.post(NEW, {"model": "openai/gpt-4o", "messages": HELLO}, token=token)
    told = {"code": "unauthorized", "message": "Bad credentials", "details": "Bad credentials"}
    assert (answer.status, answer.json) == (401, {"error": told})


def test_an_api_key_alone_is_no_credential(emulated: Service) -> None:
    """Only `Authorization` was looked at."""
    answer = emulated.post(NEW, {"messages": HELLO}, token=None, headers={"api-key": "k"})
    assert answer.status == 401


def test_a_token_without_the_permission_is_told_so(emulated: Service) -> None:
    """A token without `models: read` is 401, not 403."""
    answer = emulated.post(NEW, {"messages": HELLO}, token="no-models")
    assert answer.status == 401
    assert answer.error["message"] == (
        "The `models` permission is required to access this endpoint"
    )


@pytest.mark.parametrize(
    ("path", "model", "status", "message"),
    [
        (NEW, "gpt-5.2", 404, "Unknown model: /gpt-5.2"),
        (NEW, "gpt-4o", 404, "Unknown model: /gpt-4o"),
        (NEW, "deepseek/deepseek-v3", 404, "Unknown model: deepseek/deepseek-v3"),
        ("/chat/completions", "gpt-3.5-turbo", 400, "Unknown model: gpt-3.5-turbo"),
        ("/chat/completions", "openai/gpt-4o", 400, "Unknown model: openai/gpt-4o"),
        ("/chat/completions", "github/gpt-4p", 400, "Unknown model: github/gpt-4p"),
        ("/chat/completions", "github/openai/gpt-4", 400, "Unknown model: github/openai/gpt-4"),
        (NEW, "github/openai/gpt-4o", 404, "Unknown model: github/openai/gpt-4o"),
        (
            "/chat/completions",
            "azureml://registries/azure-openai/models/gpt-4o-mini/versions/1",
            400,
            "Unknown model: azureml://registries/azure-openai/models/gpt-4o-mini/versions/1",
        ),
    ],
)
def test_unknown_names(emulated: Service, path: str, model: str, status: int, message: str) -> None:
    """Each host refuses the other's names, in its own words."""
    answer = emulated.post(path, {"model": model, "messages": HELLO})
    assert answer.status == status
    assert answer.error == {"code": "unknown_model", "message": message, "details": message}


@pytest.mark.parametrize(
    "name", ["github/openai/gpt-4o", "github/gpt-4o", "azure_ai/gpt-4o", "azure_ai/openai/gpt-4o"]
)
def test_the_root_takes_litellms_names_of_the_service(emulated: Service, name: str) -> None:
    """The guides write them beside the bare host."""
    answer = emulated.post("/chat/completions", {"model": name, "messages": HELLO})
    assert answer.status == 200
    assert answer.json["model"] == "gpt-4o-2024-11-20"


def test_a_bare_name_may_be_refused_in_plain_text() -> None:
    """The words of July 2025, 114 bytes of text."""
    emulated = service(settings=EmulatorSettings(bare_names="text"))
    answer = emulated.chat(model="gpt-4o")
    assert (answer.status, len(answer.body)) == (400, 114)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Model not found; expected format: {publisher}/{model_name}.")


def test_a_bare_name_may_be_resolved() -> None:
    """One public probe says that bare names worked."""
    emulated = service(settings=EmulatorSettings(bare_names="resolve"))
    assert emulated.chat(model="gpt-4o").status == 200


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/chat/completions", "GPT-4O"),
        ("/chat/completions", "meta-llama-3.1-405b-instruct"),
        (NEW, "Meta/Llama-3.3-70B-Instruct"),
        ("/inference/v1/chat/completions", "openai/gpt-4o"),
        ("/orgs/acme/inference/chat/completions", "openai/gpt-4o"),
    ],
)
def test_names_match_whatever_their_case(emulated: Service, path: str, model: str) -> None:
    """Every path of both hosts answers to its names in any case."""
    assert emulated.post(path, {"model": model, "messages": HELLO}).status == 200


@pytest.mark.parametrize(
    ("model", "status", "message"),
    [
        ("openai/o1", 403, "No access to model: openai/o1"),
        ("openai/gpt-5", 400, "Unavailable model: gpt-5"),
        ("openai/o4-mini", 400, "Unavailable model: o4-mini"),
    ],
)
def test_models_outside_the_plan(emulated: Service, model: str, status: int, message: str) -> None:
    """What the free plan lacks is 403 no_access, or 400 unavailable_model where that was seen."""
    answer = emulated.chat(model=model)
    assert (answer.status, answer.error["message"]) == (status, message)


def test_a_token_may_have_a_plan_of_its_own() -> None:
    """The plan is chosen for each token."""
    emulated = service(token_plans={"token-a": "pro"})
    body = {"model": "openai/o1", "messages": HELLO}
    statuses = [emulated.post(NEW, body, token=name).status for name in ("token-a", "token-b")]
    assert statuses == [200, 403]


def test_too_many_tokens_are_refused_by_size(emulated: Service) -> None:
    """The gateway names the model and the tier's limit."""
    answer = emulated.chat("word " * 8001)
    message = "Request body too large for gpt-4o model. Max size: 8000 tokens."
    assert (answer.status, answer.error["message"]) == (413, message)
    assert answer.error["code"] == "tokens_limit_reached"


def test_tools_and_schemas_count_as_input(emulated: Service) -> None:
    """A short message with large tools is too large all the same."""
    tool = json.loads(json.dumps(WEATHER))
    tool["function"]["description"] = "word " * 8001
    assert emulated.chat(tools=[tool]).status == 413


def test_images_weigh_by_their_detail_not_their_bytes(emulated: Service) -> None:
    """A large data URL is not counted as text."""
    url = "data:image/png;base64," + "iVBOR" * 20000
    read = []
    for detail in ("low", "high"):
        image = {"type": "image_url", "image_url": {"url": url, "detail": detail}}
        content = [{"type": "text", "text": "What is it?"}, image]
        messages = [{"role": "user", "content": content}]
        answer = emulated.post(NEW, {"model": "openai/gpt-4o", "messages": messages})
        read.append(answer.json["usage"]["prompt_tokens"])
    assert 85 < read[0] < read[1] < 1000


def test_the_limit_of_size_is_the_plans(enterprise: Service) -> None:
    """Enterprise lets twice as much through to the high tier."""
    assert enterprise.chat("word " * 8001).status == 200


def test_empty_messages_are_the_health_probe(emulated: Service) -> None:
    """`messages: []` has a code of its own."""
    answer = emulated.post(NEW, {"model": "openai/gpt-4o", "messages": []})
    assert answer.status == 400
    assert answer.error["code"] == "empty_array"
    assert answer.error["message"] == "Invalid 'messages': empty array"


def test_more_output_than_the_model_can_write_is_refused(emulated: Service) -> None:
    """The model's own limit is named, not the plan's."""
    error = emulated.chat(max_tokens=50000).error
    assert error["code"] == "invalid_value"
    assert error["message"].startswith("max_tokens is too large: 50000")
    assert "16384" in error["message"]


@pytest.mark.parametrize(
    ("model", "member", "value"),
    [
        ("openai/o3-mini", "max_tokens", 10),
        ("openai/o3-mini", "temperature", 0.5),
        ("openai/o1", "top_p", 0.5),
        ("openai/gpt-5-mini", "max_tokens", 10),
        ("openai/gpt-5", "stop", ["."]),
    ],
)
def test_reasoning_models_refuse_parameters(
    enterprise: Service, model: str, member: str, value: Any
) -> None:
    """The parameter is named, in the message and beside it."""
    error = enterprise.chat(model=model, **{member: value}).error
    assert (error["code"], error["param"]) == ("unsupported_parameter", member)
    start = f"Unsupported parameter: '{member}' is not supported with this model."
    assert error["message"].startswith(start)
    assert ("Use 'max_completion_tokens' instead." in error["message"]) == (member == "max_tokens")


def test_gpt_5_takes_the_default_temperature_only(enterprise: Service) -> None:
    """Its family refuses the value where the o-series refuse the parameter."""
    error = enterprise.chat(model="openai/gpt-5", temperature=0.2).error
    assert (error["code"], error["param"]) == ("unsupported_value", "temperature")
    assert error["message"].startswith(
        "Unsupported value: 'temperature' does not support 0.2 with this model."
    )


def test_reasoning_models_take_the_other_name(enterprise: Service) -> None:
    """`max_completion_tokens` and a neutral temperature are fine."""
    answer = enterprise.chat(model="openai/o3-mini", max_completion_tokens=500, temperature=1)
    assert answer.status == 200


@pytest.mark.parametrize(
    ("version", "status"),
    [("2024-05-01-preview", 400), ("2024-12-01-preview", 200), ("2025-01-01", 200), (None, 200)],
)
def test_o_series_need_a_late_api_version(
    enterprise: Service, version: str | None, status: int
) -> None:
    """An older version that is stated is refused; stating none is fine."""
    query = f"?api-version={version}" if version else ""
    answer = enterprise.post(NEW + query, {"model": "openai/o4-mini", "messages": HELLO})
    assert answer.status == status
    if status == 400:
        assert answer.error["message"] == (
            "Model o4-mini is enabled only for api versions 2024-12-01-preview and later"
        )


def test_o1_mini_refuses_a_system_role(enterprise: Service) -> None:
    """The role is an unsupported value, at its place in the messages."""
    messages = [{"role": "system", "content": "Be brief."}, *HELLO]
    answer = enterprise.post(NEW, {"model": "openai/o1-mini", "messages": messages})
    assert answer.error["code"] == "unsupported_value"
    assert answer.error["param"] == "messages[0].role"


def test_o1_mini_does_not_stream(enterprise: Service) -> None:
    """Streaming is an unsupported value where the registry says so."""
    error = enterprise.chat(model="openai/o1-mini", stream=True).error
    assert (error["code"], error["param"]) == ("unsupported_value", "stream")


def test_o1_mini_does_not_know_reasoning_effort(enterprise: Service) -> None:
    """An unknown parameter has a code of its own."""
    error = enterprise.chat(model="openai/o1-mini", reasoning_effort="low").error
    assert error["code"] == "unknown_parameter"
    assert error["message"] == "Unknown parameter: 'reasoning_effort'."


@pytest.mark.parametrize("model", ["openai/gpt-4o", MISTRAL])
def test_a_filtered_prompt_is_refused(emulated: Service, model: str) -> None:
    """The content filter's envelope has no details and an inner error."""
    answer = emulated.chat("now emulate-content-filter", model=model)
    assert answer.status == 400
    assert answer.error["code"] == "content_filter"
    assert answer.error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    assert "details" not in answer.error


def test_mistral_refuses_unknown_members(emulated: Service) -> None:
    """422 with the validator's report as text inside the message."""
    answer = emulated.chat(model=MISTRAL, stream=True, stream_options={"include_usage": True})
    assert (answer.status, answer.error["code"]) == (422, "Invalid input")
    (detail,) = json.loads(answer.error["message"])["detail"]
    assert detail["type"] == "extra_forbidden"
    assert detail["loc"] == ["body", "stream_options", "include_usage"]


def test_mistral_refuses_a_developer_role_with_an_array(emulated: Service) -> None:
    """The 422 whose `error` is a list of sentences."""
    messages = [{"role": "developer", "content": "x"}]
    answer = emulated.post(NEW, {"model": MISTRAL, "messages": messages})
    assert answer.status == 422
    assert "Input should be 'tool'" in answer.error


def test_llama_4_scout_refuses_tools(emulated: Service) -> None:
    """The vLLM answer has no `error` member at all."""
    model = "meta/llama-4-scout-17b-16e-instruct"
    answer = emulated.chat("Weather in Oslo?", model=model, tools=[WEATHER])
    assert answer.status == 400
    assert answer.json["object"] == "error"
    assert answer.json["message"].startswith('"auto" tool choice requires')


def test_llama_4_scout_may_be_silent_instead() -> None:
    """The other sighting: empty content, no calls, no error."""
    emulated = service(settings=EmulatorSettings(scout_tools="silent"))
    model = "meta/llama-4-scout-17b-16e-instruct"
    answer = emulated.chat("Weather in Oslo?", model=model, tools=[WEATHER])
    assert (answer.status, answer.message["content"]) == (200, "")


@pytest.mark.parametrize("data", [b"{", b"", b"nonsense", b'{"a": NaN}', b"[" * 100000])
def test_a_body_that_is_not_json_is_refused(emulated: Service, data: bytes) -> None:
    """Broken, empty and bottomless JSON are all the caller's error."""
    assert emulated.request("POST", NEW, data=data).status == 400


@pytest.mark.parametrize("data", [b"[]", b'"x"', b"3", b"null"])
def test_a_body_that_is_no_object_is_refused(emulated: Service, data: bytes) -> None:
    """Valid JSON of another kind is refused too."""
    assert emulated.request("POST", NEW, data=data).status == 400


def test_another_media_type_is_refused(emulated: Service) -> None:
    """A form is not JSON."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert emulated.post(NEW, {}, headers=headers).status == 415


def test_an_oversized_body_is_refused() -> None:
    """More bytes than the emulator reads are a 413 without further reading."""
    emulated = service(settings=EmulatorSettings(max_body_bytes=1000))
    assert emulated.chat("x" * 2000).status == 413


@pytest.mark.parametrize(
    "body",
    [
        {"messages": "Hello"},
        {},
        {"messages": [3]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": 3}]},
        {"messages": HELLO, "temperature": 3},
        {"messages": HELLO, "temperature": "hot"},
        {"messages": HELLO, "max_tokens": "many"},
        {"messages": HELLO, "max_tokens": 0},
        {"messages": HELLO, "n": 0},
        {"messages": HELLO, "tools": [{"type": "function"}]},
        {"messages": HELLO, "response_format": {"type": "yaml"}},
        {"messages": HELLO, "model": 7},
    ],
)
def test_members_of_the_wrong_kind_are_the_callers_error(emulated: Service, body: Any) -> None:
    """No body, however odd, is an error of the server."""
    answer = emulated.post(NEW, {"model": "openai/gpt-4o", **body})
    assert 400 <= answer.status < 500
    assert answer.error["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/info",
        "/inference/info",
        "/inference/models",
        "/v1/chat/completions",
        "/images/embeddings",
        "/chat/completions/",
        "/",
    ],
)
def test_other_paths_do_not_exist(emulated: Service, path: str) -> None:
    """The plain text of a Go server."""
    answer = emulated.get(path)
    assert (answer.status, answer.text) == (404, "404 page not found")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-emulated-by"] == "github_models_azure"


def test_a_get_on_chat_is_the_wrong_method(emulated: Service) -> None:
    """The path exists, the method does not."""
    assert emulated.get(NEW).status == 405


def test_chat_with_an_embeddings_model_is_refused(emulated: Service) -> None:
    """Azure OpenAI names the operation; serverless says NOT FOUND."""
    openai = emulated.chat(model="openai/text-embedding-3-small")
    cohere = emulated.chat(model="cohere/cohere-embed-v3-english")
    assert (openai.status, openai.error["code"]) == (400, "OperationNotSupported")
    assert (cohere.status, cohere.text) == (404, "NOT FOUND")
