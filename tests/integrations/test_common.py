"""The vectors of an answer, read for every connector."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from github_models_azure.integrations._common import vectors_of


def answer(*items: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(items)}


def test_vectors_go_by_the_index_of_the_server() -> None:
    """Where it says one; else they stay where they came."""
    mixed = answer({"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]})
    assert vectors_of(mixed, 2) == [[1.0], [2.0]]
    assert vectors_of(answer({"embedding": [1.0]}, {"index": None, "embedding": [2.0]}), 2) == [
        [1.0],
        [2.0],
    ]


def test_base64_is_read() -> None:
    """As 32-bit floats, the lowest byte first."""
    packed = base64.b64encode(struct.pack("<2f", 0.5, -2.0)).decode()
    assert vectors_of(answer({"index": 0, "embedding": packed}), 1) == [[0.5, -2.0]]


@pytest.mark.parametrize(
    ("vector", "told"),
    [("AAAA", "3 bytes"), ("!!!!", "base64"), (3, "as int"), (None, "as NoneType")],
)
def test_what_is_no_vector_is_told(vector: Any, told: str) -> None:
    """Rather than read as an empty one."""
    with pytest.raises(ValueError, match=told):
        vectors_of(answer({"index": 0, "embedding": vector}), 1)


@pytest.mark.parametrize("count", [0, 2])
def test_each_text_has_a_vector(count: int) -> None:
    """One too many or too few would shift the others."""
    with pytest.raises(ValueError, match=f"{count} texts were sent, and 1 vectors came back"):
        vectors_of(answer({"index": 0, "embedding": [1.0]}), count)
