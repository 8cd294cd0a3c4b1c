"""What is said of an application's settings that are wrong: one line each, and never a key."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from github_models_azure.exceptions import SettingsError
from github_models_azure.policies.errors import causes
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import LLM_FIELDS, LLM_IGNORED

SECRET = "sk-secret-0123456789"
MODEL = 'model = "groq/x"\n'


def write(text: str) -> Path:
    path = Path("config.toml")
    path.write_text(text, "utf-8")
    return path.resolve()


def refused(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings({f"LLM_{name}": value for name, value in environ.items()})
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ("num_retries = 'many'", "llm.num_retries", "valid integer"),
        ("num_retries = true", "llm.num_retries", "not true or false"),
        ("num_retries = -1", "llm.num_retries", "greater than or equal to 0"),
        ("num_retries = 100000", "llm.num_retries", "less than or equal to 1000"),
        ("retry_min_wait = inf", "llm.retry_min_wait", "finite number"),
        ("retry_max_wait = nan", "llm.retry_max_wait", ""),
        ("timeout = 'x'", "llm.timeout", "valid number"),
        ("temperature = -1", "llm.temperature", "greater than or equal to 0"),
        ("top_p = 2", "llm.top_p", "less than or equal to 1"),
        ("max_output_tokens = 1.5", "llm.max_output_tokens", "valid integer"),
        ("drop_params = 3", "llm.drop_params", "valid boolean"),
        ("base_url = 3", "llm.base_url", "valid string"),
        ("[llm.model]\nx = 1", "llm.model", ""),
        ("[llm.a]\nmodel = 3", "llm.a.model", "valid string"),
        ("[llm.a]\nmodel = 'anthropic/x'", "llm.a.model", "a protocol of its own"),
        ("[llm.a]\nmodle = 'groq/x'", "llm.a.modle", "did you mean model?"),
        ("[llm.a.b]\nmodel = 'groq/x'", "llm.a.b", "is not known"),
        ("num_retires = 3", "llm.num_retires", "did you mean num_retries?"),
        ("fallback_llms = 3", "llm.fallback_llms", "is a list"),
        (
            "fallback_llms = ['a']",
            "llm.fallback_llms",
            "number 1 is not the name of an [llm.NAME] table. Known: none.",
        ),
        ("fallback_llms = [3]", "llm.fallback_llms", "is not the name of an [llm.NAME] table"),
        ("api_version = 3", "llm.api_version", "valid string"),
        ("embedding_model = 3", "llm.embedding_model", "valid string"),
        ("embedding_deployment_name = 3", "llm.embedding_deployment_name", "valid string"),
        ("embedding_model = 'groq/'", "llm.embedding_model", "a provider and no model"),
    ],
)
def test_a_wrong_value_of_a_file_is_named(text: str, path: str, says: str) -> None:
    """One line: where in which file, what it may be, what it is."""
    head = "" if text.startswith("[llm.model]") else "[llm]\n" + MODEL
    file = write(head + text)
    if not head:
        with pytest.raises(SettingsError) as caught:
            load_settings({"GITHUB_MODELS_CONFIG": str(file)})
        (line,) = str(caught.value).splitlines()
    else:
        (line,) = refused()
    assert line.startswith(f"{path} in {file}: ")
    assert says in line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NUM_RETRIES", "many", "valid integer"),
        ("TIMEOUT", "-1", "greater than or equal to 0"),
        ("DISABLE_VISION", "maybe", "valid boolean"),
        ("API_VERSION", "new", "is a version such as 2024-10-21"),
        ("EMBEDDING_MODEL", "groq/", "a provider and no model"),
        ("EMBEDDING_DEPLOYMENT_NAME", "groq/", "a provider and no model"),
        ("CACHING_PROMPT", "maybe", "valid boolean"),
        ("DROP_PARAMS", "maybe", "valid boolean"),
        ("RETRY_MIN_WAIT", "soon", "valid number"),
        ("RETRY_MAX_WAIT", "late", "valid number"),
        ("RETRY_MULTIPLIER", "twice", "valid number"),
        ("MODEL", "anthropic/claude", "a protocol of its own"),
        ("CUSTOM_LLM_PROVIDER", "nobody", "a provider that is not known"),
        ("BASE_URL", "nowhere", "is a URL"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, says: str) -> None:
    """Also where the rest stands in a file."""
    (line,) = refused(**{"MODEL": "groq/x", "API_KEY": "k", name: value})
    assert line.startswith(f"LLM_{name}: ")
    write("[llm]\n" + MODEL)
    (beside,) = refused(**{name: value})
    assert beside == line
    assert says in line


def test_each_wrong_value_has_its_line() -> None:
    """Whoever mends a file sees all that is wrong with it."""
    write("[llm]\n" + MODEL + "timeout = 'x'\ntop_p = 2\nnum_retires = 3\n")
    assert len(refused(NUM_RETRIES="x")) == 4


def test_a_named_file_must_say_a_model() -> None:
    """One that was only found may be another program's."""
    file = write("[llm]\napi_key = 'k'\n")
    with pytest.raises(SettingsError, match=r"model in .*: is missing"):
        load_settings({"GITHUB_MODELS_CONFIG": str(file)})


