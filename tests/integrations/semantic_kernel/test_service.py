"""How a service is made: arguments, environment, a ``.env`` file, a client.

About `integrations/semantic_kernel/_settings.py`.
"""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
from azure.ai.inference.aio import ChatCompletionsClient as StockClient
from azure.core.credentials import AzureKeyCredential
from semantic_kernel.connectors.ai.prompt_execution_settings import PromptExecutionSettings
from semantic_kernel.exceptions.service_exceptions import (
    ServiceInitializationError,
    ServiceInvalidExecutionSettingsError,
)

from github_models_azure.aio import ChatCompletionsClient
from github_models_azure.integrations.semantic_kernel import (
    GitHubModelsChatCompletion,
    GitHubModelsChatPromptExecutionSettings,
    GitHubModelsEmbeddingPromptExecutionSettings,
    GitHubModelsTextEmbedding,
)
from github_models_azure.ledger import MemoryLedger
from github_models_azure.server.emulator import Emulator

from .conftest import FIRST, SECOND, chat_settings, history


async def fingerprint(service: GitHubModelsChatCompletion, emulator: Emulator) -> str:
    """Ask once; return the mark of the key that arrived."""
    async with service:
        await service.get_chat_message_content(history("Hello"), chat_settings())
    return str(emulator.journal[-1].credential)


async def key_mark(emulator: Emulator, key: str) -> str:
    """Return the mark of a key."""
    service = GitHubModelsChatCompletion(FIRST, endpoint=emulator.inference_url, api_key=key)
    return await fingerprint(service, emulator)


