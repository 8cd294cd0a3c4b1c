"""The changes that carry a conversation, tool calls and all, from one provider to another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..trail_events import Change
from .dialect import TOOL_IDS, Dialect
from .fit_calls import object_text, plain_name
from .fit_content import Content
from .fit_turns import fit_turns
from .history import CALL_ARGUMENTS, CALL_NAME, EMPTY_MEMBERS, IN_CALL, IN_MESSAGE, PARTS

TEXT_ROLE, TOOL_ID = "text.", "tool_ids="
"""Before the role whose content must be text, and before the shape that ids must have."""

IMAGES = "messages.content.image_url"
"""Stands for the images of messages, where they are left out and the text is sent."""

SIGNATURE = "thought_signature"
"""Stands for a server that wants Gemini's signature on every call of a history."""

# The documented stand-in for calls that Gemini did not make itself (ai.google.dev,
# gemini-api/docs/thought-signatures).
_NO_SIGNATURE = "skip_thought_signature_validator"
_EXTRA = "extra_content"  # where that signature stands
_INSTRUCTIONS = ("system", "developer")
_MEANT = frozenset(  # set by the caller, not left by another server
    {"audio", "content", "function_call", "name", "prefix", "role", "tool_call_id", "tool_calls"}
)
_EMPTY: tuple[object, ...] = (None, "", [], {})
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NEEDED = ("content", "role", "tool_call_id")  # even if they say nothing
_ROLES = frozenset({"assistant", "developer", "system", "tool", "user"})


