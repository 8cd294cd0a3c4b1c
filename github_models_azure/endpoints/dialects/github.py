"""GitHub Models, today only its emulator and proxies in its place."""

from __future__ import annotations

from ..._core.request.dialect import Dialect

GITHUB_DIALECT = Dialect(name="github", auth="bearer", model_names="id")
GITHUB_LEGACY = Dialect(name="github-legacy", auth="bearer", model_names="legacy")
"""``models.inference.ai.azure.com``: models go by their bare names of old."""
