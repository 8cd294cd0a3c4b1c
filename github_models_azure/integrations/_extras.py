"""What a connector says where its framework is not installed."""

from __future__ import annotations

PACKAGE = "github-models-azure"


def missing_extra(extra: str, error: ModuleNotFoundError) -> ImportError:
    """Return an error that names the install command, to be raised from ``error``.

    :param extra: the extra that brings what is missing.
    """
    return ImportError(
        f"{error.name} is not installed. Get it with: pip install '{PACKAGE}[{extra}]'",
        name=error.name,
    )
