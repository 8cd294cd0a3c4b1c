"""Ten planted secrets are in nothing that is shown, logged, pickled, traced or answered.

Each error class is provoked by a server on loopback that repeats all that it was sent, in its
reason phrase, its headers and its body, in every form in which a program may write it.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError

from github_models_azure import Endpoint, trail_of
from github_models_azure.exceptions import SettingsError
from github_models_azure.policies.errors import causes
from github_models_azure.settings.load import load_settings
from tests.client.raw_server_helpers import Send, raw_server
from tests.harness import HELLO, Twin, delta

TOKEN = "tok-en+5f/one=two&three"
API_KEY = 'api key/of "thirty" letters'
HEADER = "header/value+plant"
QUERY = "query%2Fvalue%2Bplanted"
URL_PASSWORD = "pass/word/of-a-url"
PROXY_PASSWORD = "proxy/pass-word"
SETTING = "setting-of-a-wrong-type"
BASIC = "user:basic-pass/word"
KEYRING = "key-in-the-keyring"
CLIENT_HEADER = "x-functions-key-value"
BASIC_HEADER = "Basic " + base64.b64encode(BASIC.encode()).decode()
PLANTED = (
    TOKEN, API_KEY, HEADER, QUERY, URL_PASSWORD, PROXY_PASSWORD, SETTING, BASIC, KEYRING,
    CLIENT_HEADER,
)  # fmt: skip


def forms(secret: str) -> set[str]:
    """The ways in which a secret may be written, at least."""
    raw = base64.b64encode(secret.encode()).decode()
    plain = unquote_plus(secret)
    return {
        secret, plain, quote(secret), quote(secret, safe=""), quote(plain, safe=""),
        json.dumps(secret)[1:-1], repr(secret)[1:-1], raw.rstrip("="), html.escape(plain),
        json.dumps(json.dumps(secret))[3:-3], quote(quote(plain, safe=""), safe=""),
        re.sub("[+&]", lambda found: f"\\u{ord(found[0]):04X}", plain),  # as .NET writes JSON
    }  # fmt: skip


FORMS = {form for secret in PLANTED for form in forms(secret)} | {BASIC.partition(":")[2]}


def assert_clean(text: str) -> None:
    """Show which secret is in a text, and around it where."""
    for form in FORMS:
        at = text.find(form)
        assert at < 0, f"{form!r} in ...{text[max(0, at - 80) : at + 80]!r}"


class Token:
    """A credential that fetches tokens, sync and async."""

    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(TOKEN, 4_000_000_000)


class AsyncToken:
    async def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken(TOKEN, 4_000_000_000)

    async def close(self) -> None: ...


def used(head: str) -> list[str]:
    """The secrets that a request was signed with."""
    basic = BASIC if BASIC_HEADER in head else ""
    return [one for one in (*PLANTED, basic) if one and (one in head or one == basic)]


def echo(status: int, *, stream: bytes = b"", kind: str = "error") -> Callable[..., None]:
    """Answer with all that came: in the reason, the headers, and the body in several forms."""

    def script(asked: bytes, send: Send, stop: Any) -> None:
        head = asked.partition(b"\r\n\r\n")[0].decode("latin-1")
        line = " ".join(head.split("\r\n"))
        said = {
            "code": line[-90:],
            "message": f"You sent {line}",
            "target": line,
            "innererror": {"code": line, "deep": [{"raw": line}]},
            "details": [{"code": "c", "message": f"and {line}"}],
        }
        if kind == "forms":
            every = {form for one in (*used(head), PROXY_PASSWORD) for form in forms(one)}
            said = {"message": " ".join(sorted(every)), "code": quote(line)}
        body = json.dumps({"error": said}).encode()
        if kind == "text":
            body = line.encode()
        if kind == "wide":
            body = body.decode().encode("utf-16")
        content_type = "application/json"
        if stream:
            content_type = "text/event-stream"
            body = stream + b"data: " + body + b"\n\n"
        send(
            f"HTTP/1.1 {status} {line}\r\ncontent-type: {content_type}\r\n"
            f"x-ms-request-id: {line}\r\ncontent-length: {len(body)}\r\n\r\n".encode("latin-1")
            + body
        )

    return script


def drops(asked: bytes, send: Send, stop: Any) -> None:
    """End the connection without an answer."""


def garbage(asked: bytes, send: Send, stop: Any) -> None:
    """Answer with something that is no HTTP, and has the request in it."""
    send(asked[:4000].replace(b"\r\n", b" ") + b"\r\n\r\n")


def cut(asked: bytes, send: Send, stop: Any) -> None:
    send(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n" + asked)


HI = delta("Hi")
SCRIPTS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    **{f"{status}": (echo(status), {}) for status in (200, 302, 400, 401, 403, 404, 409, 410, 413)},
    **{f"{status} ": (echo(status), {}) for status in (422, 429, 500, 503)},
    "text": (echo(400, kind="text"), {}),
    "all forms": (echo(400, kind="forms"), {}),
    "another encoding": (echo(400, kind="wide"), {}),
    "streamed refusal": (echo(400), {"stream": True}),
    "error in a stream": (echo(200, stream=b": \n"), {"stream": True}),
    "error after content": (echo(200, stream=HI), {"stream": True}),
    "no answer": (drops, {}),
    "no http": (garbage, {}),
    "cut": (cut, {}),
}
CREDENTIALS: dict[str, Callable[[Twin], Any]] = {
    "token": lambda twin: AsyncToken() if twin.is_async else Token(),
    "api key": lambda twin: API_KEY,
    "keyring": lambda twin: KEYRING,
}


@pytest.fixture(autouse=True)
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy with a password, which is not taken for loopback."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:9")


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that any logger says, at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("azure", "urllib3", "aiohttp", "github_models_azure"):
        caplog.set_level(logging.DEBUG, name)
    formatter = logging.Formatter("%(name)s %(message)s")
    return lambda: "\n".join(map(formatter.format, caplog.records))


class Watcher:
    """Keeps what an observer is told, as a telemetry that captures all would."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def call_started(self, call: Any) -> Watcher:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **named: self.told.append((name, args, named))


