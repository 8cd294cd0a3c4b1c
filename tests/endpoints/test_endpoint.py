"""One endpoint: what its URL must be, what it belongs to, and that its credential stays hidden.

About `_core/hosts.py`.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import Endpoint
from github_models_azure.endpoints import DIALECTS, Dialect, origin_of
from github_models_azure.endpoints.endpoint import is_loopback

labels = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
hosts = st.lists(labels, min_size=1, max_size=3).map(".".join)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "models.github.ai/inference",
        "ftp://host/v1",
        "https://",
        "https:///v1",
        "https://:80/v1",
        "https://evil.example\\.localhost/v1",
    ],
)
def test_a_url_needs_a_scheme_and_a_host(url: str) -> None:
    """What no request could be sent to is refused at once, with the value and an example."""
    with pytest.raises(ValueError, match=r"no http\(s\) scheme and host") as caught:
        Endpoint("mine", url)
    assert repr(url) in str(caught.value)
    assert "https://models.github.ai/inference" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://user@host/v1", "https://user:secret@host/v1", "https://:secret@host/v1"]
)
def test_a_url_carries_no_credential(url: str) -> None:
    """A key in the URL would end in logs: it is refused, and not repeated."""
    with pytest.raises(ValueError, match="as credential instead") as caught:
        Endpoint("mine", url)
    assert "secret" not in str(caught.value)
    assert "host" in str(caught.value)


@pytest.mark.parametrize("url", ["HTTPS://Host.Example/v1", "http://[::1]:8080", "http://a"])
def test_other_spellings_are_fine(url: str) -> None:
    """Scheme and host may be written in any case, a host may be an address."""
    assert Endpoint("mine", url).url == url


def test_a_credential_is_not_shown() -> None:
    """Neither ``repr`` nor ``str`` tells the key."""
    endpoint = Endpoint("mine", "https://host/v1", "secret")
    assert "secret" not in repr(endpoint) + str(endpoint)
    assert "https://host/v1" in repr(endpoint)


def test_an_endpoint_cannot_be_changed() -> None:
    """A credential declared for one URL cannot be given another."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Endpoint("mine", "https://host/v1").url = "https://other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://host/v1", "https://host/v1"),
        ("https://host/v1///", "https://host/v1"),
        ("https://host/", "https://host"),
        ("https://host", "https://host"),
        ("https://host/v1?api-version=1#part", "https://host/v1"),
        ("https://Host:8080/V1", "https://Host:8080/V1"),
    ],
)
def test_the_base_url_is_what_paths_are_added_to(url: str, base: str) -> None:
    """Without slashes at its end, query and fragment."""
    assert Endpoint("mine", url).base_url() == base


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://host/v1", "https://host"),
        ("https://HOST/v1", "https://host"),
        ("HTTPS://host:443/v1", "https://host"),
        ("http://host:80", "http://host"),
        ("http://host:443", "http://host:443"),
        ("https://host:80", "https://host:80"),
        ("https://host:8443/a?b#c", "https://host:8443"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("https://[2001:DB8::1]/v1", "https://[2001:db8::1]"),
        ("https://user:pass@host/v1", "https://host"),
        ("https://host:99999/v1", "https://host"),
        ("https://host:port/v1", "https://host"),
        ("ftp://host:21", "ftp://host:21"),
        ("http://evil.example:9\\@host:80/v1", "http://evil.example:9\\@host:80"),
        ("http://evil.example\\.localhost", "http://evil.example\\.localhost"),
        ("http://[::1/v1?key=1", "http://[::1/v1"),
        ("", "://"),
    ],
)
def test_the_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    """In lower case, and without the port that goes without saying."""
    assert origin_of(url) == origin


def test_an_endpoint_has_the_origin_of_its_url() -> None:
    """A credential belongs to that."""
    assert Endpoint("mine", "https://Host:8443/v1").origin == "https://host:8443"


@given(
    host=hosts,
    scheme=st.sampled_from(["http", "https"]),
    port=st.none() | st.integers(1, 65535),
    path=st.lists(labels, max_size=3).map("/".join),
)
def test_spelling_makes_no_other_origin(
    host: str, scheme: str, port: int | None, path: str
) -> None:
    """Upper case, paths and the default port lead to the same origin; another port does not."""
    given_port = "" if port is None else f":{port}"
    plain = origin_of(f"{scheme}://{host}{given_port}")
    assert origin_of(f"{scheme.upper()}://{host.upper()}{given_port}/{path}?q=1") == plain
    assert origin_of(plain) == plain
    default = {"http": 80, "https": 443}[scheme]
    assert (plain == f"{scheme}://{host}") is (port in (None, default))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://LOCALHOST:11434/v1",
        "http://127.0.0.1:8080",
        "http://127.8.9.10",
        "http://[::1]:8080/v1",
    ],
)
def test_this_machine_is_loopback(url: str) -> None:
    """A key in clear text to this machine goes nowhere."""
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://host.example",
        "http://localhost.example",
        "https://models.localhost/v1",
        "http://a.b.localhost:8080",
        "http://notlocalhost",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[::2]",
        "http://128.0.0.1",
        "http://user@host.example@localhost.example",
        "http://localhost@host.example",
        "http://host.example\\.localhost",
        "http://host.example\\@127.0.0.1",
        "",
    ],
)
def test_other_machines_are_not(url: str) -> None:
    """Names that only look like this machine are others."""
    assert not is_loopback(url)


def test_an_endpoint_is_gone_from_its_day_on() -> None:
    """Until the day before it may be asked; one without a date always."""
    endpoint = Endpoint("old", "https://Old.example/v1", retired_on=date(2025, 10, 17))
    assert endpoint.gone(date(2025, 10, 16)) is None
    assert endpoint.gone(date(2025, 10, 17)) == "https://old.example was retired on 2025-10-17"
    assert Endpoint("new", "https://new.example").gone(date(2100, 1, 1)) is None


