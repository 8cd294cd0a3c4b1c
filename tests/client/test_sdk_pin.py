"""What this package relies upon in the frozen SDK and in azure-core.

When one of these fails, the place named in its docstring has to be looked at again.
"""

from __future__ import annotations

import inspect
from importlib.metadata import requires, version
from typing import Any

import azure.ai.inference
import azure.ai.inference.aio
import pytest
from azure.ai.inference import models
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline import Pipeline, PipelineContext, PipelineRequest
from azure.core.pipeline.policies import ContentDecodePolicy, RetryPolicy, SansIOHTTPPolicy
from azure.core.rest import HttpRequest

from tests.harness import (
    DONE,
    HELLO,
    URL,
    Answer,
    FakeTransport,
    Service,
    Twin,
    chat,
    delta,
    error,
)

PINNED = "1.0.0b9"
CLIENTS = ["ChatCompletionsClient", "EmbeddingsClient", "ImageEmbeddingsClient"]


def stock(twin: Twin, service: Service, **keywords: Any) -> Any:
    package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    return package.ChatCompletionsClient(
        URL, AzureKeyCredential("key"), transport=twin.transport(service), **keywords
    )


def run(service: Service, request: HttpRequest, *policies: Any, **options: Any) -> Any:
    return Pipeline(FakeTransport(service), policies).run(request, **options)


def request() -> HttpRequest:
    return HttpRequest("POST", URL + "/chat/completions", json={"model": "m"})


def test_the_sdk_is_pinned() -> None:
    """pyproject.toml: the SDK is retired, so its last version is the only one there will be."""
    assert version("azure-ai-inference") == PINNED
    wanted = [line.partition(";")[0] for line in requires("github-models-azure") or ()]
    assert f"azure-ai-inference=={PINNED}" in [line.strip() for line in wanted]


def test_the_clients_derive_from_the_sdks() -> None:
    """client/clients.py, aio/_client.py: frameworks ask `isinstance`."""
    pytest.importorskip("aiohttp", reason="the async clients need the extra aio")
    import github_models_azure.aio

    for name in CLIENTS:
        assert issubclass(getattr(github_models_azure, name), getattr(azure.ai.inference, name))
        twin = getattr(github_models_azure.aio, name)
        assert issubclass(twin, getattr(azure.ai.inference.aio, name))


@pytest.mark.parametrize("name", CLIENTS)
def test_the_constructor_hands_unknown_keywords_to_the_pipeline(twin: Twin, name: str) -> None:
    """client/assemble.py: endpoint and credential first, all else by keyword."""
    package: Any = azure.ai.inference.aio if twin.is_async else azure.ai.inference
    parameters = list(inspect.signature(getattr(package, name).__init__).parameters.values())
    assert [parameter.name for parameter in parameters[:3]] == ["self", "endpoint", "credential"]
    assert parameters[-1].kind is inspect.Parameter.VAR_KEYWORD
    assert {"model", "model_extras"} <= {parameter.name for parameter in parameters}


def test_the_pipeline_takes_our_policies(twin: Twin) -> None:
    """client/assemble.py: per-call policies run once a call, the authentication policy signs, the
    transport sends."""
    seen: list[str] = []

    class Noting(SansIOHTTPPolicy[Any, Any]):
        def __init__(self, name: str) -> None:
            self.name = name

        def on_request(self, request: Any) -> None:
            seen.append(self.name)

    answers = iter([error(503, retry_after="0"), chat("m")])
    service = Service(lambda sent: next(answers))
    client = stock(
        twin,
        service,
        per_call_policies=[Noting("call")],
        authentication_policy=Noting("auth"),
        retry_backoff_factor=0,
    )
    twin.complete(client, retry_on_methods=frozenset({"POST"}))
    assert seen == ["call", "auth", "auth"]
    assert "authorization" not in service.sent[0].headers


def test_a_key_is_sent_in_the_api_key_header_too(twin: Twin) -> None:
    """policies/_authentication.py: that header has to be bound to its origin as well."""
    service = Service(lambda sent: chat("m"))
    twin.complete(stock(twin, service))
    assert service.sent[0].headers["api-key"] == "key"


def test_the_url_is_the_endpoint_and_the_path(twin: Twin) -> None:
    """policies/_begin.py: the operation is told by the end of the path."""
    service = Service(lambda sent: chat("m"))
    twin.complete(stock(twin, service))
    sent = service.sent[0]
    assert sent.method == "POST"
    assert sent.url.partition("?")[0] == URL + "/chat/completions"


