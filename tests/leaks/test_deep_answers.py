"""A server that nests its refusal deeper than Python can go takes nothing down with it."""

from __future__ import annotations

import pickle
import traceback

import pytest
from azure.core.exceptions import HttpResponseError

from tests.client.raw_server_helpers import Send, raw_server
from tests.harness import Twin
from tests.leaks.test_ten_secrets import Watcher, ask

KEY = "key-of-mine"
DETAIL = '{"code": "c", "message": "m", "details": ['
NESTED = {
    "innererror": ('"innererror": ' + '{"innererror": ' * 600, "1", "}" * 600),
    "details": ('"details": [' + DETAIL * 200, "", "]}" * 200 + "]"),
    "something": ('"x": ' + "[" * 900, "", "]" * 900),
}


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("what", NESTED)
def test_a_refusal_of_any_depth_is_one(twin: Twin, what: str, status: int) -> None:
    """It can be shown, traced and pickled like any other."""
    body = ('{"error": {"code": "c", "message": "m", ' + "".join(NESTED[what]) + "}}").encode()

    def script(asked: bytes, send: Send, stop: object) -> None:
        head = f"HTTP/1.1 {status} No\r\ncontent-type: application/json\r\n"
        send(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)

    with raw_server(script) as url, pytest.raises(HttpResponseError) as caught:
        ask(twin, url, KEY, Watcher())
    error = caught.value
    assert error.status_code == status
    assert KEY not in f"{error!s}{error!r}{traceback.format_exception(error)}"
    assert pickle.loads(pickle.dumps(error)).status_code == status