def test_a_url_that_is_refused_does_not_show_its_password() -> None:
    """Whatever is wrong with it."""
    with pytest.raises(ValueError, match="URL") as caught:
        Endpoint("x", "ftp://user:sk-secret@host")
    assert "sk-secret" not in str(caught.value)


# ---- what it is declared with


def test_positional_arguments_mean_what_they_meant() -> None:
    """New ones come last, so that older declarations stay right."""
    day = date(2026, 1, 1)
    made = Endpoint("n", "https://h/v1", "key", "github", day, "Use x.", True, {"X": "1"})
    assert (made.name, made.url, made.credential) == ("n", "https://h/v1", "key")
    assert made.dialect is DIALECTS["github"]
    assert (made.retired_on, made.successor, made.anonymous) == (day, "Use x.", True)
    assert made.headers == {"X": "1"}
    assert list(inspect.signature(Endpoint).parameters) == [
        field.name for field in dataclasses.fields(Endpoint) if field.init
    ]


def test_a_dialect_is_given_by_name_or_as_a_value() -> None:
    """A made one is used as it is; left out, nothing is known."""
    mine = Dialect(name="mine", auth="bearer")
    assert Endpoint("n", "https://h/v1", dialect=mine).dialect is mine
    assert Endpoint("n", "https://h/v1", dialect="mistral").dialect is DIALECTS["mistral"]
    assert Endpoint("n", "https://h/v1").dialect is DIALECTS["unknown"]
    with pytest.raises(ValueError, match="'mistrall' is not a dialect"):
        Endpoint("n", "https://h/v1", dialect="mistrall")


def test_an_endpoint_can_be_replaced_compared_and_hashed() -> None:
    """All that was declared is carried over; everything counts in a comparison."""
    full = Endpoint(
        "n", "https://h/v1", "key", "azure-models", date(2026, 1, 1), "Use x.", True, {"X": "1"},
        "https://h/v2", "N_API_KEY",
    )  # fmt: skip
    again = dataclasses.replace(full)
    assert again == full
    assert hash(again) == hash(full)
    assert copy.copy(full) == full
    for change in ({"name": "m"}, {"headers": {}}, {"credential": None}, {"moved_to": None}):
        assert dataclasses.replace(full, **change) != full
    assert dataclasses.replace(full, dialect="github").dialect is DIALECTS["github"]
    with pytest.raises(ValueError, match="another origin"):
        dataclasses.replace(full, url="https://other/v1")


def test_headers_are_copied_and_hidden() -> None:
    """Changing the mapping later changes no endpoint, and no text shows their values."""
    headers = {"X-Team": "s3cret-team"}
    made = Endpoint("n", "https://h/v1", "s3cret-key", headers=headers)
    headers["X-Team"] = "other"
    assert made.headers == {"X-Team": "s3cret-team"}
    assert "s3cret" not in repr(made) + str(made)


@pytest.mark.parametrize(
    "headers",
    [
        {"": "x"},
        {"X Y": "x"},
        {"X:": "x"},
        {"X\r\nY": "x"},
        {"X": "a\r\nb"},
        {"X": "a\nb"},
        {"X": "\u20ac"},
        {"X": "a\x00"},
        {"X": 3},
        {"X": None},
        {"X": b"x"},
    ],
)
def test_a_header_must_be_one_that_can_be_sent(headers: dict[str, Any]) -> None:
    """No line ends, nothing but printable ASCII; the value is not repeated."""
    with pytest.raises(ValueError, match="of the endpoint 'mine' cannot be sent") as caught:
        Endpoint("mine", "https://h/v1", headers=headers)
    assert "\n" not in str(caught.value)
    assert "a\\r" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "API-Key", "Cookie", "Proxy-Authorization"]
)
def test_a_credential_is_no_header(name: str) -> None:
    """It is to be given as credential, so that it stays with its origin; it is not repeated."""
    with pytest.raises(ValueError, match=f"'{name}' of the endpoint 'mine' is a credential") as e:
        Endpoint("mine", "https://h/v1", headers={name: "s3cret"})
    assert "s3cret" not in str(e.value)


@pytest.mark.parametrize("headers", [{}, {"Other": "x"}, {"X-Team": ""}, {"X-Team": " "}])
def test_a_dialect_may_want_headers(headers: dict[str, str]) -> None:
    """Which one, and how to give it, stands in the error; any case of the name is fine."""
    wants = Dialect(name="strict", required_headers=("X-Team",))
    told = "'mine' speaks strict, which needs the header X-Team. Give it as headers={'X-Team': ...}"
    with pytest.raises(ValueError, match=re.escape(told)):
        Endpoint("mine", "https://h/v1", dialect=wants, headers=headers)
    Endpoint("mine", "https://h/v1", dialect=wants, headers={"x-TEAM": "a"})


@pytest.mark.parametrize(
    "moved_to",
    [
        "https://other.example/v1",
        "http://h.example/v1",
        "https://h.example:8443/v1",
        "https://sub.h.example/v1",
        "/openai/v1",
        "",
    ],
)
def test_an_endpoint_moves_within_its_origin_only(moved_to: str) -> None:
    """Its credential must not be taken elsewhere by a declaration."""
    with pytest.raises(ValueError, match="another origin than its own"):
        Endpoint("mine", "https://h.example/models", moved_to=moved_to)
    same = "https://H.example:443/openai/v1"
    assert Endpoint("mine", "https://h.example/models", moved_to=same).moved_to == same