def fit_messages(
    messages: object, refused: frozenset[str], dialect: Dialect
) -> tuple[object, list[Change]]:
    """Return the messages as the target takes them, and what was changed.

    :param refused: refused members, roles and lessons, in the notation of :class:`Dialect`.
    """
    if not isinstance(messages, list):
        return messages, []
    rules = _rules(refused, dialect)
    fitting = _Fitting(rules, _ids_of(messages))
    fitted = [fitting.message(m) if isinstance(m, Mapping) else m for m in messages]
    ordered, moved = fit_turns(fitted, refused)
    changes = [*fitting.changes(), *moved]
    return (ordered, changes) if changes else (messages, [])


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds for one target, its dialect and what was learnt of it taken together."""

    roles: frozenset[str]
    members: frozenset[str] | None
    dropped: frozenset[str]
    call_members: frozenset[str] | None
    call_dropped: frozenset[str]
    content: Content | None
    tool_ids: str
    signed: bool
    images: bool
    no_empty: bool
    plain_names: bool
    object_arguments: bool


def _rules(refused: frozenset[str], dialect: Dialect) -> _Rules:
    calls, dropped = dialect.call_members, frozenset(_after(IN_CALL, refused))
    members, not_members = dialect.message_members, frozenset(_after(IN_MESSAGE, refused))
    shapes = [name.removeprefix(TOOL_ID) for name in refused if name.startswith(TOOL_ID)]
    text_roles = dialect.text_roles | frozenset(_after(TEXT_ROLE, refused))
    if PARTS in refused:
        text_roles |= _ROLES
    has_content = "content" not in not_members and (members is None or "content" in members)
    return _Rules(
        roles=refused & frozenset(_INSTRUCTIONS),
        members=members,
        dropped=not_members,
        call_members=calls,
        call_dropped=dropped,
        content=Content(refused, text_roles) if has_content else None,
        tool_ids=next(shape for shape in TOOL_IDS if shape in (*shapes, dialect.tool_ids)),
        signed=SIGNATURE in refused
        and _EXTRA not in dropped
        and (calls is None or _EXTRA in calls),
        images=IMAGES not in refused,
        no_empty=EMPTY_MEMBERS in refused,
        plain_names=CALL_NAME in refused,
        object_arguments=CALL_ARGUMENTS in refused,
    )


def _after(prefix: str, names: Iterable[str]) -> Iterable[str]:
    found = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return (name for name in found if "." not in name)


def _ids_of(messages: Iterable[object]) -> set[str]:
    """Collect the ids of all calls and results, so that a new one is like none of them."""
    found: set[str] = set()
    for message in messages:
        if isinstance(message, Mapping):
            parts = [message.get("tool_call_id"), *_calls(message, "id")]
            found.update(part for part in parts if isinstance(part, str))
    return found


def _calls(message: Mapping[str, object], member: str) -> Iterable[object]:
    calls = message.get("tool_calls")
    return (
        call.get(member)
        for call in (calls if isinstance(calls, list) else ())
        if isinstance(call, Mapping)
    )


@dataclass(slots=True)
class _Fitting:
    """One conversation on its way through the rules; remembers what it has done."""

    rules: _Rules
    taken: set[str]
    ids: dict[str, str] = field(default_factory=dict)
    done: dict[str, bool] = field(default_factory=dict)

    def changes(self) -> list[Change]:
        return [Change(text, lossy) for text, lossy in self.done.items()]

    def message(self, message: Mapping[str, object]) -> Mapping[str, object]:
        rules, fitted = self.rules, dict(message)
        role = message.get("role")
        if isinstance(role, str) and role in rules.roles:
            fitted["role"] = next((r for r in _INSTRUCTIONS if r not in rules.roles), "user")
            self._note(f"role {role} sent as {fitted['role']}")
        self._drop(fitted, rules.members, rules.dropped, "messages")
        if rules.no_empty:
            self._drop_empty(fitted)
        if not rules.images:
            self._drop_images(fitted)
        role = fitted.get("role")
        if rules.content is not None and isinstance(role, str):
            for text, lossy in rules.content.fit(fitted, role):
                self._note(text, lossy=lossy)
        if "tool_call_id" in fitted:
            fitted["tool_call_id"] = self._id(fitted["tool_call_id"])
        if rules.plain_names and role == "tool":
            self._name(fitted)
        calls = fitted.get("tool_calls")
        if isinstance(calls, list):
            fitted["tool_calls"] = [
                self._call(call, position) if isinstance(call, Mapping) else call
                for position, call in enumerate(calls)
            ]
        return fitted

    def _drop_empty(self, message: dict[str, object]) -> None:
        for name in [one for one, value in message.items() if value in _EMPTY]:
            if name not in _NEEDED:
                del message[name]
                self._note("messages: members that say nothing dropped")

    def _drop_images(self, message: dict[str, object]) -> None:
        content = message.get("content")
        if isinstance(content, list):
            kept = [part for part in content if _members(part).get("type") != "image_url"]
            if len(kept) < len(content):
                message["content"] = kept or ""  # an empty list is refused by most
                self._note("messages: images dropped", lossy=True)

    def _call(self, call: Mapping[str, object], position: int) -> Mapping[str, object]:
        rules, fitted = self.rules, dict(call)
        self._drop(fitted, rules.call_members, rules.call_dropped, "tool calls")
        if "id" in fitted:
            fitted["id"] = self._id(fitted["id"])
        function = fitted.get("function")
        if isinstance(function, Mapping):
            fitted["function"] = self._function(dict(function))
        # Of calls made side by side Gemini signs the first alone.
        extra = _members(call.get(_EXTRA))
        google = _members(extra.get("google"))
        if rules.signed and position == 0 and not google.get(SIGNATURE):
            fitted[_EXTRA] = {**extra, "google": {**google, SIGNATURE: _NO_SIGNATURE}}
            self._note("tool calls of another model marked as unsigned")
        return fitted

    def _function(self, function: dict[str, object]) -> dict[str, object]:
        if self.rules.plain_names:
            self._name(function)
        if self.rules.object_arguments:
            given = function.get("arguments")
            made = object_text(given)
            if made != given:
                function["arguments"] = made
                self._note("arguments of calls that were no JSON object put into one")
        return function

    def _name(self, named: dict[str, object]) -> None:
        name = named.get("name")
        if isinstance(name, str) and plain_name(name) != name:
            named["name"] = plain_name(name)
            self._note("names of calls sent without what no name of a tool may have")

    def _drop(
        self,
        members: dict[str, object],
        allowed: frozenset[str] | None,
        dropped: frozenset[str],
        place: str,
    ) -> None:
        for name in list(members):
            if name in dropped or (allowed is not None and name not in allowed):
                lost = members.pop(name)
                self._note(f"{place}: {name} dropped", lossy=name in _MEANT and lost not in _EMPTY)

    def _id(self, given: object) -> object:
        shape = TOOL_IDS[self.rules.tool_ids]
        if not isinstance(given, str) or shape.fullmatch(given):
            return given
        if given not in self.ids:
            self.ids[given] = _new_id(given, self.taken)
            self.taken.add(self.ids[given])
        self._note(f"tool call ids sent in the shape {self.rules.tool_ids}")
        return self.ids[given]

    def _note(self, text: str, *, lossy: bool = False) -> None:
        self.done[text] = lossy or self.done.get(text, False)


def _new_id(given: str, taken: set[str]) -> str:
    """Make an id of nine letters and digits, the same for the same id in every request."""
    made = given
    while True:
        digest = hashlib.sha256(made.encode("utf-8", "surrogatepass")).digest()
        made = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:9])
        if made not in taken:
            return made


def _members(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
