"""What stands in for a transport's response: a refusal that was read ahead, and a fitted answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from github_models_azure.policies.responses import FittedResponse, StandIn, body_of
from tests.harness import (
    HELLO,
    URL,
    Answer,
    AsyncResponse,
    FakeTransport,
    Service,
    SyncResponse,
    Twin,
    chat,
    error,
)


def refused(twin: Twin, answer: Answer) -> Any:
    """The response of a streamed request that was refused."""
    client = twin.client(Service(lambda sent: answer), fallback=None, model="m")
    with pytest.raises(HttpResponseError) as caught:
        twin.read(client)
    return caught.value.response


def test_a_refused_stream_reads_like_the_response_itself(twin: Twin) -> None:
    """Its bytes went by once; whoever asks finds them all the same."""
    response = refused(twin, error(400, "invalid_value", "no good"))
    content = response.content
    assert b"no good" in content
    assert (response.text(), response.body()) == (content.decode(), content)
    assert response.json()["error"]["code"] == "invalid_value"
    assert (response.status_code, response.is_closed, response.is_stream_consumed) == (
        *(400, True, True),
    )
    assert isinstance(response, AsyncResponse if twin.is_async else SyncResponse)

    async def read() -> tuple[bytes, list[bytes]]:
        return await response.read(), [piece async for piece in response.iter_bytes()]

    if twin.is_async:
        assert asyncio.run(read()) == (content, [content])
    else:
        assert (response.read(), list(response.iter_bytes())) == (content, [content])
    with pytest.raises(HttpResponseError, match="invalid_value"):
        response.raise_for_status()


@pytest.mark.parametrize(
    ("encoding", "text"), [("iso-8859-1", "refus\xe9"), ("nonsense", "refus\ufffd"), (None, None)]
)
def test_a_refusal_is_read_in_its_own_encoding(encoding: str | None, text: str | None) -> None:
    """An encoding that Python does not know is read as UTF-8, and broken bytes show as such."""
    from github_models_azure.policies.responses import ReadResponse

    response = ReadResponse(type("Inner", (), {"encoding": encoding})(), b"refus\xe9")
    assert response.text() == (text or "refus\ufffd")
    assert response.text("latin-1") == "refus\xe9"


def test_what_is_no_error_is_not_raised() -> None:
    """A redirect that was not followed is for the caller to judge."""
    from github_models_azure.policies.responses import ReadResponse

    ReadResponse(type("Inner", (), {"status_code": 302})(), b"").raise_for_status()


def test_an_empty_shell_has_a_class_of_its_own() -> None:
    """`copy` and `pickle` ask one that nothing was put into yet."""
    assert isinstance(StandIn.__new__(StandIn), StandIn)
    assert StandIn.__new__(StandIn).__class__ is StandIn


def test_a_fitted_answer_is_handed_on_as_it_was_fitted() -> None:
    """Its bytes are written anew; those of any other answer are the server's."""
    inner: Any = type("Inner", (), {"content": b"{}"})()
    assert body_of(FittedResponse(inner, {"a": 1})) == b'{"a":1}'
    assert body_of(inner) == b"{}"


class WithoutContent(SyncResponse):
    """A response of an older transport: no ``content``, but a text."""

    def text(self, encoding: str | None = None) -> str:
        return self._answer.content.decode()

    @property
    def content(self) -> bytes | None:  # type: ignore[override]
        raise AttributeError("content")


class OldTransport(FakeTransport):
    def send(self, request: Any, **options: Any) -> Any:
        return self.service.handle(request, options, WithoutContent)


def test_the_answers_of_an_older_transport_are_read() -> None:
    """azure-core has decoded the body by then, and nothing else of it is needed."""
    import github_models_azure

    client = github_models_azure.ChatCompletionsClient(
        URL, "key", transport=OldTransport(Service(lambda sent: chat("m"))), model="m"
    )
    assert client.complete(messages=HELLO).choices[0].message.content == "Hi there"
