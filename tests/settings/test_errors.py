"""What is said of settings that are wrong: one clear line each, and never a value."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings

FILE = "github-models.toml"


def write(text: str, name: str = FILE, folder: str = ".") -> Path:
    """Put a file into the working directory, which is empty at the start of a test."""
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path.resolve()


def load(**environ: str) -> Settings:
    """Load the settings with these variables, the prefix left out."""
    return load_settings({f"GITHUB_MODELS_{name}": value for name, value in environ.items()})


def refused(**environ: str) -> list[str]:
    """The lines of the error that loading ends in."""
    with pytest.raises(SettingsError) as caught:
        load(**environ)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FALLBACK_MAX_WAIT", "soon", "valid number"),
        ("FALLBACK_MAX_WAIT", "-1", "greater than or equal to 0"),
        ("FALLBACK_MAX_ATTEMPTS", "0", "greater than or equal to 1"),
        ("FALLBACK_MAX_ATTEMPTS", "2.5", "valid integer"),
        ("ATTEMPT_TIMEOUT", "0", "greater than or equal to 0.001"),
        ("PLAN", "gold", "'enterprise'"),
        ("ADAPT", "loose", "'lenient' or 'strict'"),
        ("ALLOW_RETIRED", "maybe", "valid boolean"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, says: str) -> None:
    """One line: the variable and what it may be; never what it is, which may be a secret."""
    (line,) = refused(**{name: value})
    assert line.startswith(f"GITHUB_MODELS_{name}: ")
    assert says in line
    assert repr(value) not in line


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("fallback_max_wait = 'soon'", "fallback_max_wait"),
        ("fallback_max_wait = nan", "fallback_max_wait"),
        ("model = 3", "model"),
        ("endpoints = 3", "endpoints"),
        ("unknown = 3", "unknown"),
        ("[endpoints.x]\ndialect = 'github'", "endpoints.x.url"),
        ("[endpoints.x]\nurl = 'https://a'\ndialect = 'odd'", "endpoints.x.dialect"),
        ("[endpoints.x]\nurl = 'https://a'\nport = 3", "endpoints.x.port"),
        ("[endpoints.x]\nurl = 'https://a'\ncredential = {}", "endpoints.x.credential"),
        ("[models]\n'x/y' = 3", "models.x/y"),
    ],
)
def test_a_wrong_value_of_a_file_is_named(text: str, path: str) -> None:
    """One line: where in which file, and what it may be."""
    file = write(text)
    (line,) = refused()
    assert line.startswith(f"{path} in {file}: ")


def test_a_credential_comes_from_one_place() -> None:
    """Two places for one key are refused."""
    write(
        "[endpoints.x]\nurl = 'https://a'\ncredential = { env = 'A', keyring = 'b' }",
    )
    assert "exactly one of env, keyring, entra, none" in refused()[0]


def test_each_wrong_value_has_its_line() -> None:
    """Whoever mends a file sees everything that is wrong with it."""
    file = write("plan = 'gold'\nmodel = 3")
    assert len(refused()) == 2
    lines = refused(ADAPT="loose")
    assert [line.split(":")[0] for line in lines] == [
        f"model in {file}",
        f"plan in {file}",
        "GITHUB_MODELS_ADAPT",
    ]


def test_a_long_value_is_clipped() -> None:
    """An error stays one line of readable length."""
    (line,) = refused(PLAN="x" * 5000)
    assert len(line) < 250


@pytest.mark.parametrize("text", ["api_key = 12345", "api_key = ['12345']", "api-key = '12345'"])
def test_the_value_of_a_key_is_never_shown(text: str) -> None:
    """A wrong key is named, not repeated."""
    write(text)
    (line,) = refused()
    assert "12345" not in line
    assert line.startswith(("api_key", "api-key"))


def test_the_key_is_not_in_the_repr() -> None:
    """Settings may be printed."""
    assert "secret" not in repr(load(API_KEY="secret"))


def test_an_unknown_variable_is_named_with_those_that_exist() -> None:
    """A typing mistake is no silent default."""
    (line,) = refused(MODLE="m")
    assert line.startswith("GITHUB_MODELS_MODLE is not a setting.")
    assert "GITHUB_MODELS_MODEL," in line


@pytest.mark.parametrize("name", [FILE, "pyproject.toml"])
def test_broken_toml_is_a_clear_error(name: str) -> None:
    """It names the file and the line."""
    path = write("[tool.github-models]\nmodel = oops\n", name)
    (line,) = refused()
    assert line.startswith(f"The settings file {path} is not TOML: ")
    assert "line 2" in line


def test_a_file_that_is_no_text_is_a_clear_error() -> None:
    """It names the file."""
    path = Path(FILE).resolve()
    path.write_bytes(b'model = "\xff"')
    (line,) = refused()
    assert line.startswith(f"The settings file {path} cannot be read: ")


@pytest.mark.parametrize("name", [FILE, "pyproject.toml", "config.toml"])
def test_a_file_that_cannot_be_read_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also one that may be anybody's: what it holds is not known, and is not skipped silently."""

    def refuse(_: int) -> bytes:
        raise PermissionError(errno.EACCES, "not yours")

    path = write("[tool.github-models]\nmodel = 'm'", name)
    monkeypatch.setattr("github_models_azure.settings.found._read", refuse)
    (line,) = refused()
    assert line.startswith(f"The settings file {path} is refused: it cannot be read (not yours).")
    assert f"GITHUB_MODELS_CONFIG={path}" in line


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_named_file_must_exist(name: str) -> None:
    """A folder is no file either."""
    assert refused(CONFIG=name) == [f"GITHUB_MODELS_CONFIG names {name!r}, which is not a file."]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[endpoints.'a/b']\nurl = 'https://a'", "the name of an endpoint has no slash"),
        ("[endpoints.x]\nurl = 'nowhere'", "*** is neither a URL nor a known name"),
        ("[endpoints.x]\nurl = 'https://u:secret@a'", "carries a user name or password"),
    ],
)
def test_an_endpoint_that_cannot_be_is_a_clear_error(table: str, says: str) -> None:
    """One line, with the file."""
    file = write(table)
    (line,) = refused()
    assert says in line
    assert str(file) in line
    assert "secret" not in line


