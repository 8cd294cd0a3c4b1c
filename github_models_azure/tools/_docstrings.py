"""What a docstring says of a function and of its parameters."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)

# Longer descriptions of a function are a 400 at Azure OpenAI and OpenAI (OpenHands#4838,
# modelcontextprotocol/servers#799).
LONGEST_DESCRIPTION = 1024


@dataclass(frozen=True, slots=True)
class Help:
    """The description of a function, and the help for its parameters by their names."""

    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Help:
    """Read a docstring in Google, NumPy or Sphinx style; sections other than parameters are left.

    Without the package docstring-parser, or where it cannot read the text, the first paragraph is
    the description. A description is cut to 1,024 characters.
    """
    if text is None or not text.strip():
        return Help()
    text = inspect.cleandoc(text)
    return _parsed(text) or Help(_shortened(_first_paragraph(text)))


def _parsed(text: str) -> Help | None:
    try:
        import docstring_parser
    except ImportError:
        if "\n\n" in text:
            _log.info(
                "docstring-parser is not installed, so only the first paragraph of a docstring is "
                "used; pip install 'github-models-azure[tools]' adds the help for parameters"
            )
        return None
    try:
        read = docstring_parser.parse(text)
    except Exception as error:  # whatever it meets: a text that it cannot read is still a text
        _log.debug("a docstring could not be parsed: %s", type(error).__name__)
        return None
    helps: dict[str, str] = {}
    for parameter in read.params:
        words = " ".join((parameter.description or "").split())
        for name in parameter.arg_name.split(","):
            if words:
                helps.setdefault(name.strip().lstrip("*\\"), words)
    return Help(_shortened((read.description or "").strip()), helps)


def _first_paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _shortened(text: str) -> str | None:
    if len(text) > LONGEST_DESCRIPTION:
        text = text[: LONGEST_DESCRIPTION - 3].rpartition(" ")[0].rstrip() + "..."
    return text or None
