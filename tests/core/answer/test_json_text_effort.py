"""The search for JSON in a text ends, whatever the text is: `json_text`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from github_models_azure._core.answer import json_text

HOPELESS = {
    "openings": "{x" * 50_000,
    "half an object": '{"a": "b", ' * 20_000,
    "open strings": '{"' * 50_000,
    "far apart": ("{x" + " " * 6_000) * 50,
}


@pytest.mark.parametrize("name", HOPELESS)
def test_hopeless_text_is_given_up_on(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each try is charged, and each copy, so that the number of tries does not depend on length."""
    tries = []

    class Counting(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            tries.append(idx)
            return super().raw_decode(s, idx)

    monkeypatch.setattr(json_text, "_EFFORT", 4_000)
    monkeypatch.setattr(json_text, "_DECODER", Counting())
    assert json_text.json_texts(HOPELESS[name]) == ()
    assert 1 <= len(tries) <= 20


def test_many_thoughts_in_values_cost_one_walk() -> None:
    """The last one outside of any value is found from behind."""
    text = '["</think>"]' * 20_000 + "</think>" + '{"a": "</think>"}' * 3
    assert json_text.json_texts(text) == ('{"a": "</think>"}',) * 3
