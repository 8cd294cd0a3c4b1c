"""OpenHands' settings as ours: its ``config.toml``, its variables, and how they lie beside ours.

About `settings/openhands_route.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from github_models_azure.exceptions import SettingsError
from github_models_azure.settings.load import load_settings
from github_models_azure.settings.model import Settings

OWN = "https://llm.example/v1"
OTHER = "https://other.example/v1"
# As OpenHands' config.template.toml has it, and a user fills it in.
WRITTEN = f"""
[core]
workspace_base = "./workspace"

[llm]
model = "openai/first"
api_key = "key-of-llm"
base_url = "{OWN}"
embedding_model = "local"
num_retries = 3
retry_min_wait = 1
retry_max_wait = 4
retry_multiplier = 2.0
timeout = 30
temperature = 0.0
top_p = 0.9
max_output_tokens = 100
drop_params = true
caching_prompt = true
custom_llm_provider = ""

[llm.fallback1]
model = "openai/second"

[llm.fallback2]
model = "hosted_vllm/third"
base_url = "{OTHER}"
api_key = "key-of-fallback2"

[agent]
llm_config = "fallback1"
"""


def write(text: str, name: str = "config.toml", folder: str = ".") -> Path:
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path.resolve()


def key_at(settings: Settings, name: str = "llm") -> str | None:
    return getattr(settings.endpoints[name].credential, "key", None)


def test_a_file_of_openhands_is_read_as_written() -> None:
    """Endpoint, key, model, route, waits and what every call says."""
    path = write(WRITTEN)
    settings = load_settings({})
    assert (settings.endpoint, settings.model, settings.file) == ("llm", "first", None)
    assert settings.endpoints["llm"].url == OWN
    assert settings.options == {
        "fallback": ["llm.fallback1/second", "llm.fallback2/third"],
        "fallback_max_attempts": 9,
        "fallback_max_wait": 2.0 + 4.0,
        "attempt_timeout": 30.0,
    }
    assert settings.retries == {
        "retry_total": 2,
        "retry_backoff_factor": 2.0,
        "retry_backoff_min": 1.0,
        "retry_backoff_max": 4.0,
    }
    assert settings.call == {"temperature": 0.0, "top_p": 0.9, "max_tokens": 100}
    assert settings.origins["retry_total"] == f"llm.num_retries in {path}"
    assert settings.origins["endpoint"] == f"llm.base_url in {path}"


def test_the_defaults_are_those_of_openhands() -> None:
    """Eight attempts; 15, 15, 15, 16, 32, 64 and 120 seconds between them."""
    write('[llm]\nmodel = "groq/x"\n')
    settings = load_settings({})
    assert settings.retries["retry_total"] == 7
    assert settings.options["fallback_max_wait"] == 15 * 3 + 16 + 32 + 64 + 120
    assert settings.options["fallback_max_attempts"] == 8
    assert settings.options["fallback"] is None
    assert settings.call == {}
    assert settings.origins["retry_total"] == "the default of OpenHands"


def test_variables_alone_are_enough() -> None:
    """Model, URL and key, each in its type."""
    settings = load_settings(
        {
            "LLM_MODEL": "azure/gpt-4o",
            "LLM_BASE_URL": "https://r.openai.azure.com",
            "LLM_API_KEY": " key ",
            "LLM_API_VERSION": "2024-10-21",
            "LLM_NUM_RETRIES": "2",
            "LLM_RETRY_MIN_WAIT": "3",
            "LLM_RETRY_MAX_WAIT": "5",
            "LLM_RETRY_MULTIPLIER": "1.5",
            "LLM_TIMEOUT": "9",
            "LLM_TEMPERATURE": "0.5",
            "LLM_TOP_P": "1",
            "LLM_MAX_OUTPUT_TOKENS": "7",
            "LLM_DROP_PARAMS": "false",
            "LLM_DISABLE_VISION": "true",
            "LLM_CACHING_PROMPT": "true",
        }
    )
    endpoint = settings.endpoints["llm"]
    assert endpoint.url.endswith("/openai/deployments/gpt-4o?api-version=2024-10-21")
    assert key_at(settings) == "key"
    assert settings.options["adapt"] == "strict"
    assert settings.options["attempt_timeout"] == 9.0
    assert settings.options["fallback_max_wait"] == 3.0
    assert settings.call == {"temperature": 0.5, "top_p": 1.0, "max_tokens": 7}
    assert "images" in endpoint.dialect.lacks
    assert settings.origins["endpoint"] == "LLM_BASE_URL"


def test_a_custom_provider_takes_the_place_of_the_prefix() -> None:
    """``LLM_CUSTOM_LLM_PROVIDER`` names who is asked."""
    settings = load_settings({"LLM_MODEL": "x/y", "LLM_CUSTOM_LLM_PROVIDER": "openrouter"})
    assert (settings.model, settings.endpoints["llm"].dialect.name) == ("x/y", "openrouter")


@pytest.mark.parametrize("zero", ["timeout = 0", "max_output_tokens = 0"])
def test_nought_means_not_set(zero: str) -> None:
    """As in OpenHands' template."""
    write(f'[llm]\nmodel = "groq/x"\n{zero}\n')
    settings = load_settings({})
    assert "attempt_timeout" not in settings.options
    assert settings.call == {}