def test_unknown_keywords_of_a_call_are_options_of_the_context(twin: Twin) -> None:
    """policies/_report.py and _settings.py: they find a call's options there."""
    options: dict[str, Any] = {}

    class Reading(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            options.update(request.context.options)
            request.context.options.pop("github_models_report")

    service = Service(lambda sent: chat("m"))
    twin.complete(stock(twin, service, per_call_policies=[Reading()]), github_models_report=1)
    assert options["github_models_report"] == 1
    assert options["stream"] is False


def test_a_stream_calls_iter_bytes_once_and_close(twin: Twin) -> None:
    """policies/_stream.py: all that the SDK asks of a streamed response."""
    calls: list[str] = []

    class Response:
        def iter_bytes(self, **_: Any) -> Any:
            calls.append("iter_bytes")
            pieces = [delta("Hi") + delta(finish="stop"), DONE]
            return self._later(pieces) if twin.is_async else iter(pieces)

        @staticmethod
        async def _later(pieces: list[bytes]) -> Any:
            for piece in pieces:
                yield piece

        def close(self) -> Any:
            calls.append("close")
            return self._closed() if twin.is_async else None

        async def _closed(self) -> None: ...

    response: Any = Response()
    text = ""
    if twin.is_async:

        async def read() -> str:
            async with models.AsyncStreamingChatCompletions(response) as updates:
                return "".join([u.choices[0].delta.content or "" async for u in updates])

        text = twin.run(read())
    else:
        with models.StreamingChatCompletions(response) as updates:
            text = "".join(update.choices[0].delta.content or "" for update in updates)
    assert text == "Hi"
    assert calls == ["iter_bytes", "close"]


def test_the_sdk_asks_for_nothing_after_done() -> None:
    """policies/_stream.py: after [DONE] there is no later moment to close the answer."""

    class Response:
        def iter_bytes(self, **_: Any) -> Any:
            yield delta("Hi", finish="stop") + DONE
            raise AssertionError("read on after [DONE]")

        def close(self) -> None: ...

    response: Any = Response()
    assert len(list(models.StreamingChatCompletions(response))) == 1


def test_the_decoded_body_is_kept_in_the_context() -> None:
    """policies/_run.py: the judge reads the body as ContentDecodePolicy has read it."""
    service = Service(lambda sent: Answer(200, {"choices": [1]}))
    response = run(service, request(), ContentDecodePolicy(), stream=False)
    assert ContentDecodePolicy.CONTEXT_NAME == "deserialized_data"
    assert response.context["deserialized_data"] == {"choices": [1]}


def test_the_sdk_reads_an_answer_by_json(twin: Twin) -> None:
    """policies/_answers.py: another ``json`` on the response is another answer for the SDK."""
    instead = chat("another").body

    class Replacing(SansIOHTTPPolicy[Any, Any]):
        def on_response(self, request: Any, response: Any) -> None:
            response.http_response.json = lambda: instead

    client = stock(twin, Service(lambda sent: chat("m")), per_call_policies=[Replacing()])
    assert twin.complete(client).as_dict() == instead


def test_retry_is_switched_off_by_an_option() -> None:
    """policies/_outgoing.py: ``retry_total=0`` leaves one loop, ours."""
    service = Service(lambda sent: error(503, retry_after="1"))
    policy = RetryPolicy(retry_status=5, retry_on_methods=frozenset({"POST"}))
    run(service, request(), policy, retry_total=0)
    assert (len(service.sent), service.slept) == (1, [])
    run(service, request(), policy)
    assert len(service.sent) == 7


@pytest.mark.parametrize("kind", [ServiceRequestError, ServiceResponseError])
def test_no_exception_is_retried_either(kind: type[Exception]) -> None:
    """policies/_outgoing.py: connection errors come to our loop at once."""
    service = Service(lambda sent: Answer(error=kind("broken")))
    with pytest.raises(kind):
        run(service, request(), RetryPolicy(), retry_total=0)
    assert len(service.sent) == 1


def test_the_options_of_a_context_can_be_replaced() -> None:
    """policies/_outgoing.py: each attempt gets a fresh copy of the caller's options."""
    context: Any = PipelineContext(None, first=1)
    context.options = {"second": 2}
    assert PipelineRequest(request(), context).context.options == {"second": 2}
    context["own"] = 3
    assert context.get("own") == 3


def test_the_transport_sleeps(twin: Twin) -> None:
    """policies/fallback.py: waits go through the transport of the context."""
    transports: list[Any] = []

    class Reading(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            transports.append(request.context.transport)

    service = Service(lambda sent: chat("m"))
    twin.complete(stock(twin, service, per_call_policies=[Reading()]))
    twin.run(transports[0].sleep(3))
    assert service.slept == [3]


def test_the_type_of_a_model_is_kept_by_name(twin: Twin) -> None:
    """client/loading.py: what ``load_client`` found out, ``get_model_info`` does not ask again."""
    client = stock(twin, Service(lambda sent: chat("m")))
    info = models.ModelInfo(model_name="m", model_type="chat", model_provider_name="p")
    assert vars(client)["_model_info"] is None
    client._model_info = info
    assert twin.run(client.get_model_info()) is info


def test_errors_of_a_call_take_attributes(twin: Twin) -> None:
    """trail.py: results and errors of the SDK have room for the trail."""
    service = Service(lambda sent: chat("m"))
    answer = twin.complete(stock(twin, service), messages=HELLO)
    object.__setattr__(answer, "_note", 1)
    assert answer._note == 1
    assert "_note" not in answer.as_dict()
