"""Secrets are hidden in every form, and what is no secret stays."""

from __future__ import annotations

from types import MappingProxyType

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
