"""`models`: the registry at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from github_models_azure.registry import ModelInfo, default_registry
from tests.cli.program import Program
from tests.loopback import serve

pytestmark = pytest.mark.extras


def test_the_table_lists_every_model_in_80_columns(program: Program) -> None:
    """One line for each model, under a heading, in the registry's order."""
    outcome = program("models")
    heading, *rows = outcome.out.splitlines()
    assert outcome.code == 0
    assert heading.split() == ["model", "tier", "in", "out", "tools", "json", "image", "think"]
    assert [row.split()[0] for row in rows] == [model.id for model in default_registry()]
    assert max(map(len, outcome.out.splitlines())) <= 80


def test_a_row_tells_tier_limits_and_capabilities(program: Program) -> None:
    """Limits are rounded down, capabilities are yes, - or ?."""
    rows = [row.split() for row in program("models").out.splitlines()]
    assert ["openai/gpt-4.1", "high", "1M", "32k", "yes", "yes", "yes", "-"] in rows


def test_what_nobody_knows_is_a_question_mark(program: Program, tmp_path: Path) -> None:
    """A model of which only the id is known shows that."""
    (tmp_path / "github-models.toml").write_text('[models."acme/one"]\nname = "One"\n')
    (row,) = [row for row in program("models").out.splitlines() if row.startswith("acme/one")]
    assert set(row.split()[1:]) == {"?"}


def test_filters_narrow_the_list(program: Program) -> None:
    """Tier, capabilities and publisher are all met."""
    options = ("--tier", "low", "--capability", "tools", "--capability", "vision")
    found = program("models", *options, "--publisher", "openai", "--json").json
    assert "openai/gpt-4o-mini" in [model["id"] for model in found]
    for model in found:
        assert (model["tier"], model["tool_calling"]) == ("low", True)
        assert "image" in model["input_modalities"]
        assert model["publisher"] == "OpenAI"


def test_filters_that_leave_nothing_say_so(program: Program) -> None:
    """An empty table is told in words, with code 1; JSON is an empty list."""
    outcome = program("models", "--publisher", "nobody")
    assert (outcome.code, outcome.out) == (1, "")
    assert "No known model matches" in outcome.error
    assert program("models", "--publisher", "nobody", "--json").json == []


@pytest.mark.parametrize("options", [("--tier", "top"), ("--capability", "fly")])
def test_a_wrong_filter_names_the_right_ones(program: Program, options: tuple[str, ...]) -> None:
    """A word that filters nothing is wrong usage."""
    outcome = program("models", *options)
    assert outcome.code == 2
    assert "use one of" in outcome.error


def test_one_model_is_told_with_sources_and_grades(program: Program) -> None:
    """Each known fact has its grade and the number of its source."""
    outcome = program("models", "gpt-4.1")
    lines = outcome.out.splitlines()
    assert (outcome.code, lines[0]) == (0, "openai/gpt-4.1")
    (limit,) = [line.split() for line in lines if line.startswith("  max_input_tokens ")]
    assert limit[1:3] == ["1,048,576", "seen"]
    assert any(line.startswith(f"  {limit[3]} ") for line in lines[lines.index("sources") :])
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("model", default_registry(), ids=lambda model: model.id)
def test_every_model_can_be_shown(program: Program, model: ModelInfo) -> None:
    """No model's facts break the page."""
    outcome = program("models", model.id)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == model.id


def test_an_alias_says_what_it_stands_for(program: Program) -> None:
    """`gpt-4` is answered with its stand-in, and the reason."""
    first, second, *_ = program("models", "gpt-4").out.splitlines()
    assert first == "openai/gpt-4o"
    assert second.startswith("  gpt-4 stands for it:")


