"""What can go wrong with model data."""

from __future__ import annotations

from collections.abc import Iterable


class UnknownModelError(KeyError, ValueError):
    """The registry has no model of that name; ``suggestions`` holds the nearest ids."""

    def __init__(self, name: str, suggestions: Iterable[str] = ()) -> None:
        self.name = name
        self.suggestions = tuple(suggestions)
        super().__init__(name, self.suggestions)

    def __str__(self) -> str:
        shown = self.name if len(self.name) <= 80 else f"{self.name[:77]}..."
        near = f" Did you mean {', '.join(self.suggestions)}?" if self.suggestions else ""
        return (
            f"Unknown model {shown!r}.{near} ModelRegistry.models() lists the known ones; "
            'an overlay ([models."..."] in the settings) describes a new one.'
        )


class OverlayError(ValueError):
    """A user's model or tier settings are wrong; ``problems`` has one line for each field."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(("The model settings have mistakes:", *self.problems))


class CatalogError(RuntimeError):
    """A catalogue could not be fetched, read or stored; what was known before still holds."""
