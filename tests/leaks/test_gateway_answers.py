"""A caller of the gateway learns nothing of what the gateway itself is signed with."""

from __future__ import annotations

import pytest
import requests

from github_models_azure import Endpoint
from tests.client.raw_server_helpers import raw_server
from tests.harness import HELLO
from tests.leaks.test_ten_secrets import (
    API_KEY,
    HEADER,
    PROXY_PASSWORD,
    QUERY,
    SCRIPTS,
    assert_clean,
)

pytestmark = pytest.mark.extras


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_answer_of_the_gateway_shows_what_was_sent(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its body nor its headers, whole or streamed."""
    from github_models_azure.server.gateway import Gateway

    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:9")
    script, options = SCRIPTS[name]
    with raw_server(script) as url:
        endpoint = Endpoint("x", f"{url}/v1?sig={QUERY}", API_KEY, headers={"x-mine": HEADER})
        with Gateway(endpoint, model="m", fallback=None, retry_total=0) as gateway:
            answer = requests.post(
                f"{gateway.url}/v1/chat/completions",
                json={"model": "m", "messages": HELLO, **options},
                timeout=60,
            )
    assert answer.status_code >= 400 or "stream" in options
    assert_clean(f"{answer.text} {answer.reason} {dict(answer.headers)}")