@pytest.mark.parametrize(
    "text",
    [
        "token = 'sk-secret'",
        "[endpoints.x]\nurl = 'https://a'\ncredential = 'sk-secret'",
        "[endpoints.x]\nurl = 'https://a'\ncredential = { env = 'A', value = 'sk-secret' }",
        "[endpoints.x]\napi_key = 'sk-secret'",
        "[endpoints.x]\nurl = 'https://a'\ntoken = 'sk-secret'",
        "[endpoints.x]\nurl = 'ftp://user:sk-secret@a'",
    ],
)
def test_a_key_in_the_wrong_place_is_not_shown(text: str) -> None:
    """Whoever writes a key where none belongs does not find it in the error."""
    Path("github-models.toml").write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    assert "sk-secret" not in str(caught.value)


def lines(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"GITHUB_MODELS_{name}": value for name, value in environ.items()})
    return str(caught.value).splitlines()


def test_broken_json_in_a_variable_names_the_variable() -> None:
    """One line, with the variable in front."""
    (line,) = lines(ENDPOINTS="{broken")
    assert line.startswith("GITHUB_MODELS_ENDPOINTS: ")


def test_a_fallback_of_a_wrong_type_is_one_line() -> None:
    """Not one for each form that it may have."""
    Path("github-models.toml").write_text("fallback = 3", "utf-8")
    (line,) = lines()
    assert line.startswith("fallback in ")


def test_a_mapping_as_json_in_the_fallback_variable_is_a_mapping() -> None:
    """What is a table in the file is JSON in the environment, here too."""
    settings = load_settings({"GITHUB_MODELS_FALLBACK": '{"a": ["b"]}'})
    assert settings.options == {"fallback": {"a": ["b"]}}


@pytest.mark.parametrize("name", ["ENDPOINT", "MODEL", "FALLBACK_MAX_WAIT", "PLAN"])
def test_an_empty_variable_is_none(name: str) -> None:
    """Compose files and CI set variables to nothing."""
    assert load_settings({f"GITHUB_MODELS_{name}": ""}) == Settings()


@pytest.mark.parametrize("name", ["fallback_max_wait", "attempt_timeout", "fallback_max_attempts"])
def test_true_is_no_number(name: str) -> None:
    """The client's keyword refuses it as well."""
    Path("github-models.toml").write_text(f"{name} = true", "utf-8")
    assert lines()


def test_a_sentence_ends_once() -> None:
    """No two full stops."""
    Path("github-models.toml").write_text("[endpoints.x]\nurl = 'nowhere'", "utf-8")
    assert not lines()[-1].endswith("..")


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000 + "]" * 5000, "a = 1" + "0" * 5000], ids=["deep", "long number"]
)
@pytest.mark.parametrize("heading", ["", "[llm]\n"], ids=["ours", "openhands"])
def test_toml_that_cannot_be_read_names_its_file(heading: str, text: str) -> None:
    """Also where the reader gives up otherwise than by its own error."""
    path = write(heading + text, "config.toml" if heading else FILE)
    (line,) = refused()
    assert line.startswith(f"The settings file {path} is not TOML: ")


def test_a_file_of_another_program_that_cannot_be_read_does_not_matter() -> None:
    """It has no heading of ours or of OpenHands'."""
    write("# llm\na = " + "[" * 5000, "config.toml")
    write("tool = 1  # no github-models", "pyproject.toml")
    assert load().file is None


@pytest.mark.parametrize(
    ("name", "text"),
    [(FILE, "model = 'm'"), ("config.toml", "[llm]\nmodel = 'm'\nbase_url = 'http://h/v1'")],
)
def test_a_byte_order_mark_is_read_over(name: str, text: str) -> None:
    """Editors of Windows put one in front."""
    write(f"\ufeff{text}", name)
    assert load().model == "m"
