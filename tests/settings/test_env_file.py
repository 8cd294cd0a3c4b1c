"""LogAI's variables in a ``.env`` of the working directory, and what such a file may not do."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.env_file import EnvFile, read_env_file
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings
from tests.harness import HELLO, Service, Twin, chat, timed
from tests.trusting import trust

GITHUB = "LOGAI_LLM_PROVIDER=github\nLOGAI_GITHUB_TOKEN=t\n"


def write(text: str, name: str = ".env") -> Path:
    Path(name).write_text(text, "utf-8")
    return Path(name).resolve()


def test_logais_variables_are_read_from_it() -> None:
    """As LogAI does; other variables in it are not ours."""
    write(f"{GITHUB}LOGAI_GITHUB_MODEL='gpt-4o-mini' # cheap\nexport OTHER=1\nLLM_MODEL=x\n")
    settings = load_settings({})
    assert (settings.endpoint, settings.model) == ("logai", "gpt-4o-mini")
    assert settings.endpoints["logai"].credential.key == "t"


def test_the_environment_goes_before_it() -> None:
    """One by one; what is set to nothing is not set."""
    write(f"{GITHUB}LOGAI_GITHUB_MODEL=of-the-file")
    settings = load_settings({"LOGAI_GITHUB_MODEL": "set", "LOGAI_GITHUB_TOKEN": " "})
    assert (settings.model, settings.endpoints["logai"].credential.key) == ("set", "t")
    assert load_settings({"LOGAI_LLM_PROVIDER": "openai"}).endpoint is None


def test_our_own_variables_are_not_read_from_it() -> None:
    """Nor is one of the folder above, nor any if applications are left out."""
    write("GITHUB_MODELS_MODEL=m\nGITHUB_MODELS_CONFIG=x.toml\n")
    assert load_settings({}) == Settings()
    write(GITHUB)
    inner = Path("a").resolve()
    inner.mkdir()
    Path(".git").mkdir()
    assert load_settings({}, inner) == Settings()
    assert load_settings({"GITHUB_MODELS_APPLICATIONS": "false"}).endpoint is None


def test_notes_are_those_of_the_environment() -> None:
    """What is set in it and does not count is said as if it were set in the shell."""
    write("LOGAI_GITHUB_TOKEN=t")
    (note,) = load_settings({}).notes
    assert "LOGAI_GITHUB_TOKEN" in note


@pytest.mark.parametrize("text", [GITHUB, "LOGAI_LOG_LEVEL=debug", "# LOGAI_LLM_PROVIDER=github"])
def test_one_that_others_can_write_is_refused(text: str) -> None:
    """If it has a variable of LogAI's; as a comment it has none."""
    path = write(text)
    path.chmod(0o666)
    if text.startswith("#"):
        assert load_settings({}) == Settings()
        return
    with pytest.raises(SettingsError, match=rf"{path} is refused: everybody can write") as caught:
        load_settings({})
    assert "set what it says in the environment" in str(caught.value)


def test_it_may_refer_to_other_variables_if_it_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found, it would put any variable of the process where it likes."""
    monkeypatch.setenv("MINE", "its-value")
    path = write("LOGAI_LLM_PROVIDER=github\nLOGAI_GITHUB_TOKEN=${MINE}\nOTHER=${MINE}\n")
    with pytest.raises(
        SettingsError, match=r"LOGAI_GITHUB_TOKEN in .* refers to another"
    ) as caught:
        load_settings({})
    assert f"github-models trust {path}" in str(caught.value)
    assert "its-value" not in str(caught.value)
    trust(path)
    assert load_settings({}).endpoints["logai"].credential.key == "its-value"


def test_the_endpoint_that_it_chooses_is_warned_of_once(
    twin: Twin, caplog: pytest.LogCaptureFixture
) -> None:
    """With the file and the host; not if the environment chooses it."""
    path = write(GITHUB)
    service = Service(lambda sent: chat(sent.model))
    for _ in range(2):
        client = twin.package.ChatCompletionsClient(
            transport=twin.transport(service), allow_retired=True, **timed(service.clock)
        )
        twin.complete(client, messages=HELLO)
    (said,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert f"models.inference.ai.azure.com was chosen by {path}" in said
    assert service.sent[0].headers["authorization"] == "Bearer t"


# What others read with it


def test_a_named_one_is_read_whoever_owns_it() -> None:
    """With a warning if others can write it; it need not exist."""
    here = Path.cwd()
    path = write("GITHUB_MODELS_MODEL=m", "my.env")
    path.chmod(0o666)
    found = read_env_file("GITHUB_MODELS_", here, named=str(path))
    assert found.values == {"GITHUB_MODELS_MODEL": "m"}
    (warning,) = found.warnings
    assert "is used, though everybody can write it" in warning
    assert read_env_file("GITHUB_MODELS_", here, named="no/such.env") == EnvFile()
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(SettingsError, match="larger than"):
        read_env_file("GITHUB_MODELS_", here, named=str(path))


@pytest.mark.parametrize("named", [True, False])
def test_it_never_names_a_settings_file(named: bool) -> None:
    """The warning says who may."""
    write("GITHUB_MODELS_CONFIG=evil.toml\nGITHUB_MODELS_MODEL=m")
    found = read_env_file("GITHUB_MODELS_", Path.cwd(), named=".env" if named else None)
    assert found.values == {"GITHUB_MODELS_MODEL": "m"}
    (warning,) = found.warnings
    assert warning.startswith("GITHUB_MODELS_CONFIG in ")
    settings = load_settings({}, env_file=found)
    assert (settings.model, settings.warnings) == ("m", (warning,))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_it_may_have_another_encoding(encoding: str) -> None:
    """Its first line counts, too."""
    Path(".env").write_text("GITHUB_MODELS_MODEL=m\u00e4", encoding)
    found = read_env_file("GITHUB_MODELS_", Path.cwd(), encoding=encoding)
    assert found.values == {"GITHUB_MODELS_MODEL": "m\u00e4"}


def test_one_that_is_not_text_is_a_clear_error() -> None:
    """It names the file."""
    Path(".env").write_bytes(b"LOGAI_GITHUB_MODEL=\xff")
    with pytest.raises(SettingsError, match=r"The file .*\.env is not text in utf-8"):
        load_settings({})


def test_a_key_beside_an_address_of_another_file_stays() -> None:
    """A local ``.env`` may hold a secret, and the settings file beside it come from anywhere."""
    from github_models_azure.credentials.keys import WithheldKey
    from github_models_azure.settings.own_endpoint import own_endpoint

    write('endpoint = "https://evil.example/v1"', "github-models.toml")
    write("GITHUB_MODELS_API_KEY=mine")
    found = read_env_file("GITHUB_MODELS_", Path.cwd())
    signed = own_endpoint(load_settings({}, env_file=found))
    assert isinstance(signed.endpoint.credential, WithheldKey)
    write("GITHUB_MODELS_API_KEY=mine\nGITHUB_MODELS_ENDPOINT=https://mine.example/v1")
    found = read_env_file("GITHUB_MODELS_", Path.cwd())
    signed = own_endpoint(load_settings({}, env_file=found))
    assert signed.endpoint.credential.key == "mine"
    assert str(signed.source) == f"api_key in {Path('.env').resolve()}"
