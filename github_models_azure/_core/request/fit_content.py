"""Contents of messages for servers that refuse them empty, ``null``, missing or in parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .history import (
    CONTENT_BESIDE_CALLS,
    EMPTY_CONTENT,
    MISSING_CONTENT,
    NOTHING_SAID,
    NULL_BESIDE_CALLS,
    NULL_CONTENT,
)

EMPTY = "(empty)"
"""Stands for a content that has to say something; no server takes white space for it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What holds of contents for one target.

    :param refused: what it refuses.
    :param text_roles: roles whose content is one text.
    """

    refused: frozenset[str]
    text_roles: frozenset[str]

    def fit(self, message: dict[str, object], role: str) -> Iterable[tuple[str, bool]]:
        """Change the content of a message in place; yield each change, and whether it is a loss."""
        content = message.get("content")
        if isinstance(content, list):
            yield from self._parts(message, content, role)
            content = message["content"]
        calls = bool(message.get("tool_calls")) or bool(message.get("function_call"))
        if calls and CONTENT_BESIDE_CALLS in self.refused and not is_blank(content):
            message["content"] = content = ""
            yield "content beside calls dropped", True
        if not is_blank(content):
            return
        missing = MISSING_CONTENT in self.refused and "content" not in message
        wanted = self._blank(content, role, calls=calls)
        if wanted is None and missing and not calls:
            wanted = ""
        if wanted == content and not missing:
            return
        message["content"] = wanted
        yield f"{role} {'calls' if calls else 'message'} sent with {_named(wanted)}", False

    def _parts(
        self, message: dict[str, object], parts: list[object], role: str
    ) -> Iterable[tuple[str, bool]]:
        if EMPTY_CONTENT in self.refused:
            kept = [part for part in parts if not _is_blank_part(part)]
            if len(kept) < len(parts):
                parts = kept
                message["content"] = kept or ""
                yield "empty parts of a content dropped", False
                if not kept:
                    return
        if role in self.text_roles:
            text = _joined(parts)
            if text is not None:
                message["content"] = text
                yield f"{role} content joined to one text", False

    def _blank(self, content: object, role: str, *, calls: bool) -> object:
        """Return what stands for a content that says nothing."""
        refused = self.refused
        no_empty = EMPTY_CONTENT in refused
        if calls:
            if role in self.text_roles or NULL_BESIDE_CALLS in refused:
                return EMPTY if no_empty else ("" if content is None else content)
            return None if no_empty else content
        if no_empty or (role == "assistant" and NOTHING_SAID in refused):
            return EMPTY
        return "" if NULL_CONTENT in refused and content is None else content


def is_blank(content: object) -> bool:
    """Return whether a content says nothing: ``None``, white space, or no parts."""
    return content is None or content == [] or (isinstance(content, str) and not content.strip())


def _is_blank_part(part: object) -> bool:
    if not isinstance(part, Mapping) or part.get("type", "text") != "text":
        return False
    return is_blank(part.get("text"))


def _named(content: object) -> str:
    if content is None:
        return "null as content"
    return "an empty content" if content == "" else f"the content {content!r}"


def _joined(parts: Iterable[object]) -> str | None:
    texts = []
    for part in parts:
        text = part.get("text") if isinstance(part, Mapping) else None
        if not isinstance(text, str):
            return None  # an image has no text; the server is to say so itself
        texts.append(text)
    return "\n".join(texts)
