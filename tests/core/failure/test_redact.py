"""Secrets are hidden in every form, and what is no secret stays."""

from __future__ import annotations

import html
import json
from types import MappingProxyType
from urllib.parse import quote, quote_plus

import pytest

from github_models_azure._core.failure.redact import HIDDEN, Redactor, passwords_in, without_login


def test_forms_of_a_secret_are_hidden() -> None:
    """As it stands, quoted in both cases, escaped, in base64, and its token without the scheme."""
    secrets = Redactor(["Bearer to/ken+one", "Basic bm90IGEgbG9naW4", "Basic dXNlcjpoaWRkZW4tcHc="])
    for text in ("to/ken+one", "to%2Fken%2Bone", "to%2fken%2bone", "to\\/ken+one", "hidden-pw"):
        assert secrets.text(f"<{text}>") == f"<{HIDDEN}>"
    assert secrets.text("dG8va2VuK29uZQ==") == f"{HIDDEN}=="
    assert secrets.value([b"a to/ken+one", 3]) == [b"a ***", 3]
    assert secrets.value(MappingProxyType({"to/ken+one": ("x",)})) == {HIDDEN: ("x",)}
    assert repr(secrets) == "Redactor(8 secrets)"


KEY = "sk-a+b/c=d&e<f>'g\"h\\\\i k\t\u00e9\U0001f511z"


def in_json(text: str, escaped: str, form: str = "u%04x") -> str:
    """What .NET, Go and JavaScript make of characters that Python leaves as they are."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    return "".join("\\" + form % ord(char) if char in escaped else char for char in quoted)


WRITTEN = {
    "by .NET": in_json(KEY, "+&<>'", "u%04X"),
    "by Go": in_json(KEY, "&<>"),
    "by JavaScript": in_json(KEY, "&<>'", "x%02x"),
    "as JSON": json.dumps(KEY)[1:-1],
    "as JSON in JSON": json.dumps(json.dumps(KEY))[3:-3],
    "as JSON in JSON in JSON": json.dumps(json.dumps(json.dumps(KEY)))[7:-7],
    "by PHP": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "in Python": repr(KEY)[1:-1],
    "in Python's bytes": repr(KEY.encode())[2:-1],
    "in HTML": html.escape(KEY),
    "in Go's HTML": html.escape(KEY).replace("&#x27;", "&#39;").replace("+", "&#43;"),
    "in HTML with names": KEY.replace("&", "&amp;").replace("+", "&plus;").replace("=", "&equals;"),
    "in HTML twice": html.escape(html.escape(KEY)),
    "in a URL": quote(KEY, safe=""),
    "in a URL in small letters": quote(KEY, safe="").lower(),
    "in a URL twice": quote(quote(KEY, safe=""), safe=""),
    "in a form": quote_plus(KEY),
    "in a part of a URL": KEY.replace("/", "%2F").replace("&", "%26"),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
def test_whatever_a_program_escapes_of_a_secret_it_is_hidden(written: str) -> None:
    """Which characters are escaped, and how, differs between languages and their libraries."""
    assert Redactor(["Bearer " + KEY]).text(f"<{written}>") == f"<{HIDDEN}>"


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "cp500"]
)
def test_a_body_in_another_encoding_is_read_in_it(encoding: str) -> None:
    """It says so itself, or its server does."""
    secrets, body = Redactor([KEY]), json.dumps({"key": KEY}, ensure_ascii=False)
    if encoding == "cp500":
        secrets, body = Redactor(["sk-plain-ascii"]), '{"key": "sk-plain-ascii"}'
    shown = secrets.data(body.encode(encoding), encoding)
    assert shown.decode(encoding) == '{"key": "***"}'
    if encoding not in ("utf-7", "cp500"):  # JSON is found out to be one of the others
        assert secrets.data(body.encode(encoding)) == shown
    assert secrets.data(b"\xff\xfea", encoding) == b"\xff\xfea"
    assert secrets.data(b"{}", "no-encoding") == b"{}"


@pytest.mark.parametrize("around", ['{"a": %s}', "[%s]"])
def test_what_a_server_nests_deeper_than_anybody_reads_is_left_out(around: str) -> None:
    """It does not end in Python's limit, which would take the place of the error."""
    text = '"to/ken+one"'
    for _ in range(900):
        text = around.replace("%s", text)
    shown = json.dumps(Redactor(["to/ken+one"]).value(json.loads(text)))
    assert shown.count(HIDDEN) == 1
    assert len(shown) < 500


def test_hiding_takes_no_time_that_a_server_could_choose() -> None:
    """A long run of what begins an escape is looked through once: each place is soon left."""
    secrets = Redactor(["/a+b/c\\\\\\\\\\\\z"])
    for piece in ("\\", "%25", "&amp;", "/a\\"):
        text = piece * (200_000 // len(piece))
        assert secrets.text(text) == text
    for piece in ("://a:", "://a"):
        assert secrets.text(piece * 40_000) == piece * 40_000


def test_short_values_and_other_texts_stay() -> None:
    """A stand-in for a key is part of any word; bytes that are no text stay as they are."""
    secrets = Redactor(["none", "a%20%20%20b"])
    assert secrets.text("nonesuch") == "nonesuch"
    assert secrets.text("a%20%20%20b") == HIDDEN
    assert Redactor(["secret"]).data(b"\xff\xfe") == b"\xff\xfe"


def test_a_secret_that_is_no_base64_is_hidden_as_it_stands() -> None:
    """The token of ``Basic`` may be anything."""
    assert Redactor(["Basic no-base64!"]).text("no-base64!") == HIDDEN


def test_the_beginning_of_a_secret_at_a_cut_end_is_hidden() -> None:
    """Whoever clips a text may clip it within a secret."""
    secrets = Redactor(["a-long-secret"])
    assert secrets.text("the key a-long-se...") == f"the key {HIDDEN}..."
    assert secrets.text("the key a-l...") == "the key a-l..."


def test_logins_of_urls_are_hidden() -> None:
    """With slashes in the password too."""
    assert without_login("at http://u:p/w@h:1/x, b@c") == "at http://***@h:1/x, b@c"
    assert list(passwords_in("http://u:p%2Fw@h")) == ["p%2Fw", "p/w"]
    assert list(passwords_in("http://h/x")) == []
    assert without_login("at http://tok@h:1/x/@y, b@c") == "at http://***@h:1/x/@y, b@c"
    assert list(passwords_in("http://tok%2Fen@h:1")) == ["tok%2Fen", "tok/en"]
