"""What the transports do where a package is missing, old, or breaks off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from math import inf
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ServiceResponseError, ServiceResponseTimeoutError
from requests.exceptions import ChunkedEncodingError
from urllib3.exceptions import IncompleteRead

import github_models_azure
from github_models_azure.client.reading import arriving as _arriving
from github_models_azure.client.transport import (
    POOL_SIZE,
    async_transport,
    sync_transport,
)


def response(read1: Any = None, blocks: Iterable[bytes] = ()) -> Any:
    raw = SimpleNamespace() if read1 is None else SimpleNamespace(read1=read1)
    return SimpleNamespace(raw=raw, headers={}, iter_content=lambda size: iter(blocks))


def test_aiohttp_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the error of the async clients says what to install."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(ImportError, match=r"pip install 'github-models-azure\[aio\]'"):
        async_transport()


@pytest.mark.extras
async def test_the_async_transport_makes_no_call_wait_for_another() -> None:
    """All are under way at once: each is answered only when the last has arrived."""
    from github_models_azure.aio import ChatCompletionsClient

    count, arrived, all_there = 130, 0, asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r")[0]))
        arrived += 1
        if arrived == count:
            all_there.set()
        await all_there.wait()
        body = b'{"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}'
        told = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        writer.write(told % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2 * count)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with ChatCompletionsClient(url, "k", model="m", fallback=None) as client:
            messages: Any = [{"role": "user", "content": "Hi"}]
            asked = (client.complete(messages=messages) for _ in range(count))
            answers = await asyncio.wait_for(asyncio.gather(*asked), 30)
    assert len(answers) == count


@pytest.mark.extras
async def test_a_session_is_made_once_and_only_where_one_is_wanted() -> None:
    """As azure-core has it: one that is given is used, and what was closed stays so."""
    import aiohttp

    transport = async_transport()
    await transport.close()  # nothing was open
    await transport.open()
    first = transport.session
    assert first.connector.limit == first.connector.limit_per_host == 0
    assert (first.trust_env, first.auto_decompress) == (False, False)
    assert isinstance(first.cookie_jar, aiohttp.DummyCookieJar)
    await transport.open()
    assert transport.session is first
    await transport.close()
    assert first.closed
    with pytest.raises(ValueError, match="already been closed"):
        await transport.open()
    async with aiohttp.ClientSession() as given:
        async with async_transport(session=given, session_owner=False) as transport:
            assert transport.session is given
        assert not given.closed


def test_the_sync_transport_has_room_and_retries_nothing() -> None:
    """A hundred connections to a host, and no second loop of retries below ours."""
    with sync_transport(connection_timeout=3) as transport:
        assert transport.connection_config.timeout == 3
        for scheme in ("http://", "https://"):
            adapter = transport.session.get_adapter(scheme + "host")
            assert adapter._pool_maxsize == POOL_SIZE
            assert adapter.max_retries.total is False


def test_what_arrives_is_handed_on_until_the_end() -> None:
    """Piece by piece, decoded."""
    pieces = iter([b"a", b"bc", b""])
    found = _arriving(response(lambda size, decode_content: next(pieces)), inf, 5)
    assert list(found) == [b"a", b"bc"]


def test_an_answer_that_takes_too_long_is_cut_off() -> None:
    """Even though its bytes keep coming."""
    found = _arriving(response(lambda size, decode_content: b"a"), -inf, 5)
    assert next(found) == b"a"
    with pytest.raises(ServiceResponseTimeoutError, match="within 5 seconds"):
        next(found)


def test_an_answer_that_breaks_off_is_azure_cores_error() -> None:
    """urllib3's own exception stays its cause."""

    def broken(size: int, decode_content: bool) -> bytes:
        raise IncompleteRead(3, 7)

    with pytest.raises(ServiceResponseError) as caught:
        list(_arriving(response(broken), inf, 5))
    assert isinstance(caught.value.__cause__, IncompleteRead)


def test_an_older_urllib3_reads_in_blocks() -> None:
    """Without ``read1`` the library's own blocks are handed on."""
    assert list(_arriving(response(blocks=(b"a", b"b")), inf, 5)) == [b"a", b"b"]


def test_an_older_urllib3_that_breaks_off_is_azure_cores_error() -> None:
    """What requests raises in place of urllib3's exceptions is told alike."""

    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise ChunkedEncodingError("cut")

    found = _arriving(response(blocks=blocks()), inf, 5)
    assert next(found) == b"a"
    with pytest.raises(ServiceResponseError, match="cut"):
        next(found)


def test_names_load_on_use_and_are_listed() -> None:
    """``dir`` shows all public names; others do not exist."""
    assert set(github_models_azure.__all__) <= set(dir(github_models_azure))
    with pytest.raises(AttributeError, match="no attribute 'ChatCompletionClient'"):
        _ = github_models_azure.ChatCompletionClient  # type: ignore[attr-defined]