def ask(twin: Twin, url: str, credential: Any, watcher: Watcher, **options: Any) -> Any:
    endpoint = Endpoint("x", f"{url}/v1?sig={QUERY}", credential, headers={"x-mine": HEADER})
    client = twin.package.ChatCompletionsClient(
        endpoint, model="m", fallback=None, retry_total=0, logging_enable=True, observer=watcher,
        headers={"x-functions-key": CLIENT_HEADER, "x-login-auth": BASIC_HEADER},
    )  # fmt: skip
    if not twin.is_async:
        with client:
            found = client.complete(messages=HELLO, **options)
            return list(found) if options.get("stream") else found

    async def call() -> Any:
        async with client:
            found = await client.complete(messages=HELLO, **options)
            return [one async for one in found] if options.get("stream") else found

    return asyncio.run(call())


def shown(error: BaseException) -> str:
    """All that a log, a terminal or a report shows of an error."""
    parts = [str(error), repr(error), *traceback.format_exception(error)]
    parts += [
        repr(getattr(error, name, None)) for name in ("args", "message", "reason", "response")
    ]
    inner = getattr(error, "error", None)
    while inner is not None:
        parts += [str(inner), repr(vars(inner))]
        inner = inner.details[0] if inner.details else None
    response = getattr(error, "response", None)
    if response is not None:
        parts += [response.text(), str(response.reason), str(dict(response.headers))]
    parts += [str(trail_of(error)), repr(trail_of(error))]
    for cause in causes(error):
        parts += [str(cause), repr(cause), repr(vars(cause))]
    return "\n".join(parts)


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_no_error_shows_what_was_sent(
    twin: Twin, name: str, credential: str, records: Callable[[], str]
) -> None:
    """In no text of it, its causes, its pickle, the logs, or what observers are told."""
    script, options = SCRIPTS[name]
    watcher = Watcher()
    with raw_server(script) as url, pytest.raises(AzureError) as caught:
        ask(twin, url, CREDENTIALS[credential](twin), watcher, **options)
    error = caught.value
    assert_clean(shown(error))
    assert_clean(records())
    assert_clean("\n".join(map(repr, watcher.told)))
    pickled = pickle.dumps(error)
    assert_clean(pickled.decode("latin-1"))
    assert pickle.loads(pickled).message == error.message


@pytest.mark.parametrize(
    "where", ["variable", "file", "url", "header", "options", "seconds", "bytes", "dotenv"]
)
def test_a_wrong_setting_shows_no_value(where: str, tmp_path: Any, monkeypatch: Any) -> None:
    """Neither the error nor a cause, a context, a pickle, ``doctor`` or ``--debug`` has one."""
    login = f"https://user:{URL_PASSWORD}@host.example/v1"
    tables = {
        "file": f"plan = '{SETTING}'\nfallback_max_wait = '{SETTING}'\nunknown = '{API_KEY}'",
        "url": f"[endpoints.x]\nurl = '{login}'\n[endpoints.y]\nurl = '{SETTING}'",
        "header": f"[endpoints.x]\nurl = 'https://a'\nheaders = {{ a = '{SETTING}\u00e9' }}",
        "options": f"fallback = [['{SETTING}']]\nendpoints = '{SETTING}'",
        "seconds": f"[endpoints.x]\nurl = 'https://a'\ntimeout = {{ a = '{SETTING}' }}",
        "bytes": f"api_key = '{SETTING}' # \u00e9",  # not UTF-8
    }
    monkeypatch.chdir(tmp_path)
    environ = {"GITHUB_MODELS_ADAPT": SETTING} if where == "variable" else {}
    (tmp_path / "github-models.toml").write_text(tables.get(where, ""), "latin-1")
    if where == "dotenv":
        (tmp_path / ".env").write_text(f"LOGAI_GITHUB_TOKEN = '{SETTING}' # \u00e9", "latin-1")
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert_clean("\n".join([str(error), repr(error), *traceback.format_exception(error)]))
    assert_clean(pickle.dumps(error).decode("latin-1"))


def test_what_is_set_is_not_shown_by_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither that of settings, nor of endpoints and what is made of them."""
    settings = load_settings(
        {
            "GITHUB_MODELS_ENDPOINT": f"https://host.example/v1?sig={QUERY}",
            "GITHUB_MODELS_API_KEY": API_KEY,
            "GITHUB_MODELS_ENDPOINTS": json.dumps(
                {"x": {"url": f"https://h.example/?sig={QUERY}", "headers": {"a": HEADER}}}
            ),
        }
    )
    assert_clean(repr(settings))
    assert_clean(repr(settings.endpoints["x"]))


@pytest.mark.parametrize("host", [f"user:{URL_PASSWORD}@host.example", "user:12/34567@host"])
def test_a_password_in_an_endpoints_url_is_refused_unseen(host: str) -> None:
    """Also one with slashes, whose beginning looks like a port."""
    with pytest.raises(ValueError, match="carries a user name or password") as caught:
        Endpoint("x", f"https://{host}/v1")
    assert_clean(str(caught.value))
    assert "34567" not in str(caught.value)


def test_a_path_with_an_at_sign_is_no_login() -> None:
    """Some servers have one there."""
    url = "http://localhost:8080/accounts/@cf/v1"
    assert Endpoint("x", url).base_url() == url