def test_quotas_are_those_of_each_plan(program: Program) -> None:
    """All plans are listed with what they may ask."""
    text = program("models", "openai/gpt-4.1").out
    quotas = text.partition("quota ")[2]
    plans = [line.split()[0] for line in quotas.splitlines()[1:] if line[2:3].strip()]
    assert plans == ["free", "pro", "business", "enterprise"]
    assert "10 requests a minute, 50 a day" in quotas


def test_json_of_one_model_has_all_facts_with_sources(program: Program) -> None:
    """Every field is there, unknown ones as null, sources split from their grade."""
    found = program("models", "openai/gpt-4.1", "--json").json
    fields = set(ModelInfo.__dataclass_fields__)
    assert fields <= found.keys()
    assert found["summary"] is None
    assert found["sources"]["max_input_tokens"]["grade"] == "seen"
    assert found["quotas"]["free"]["requests_per_minute"] == 10


def test_a_wrong_name_brings_the_nearest(program: Program) -> None:
    """A typo is met with what was probably meant, and code 1."""
    outcome = program("models", "gpt-4.1-minni")
    assert (outcome.code, outcome.out) == (1, "")
    assert "Did you mean openai/gpt-4.1-mini" in outcome.error


def test_a_name_and_filters_exclude_each_other(program: Program) -> None:
    """Asking for one model and for some is wrong usage."""
    assert program("models", "gpt-4.1", "--tier", "low").code == 2


def test_a_live_catalogue_is_fetched_and_used(program: Program, tmp_path: Path) -> None:
    """`--refresh` stores a catalogue for this user, and the list shows it."""
    import http.server
    import threading

    entry = {
        "id": "acme/fresh-1",
        "name": "Fresh 1",
        "publisher": "Acme",
        "rate_limit_tier": "low",
        "limits": {"max_input_tokens": 5000, "max_output_tokens": 100},
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            body = json.dumps([entry]).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/catalog/models"
        outcome = program("models", "--refresh", url, "--publisher", "acme")
        thread.join()
    assert outcome.code == 0
    assert outcome.out.splitlines()[1].split()[:4] == ["acme/fresh-1", "low", "5k", "100"]
    assert f"Stored 1 models in {tmp_path}" in outcome.err
    assert "acme/fresh-1" in program("models").out


def test_a_catalogue_that_cannot_be_fetched_is_one_line(program: Program) -> None:
    """A dead address fails, and the list is not shown as if it were fresh."""
    with serve(lambda _: (200, {}, b"")) as journal:
        url = journal.url
    outcome = program("models", "--refresh", url)
    assert (outcome.code, outcome.out) == (1, "")
    assert "could not be fetched" in outcome.error


def test_a_task_is_answered_with_what_each_model_is_for(program: Program) -> None:
    """The recommended ones, the best first, each with its line, in 80 columns."""
    outcome = program("models", "--for", "long context")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].split()[:3] == ["openai/gpt-4.1", "All-round", "work"]
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        model.id for model in default_registry().recommended("long-context")
    ]
    assert max(map(len, lines)) < 80
    low = program("models", "--for", "coding", "--tier", "low", "--json").json
    assert low[0]["id"] == "openai/gpt-4.1-mini"
    assert all(model["tier"] == "low" and model["purpose"] for model in low)


def test_an_unknown_task_is_refused(program: Program) -> None:
    """The error names the known ones; a name and a task exclude each other."""
    outcome = program("models", "--for", "poetry")
    assert outcome.code == 2
    assert "use one of general, coding, reasoning, cheap" in outcome.err
    assert program("models", "gpt-4.1", "--for", "coding").code == 2


def test_a_model_is_told_with_what_it_is_for(program: Program) -> None:
    """With the grade of the source, for people and as JSON."""
    text = " ".join(program("models", "codestral-2501").out.split())
    assert "purpose Completing and filling in code in more seen [" in text
    told = program("models", "jais-30b-chat", "--json").json
    assert told["purpose"].startswith("Conversation in Arabic and English")
    assert told["sources"]["purpose"]["grade"] == "reported"