@pytest.mark.parametrize("tries", [0, 1])
def test_one_attempt_is_the_least(tries: int) -> None:
    """OpenHands counts attempts; a first one there is always."""
    write(f'[llm]\nmodel = "groq/x"\nnum_retries = {tries}\n')
    settings = load_settings({})
    assert settings.retries["retry_total"] == 0
    assert settings.options["fallback_max_attempts"] == 1
    assert settings.options["fallback_max_wait"] == 0


def test_tiers_stay_for_github() -> None:
    """On GitHub's models nobody has to list who may step in."""
    write('[llm]\nmodel = "github/gpt-4o"\napi_key = "x"\n')
    assert "fallback" not in load_settings({}).options


@pytest.mark.parametrize(
    ("model", "written"), [("openrouter/mistral/x", "llm/mistral/x"), ("openrouter/a/x", "a/x")]
)
def test_a_publisher_named_like_an_endpoint_stays_here(model: str, written: str) -> None:
    """``mistral/x`` alone would be asked of Mistral."""
    settings = load_settings({"LLM_MODEL": model, "LLM_API_KEY": "x"})
    assert settings.model == written


# The route


def test_a_list_says_which_tables_in_which_order() -> None:
    """``fallback_llms`` with names."""
    write(WRITTEN.replace("[llm]", '[llm]\nfallback_llms = ["fallback2", "fallback1"]'))
    assert load_settings({}).options["fallback"] == ["llm.fallback2/third", "llm.fallback1/second"]


def test_a_list_may_be_of_tables() -> None:
    """``[[llm.fallback_llms]]``, of OpenHands' pull request 5494."""
    text = WRITTEN.partition("[llm.fallback1]")[0]
    text += '[[llm.fallback_llms]]\nmodel = "openai/a"\n[[llm.fallback_llms]]\nmodel = "openai/b"\n'
    write(text)
    settings = load_settings({})
    assert settings.options["fallback"] == ["llm.1/a", "llm.2/b"]
    assert key_at(settings, "llm.2") == "key-of-llm"


def test_a_table_takes_over_what_it_leaves_open() -> None:
    """Within one provider: URL, key and version; of others nothing that says where."""
    write(WRITTEN.replace('model = "openai/second"', 'model = "groq/second"'))
    settings = load_settings({})
    assert settings.endpoints["llm.fallback1"].url == "https://api.groq.com/openai/v1"
    write(WRITTEN)
    settings = load_settings({})
    assert settings.endpoints["llm.fallback1"].url == OWN
    assert key_at(settings, "llm.fallback1") == "key-of-llm"


def test_a_table_without_a_model_asks_the_same_one_elsewhere() -> None:
    """Its URL and key are its own."""
    write(WRITTEN + f'[llm.spare]\nbase_url = "{OTHER}"\napi_key = "k"\n')
    settings = load_settings({})
    assert settings.options["fallback"][-1] == "llm.spare/first"
    assert settings.endpoints["llm.spare"].url == OTHER


def test_tables_of_known_keys_are_no_targets() -> None:
    """``completion_kwargs`` is a table, and no model."""
    write(WRITTEN + "[llm.completion_kwargs]\nx = 1\n")
    assert len(load_settings({}).options["fallback"]) == 2


def test_names_with_a_slash_or_twice_have_endpoints_of_their_own() -> None:
    """An endpoint's name has no slash."""
    tables = '[llm."a/b"]\nmodel = "groq/x"\n[llm."a-b"]\nmodel = "groq/y"\n'
    write('[llm]\nmodel = "groq/w"\n' + tables)
    assert load_settings({}).options["fallback"] == ["llm.a-b/x", "llm.a-b-/y"]


def test_vision_is_left_out_of_one_table() -> None:
    """What one model lacks says nothing of another."""
    write(WRITTEN.replace("[llm.fallback2]", "[llm.fallback2]\ndisable_vision = true"))
    endpoints = load_settings({}).endpoints
    assert "images" in endpoints["llm.fallback2"].dialect.lacks
    assert "images" not in endpoints["llm"].dialect.lacks


