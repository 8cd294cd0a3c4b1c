"""The tool calls of a history: names and arguments that a model made up, and shapes of ids."""

from __future__ import annotations

import json
import re

from .dialect import TOOL_IDS

_LONGEST_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{_LONGEST_NAME}}}")


def plain_name(name: str) -> str:
    """Return a name of letters, digits, ``_`` and ``-`` for one that a model made up.

    The result of the call tells the model what was wrong with it.
    """
    if _NAME.fullmatch(name):
        return name
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:_LONGEST_NAME] or "unknown"


def object_text(arguments: object) -> object:
    """Return arguments as the text of a JSON object; what is none stands in one."""
    if arguments is None or arguments == "":
        return "{}"
    if not isinstance(arguments, str):
        held = arguments if isinstance(arguments, dict) else {"invalid": arguments}
        return json.dumps(held, ensure_ascii=False)
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        value = None
    return arguments if isinstance(value, dict) else json.dumps({"invalid": arguments})


def unlike(given: object) -> str:
    """Return the loosest shape of ids that a refused one does not have."""
    if not isinstance(given, str):
        return "max40"
    looser = (name for name in reversed(list(TOOL_IDS)) if name != "any")
    return next((name for name in looser if not TOOL_IDS[name].fullmatch(given)), "alnum9")
