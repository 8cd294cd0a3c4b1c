"""Hiding secrets in what is shown, in every form in which a server may repeat them."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"
"""Stands where a secret stood."""

SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word
SHORTEST_VALUE = 8  # of a header or a query, most of which are no secrets

_SHORTEST_PART = 4  # of a secret that was cut at the end of a text
_CUT = "..."
_LOGIN = re.compile(r"(?<=://)[^\s'\"<>@/?#]*:[^\s'\"<>]*@")
"""User and password of a URL, whose password may have slashes in it."""


def without_login(text: str) -> str:
    """Return a text whose URLs show no user and password."""
    return _LOGIN.sub(HIDDEN + "@", text) if "@" in text else text


def passwords_in(url: str) -> Iterator[str]:
    """Yield the password of a URL, as it stands there and as it is meant."""
    if found := _LOGIN.search(url):
        password = found[0][:-1].partition(":")[2]
        yield password
        yield unquote(password)


class Redactor:
    """Hides the secrets that it was told, and the logins of URLs.

    ``str`` and ``repr`` show none of them.
    """

    __slots__ = ("_pattern", "_secrets")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(secrets)

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def add(self, secrets: Iterable[str], shortest: int = SHORTEST_KEY) -> None:
        """Hide further secrets, from a length on; of a signed value its token too."""
        found = {part for secret in secrets for part in _parts(secret) if len(part) >= shortest}
        if not found <= self._secrets:
            self._secrets |= found
            self._pattern = None

    def text(self, text: str) -> str:
        """Return a text without secrets, also without the beginning of one at a cut end."""
        text = without_login(text)
        if not self._secrets:
            return text
        if self._pattern is None:
            forms = {form for secret in self._secrets for form in _forms(secret)}
            longest_first = sorted(forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        text = self._pattern.sub(HIDDEN, text)
        return self._without_beginning(text) if text.endswith(_CUT) else text

    def _without_beginning(self, text: str) -> str:
        shown = text.removesuffix(_CUT).rstrip()
        for secret in self._secrets:
            for length in range(min(len(secret), len(shown)), _SHORTEST_PART - 1, -1):
                if shown.endswith(secret[:length]):
                    return shown[:-length] + HIDDEN + _CUT
        return text

    def data(self, data: bytes) -> bytes:
        """Return a body without secrets, byte for byte the same if it holds none."""
        text = data.decode("utf-8", "surrogateescape")
        shown = self.text(text)
        return data if shown == text else shown.encode("utf-8", "surrogateescape")

    def value(self, value: object) -> object:
        """Return a value without secrets: texts, and what JSON makes of them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.data(value)
        if type(value) in (dict, MappingProxyType) and isinstance(value, Mapping):
            return {self.value(name): self.value(inner) for name, inner in value.items()}
        if type(value) in (list, tuple):
            made = [self.value(inner) for inner in _items(value)]
            return made if isinstance(value, list) else tuple(made)
        return value


def _items(value: object) -> Iterator[object]:
    return iter(value) if isinstance(value, (list, tuple)) else iter(())


def _parts(secret: str) -> Iterator[str]:
    """Yield a value, its token after a scheme, and what the token of ``Basic`` stands for."""
    secret = secret.strip()
    yield secret
    scheme, _, token = secret.partition(" ")
    token = token.strip()
    if not token or not scheme.isalpha():
        return
    yield token
    if scheme.lower() == "basic":
        try:
            login = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return
        yield login
        yield login.partition(":")[2]


def _forms(secret: str) -> Iterator[str]:
    for meant in {secret, unquote(secret), unquote_plus(secret)}:
        if len(meant) >= SHORTEST_KEY or meant == secret:
            yield from _written(meant)


def _written(secret: str) -> Iterator[str]:
    yield secret
    for quoted in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield written[1:-1]
        yield written[1:-1].replace("/", "\\/")
    yield html.escape(secret)
    raw = secret.encode("utf-8", "surrogateescape")
    for coded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield coded.decode().rstrip("=")
