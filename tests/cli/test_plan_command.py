"""`plan`: the route of a request that is never sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.program import Program

if TYPE_CHECKING:
    from github_models_azure.server.emulator import Emulator

pytestmark = pytest.mark.extras


def skipped(found: Any) -> dict[str, str]:
    return {skip["target"].partition("/")[2]: skip["reason"] for skip in found["skipped"]}


def test_the_route_is_shown_in_order(program: Program, emulator: Emulator) -> None:
    """The requested model comes first, then its tier; nothing is sent."""
    outcome = program("plan", "-m", "openai/gpt-4.1")
    lines = outcome.out.splitlines()
    assert outcome.code == 0
    assert lines[0].startswith("requested ")
    assert lines[2].endswith("/openai/gpt-4.1")
    assert lines[2].startswith("   1. ")
    assert emulator.journal == ()


def test_models_without_tools_are_passed_over(program: Program) -> None:
    """`--tools` leaves out whoever cannot call one, with the reason."""
    found = program("plan", "-m", "openai/gpt-4.1", "--demo", "--tools", "--json").json
    assert skipped(found)["meta/llama-3.3-70b-instruct"] == "does not support tools"
    assert found["targets"][0].endswith("openai/gpt-4.1")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--schema", "json_schema"),
        ("--image", "does not take images"),
        ("--audio", "does not take audio"),
    ],
)
def test_other_needs_are_pretended_too(program: Program, option: str, reason: str) -> None:
    """Each leads past the models without it."""
    found = program("plan", "-m", "openai/gpt-4.1", "--demo", option, "--json").json
    assert any(reason in told for told in skipped(found).values())


@pytest.mark.parametrize(
    ("options", "target", "reason"),
    [
        (("--forced",), "local/tiny", "is known to ignore tool_choice"),
        (("--parallel",), "local/tiny", "does not support parallel tool calls"),
        (("--reasoning",), "github-azure/openai/gpt-4o", "does not take reasoning_effort"),
        (("--output-tokens", "99999"), "github-azure/openai/gpt-4o", "99,999 output tokens"),
        (("--max-tokens", "99999"), "github-azure/openai/gpt-4o", "99,999 output tokens"),
    ],
)
def test_who_is_only_asked_last_is_named_with_the_reason(
    program: Program, tmp_path: Path, options: tuple[str, ...], target: str, reason: str
) -> None:
    """A forced call, an effort and a long answer order the route; the others come first."""
    settings = '[endpoints.local]\nurl = "http://127.0.0.1:9/v1"\ndialect = "ollama"\n'
    model = "[models.tiny]\ntool_calling = true\nparallel_tool_calls = false\n"
    (tmp_path / "github-models.toml").write_text(settings + model)
    call = ("plan", "-m", "gpt-4o", "--fallback", "local/tiny", "--allow-retired", *options)
    found = program(*call, "--json").json
    assert [skip["target"] for skip in found["later"]] == [target]
    assert reason in found["later"][0]["reason"]
    assert len(found["targets"]) == 1
    shown = program(*call).out
    assert "only later, or as a last resort" in shown
    assert f"  {target}: {found['later'][0]['reason']}" in shown


def test_needs_that_nobody_meets_at_once_are_said_so(program: Program, tmp_path: Path) -> None:
    """All needs may be pretended together."""
    settings = '[endpoints.local]\nurl = "http://127.0.0.1:9/v1"\ndialect = "ollama"\n'
    (tmp_path / "github-models.toml").write_text(settings)
    needs = ("--tools", "--parallel", "--forced", "--image", "--audio", "--reasoning")
    options = ("--endpoint", "local", "-m", "tiny", "--fallback", "none", *needs)
    outcome = program("plan", *options)
    assert outcome.code == 0
    assert "no target would be asked at once" in outcome.out
    assert "local/tiny: is known to ignore tool_choice" in outcome.out


def test_a_large_prompt_fits_nowhere(program: Program) -> None:
    """10,000 tokens are over the cap of the free plan: code 1, and why."""
    options = ("-m", "openai/gpt-4.1", "--demo", "--input-tokens", "10000")
    outcome = program("plan", *options)
    assert outcome.code == 1
    assert "no target would be asked" in outcome.out
    assert "input of about 10,000 tokens is over its limit of 8,000" in outcome.out


def test_another_plan_has_other_caps(program: Program) -> None:
    """The same prompt fits with the plan enterprise."""
    options = ("-m", "openai/gpt-4.1", "--demo", "--input-tokens", "10000")
    assert program("plan", *options, "--plan", "enterprise").code == 0


def test_retired_endpoints_are_said_to_be(program: Program) -> None:
    """Without settings nobody would answer; `--allow-retired` asks all the same."""
    outcome = program("plan", "-m", "gpt-4o")
    assert outcome.code == 1
    assert "was retired on 2025-10-17" in outcome.out
    allowed = program("plan", "-m", "gpt-4o", "--allow-retired", "--json")
    assert allowed.code == 0
    assert allowed.json["targets"][0] == "github-azure/openai/gpt-4o"


def test_listed_targets_replace_the_tier(program: Program, tmp_path: Path) -> None:
    """`--fallback` names the targets, known endpoints in front."""
    settings = '[endpoints.local]\nurl = "http://127.0.0.1:9/v1"\n'
    (tmp_path / "github-models.toml").write_text(settings)
    found = program("plan", "-m", "gpt-4o", "--fallback", "local/tiny", "--json").json
    assert found["targets"] == ["local/tiny"]


def test_known_services_may_be_named(program: Program) -> None:
    """In front of a model, as endpoint and in the fallback; no key is needed for a plan."""
    options = ("--endpoint", "vllm", "-m", "x", "--fallback", "groq/a/b", "--fallback", "y")
    found = program("plan", *options, "--json").json
    assert found["targets"] == ["vllm/x", "groq/a/b", "vllm/y"]


def test_a_prompt_is_counted(program: Program) -> None:
    """The estimate is that of the prompt given."""
    few = program("plan", "Hi", "--demo", "--json").json["input_tokens"]
    many = program("plan", "word " * 1000, "--demo", "--json").json["input_tokens"]
    assert few < 20
    assert 1000 <= many <= 1500


def test_prompt_and_pretended_size_exclude_each_other(program: Program) -> None:
    """Two sizes at once are wrong usage."""
    assert program("plan", "Hi", "--input-tokens", "9", "--demo").code == 2