async def test_the_environment_is_enough(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endpoint, key and model as our clients read them."""
    expected = await key_mark(emulator, "from-environment")
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", emulator.inference_url)
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "from-environment")
    monkeypatch.setenv("GITHUB_MODELS_MODEL", SECOND)
    service = GitHubModelsChatCompletion()
    assert await fingerprint(service, emulator) == expected
    assert (service.ai_model_id, service.service_id) == (SECOND, SECOND)
    assert emulator.journal[-1].model == SECOND


async def test_a_file_is_read_where_the_environment_is_silent(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``.env`` of the working directory, or the file that is named."""
    expected = await key_mark(emulator, "from-file")
    lines = [
        f"GITHUB_MODELS_ENDPOINT={emulator.inference_url}",
        "GITHUB_MODELS_API_KEY=from-file",
        f"GITHUB_MODELS_MODEL={SECOND}",
        "GITHUB_MODELS_FALLBACK_MAX_ATTEMPTS=1",
    ]
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    assert await fingerprint(GitHubModelsChatCompletion(), emulator) == expected
    assert emulator.journal[-1].model == SECOND
    monkeypatch.setenv("GITHUB_MODELS_MODEL", FIRST)
    (tmp_path / ".env").rename(tmp_path / "other.env")
    service = GitHubModelsChatCompletion(env_file_path=str(tmp_path / "other.env"))
    assert await fingerprint(service, emulator) == expected
    assert emulator.journal[-1].model == FIRST


async def test_a_key_in_a_file_is_for_the_endpoint_beside_it(
    emulator: Emulator, tmp_path: Path
) -> None:
    """An endpoint that the caller names gets no key that was declared for another one."""
    (tmp_path / ".env").write_text("GITHUB_MODELS_API_KEY=for-elsewhere", "utf-8")
    kept = await key_mark(emulator, "for-elsewhere")
    service = GitHubModelsChatCompletion(FIRST, endpoint=emulator.inference_url, fallback=None)
    async with service:
        with pytest.raises(Exception, match="failed to complete"):
            await service.get_chat_message_content(history("Hello"), chat_settings())
    assert [entry.credential for entry in emulator.journal].count(kept) == 1


@pytest.mark.parametrize("by", ["environment", "code"])
async def test_a_key_of_the_user_does_not_go_to_the_address_of_a_found_file(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by: str
) -> None:
    """Unless the file is named."""
    kept = await key_mark(emulator, "of-the-user")
    if by == "environment":
        monkeypatch.setenv("GITHUB_MODELS_API_KEY", "of-the-user")
    keywords = {} if by == "environment" else {"api_key": "of-the-user"}
    (tmp_path / ".env").write_text(f"GITHUB_MODELS_ENDPOINT={emulator.inference_url}", "utf-8")
    async with GitHubModelsChatCompletion(FIRST, fallback=None, **keywords) as service:
        with pytest.raises(Exception, match=r"github-models trust .*\.env"):
            await service.get_chat_message_content(history("Hello"), chat_settings())
    assert len(emulator.journal) == 1  # that of the mark
    named = GitHubModelsChatCompletion(FIRST, env_file_path=str(tmp_path / ".env"), **keywords)
    assert await fingerprint(named, emulator) == kept


async def test_the_token_does_not_go_to_the_address_of_a_file(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Found or named: it is GitHub's."""
    monkeypatch.setenv("GITHUB_TOKEN", "a-real-token")
    (tmp_path / ".env").write_text(f"GITHUB_MODELS_ENDPOINT={emulator.inference_url}", "utf-8")
    for path in (None, str(tmp_path / ".env")):
        async with GitHubModelsChatCompletion(FIRST, env_file_path=path, fallback=None) as service:
            with pytest.raises(Exception, match="failed to complete"):
                await service.get_chat_message_content(history("Hello"), chat_settings())
    kept = await key_mark(emulator, "a-real-token")
    assert [entry.credential for entry in emulator.journal].count(kept) == 1


def test_a_found_file_names_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It would choose which file is trusted."""
    (tmp_path / "named.toml").write_text('model = "of-the-named"')
    (tmp_path / ".env").write_text("GITHUB_MODELS_CONFIG=named.toml\nGITHUB_MODELS_PLAN=pro")
    with pytest.raises(ServiceInitializationError, match="No model is named"):
        GitHubModelsChatCompletion()
    GitHubModelsChatCompletion(FIRST)
    assert "GITHUB_MODELS_CONFIG in " in caplog.text


def test_a_found_file_that_others_can_write_is_refused(tmp_path: Path) -> None:
    """It is named in the error."""
    (tmp_path / ".env").write_text("GITHUB_MODELS_MODEL=m")
    (tmp_path / ".env").chmod(0o666)
    with pytest.raises(ServiceInitializationError, match=r"\.env is refused: everybody can"):
        GitHubModelsChatCompletion()


@pytest.mark.parametrize("kind", [GitHubModelsChatCompletion, GitHubModelsTextEmbedding])
def test_a_model_has_to_be_named(kind: Any) -> None:
    """The error says how."""
    with pytest.raises(ServiceInitializationError, match="GITHUB_MODELS_MODEL"):
        kind()


@pytest.mark.parametrize(
    "options",
    [{"fallback_max_attempts": 0}, {"endpoint": "no-such-name"}, {"api_key": ""}, {"api_key": 3}],
)
def test_a_wrong_setting_is_the_kernels_error(options: dict[str, Any]) -> None:
    """Whatever our client makes of it."""
    with pytest.raises(ServiceInitializationError, match="could not be made"):
        GitHubModelsChatCompletion(FIRST, **options)


async def test_a_client_is_ours_and_comes_alone() -> None:
    """A stock client has no trail, and a key beside a client would go nowhere."""
    async with StockClient("https://models.example", AzureKeyCredential("k")) as stock:
        with pytest.raises(ServiceInitializationError, match="of this package"):
            GitHubModelsChatCompletion(FIRST, client=stock)  # type: ignore[arg-type]
    async with ChatCompletionsClient("https://models.example", "k") as client:
        for beside in ({"api_key": "k"}, {"endpoint": "github"}, {"fallback": None}):
            with pytest.raises(ServiceInitializationError, match="leave those out"):
                GitHubModelsChatCompletion(FIRST, client=client, **beside)  # type: ignore[arg-type]


async def test_no_secret_is_shown() -> None:
    """Neither in the representation nor in the URL for spans."""
    service = GitHubModelsChatCompletion(
        FIRST, endpoint="https://models.example/v1?sig=hidden", api_key="also-hidden"
    )
    async with service:
        assert "hidden" not in f"{service!r} {service} {service.service_url()}"
        assert service.service_url() == "https://models.example/v1"


def test_no_secret_of_an_option_is_shown() -> None:
    """Headers may hold one; the kernel keeps what was given in two places."""
    settings = chat_settings(call_options={"headers": {"api-key": "hidden"}}, temperature=0.5)
    assert "hidden" not in f"{settings!r} {settings}"
    assert "temperature=0.5" in repr(settings)
    assert settings.call_options == {"headers": {"api-key": "hidden"}}


@pytest.mark.parametrize(
    "kind", [GitHubModelsChatPromptExecutionSettings, GitHubModelsEmbeddingPromptExecutionSettings]
)
def test_an_unknown_setting_is_an_error(kind: Any) -> None:
    """A slip of the pen is not left aside; what is meant for several services may hold more."""
    with pytest.raises(ServiceInvalidExecutionSettingsError, match="no tempurature"):
        kind(tempurature=0.5)
    general = PromptExecutionSettings(service_id="any", top_k=3, ai_model_id=SECOND)
    own = kind.from_prompt_execution_settings(general)
    assert (own.service_id, own.ai_model_id) == ("any", SECOND)
    assert "top_k" not in own.prepare_settings_dict()


@pytest.mark.parametrize("name", ["model", "messages", "stream"])
def test_an_option_that_the_service_sets_is_an_error(name: str) -> None:
    """It would be lost, or meet the service's own."""
    with pytest.raises(ServiceInvalidExecutionSettingsError, match=f"{name}, which the service"):
        chat_settings(call_options={name: "x", "timeout": 3})


@pytest.mark.parametrize("how", ["whole", "streamed"])
def test_a_second_event_loop_is_served(emulator: Emulator, how: str) -> None:
    """Each has connections of its own."""
    service = GitHubModelsChatCompletion(FIRST, endpoint=emulator.inference_url, api_key="k")

    async def ask() -> None:
        asked, settings = history("Hello"), chat_settings()
        if how == "whole":
            await service.get_chat_message_content(asked, settings)
        else:
            stream = service.get_streaming_chat_message_content(asked, settings)
            [piece async for piece in stream]

    async def ask_and_close() -> None:
        await ask()
        await service.close()

    first = asyncio.new_event_loop()
    try:
        first.run_until_complete(ask())
        asyncio.run(ask_and_close())
        assert len(emulator.journal) == 2
    finally:
        first.run_until_complete(service.close())
        first.close()


def test_settings_are_copied_and_what_they_share_is_not() -> None:
    """The kernel copies settings for each call; a ledger has a lock and stays one."""
    ledger = MemoryLedger()
    settings = chat_settings(call_options={"ledger": ledger}, stop=["a"])
    made = copy.deepcopy(settings)
    assert made.call_options is not settings.call_options
    assert made.call_options is not None
    assert made.call_options["ledger"] is ledger
    assert made.stop == ["a"]
    assert made.stop is not settings.stop


def test_instructions_have_one_of_two_roles() -> None:
    """Another one would reach the server, or be taken for a message of the user's."""
    with pytest.raises(ServiceInitializationError, match="'boss'; it is one of system, developer"):
        GitHubModelsChatCompletion(FIRST, instruction_role="boss")
