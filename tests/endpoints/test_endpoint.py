"""One endpoint: what its URL must be, what it belongs to, and that its credential stays hidden."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure import Endpoint
from github_models_azure.endpoints import origin_of
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
        "https://models.localhost/v1",
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
        "http://notlocalhost",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[::2]",
        "http://128.0.0.1",
        "http://user@host.example@localhost.example",
        "http://localhost@host.example",
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
