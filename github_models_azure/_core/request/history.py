"""What servers refuse in a conversation that goes back to them, and the words for it.

The names stand among what a dialect ``refuses``, and among what was learnt of a target.
"""

from __future__ import annotations

IN_MESSAGE, IN_CALL = "messages.", "messages.tool_calls."
"""Before the name of a refused member of a message, and of a tool call in one."""

EMPTY_MEMBERS = IN_MESSAGE + "*.empty"
"""``tool_calls: []``, ``audio: null`` and whatever else a message has that says nothing."""

MISSING_CONTENT = IN_MESSAGE + "content.missing"
"""A message without the member ``content``."""

NULL_CONTENT = IN_MESSAGE + "content.null"
"""A content that is ``null`` or missing, where there are no calls beside it."""

NULL_BESIDE_CALLS = IN_MESSAGE + "content.null_beside_calls"
"""The same beside calls."""

EMPTY_CONTENT = IN_MESSAGE + "content.empty"
"""A content that is an empty text, or has empty parts, in any message."""

NOTHING_SAID = IN_MESSAGE + "content.nothing"
"""An assistant's turn with neither content nor calls."""

CONTENT_BESIDE_CALLS = IN_MESSAGE + "content.beside_calls"
"""An assistant's turn with both."""

PARTS = IN_MESSAGE + "content.parts"
"""A content that is a list of parts, in any message."""

USER_AFTER_TOOL = IN_MESSAGE + "tool.user"
"""A turn of the user's straight after a tool's."""

ROLE_ORDER = IN_MESSAGE + "role.order"
"""Turns of the user and the assistant that do not alternate."""

CALL_NAME = IN_CALL + "function.name"
"""Names of calls that no tool can have: a model made them up."""

CALL_ARGUMENTS = IN_CALL + "function.arguments"
"""Arguments of calls that are not the text of a JSON object."""

HISTORY = frozenset(
    {
        EMPTY_MEMBERS, MISSING_CONTENT, NULL_CONTENT, NULL_BESIDE_CALLS, EMPTY_CONTENT,
        NOTHING_SAID, CONTENT_BESIDE_CALLS, PARTS, USER_AFTER_TOOL, ROLE_ORDER, CALL_NAME,
        CALL_ARGUMENTS,
    }
)  # fmt: skip
"""All of them."""
