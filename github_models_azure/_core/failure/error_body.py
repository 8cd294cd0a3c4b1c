"""Reading error bodies: one value out of every shape that servers answer with.

Nested and top-level objects, arrays (Gemini), ``detail`` lists (FastAPI, Mistral), plain strings,
problem+json, JSON inside a message (Foundry, Copilot), plain text, HTML, cut-off JSON.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..answer.bounds import ERROR_BYTES
from ..answer.framing import first_data
from .redact import without_login

BODY_LIMIT = ERROR_BYTES
"""Bytes of a body that are looked at."""

_TEXT_LIMIT = 65536  # characters of one message that are looked at

_MESSAGE_LIMIT = 2000
_NAME_LIMIT = 120
_MAX_DEPTH = 6
_MAX_ITEMS = 8
_MAX_NODES = 64
_MOST_HEADERS = 32

# Members, in order of trust.
_MESSAGES = ("message", "msg", "detail", "error_description")
_CODES = ("code", "reason")
_STATUSES = ("status", "statusCode", "status_code")
_NESTED = ("error", "errors", "detail", "details", "innererror", "metadata", "violations")
# Where a body says when to come back: OpenRouter's headers, and members by various names.
_WAITS = {
    "retry_after": "", "retryafter": "", "retry_after_seconds": "", "retryafterseconds": "",
    "retry_after_ms": "ms", "retryafterms": "ms", "resets_in_seconds": "", "resets_in": "",
    "reset_in": "", "reset_after": "", "resets_at": "", "reset_at": "", "reset_time": "",
    "resetat": "", "resetsat": "", "quotaresetdelay": "", "quotaresettimestamp": "",
}  # fmt: skip

_SECRETS = (
    (
        re.compile(
            r"\bBearer:? (?!(?:tokens?|auth\w*|scheme|credentials?|realm|error|header|or|and|is)\b)"
            r"[^\s\"',;]+",
            re.IGNORECASE,
        ),
        "Bearer [redacted]",
    ),
    (
        re.compile(r"(\bAPI[- _]?key(?: provided)?[\"']? ?[:=] ?[\"']?)[^\s\"',;]+", re.IGNORECASE),
        r"\1[redacted]",
    ),
    (re.compile(r"(?<![A-Za-z0-9])(?:gh[a-z]_|github_pat_)\w{4,}"), "[redacted]"),
    (re.compile(r"(?<![A-Za-z0-9])sk-[\w*-]{4,}"), "[redacted]"),
    (
        re.compile(r"(?<![A-Za-z0-9])(?:gsk|csk|hf|r8|xai|nvapi|pplx|sess)[-_][\w*-]{12,}"),
        "[redacted]",
    ),
    (re.compile(r"(?<![A-Za-z0-9])(?:AIza[\w-]{16,}|eyJ[\w-]{8,}(?:\.[\w-]+)*)"), "[redacted]"),
    # Azure keys: 32 hexadecimal digits, or 52 and more letters and digits.
    (re.compile(r"\b(?:[0-9a-fA-F]{32}|[A-Za-z0-9]{52,})\b"), "[redacted]"),
)
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,500})", re.IGNORECASE)
_JSON_START = ("{", "[")
_SALVAGE = re.compile(
    r'(?<!\\)"(code|type|message|msg|param|status|loc)"\s{0,8}:\s{0,8}'
    r'(?:"((?:[^"\\]|\\.){0,2000})|(-?[0-9]{1,9})|(\[[^\[\]]{0,500}\]))'
)


# How messages refuse a request member, and its name where the text gives none (else the pattern's
# groups, joined by dots).
_REFUSALS: tuple[tuple[re.Pattern[str], str | None], ...] = tuple(
    (re.compile(pattern), param)
    for pattern, param in (
        (r"(?i)\bun(?:supported|known) (?:parameter|value):? '([^']+)'", None),
        (r"(?i)\bunrecognized request arguments? supplied: ([\w.$-]+)", None),
        (r"(?i)(?:'(messages\.\d+)' ?: ?)?property '([^']+)' is unsupported", None),
        (r"Unknown name \"[^\"]+\": Cannot bind query parameter", "api-version"),
        (r"(?i)\bextra parameters \['([^']+)'", None),
        (r"(?i)^([a-z_]\w*(?:\.\w+){0,8}): extra inputs are not permitted\b", None),
        (r"Additional properties are not allowed \('([^']+)'", None),
        (
            r"(?i)\bapi[- ]version (?:query parameter )?(?:is )?not (?:allowed|supported)",
            "api-version",
        ),
        (r"(?i)'(messages\.\d+\.content)' ?: ?value must be a string", None),
        (
            r"(?i)\binvalid '(messages\[\d+\]\.(?:tool_calls\[\d+\]\.id|tool_call_id))':"
            r" string too long",
            None,
        ),
        (r"'(?:developer|system)' is not one of .{0,500}- '([^']+)'", None),
        (r"--enable-auto-tool-choice", "tools"),
        (r"(?i)\bonly named tools are supported", "tools"),  # of vLLM (semantic-kernel#10452)
        (r"(?i)\bimage input is not supported", "image_url"),
        (r"(?i)^tool call id was (?:.{0,500} )?but must be", "tool_call_id"),
        (r"(?i)\bmissing a thought_signature", "thought_signature"),
        (  # pydantic's report as a text, of llama-cpp-python
            r"^\d{1,4} validation errors?: \{'type': '(?:literal_error|extra_forbidden)',"
            r" 'loc': \('body', ([^)]{1,200})\)",
            None,
        ),
    )
)


_REFUSED_ROLE = re.compile(r"\bInput tag '(developer|system)' found using 'role'")
_WANTED_VERSION = re.compile(r"(?i)\benabled only for api versions (\d{4}-\d\d-\d\d(?:-preview)?)")
_REFUSED_KEYWORDS = re.compile(r"(?i)\bunsupported JSON schema fields: ?[{\[]([^}\]]{1,500})[}\]]")
# Google names all it refuses in one message, each before its place (openswarm#24). What it knows
# and cannot read is no unknown name: "Proto field is not repeating" (genoffice#186).
_UNKNOWN_NAME = re.compile(
    r"Unknown name \"([$\w-]{1,99})\"(?: at '([^']{0,500})')?(?! at|: Proto)"
)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error body says, cleaned of control characters and credentials.

    ``code`` is the outermost one, numbers as text. ``names`` holds every code and type of all
    nesting levels in lower case, outermost first: what a classifier looks up. ``param`` is the
    member complained about, dotted. ``status`` is the HTTP status that the body itself states.
    ``retry_delay`` is how long to wait, or until when, in whatever form. ``headers`` are those of a
    server behind this one, their names in lower case. ``quotas`` names the exceeded ones,
    ``quota_value`` is the size of the first. ``innererror`` is Azure's. All are ``None`` or empty
    where nothing was said. ``is_stated``: something of it stood where errors stand, and is not just
    the text of the body.
    """

    code: str | None = None
    message: str | None = None
    type: str | None = None
    param: str | None = None
    status: int | None = None
    retry_delay: str | None = None
    names: tuple[str, ...] = ()
    is_stated: bool = field(default=False, compare=False)
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    quotas: tuple[str, ...] = ()
    quota_value: int | None = None
    innererror: Mapping[str, object] | None = field(default=None, compare=False)


