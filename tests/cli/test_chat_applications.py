"""`chat` with the settings of another application: nothing but its file is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import Program

pytestmark = pytest.mark.extras

FIRST, SECOND, THIRD = "openai/gpt-4.1", "openai/gpt-4o", "meta/llama-3.3-70b-instruct"


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
def test_an_openhands_file_with_two_fallbacks_answers(program: Program, stream: str) -> None:
    """The first two are limited for a day; the trail names all three, and no key."""
    from github_models_azure.server.emulator import Emulator

    with Emulator(plan="enterprise") as emulator:
        for model in (FIRST, SECOND):
            day = {"times": None, "type": "UserByModelByDay", "seconds": 80_000}
            emulator.fault("rate_limit", model=model, **day)
        Path("config.toml").write_text(
            f'[llm]\nmodel = "openai/{FIRST}"\nbase_url = "{emulator.inference_url}"\n'
            f'api_key = "key-of-file"\n\n[llm.fallback1]\nmodel = "openai/{SECOND}"\n\n'
            f'[llm.fallback2]\nmodel = "openai/{THIRD}"\n',
            "utf-8",
        )
        outcome = program("chat", "Hello", "--trail", stream)
        planned = program("plan", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith(f"[emulated {THIRD}] Hello")
    assert all(model in outcome.err for model in (FIRST, SECOND, THIRD))
    assert "key-of-file" not in outcome.out + outcome.err + planned.out
    assert len(json.loads(planned.out)["targets"]) == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("num_retries = 'many'", "llm.num_retries in "),
        ("num_retires = 3", "did you mean num_retries?"),
    ],
)
def test_a_wrong_value_is_one_clear_line(program: Program, line: str, says: str) -> None:
    """It names file and key; the key of the service is not in it."""
    Path("config.toml").write_text(
        f'[llm]\nmodel = "groq/x"\napi_key = "key-of-file"\n{line}\n', "utf-8"
    )
    outcome = program("chat", "Hello")
    assert outcome.code != 0
    assert says in outcome.err
    assert "config.toml" in outcome.err
    assert "Traceback" not in outcome.err
    assert "key-of-file" not in outcome.err
