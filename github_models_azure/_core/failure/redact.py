"""Hiding secrets in what is shown, in every form in which a server may repeat them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from html.entities import html5
from json import detect_encoding
from string import ascii_letters, digits
from types import MappingProxyType
from urllib.parse import unquote, unquote_plus

HIDDEN = "***"
"""Stands where a secret stood."""

SHORTEST_KEY = 6  # what is shorter is a stand-in for servers without keys, and part of any word
DEEPEST = 50  # levels of what a server says
SHORTEST_VALUE = 8  # of a header or a query, most of which are no secrets

_SHORTEST_PART = 4  # of a secret that was cut at the end of a text
_CUT = "..."
_LOGIN = re.compile(r"(?<=://)(?:[^\s'\"<>@/?#]*:[^\s'\"<>]*|[^\s'\"<>@/?#]+)@")
"""User and password of a URL, whose password may have slashes in it; or only a user, a token."""
_SHORT = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_PLAIN = frozenset(ascii_letters + digits + "-._~")  # nothing escapes them
_AGAIN = 3
"""How often a text that was escaped may have been escaped once more."""


def without_login(text: str) -> str:
    """Return a text whose URLs show no user and password."""
    return _LOGIN.sub(HIDDEN + "@", text) if "@" in text else text


def passwords_in(url: str) -> Iterator[str]:
    """Yield the password of a URL, as it stands there and as it is meant."""
    if found := _LOGIN.search(url):
        user, _, password = found[0][:-1].partition(":")
        password = password or user
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
            self._pattern = re.compile("|".join(map(_written, longest_first)))
        text = self._pattern.sub(HIDDEN, text)
        return self._without_beginning(text) if text.endswith(_CUT) else text

    def _without_beginning(self, text: str) -> str:
        shown = text.removesuffix(_CUT).rstrip()
        for secret in self._secrets:
            for length in range(min(len(secret), len(shown)), _SHORTEST_PART - 1, -1):
                if shown.endswith(secret[:length]):
                    return shown[:-length] + HIDDEN + _CUT
        return text

    def data(self, data: bytes, encoding: str | None = None) -> bytes:
        """Return a body without secrets, byte for byte the same if it holds none.

        :param encoding: what the server says it is; also hidden is what other readers would see.
        """
        for one in dict.fromkeys((encoding, detect_encoding(data), "utf-8")):
            with suppress(LookupError, UnicodeError):
                errors = "surrogateescape" if one == "utf-8" else "strict"
                text = data.decode(one, errors) if one else ""
                if (shown := self.text(text)) != text:
                    data = shown.encode(one or "", errors)
        return data

    def value(self, value: object, depth: int = DEEPEST) -> object:
        """Return a value without secrets: texts, and what JSON makes of them.

        :param depth: how deep it may be nested; what is deeper is left out.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.data(value)
        is_table = type(value) in (dict, MappingProxyType)
        if not is_table and type(value) not in (list, tuple):
            return value
        if depth == 0:  # a server may nest as deep as Python reads, and no deeper can be written
            return HIDDEN
        if is_table and isinstance(value, Mapping):
            below = depth - 1
            return {
                self.value(name, below): self.value(inner, below) for name, inner in value.items()
            }
        made = [self.value(inner, depth - 1) for inner in _items(value)]
        return made if isinstance(value, list) else tuple(made)


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
            yield meant
            raw = meant.encode("utf-8", "surrogateescape")
            for coded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
                yield coded.decode().rstrip("=")


def _written(secret: str) -> str:
    """Return a pattern of a text in all the ways in which programs write it.

    Each character stands for itself or is escaped, as one language or another does it, once or
    several times over: which ones a program escapes is its own choice.
    """
    # A run of backslashes is one place, or there would be many ways to match it.
    return "".join(_run(len(run)) if run[0] == "\\" else "".join(map(_character, run))
                   for run in re.findall(r"\\+|[^\\]+", secret))  # fmt: skip


def _run(length: int) -> str:
    longest = length * 2**_AGAIN
    return rf"(?:\\{{{length},{longest}}}|(?i:%(?:25){{0,{_AGAIN}}}5c){{{length}}})"


@lru_cache(maxsize=512)
def _character(char: str) -> str:
    if char in _PLAIN:
        return re.escape(char)
    slashes, number = rf"\\{{1,{2**_AGAIN}}}", ord(char)
    percent, ampersand = f"%(?:25){{0,{_AGAIN}}}", f"&(?:amp;){{0,{_AGAIN}}}"
    units = char.encode("utf-16-be", "surrogatepass")
    pairs = [units[at : at + 2].hex() for at in range(0, len(units), 2)]
    raw = char.encode("utf-8", "surrogatepass")
    ways = [
        rf"(?:{slashes})?{re.escape(char)}",
        "".join(f"{percent}{byte:02x}" for byte in raw),
        "".join(f"{slashes}x{byte:02x}" for byte in raw),
        "".join(f"{slashes}u{pair}" for pair in pairs),
        f"{ampersand}#(?:0*{number}|x0*{number:x});",
        *(f"{ampersand}{name}" for name in _entities().get(char, ())),
    ]
    if number < 0x100:
        ways.append(f"{slashes}x{number:02x}")
    if char in _SHORT:
        ways.append(f"{slashes}{_SHORT[char]}")
    if char == " ":
        ways.append(r"\+")
    return f"(?i:{'|'.join(ways)})"


@lru_cache(maxsize=1)
def _entities() -> Mapping[str, list[str]]:
    """Return the names that HTML has for the characters of ASCII."""
    found: dict[str, list[str]] = {}
    for name, char in html5.items():
        if char.isascii() and name.endswith(";"):
            found.setdefault(char, []).append(name)
    return found
