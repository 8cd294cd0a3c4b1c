"""The SDK's samples against the emulator, with our clients and as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from github_models_azure.server.emulator import Emulator
from tests.servers.sample_checks import check_sample
from tests.servers.sample_runner import SAMPLES, run_sample
from tests.servers.service import Service


@dataclass(frozen=True)
class Emulated(Service):
    """The emulator as a server like the others."""

    emulator: Emulator | None = None

    @property
    def sent(self) -> list[tuple[str, tuple[str, ...], int]]:
        """Path, credential headers and status of each request."""
        assert self.emulator is not None
        journal = self.emulator.journal
        return [(entry.path, entry.credential_headers, entry.status) for entry in journal]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(plan="enterprise") as running:
        yield running


@pytest.fixture
def emulated(emulator: Emulator) -> Emulated:
    emulator.reset()
    return Emulated(
        url=emulator.inference_url,
        key="any-key",
        model="openai/gpt-4o",
        embeddings_model="openai/text-embedding-3-small",
        emulator=emulator,
    )


REQUESTS = {"chat_from_dict": 2, "named_tool": 2, "tools": 2}


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_of_the_sdk_run(sample: str, emulated: Emulated) -> None:
    """With the import changed, each gets what it asks for: one request a call, one credential."""
    check_sample(sample, emulated)
    operation = "embeddings" if sample.startswith("embeddings") else "chat/completions"
    request = (f"/inference/{operation}", ("authorization",), 200)
    assert emulated.sent == [request] * REQUESTS.get(sample, 1)


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the SDK's streams
def test_the_samples_are_the_plain_sdk_s(sample: str, emulated: Emulated) -> None:
    """As they stand they run on the SDK itself and print the same: they are real samples."""
    plain = run_sample(SAMPLES[sample], emulated.variables, changed=False)
    ours = run_sample(SAMPLES[sample], emulated.variables)
    assert plain.printed == ours.printed


def test_the_image_reaches_the_server(emulator: Emulator, emulated: Emulated) -> None:
    """The data URL of the sample is in the body that was sent."""
    check_sample("image", emulated)
    body = emulator.journal[-1].body
    assert isinstance(body, dict)
    assert "data:image/png;base64,iVBOR" in str(body["messages"])