def test_an_embedding_model_that_is_not_used_is_noted() -> None:
    """OpenHands' template says ``local``; a deployment goes before a model."""
    path = write(WRITTEN)
    (note,) = load_settings({}).notes
    assert note.startswith(f"llm.embedding_model in {path} is not used: 'local' is a model in")
    assert load_settings({}).vectors is None
    settings = load_settings({"LLM_EMBEDDING_MODEL": "e", "LLM_EMBEDDING_DEPLOYMENT_NAME": "d"})
    assert settings.vectors == ("llm", "d")
    assert settings.for_vectors(texts=True).model == "d"
    assert settings.for_vectors(texts=False).model is None  # of images
    assert settings.origins["embedding_model"] == "LLM_EMBEDDING_DEPLOYMENT_NAME"
    (note,) = settings.notes
    assert note == "LLM_EMBEDDING_MODEL is not used: embedding_deployment_name goes before it."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[llm.openai]\nmodel = "gpt-4o"\napi_key = "k"\n', None),  # of any program
        ('[llm.a]\nmodel = "x"\ncustom_llm_provider = "groq"\n[llm.b]\nmodel = "y"\n', None),
        ('[llm.a]\nmodel = "x"\ncustom_llm_provider = "groq"\n', "x"),
        ('[llm]\nnum_retries = 3\n[llm.a]\nmodel = "x"\ncustom_llm_provider = "groq"\n', "x"),
    ],
)
def test_fallbacks_without_a_model_before_them(text: str, found: str | None) -> None:
    """The first is asked first, if the tables are in LiteLLM's words; a note says which way."""
    path = write(text)
    settings = load_settings({})
    assert settings.model == found
    (note,) = settings.notes
    assert note == (
        f"[llm] in {path} names no model: that of [llm.a] is asked first."
        if found
        else f"{path} is not used: its [llm] table names no model."
    )
    if "num_retries" in text:
        assert settings.retries["retry_total"] == 2


def test_a_list_of_fallbacks_needs_a_model_before_them() -> None:
    """It says the order of what comes after one."""
    path = write('[llm]\nfallback_llms = ["a"]\n[llm.a]\nmodel = "groq/x"\n')
    with pytest.raises(SettingsError, match=r"llm\.model in .*: is missing"):
        load_settings({"GITHUB_MODELS_CONFIG": str(path)})


# Which file


def test_the_nearest_file_upwards_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the root of the repository; a config.toml of others is passed over."""
    Path(".git").mkdir()
    write(WRITTEN)
    write('[llm]\nprovider = "x"\nmodel = "y"\n', folder="a/b")
    write("title = 'a site, no llm'\n", folder="a")
    monkeypatch.chdir("a/b")
    settings = load_settings({})
    assert settings.model == "first"
    assert "[llm] has 'provider', which OpenHands does not know" in settings.notes[0]


@pytest.mark.parametrize(
    "text", ["llm = 3", "[[llm]]\nmodel = 'x'", "[llm]\napi_key = 'x'", "llm [", "# llm"]
)
def test_what_is_not_openhands_is_nothing(text: str) -> None:
    """A config.toml may be anybody's."""
    write(text)
    settings = load_settings({})
    assert (settings.endpoint, settings.model) == (None, None)


def test_a_variable_may_name_the_file() -> None:
    """GITHUB_MODELS_CONFIG takes both kinds."""
    path = write(WRITTEN, "openhands.toml")
    write('model = "ours"', "github-models.toml")
    settings = load_settings({"GITHUB_MODELS_CONFIG": str(path)})
    assert (settings.model, settings.file) == ("first", None)


def test_a_named_file_of_ours_is_the_only_one() -> None:
    """Whoever names a file means that one."""
    write(WRITTEN)
    path = write('model = "ours"', "mine.toml")
    settings = load_settings({"GITHUB_MODELS_CONFIG": str(path)})
    assert (settings.model, settings.endpoint) == ("ours", None)


# Beside our own


@pytest.mark.parametrize(
    "own",
    [
        {"GITHUB_MODELS_ENDPOINT": OTHER},
        {"GITHUB_MODELS_API_KEY": "ours"},
    ],
)
def test_our_variables_go_first(own: dict[str, str]) -> None:
    """Endpoint, key, model and route belong together, so nothing of the rest is taken."""
    write(WRITTEN)
    llm = {"LLM_MODEL": "openai/x", "LLM_BASE_URL": OWN, "LLM_API_KEY": "theirs"}
    settings = load_settings({**llm, **own})
    assert settings.endpoint == own.get("GITHUB_MODELS_ENDPOINT")
    assert (settings.model, settings.options, settings.call) == (None, {}, {})
    assert "llm" not in settings.endpoints