def clean_text(text: str, limit: int) -> str:
    """Return ``text`` as one printable line of at most ``limit`` characters, without credentials.

    Redaction comes before the cut, so that no half of a token survives at the end.
    """
    printable = "".join(char if char.isprintable() else " " for char in text[:_TEXT_LIMIT])
    line = " ".join(printable.split())[: limit + 4096]
    line = without_login(line)
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def dotted_path(path: str) -> str:
    """Return ``messages[0].role`` as ``messages.0.role``, without quotes or a leading ``body``."""
    bare = re.sub(r"[\[\]'\"`]+|, ", ".", path[:_NAME_LIMIT])
    return ".".join(part for part in bare.split(".") if part).removeprefix("body.")


def refused_member(text: str) -> str | None:
    """Return the request member that a message refuses, dotted; ``None`` if it refuses none.

    ``api-version=VERSION`` names the one that is wanted, ``json_schema.A,B`` and
    ``PLACE.A,B`` several refused ones.
    """
    if role := _REFUSED_ROLE.search(text):
        return f"messages.role.{role[1]}"
    if wanted := _WANTED_VERSION.search(text):
        return f"api-version={wanted[1]}"
    if keywords := _REFUSED_KEYWORDS.search(text):
        return "json_schema." + ",".join(sorted(re.findall(r"[$\w-]+", keywords[1])))
    for pattern, fixed in _REFUSALS:
        if match := pattern.search(text):
            return fixed or dotted_path(".".join(filter(None, match.groups())))
    return _unknown_names(text)


