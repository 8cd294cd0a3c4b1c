"""What one kind of server needs, refuses and ignores: a value to print and to compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from ..answer.text_grammar import TEXT_CALLS
from ..failure.kinds import FailureKind
from ..route.needs import UNKNOWN, Operation

KEEP, DROP = "keep", "drop"
ROUTES: Mapping[str, str] = MappingProxyType(
    {operation.name.lower(): operation.value for operation in Operation}
)
"""The path of each operation below a base URL: what the SDK appends."""

MODEL_NAMES = ("as-given", "id", "legacy")
TOOL_IDS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "alnum9": re.compile(r"[A-Za-z0-9]{9}"),
        "plain40": re.compile(r"[A-Za-z0-9_-]{1,40}"),
        "max40": re.compile(r"(?s).{1,40}"),
        "any": re.compile(r"(?s).*"),
    }
)
"""The shapes that servers demand of tool call ids, the strictest first."""

_VERSION = re.compile(r"keep|drop|v1|preview|\d{4}-\d{2}-\d{2}(-preview)?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_PATH = re.compile(r"(/[^\s?#]*)?")
_EMPTY: Mapping[str, str] = MappingProxyType({})
_SETS = (
    "drop_headers", "refuses", "members", "message_members", "call_members", "text_roles", "lacks",
)  # fmt: skip
_LISTS = ("required_headers", "reset_headers")
_LOWERED = ("drop_headers", "reset_headers")
CAPABILITIES = frozenset(
    fact.name
    for fact in fields(UNKNOWN)
    if "tokens" not in fact.name and fact.name not in ("rejects", "forced_choice", "drops_images")
)
"""What a model can do, or cannot: the facts that are no numbers, and that no field here tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The wire format of one kind of server; every default is what the SDK itself does.

    Members of a body are named as in JSON; ``messages.NAME`` is a member of a message,
    ``messages.tool_calls.NAME`` one of a tool call in it, ``schema.NAME`` a keyword of a JSON
    schema, ``messages.content.image_url`` the images in one, and the roles ``system`` and
    ``developer`` stand for themselves. What else servers refuse of a history, such as
    ``messages.content.empty``, is named in the documentation of dialects.

    :param name: what settings and ``doctor`` call it.
    :param api_version: ``keep`` what the caller sends, ``drop`` it, or the version to send in place
        of the SDK's default.
    :param routes: the path of ``chat``, ``embeddings`` and ``image_embeddings`` where it is another
        than the SDK's; an empty one is not served.
    :param auth: how a key is sent: ``bearer``, ``both`` (as the SDK does: also ``api-key``) or the
        name of the one header that carries it.
    :param scope: asked of Entra credentials; ``None`` where Entra's tokens are unknown.
    :param drop_headers: headers not sent, in any case.
    :param required_headers: headers that whoever declares the endpoint has to give.
    :param renames: body members that go by another name there; no new name is renamed itself.
    :param refuses: what it refuses; the request is fitted, and the change declared in the trail.
    :param members: the only members of a chat body it takes; ``None`` for any.
    :param message_members: the only members of a message; ``None`` for any.
    :param call_members: the only members of a tool call in a message; ``None`` for any.
    :param text_roles: roles whose content must be one text: no list of parts, and an empty one
        where there is none.
    :param tool_ids: the shape of tool call ids: ``any``, ``alnum9`` (nine letters or digits),
        ``plain40`` (at most forty letters, digits, ``_`` and ``-``) or ``max40`` (at most forty
        characters).
    :param tool_choice: ``False`` where a forced tool call is known to be ignored, so that answers
        have to be checked.
    :param text_calls: where calls come as text, how they are looked for: ``json`` (bare), ``tags``
        or ``both``. Only calls of tools that were offered are taken for calls.
    :param lacks: capabilities it is known not to have, named as in the model registry.
    :param error_codes: codes or types in its error bodies that mean a failure kind.
    :param reset_headers: its own headers that say how long to wait, most trusted first.
    :param model_names: ``id`` and ``legacy`` where models go by GitHub's ids or old bare names, and
        GitHub's tiers hold; else ``as-given``.
    :raises ValueError: for a value that is none of those.
    """

    name: str
    api_version: str = KEEP
    routes: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)
    auth: str = "both"
    scope: str | None = None
    drop_headers: frozenset[str] = frozenset()
    required_headers: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=lambda: _EMPTY, hash=False)
    refuses: frozenset[str] = frozenset()
    members: frozenset[str] | None = None
    message_members: frozenset[str] | None = None
    call_members: frozenset[str] | None = None
    text_roles: frozenset[str] = frozenset()
    tool_ids: str = "any"
    tool_choice: bool = True
    text_calls: str = ""
    lacks: frozenset[str] = frozenset()
    error_codes: Mapping[str, FailureKind] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )
    reset_headers: tuple[str, ...] = ()
    model_names: str = "as-given"
    adapts: bool = field(init=False, repr=False, compare=False, default=False)

    def __post_init__(self) -> None:
        self._check("api_version", self.api_version, _is_like(_VERSION, self.api_version))
        self._check("auth", self.auth, _is_like(_HEADER, self.auth))
        self._check("tool_ids", self.tool_ids, self.tool_ids in TOOL_IDS)
        self._check("text_calls", self.text_calls, self.text_calls in TEXT_CALLS)
        self._check("model_names", self.model_names, self.model_names in MODEL_NAMES)
        for route, path in self.routes.items():
            self._check("routes", route, route in ROUTES)
            self._check("routes", path, _is_like(_PATH, path))
        for new in self.renames.values():
            self._check("renames", new, new not in self.renames)
        for name in (*_SETS, *_LISTS):
            self._take_names(name)
        for name in sorted(self.lacks):
            self._check("lacks", name, name in CAPABILITIES)
        codes = {code.lower(): FailureKind(kind) for code, kind in self.error_codes.items()}
        self._set("error_codes", MappingProxyType(codes))
        fits = (
            self.renames, self.refuses, self.text_roles, self.members is not None,
            self.message_members is not None, self.call_members is not None, self.tool_ids != "any",
        )  # fmt: skip
        self._set("adapts", any(fits))

    @property
    def is_github(self) -> bool:
        """Whether GitHub's model ids, tiers and caps hold there."""
        return self.model_names != "as-given"

    def path(self, operation: Operation) -> str | None:
        """Give the path of an operation below the base URL; ``None`` where it is not served."""
        return self.routes.get(operation.name.lower(), operation.value) or None

    def __str__(self) -> str:
        return self.name

    def __deepcopy__(self, memo: object) -> Dialect:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to another process as plain values: read-only mappings cannot be pickled."""
        values = {item.name: getattr(self, item.name) for item in fields(self) if item.init}
        plain = {n: dict(v) if isinstance(v, Mapping) else v for n, v in values.items()}
        return _made_of, (plain,)

    def _set(self, field_name: str, value: object) -> None:
        object.__setattr__(self, field_name, value)

    def _take_names(self, field_name: str) -> None:
        """Take any collection of names, but no text, which would be one of letters."""
        given: Iterable[str] | None = getattr(self, field_name)
        self._check(field_name, given, not isinstance(given, str))
        if given is not None:
            if field_name in _LOWERED:
                given = [name.lower() for name in given]
            self._set(field_name, frozenset(given) if field_name in _SETS else tuple(given))

    def _check(self, field_name: str, value: object, fine: object) -> None:
        if not fine:
            raise ValueError(
                f"The dialect {self.name!r} has {field_name} {value!r}. {_HELP[field_name]}"
            )


def _made_of(values: Mapping[str, object]) -> Dialect:
    made = object.__new__(Dialect)
    for name, value in values.items():
        made._set(name, value)
    made.__post_init__()
    return made


def _is_like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


_HELP = {
    "api_version": "It is keep, drop, or a version such as 2024-10-21.",
    "auth": "It is bearer, both, or the name of a header.",
    "tool_ids": f"It is one of {', '.join(TOOL_IDS)}.",
    "text_calls": "It is json, tags, both, or empty if calls never come as text.",
    "model_names": f"It is one of {', '.join(MODEL_NAMES)}.",
    "routes": f"Known routes are {', '.join(ROUTES)}; a path begins with / or is empty.",
    "renames": "A new name that is renamed in turn has no end.",
    "lacks": f"Known capabilities are {', '.join(sorted(CAPABILITIES))}.",
    **dict.fromkeys((name for name in _SETS if name != "lacks"), "It is a set of names."),
    **dict.fromkeys(_LISTS, "It is a tuple of names."),
}