def test_their_variables_go_before_our_file() -> None:
    """The environment before files; our file's key stays with our file's endpoint."""
    write('endpoint = "groq"\napi_key = "ours"\nmodel = "m"\nplan = "pro"', "github-models.toml")
    settings = load_settings({"LLM_MODEL": "openai/x", "LLM_BASE_URL": OWN})
    assert (settings.endpoint, settings.model, settings.api_key) == ("llm", "x", None)
    assert settings.options["plan"] == "pro"


@pytest.mark.parametrize("ours", ['endpoint = "groq"', 'api_key = "x"'])
def test_our_file_goes_before_theirs(ours: str) -> None:
    """Where it names an endpoint or a key; what stands in theirs does not even have to be right."""
    write(WRITTEN.replace("openai/first", "anthropic/first"))
    write(ours, "github-models.toml")
    settings = load_settings({})
    assert settings.endpoint in (None, "groq")
    assert settings.call == {}


def test_our_file_beside_theirs_changes_single_settings() -> None:
    """Without an endpoint of its own it lies over theirs."""
    write(WRITTEN)
    write('fallback_max_wait = 3\nfallback = ["ollama/x"]\nmodel = "m"', "github-models.toml")
    settings = load_settings({"GITHUB_MODELS_FALLBACK_MAX_ATTEMPTS": "2"})
    assert (settings.endpoint, settings.model) == ("llm", "m")
    assert settings.options["fallback_max_wait"] == 3
    assert settings.options["fallback"] == ["ollama/x"]
    assert settings.options["fallback_max_attempts"] == 2
    changed = {"fallback_max_wait", "fallback", "fallback_max_attempts", "model"}
    assert not changed & settings.origins.keys()
    assert "attempt_timeout" in settings.origins


def test_single_variables_change_single_values() -> None:
    """As OpenHands does: LLM_MODEL and the rest lie over ``[llm]``."""
    write(WRITTEN)
    settings = load_settings({"LLM_MODEL": "openai/other", "LLM_TEMPERATURE": "0.7"})
    assert settings.model == "other"
    assert settings.call["temperature"] == 0.7
    assert key_at(settings) == "key-of-llm"
    assert settings.origins["model"] == "LLM_MODEL"


@pytest.mark.parametrize("where", ["GITHUB_MODELS_APPLICATIONS", "file"])
def test_other_applications_can_be_left_out(where: str) -> None:
    """One setting says that LLM_* and config.toml are not meant for us."""
    write(WRITTEN)
    write("plan = 'pro'" if where != "file" else "applications = false", "github-models.toml")
    environ = {"LLM_MODEL": "openai/x", "LLM_API_KEY": "k", "LOGAI_LLM_PROVIDER": "github"}
    if where != "file":
        environ[where] = "false"
    settings = load_settings(environ)
    assert (settings.endpoint, settings.model, settings.notes) == (None, None, ())


@pytest.mark.parametrize(
    "environ",
    [
        {"LLM_MODEL": "gpt-4o-mini"},
        {"LLM_API_KEY": "k"},
        {"LLM_BASE_URL": OWN, "LLM_API_KEY": "k"},
        {"LLM_TEMPERATURE": "hot"},
        {"LLM_MODEL": "  ", "LLM_API_KEY": "k"},
    ],
)
def test_a_variable_that_may_be_another_programs_does_nothing(environ: dict[str, str]) -> None:
    """``llm`` has an LLM_MODEL too; doctor says that it does not count, without its value."""
    settings = load_settings(environ)
    assert (settings.endpoint, settings.model, settings.call) == (None, None, {})
    (note,) = settings.notes
    assert note.startswith("Set and not used: LLM_")
    assert not any(value in note for value in environ.values() if value.strip() and value != "k")


def test_other_variables_are_none_of_ours() -> None:
    """LLM_USER_PATH is llm's; a slip of the pen is noted."""
    base = {"LLM_MODEL": "groq/x", "LLM_API_KEY": "k"}
    assert load_settings({**base, "LLM_USER_PATH": "/x", "LLM_TOP_K": "1"}).notes == ()
    (note,) = load_settings({**base, "LLM_NUM_RETIRES": "1"}).notes
    assert note == "LLM_NUM_RETIRES is not used: did you mean LLM_NUM_RETRIES?"