def _unknown_names(text: str) -> str | None:
    found: list[tuple[str, str]] = _UNKNOWN_NAME.findall(text)
    if not found:
        return None
    first, place = found[0]
    if not place:
        return dotted_path(first)
    top = place.partition("[")[0]
    names = dict.fromkeys(name for name, other in found if other.partition("[")[0] == top)
    return f"{dotted_path(place)}.{','.join(names)}"


def read_error_body(body: object, content_type: str | None = None) -> ErrorBody:
    """Return what an error body says, whatever its shape; never raises.

    :param body: bytes or text as received (only the first MiB is read), or a JSON value.
    :param content_type: the header's value; a hint only, since servers mislabel errors.
    """
    found = _Found()
    if isinstance(body, (bytes, bytearray)):
        _read_text(bytes(body[:BODY_LIMIT]).decode("utf-8", "replace"), content_type or "", found)
    elif isinstance(body, str):
        _read_text(body[:BODY_LIMIT], content_type or "", found)
    else:
        _walk(body, found, 0)
    return found.result()


@dataclass(slots=True)
class _Found:
    """What the walk has collected so far, first come first served."""

    codes: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    spare_messages: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    delays: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    quotas: list[str] = field(default_factory=list)
    quota_values: list[int] = field(default_factory=list)
    inner: list[Mapping[str, object]] = field(default_factory=list)
    nodes: int = 0

    def result(self) -> ErrorBody:
        messages = sorted(self.messages + self.spare_messages, key=_is_a_routers)
        names = dict.fromkeys(name.lower() for name in self.codes + self.types)
        return ErrorBody(
            code=_first(self.codes),
            message=next((line for text in messages if (line := _message(text))), None),
            type=_first(self.types),
            param=_first(self.params),
            status=next(iter(self.statuses), None),
            retry_delay=_first(self.delays),
            names=tuple(names),
            is_stated=bool(names or self.messages),
            headers=self.headers,
            quotas=tuple(self.quotas),
            quota_value=next(iter(self.quota_values), None),
            innererror=next(iter(self.inner), None),
        )


def _is_a_routers(text: str) -> bool:
    """Tell OpenRouter's own words from those of the provider behind it."""
    return text.strip().lower() == "provider returned error"


def _message(text: str) -> str:
    return clean_text(text, _MESSAGE_LIMIT)


def _first(values: list[str]) -> str | None:
    return values[0] if values else None


def _read_text(text: str, content_type: str, found: _Found) -> None:
    stripped = text.lstrip("\ufeff").strip()
    stripped = first_data(stripped) or stripped  # an event stream in place of a body
    if "html" in content_type.lower() or stripped[:15].lower().startswith(("<!doctype", "<html")):
        title = _TITLE.search(stripped)
        found.spare_messages.append(
            html.unescape(title[1]) if title else stripped and "an HTML page"
        )
    elif not _read_json(stripped, found, 0):
        found.spare_messages.append(stripped)


def _read_json(text: str, found: _Found, depth: int) -> bool:
    """Walk ``text`` when it is JSON, even cut off; tell whether it said anything."""
    if not text.startswith((*_JSON_START, '"')):
        return False
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        value = _salvage(text)
    before = len(found.messages) + len(found.spare_messages) + len(found.codes)
    _walk(value, found, depth)
    return len(found.messages) + len(found.spare_messages) + len(found.codes) > before


def _salvage(text: str) -> dict[str, object]:
    """Pick the first of each known member out of JSON that cannot be parsed, mostly cut-off."""
    members: dict[str, object] = {}
    for name, string, number, array in _SALVAGE.findall(text):
        if number:
            members.setdefault(name, int(number))
        elif array:
            members.setdefault(name, re.findall(r'[^\s",\[\]]+', array))
        else:
            members.setdefault(name, string.replace('\\"', '"').replace("\\n", " "))
    return members


