"""The common ground of all who promise to be like OpenAI."""

from __future__ import annotations

from ..._core.request.dialect import Dialect

COMPATIBLE = Dialect(
    name="openai-compatible",
    api_version="drop",
    auth="bearer",
    drop_headers=frozenset({"extra-parameters"}),
    routes={"image_embeddings": ""},
)
"""What Azure alone knows is left out: the version, the second key header, image embeddings."""