def test_a_named_file_has_no_strange_keys() -> None:
    """And nobody is told twice what is known."""
    file = write("[llm]\n" + MODEL + "provider = 'x'\n")
    with pytest.raises(SettingsError) as caught:
        load_settings({"GITHUB_MODELS_CONFIG": str(file)})
    assert "llm.provider" in str(caught.value)
    assert "Known: api_key, api_version, base_url" in str(caught.value)


def test_mistakes_do_not_matter_where_nothing_is_taken() -> None:
    """A client with an endpoint of its own does not fail for what another program wrote."""
    write("[llm]\nmodel = 'anthropic/claude'\n")
    assert load_settings({}, decided=True).endpoint is None
    assert load_settings({"GITHUB_MODELS_ENDPOINT": "groq"}).endpoint == "groq"
    assert load_settings({"GITHUB_MODELS_APPLICATIONS": "false"}).endpoint is None
    with pytest.raises(SettingsError):
        load_settings({})


@pytest.mark.parametrize(
    "text",
    [
        f"api_key = ['{SECRET}']",
        f"api_key = {{ value = '{SECRET}' }}",
        f"base_url = 'https://u:{SECRET}@a.example/v1'",
        f"base_url = 'ftp://a.example/v1?key={SECRET}'",
        f"base_url = ['{SECRET}']",
        f"base_url = '{SECRET}'",
        f"api_key = '{SECRET}'\ntop_p = 7",
        f"[llm.a]\nmodel = 'nobody'\napi_key = '{SECRET}'",
        f"api-key = '{SECRET}'",
        f"[llm.a]\nmodel = '{SECRET}'",
        f"[llm.a]\nmodel = '{SECRET}/x'",
        f"[llm.a]\nmodel = 'openai/{SECRET}/'\ncustom_llm_provider = '{SECRET}'",
        f"custom_llm_provider = '{SECRET}'",
        f"fallback_llms = ['{SECRET}']",
        f"base_url = 'https://a.example:{SECRET}/v1'",
        f"base_url = '{SECRET}://a.example/v1'",
        f"base_url = 'https://a.example:70000/v1?key={SECRET}'",
        f"groq_timeout = '{SECRET}'",
        f"api_key = '{SECRET}'\n# \xff",
    ],
)
def test_a_value_is_not_in_an_error(text: str) -> None:
    """Nor in what led to it: a secret may stand where something else is expected."""
    Path("config.toml").write_bytes(("[llm]\n" + MODEL + text).encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        load_settings({})
    for error in causes(caught.value):
        assert SECRET not in f"{error!s} {error!r} {vars(error)!r}"


def test_a_broken_file_is_named() -> None:
    """And nothing of its text is shown; only where it would count."""
    file = write(f"[llm]\n{MODEL}api_key = '{SECRET}\n")
    (line,) = refused()
    assert str(file) in line
    assert "is not TOML" in line
    assert SECRET not in line
    assert load_settings({"GITHUB_MODELS_ENDPOINT": "groq"}).endpoint == "groq"
    assert load_settings({}, decided=True).endpoint is None
    logai = {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": "t"}
    assert load_settings(logai).endpoint == "logai"


def test_a_secret_is_not_in_the_repr() -> None:
    """Settings may be printed, also where a key was withheld."""
    write(f"[llm]\n{MODEL}api_key = '{SECRET}'\n[llm.a]\nmodel = 'mistral/x'\n")
    assert SECRET not in repr(load_settings({}))
    assert SECRET not in repr(load_settings({"LLM_API_KEY": SECRET, "LLM_BASE_URL": "http://a"}))
    logai = {"LOGAI_LLM_PROVIDER": "github", "LOGAI_GITHUB_TOKEN": SECRET}
    assert SECRET not in repr(load_settings(logai))


# Anything at all

_NAMES = st.sampled_from(sorted(LLM_FIELDS | LLM_IGNORED)) | st.text(max_size=12)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("groq/x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


def toml(value: Any) -> str:
    """Write a value as TOML, inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def plain(text: str) -> bool:
    return "\x7f" not in text and text.isprintable()


@given(st.dictionaries(_NAMES.filter(plain), _VALUES, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_table_is_read_or_refused(tmp_path: Path, table: dict[str, Any]) -> None:
    """No other error, and no secret in it, whatever stands in a file that was named."""
    table = {"model": "groq/x", "api_key": SECRET, **table}
    path = tmp_path / "any.toml"
    written = "\n".join(f"{json.dumps(name)} = {toml(value)}" for name, value in table.items())
    path.write_text("[llm]\n" + written, "utf-8")
    try:
        loaded = load_settings({"GITHUB_MODELS_CONFIG": str(path)})
    except SettingsError as error:
        text = str(error)
    else:
        text = repr(loaded)
        assert 0 <= loaded.options["fallback_max_wait"] <= 1000 * 86_400
    assert SECRET not in text


@given(
    st.dictionaries(
        st.sampled_from(sorted(LLM_FIELDS)).map(lambda name: f"LLM_{name.upper()}"),
        st.text(max_size=20) | st.sampled_from(["groq/x", "https://a.example/v1", "true", "3"]),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_variables_are_read_or_refused(environ: dict[str, str]) -> None:
    """No other error, and never the key."""
    environ = {"LLM_MODEL": "groq/x", **environ, "LLM_API_KEY": SECRET}
    try:
        text = repr(load_settings(environ))
    except SettingsError as error:
        text = str(error)
    assert SECRET not in text