def _walk(value: object, found: _Found, depth: int) -> None:
    found.nodes += 1
    if depth > _MAX_DEPTH or found.nodes > _MAX_NODES:
        return
    if isinstance(value, dict):
        _take_members(value, found, depth)
        for name in _NESTED:
            if value.get(name):
                _walk(value[name], found, depth + 1)
    elif isinstance(value, list):
        for item in value[:_MAX_ITEMS]:
            _walk(item, found, depth + 1)
    elif isinstance(value, str):
        _take_message(value, found.spare_messages, found, depth)


def _take_members(value: Mapping[str, object], found: _Found, depth: int) -> None:
    location = value.get("loc")
    if isinstance(location, list):
        _take_pydantic_item(value, location, found)
    for name in _CODES:
        _take_code(value.get(name), found)
    _append_text(value.get("type"), found.types)
    for name in _STATUSES:
        _take_status(value.get(name), found)
    _append_text(value.get("param"), found.params)
    _append_text(value.get("retryDelay"), found.delays)
    _take_limits(value, found)
    inner = value.get("innererror")
    if isinstance(inner, Mapping):
        found.inner.append(inner)
    for name in _MESSAGES:
        message = value.get(name)
        if isinstance(message, str):
            _take_message(message, found.messages, found, depth)
        elif name == "message":
            _walk(message, found, depth + 1)
    for name in ("title", "raw"):
        text = value.get(name)
        if isinstance(text, str):
            _take_message(text, found.spare_messages, found, depth)


def _take_limits(value: Mapping[str, object], found: _Found) -> None:
    for name, told in value.items():
        unit = _WAITS.get(str(name).lower())
        if unit is not None and isinstance(told, (int, float, str)) and not isinstance(told, bool):
            _append_text(f"{told}{unit}", found.delays)
    headers = value.get("headers")
    if isinstance(headers, Mapping):
        for name, told in headers.items():
            if isinstance(told, (int, float, str)) and len(found.headers) < _MOST_HEADERS:
                found.headers.setdefault(str(name).lower(), clean_text(str(told), _NAME_LIMIT))
    _append_text(value.get("quotaId"), found.quotas)
    size = value.get("quotaValue")
    if isinstance(size, (int, str)) and re.fullmatch(r"[0-9]{1,9}", str(size)):
        found.quota_values.append(int(size))


def _take_pydantic_item(item: Mapping[str, object], location: list[object], found: _Found) -> None:
    """Read one entry of a FastAPI ``detail`` list, whose ``type`` is the actual code."""
    path = ".".join(str(part)[:64] for part in location[:12] if isinstance(part, (str, int)))
    _append_text(dotted_path(path), found.params)
    if path.endswith("role") and item.get("input") in ("developer", "system"):
        found.codes.append("unsupported_role")
    _append_text(item.get("type"), found.codes)


def _take_code(value: object, found: _Found) -> None:
    if isinstance(value, bool):
        return
    if isinstance(value, int) and abs(value) < 10**9:
        value = str(value)
    if isinstance(value, str) and re.fullmatch(r"[1-5][0-9]{2}", value):
        found.statuses.append(int(value))
    _append_text(value, found.codes)


def _take_status(value: object, found: _Found) -> None:
    if isinstance(value, int) and 100 <= value <= 599:
        found.statuses.append(value)
    elif isinstance(value, str) and value.isupper():  # gRPC's names, such as RESOURCE_EXHAUSTED
        _append_text(value, found.codes)


def _take_message(text: str, into: list[str], found: _Found, depth: int) -> None:
    stripped = text.strip()
    nested = stripped.startswith(_JSON_START) and depth < _MAX_DEPTH
    if nested and _read_json(stripped, found, depth + 1):
        return
    into.append(text[: _MESSAGE_LIMIT * 4])


def _append_text(value: object, into: list[str]) -> None:
    if isinstance(value, str) and (text := clean_text(value, _NAME_LIMIT)):
        into.append(text)
