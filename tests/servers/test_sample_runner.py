"""The samples run unchanged: only the import of the client differs, and every sample is checked."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from tests.servers.sample_checks import CHECKS
from tests.servers.sample_runner import SAMPLES, run_sample, with_our_clients


@pytest.mark.parametrize("name", SAMPLES)
def test_only_the_import_of_the_client_changes(name: str) -> None:
    """The changed sample differs from the sample in one line, and there only in the package."""
    source = SAMPLES[name].read_text(encoding="utf-8")
    compared = difflib.ndiff(source.splitlines(), with_our_clients(source).splitlines())
    removed, added = [line for line in compared if line[0] in "-+"]
    assert re.fullmatch(r"- from azure\.ai\.inference(\.aio)? import \w+Client", removed)
    assert added == removed.replace("- ", "+ ").replace("azure.ai.inference", "github_models_azure")


def test_every_sample_has_a_check() -> None:
    """A new sample needs an entry in CHECKS of sample_checks.py."""
    assert SAMPLES.keys() == CHECKS.keys()


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        (
            "from azure.ai.inference import ChatCompletionsClient",
            "from github_models_azure import ChatCompletionsClient",
        ),
        (
            "    from azure.ai.inference.aio import EmbeddingsClient\n    x()",
            "    from github_models_azure.aio import EmbeddingsClient\n    x()",
        ),
        (
            "from azure.ai.inference import ChatCompletionsClient, EmbeddingsClient",
            "from github_models_azure import ChatCompletionsClient, EmbeddingsClient",
        ),
    ],
)
def test_the_line_may_stand_in_a_function_and_import_several(source: str, changed: str) -> None:
    """Wherever samples import a client, that line is found."""
    assert with_our_clients(source) == changed


@pytest.mark.parametrize(
    "source",
    [
        "from azure.ai.inference.models import UserMessage",
        "from azure.ai.inference import load_client",
        "# from azure.ai.inference import ChatCompletionsClient",
    ],
)
def test_a_sample_without_a_client_is_refused(source: str) -> None:
    """A sample that would run on the plain SDK is no proof of anything."""
    with pytest.raises(ValueError, match="imports no client"):
        with_our_clients(source)


def test_what_a_sample_prints_and_names_is_returned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variables are there while it runs and gone afterwards; nothing reaches the terminal."""
    sample = tmp_path / "sample.py"
    sample.write_text("import os\nvalue = os.environ['AZURE_AI_CHAT_KEY']\nprint(value)\n")
    finished = run_sample(sample, {"AZURE_AI_CHAT_KEY": "one"}, changed=False)
    assert (finished.printed, finished.names["value"]) == ("one\n", "one")
    assert capsys.readouterr().out == ""
    with pytest.raises(KeyError):
        run_sample(sample, {}, changed=False)
