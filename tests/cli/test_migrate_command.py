"""`migrate`: the settings as code for the `openai` package; here without that package.

About `cli/_migration.py`.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.program import Outcome, Program

pytestmark = pytest.mark.extras

FILE = Path("github-models.toml")
FOUNDRY = "https://r.services.ai.azure.com/openai/v1"
DEPLOYMENT = "https://r.openai.azure.com/openai/deployments/my-d"


@pytest.fixture(params=[(), ("--async",)], ids=["sync", "aio"])
def form(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The option that chooses the sync or the async clients."""
    options: tuple[str, ...] = request.param
    return options


def module_of(outcome: Outcome) -> ast.Module:
    """What was printed, as Python."""
    compile(outcome.out, "migrated.py", "exec")
    return ast.parse(outcome.out)


def clients_of(outcome: Outcome) -> dict[str, tuple[str, dict[str, str]]]:
    """Each client of the code: its class, and its keywords as they are written."""
    found = {}
    for node in module_of(outcome).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            keywords = {str(one.arg): ast.unparse(one.value) for one in node.value.keywords}
            found[ast.unparse(node.targets[0])] = (ast.unparse(node.value.func), keywords)
    return found


def route_of(outcome: Outcome) -> list[tuple[str, str]]:
    """The clients and models of the code's route."""
    (route,) = [
        node.value
        for node in module_of(outcome).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROUTE"
    ]
    assert isinstance(route, ast.List)
    return [
        (ast.unparse(pair.elts[0]), ast.literal_eval(pair.elts[1]))
        for pair in route.elts
        if isinstance(pair, ast.Tuple)
    ]


def test_a_client_for_each_target_in_order(program: Program, form: tuple[str, ...]) -> None:
    """The own endpoint first, then those of the fallback, each with its URL, key and model."""
    FILE.write_text(
        f"""
        endpoint = "foundry"
        model = "my-gpt-4o"
        attempt_timeout = 30
        fallback = ["groq/openai/gpt-oss-120b", "other", "ollama/llama3.2"]
        [endpoints.foundry]
        url = "{FOUNDRY}"
        credential = {{ env = "AZURE_AI_KEY" }}
        """
    )
    outcome = program("migrate", *form)
    assert (outcome.code, outcome.err) == (0, "")
    clients = clients_of(outcome)
    assert {kind for kind, _ in clients.values()} == {"AsyncOpenAI" if form else "OpenAI"}
    assert [keywords["base_url"].strip("'") for _, keywords in clients.values()] == [
        FOUNDRY,
        "https://api.groq.com/openai/v1",
        "http://localhost:11434/v1",
    ]
    assert [keywords["api_key"] for _, keywords in clients.values()] == [
        "os.environ['AZURE_AI_KEY']",
        "os.environ['GROQ_API_KEY']",
        "'none'",
    ]
    assert {keywords["timeout"] for _, keywords in clients.values()} == {"30"}
    assert {keywords["max_retries"] for _, keywords in clients.values()} == {"0"}
    assert route_of(outcome) == [
        ("foundry", "my-gpt-4o"),
        ("groq", "openai/gpt-oss-120b"),
        ("foundry", "other"),
        ("ollama", "llama3.2"),
    ]
    assert "# Reads: AZURE_AI_KEY, GROQ_API_KEY\n" in outcome.out


def test_one_target_keeps_the_retries_of_its_client(program: Program) -> None:
    """With nobody else to ask, the client's own way is left to it."""
    FILE.write_text(f'endpoint = "{FOUNDRY}"\nmodel = "m"\n')
    (keywords,) = [keywords for _, keywords in clients_of(program("migrate")).values()]
    assert "max_retries" not in keywords
    assert keywords["api_key"] == "os.environ['R_SERVICES_AI_AZURE_COM_API_KEY']"


def test_entra_is_asked_for_the_scope_of_the_dialect(
    program: Program, form: tuple[str, ...]
) -> None:
    """One credential, and for each scope a provider, where the class wants it."""
    FILE.write_text(
        f"""
        endpoint = "foundry"
        model = "m"
        fallback = ["deployment/my-d"]
        [endpoints.foundry]
        url = "{FOUNDRY}"
        credential = {{ entra = true }}
        [endpoints.deployment]
        url = "{DEPLOYMENT}"
        credential = {{ entra = true }}
        """
    )
    outcome = program("migrate", *form)
    foundry, deployment = (clients_of(outcome)[name] for name in ("foundry", "deployment"))
    provider = "get_bearer_token_provider(credential, 'https://{}.azure.com/.default')"
    assert foundry[1]["api_key"] == provider.format("ai")
    assert deployment[1]["azure_ad_token_provider"] == provider.format("cognitiveservices")
    assert "api_key" not in deployment[1]
    assert f"azure.identity{'.aio' if form else ''} import Default" in outcome.out
    assert 'pip install "openai>=1.106" azure-identity\n' in outcome.out
    assert ("async with credential:" in outcome.out) is bool(form)


@pytest.mark.parametrize(
    ("url", "version"), [("", "2024-12-01-preview"), ("?api-version=2024-10-21", "2024-10-21")]
)
def test_a_deployment_of_azure_has_its_own_class(
    program: Program, form: tuple[str, ...], url: str, version: str
) -> None:
    """Endpoint, deployment and version apart; the model is the deployment's name."""
    FILE.write_text(
        f"""
        endpoint = "d"
        [endpoints.d]
        url = "{DEPLOYMENT}{url}"
        credential = {{ env = "K" }}
        """
    )
    outcome = program("migrate", *form)
    kind, keywords = clients_of(outcome)["d"]
    assert kind == ("AsyncAzureOpenAI" if form else "AzureOpenAI")
    assert keywords == {
        "azure_endpoint": "'https://r.openai.azure.com'",
        "azure_deployment": "'my-d'",
        "api_version": repr(version),
        "api_key": "os.environ['K']",
    }
    assert route_of(outcome) == [("d", "my-d")]


def test_azure_behind_another_path_is_given_its_version(program: Program) -> None:
    """Where the URL names no deployment, version and key header are written out."""
    FILE.write_text(
        """
        endpoint = "gw"
        model = "m"
        [endpoints.gw]
        url = "https://gateway.example/chat"
        dialect = "azure-openai"
        credential = { env = "K" }
        """
    )
    kind, keywords = clients_of(program("migrate"))["gw"]
    assert (kind, keywords["base_url"]) == ("OpenAI", "'https://gateway.example/chat'")
    assert keywords["default_query"] == "{'api-version': '2024-12-01-preview'}"
    assert keywords["default_headers"] == "{'api-key': os.environ['K']}"


def test_a_route_that_moved_is_asked_where_it_went(program: Program) -> None:
    """With the same key and deployment name; the code says why."""
    FILE.write_text(
        """
        endpoint = "old"
        model = "my-d"
        [endpoints.old]
        url = "https://r.services.ai.azure.com/models"
        credential = { env = "K" }
        """
    )
    outcome = program("migrate")
    assert clients_of(outcome)["old"][1]["base_url"].strip("'") == FOUNDRY
    assert route_of(outcome) == [("old", "my-d")]
    assert "was retired on 2026-08-26; this one replaces it" in " ".join(
        outcome.out.replace("\n# ", " ").split()
    )


def test_who_insists_keeps_the_old_route(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `allow_retired` the version that it wants goes along."""
    monkeypatch.setenv("GITHUB_MODELS_ALLOW_RETIRED", "true")
    FILE.write_text('endpoint = "https://r.services.ai.azure.com/models"\nmodel = "m"\n')
    ((_, keywords),) = clients_of(program("migrate")).values()
    assert keywords["base_url"].endswith("/models'")
    assert keywords["default_query"] == "{'api-version': '2024-05-01-preview'}"


@pytest.mark.parametrize("settings", ["", 'model = "openai/gpt-4.1"', 'endpoint = "github"'])
def test_what_is_gone_for_good_is_said(
    program: Program, form: tuple[str, ...], settings: str
) -> None:
    """Code that has a place for a service of one's own, and exit code 1."""
    FILE.write_text(settings)
    outcome = program("migrate", *form)
    assert outcome.code == 1
    assert "Nothing replaces it." in outcome.out.replace("\n# ", " ")
    assert route_of(outcome) == [("client", "YOUR-DEPLOYMENT")]
    assert "can be asked any more" in outcome.error


def test_gone_targets_beside_others_are_comments(program: Program) -> None:
    """Who is left makes the route."""
    FILE.write_text('endpoint = "github"\nmodel = "openai/gpt-4.1"\nfallback = ["groq/m"]\n')
    outcome = program("migrate")
    assert (outcome.code, route_of(outcome)) == (0, [("groq", "m")])
    assert "# github/openai/gpt-4.1 is left out: https://models.github.ai was" in outcome.out


def test_names_are_as_the_endpoint_wants_them(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub's shape takes ids, its tier is the route, and its token the key."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "http://127.0.0.1:9/inference")
    monkeypatch.setenv("GH_TOKEN", "secret-word")
    outcome = program("migrate", "-m", "gpt-4.1")
    client, model = route_of(outcome)[0]
    assert model == "openai/gpt-4.1"
    assert len(route_of(outcome)) > 2
    assert clients_of(outcome)[client][1]["api_key"] == "os.environ.get('GH_TOKEN', 'none')"
    assert "secret-word" not in outcome.out


def test_the_name_of_the_output_limit(program: Program) -> None:
    """Where it is known, the route says which one the target takes."""
    FILE.write_text(
        'endpoint = "openai-api"\nmodel = "gpt-5"\nfallback = ["mistral/m", "groq/m"]\n'
    )
    outcome = program("migrate", "--json")
    assert [step["limit"] for step in outcome.json["route"]] == [
        "max_completion_tokens",
        "max_tokens",
        None,
    ]
    code = outcome.json["code"]
    assert '(openai_api, "gpt-5"),  # takes max_completion_tokens\n' in code
    assert '(mistral, "m"),  # takes max_tokens\n' in code


def test_no_secret_is_printed(
    program: Program, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, header values and queries of the settings become names of variables."""
    entries = {"my-entry": "secret-word"}
    fake = SimpleNamespace(get_password=lambda _, entry: entries.get(entry))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    for name in ("K", "GROQ_API_KEY"):
        monkeypatch.setenv(name, "secret-word")
    FILE.write_text(
        """
        endpoint = "https://llm.example/v1?key=secret-word"
        api_key = "secret-word"
        model = "m"
        fallback = ["groq/m", "mine/m", "entry/m"]
        [endpoints.mine]
        url = "https://mine.example/v1"
        dialect = "own"
        credential = { env = "K" }
        headers = { X-Team = "secret-word" }
        [endpoints.entry]
        url = "https://entry.example/v1"
        credential = { keyring = "my-entry" }
        [dialects.own]
        auth = "X-Key"
        """
    )
    for options in (form, (*form, "--json")):
        outcome = program("migrate", *options)
        assert outcome.code == 0
        assert "secret-word" not in outcome.out + outcome.err
    clients = clients_of(program("migrate", *form))
    assert clients["llm_example"][1]["api_key"] == "os.environ['GITHUB_MODELS_API_KEY']"
    assert clients["llm_example"][1]["default_query"] == "{'key': os.environ['LLM_EXAMPLE_KEY']}"
    assert clients["mine"][1]["default_headers"] == (
        "{'X-Key': os.environ['K'], 'X-Team': os.environ['MINE_X_TEAM']}"
    )
    assert clients["entry"][1]["api_key"] == "keyring.get_password('github-models', 'my-entry')"
    assert "api_key: put it into GITHUB_MODELS_API_KEY" in outcome.json["clients"][0]["notes"][0]


def test_the_key_of_a_variable_needs_no_remark(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the environment has the key already, the code reads it there."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "groq")
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "secret-word")
    (groq,) = program("migrate", "-m", "m", "--json").json["clients"]
    assert groq["key"] == {"from": "env", "name": "GITHUB_MODELS_API_KEY"}
    assert groq["notes"] == []


def test_another_endpoint_may_be_asked_for(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--endpoint` takes names and URLs; the key of the settings stays with their own."""
    monkeypatch.setenv("GITHUB_MODELS_ENDPOINT", "groq")
    monkeypatch.setenv("GITHUB_MODELS_API_KEY", "secret-word")
    (vllm,) = program("migrate", "--endpoint", "vllm", "-m", "m", "--json").json["clients"]
    assert (vllm["name"], vllm["key"]["from"]) == ("vllm", "none")
    outcome = program("migrate", "--endpoint", "nowhere")
    assert (outcome.code, outcome.out) == (1, "")
    assert "'nowhere' is neither a URL nor a known name" in outcome.error


def test_the_model_may_be_missing(program: Program) -> None:
    """The code has a place for it."""
    outcome = program("migrate", "--endpoint", "vllm")
    assert route_of(outcome) == [("vllm", "YOUR-MODEL")]
    assert "# the settings name none" in outcome.out


def test_other_routes_of_the_table_are_pointed_at(program: Program) -> None:
    """One route is shown at a time."""
    FILE.write_text('endpoint = "vllm"\n[fallback]\n"a" = ["groq/x"]\n"b" = ["mistral/y"]\n')
    outcome = program("migrate", "-m", "a")
    assert [client for client, _ in route_of(outcome)] == ["vllm", "groq"]
    assert "is shown with --model" in outcome.err
    FILE.write_text('endpoint = "vllm"\n[fallback]\n"a" = ["groq/x"]\n"*" = ["mistral/y"]\n')
    assert program("migrate", "-m", "a").err == ""


ODD_NAMES = [
    "class",
    "os",
    "client",
    "1st",
    "a b",
    "a-b",
    "\u00fc",
    "!",
    "gro'q\\n",
    'x"y',
    "ROUTE",
]


@pytest.mark.parametrize("form_of_model", ["m", 'q"uo\\te', "new\nline", "\U0001f600", "a\u2028b"])
def test_odd_names_make_no_odd_code(program: Program, form_of_model: str) -> None:
    """Whatever an endpoint or a model is called, it compiles, and each client has its own name."""
    tables = "".join(
        f"[endpoints.{json.dumps(name)}]\nurl = 'https://e{number}.example/v1'\n"
        for number, name in enumerate(ODD_NAMES)
    )
    targets = json.dumps([f"{name}/{form_of_model}" for name in ODD_NAMES], ensure_ascii=False)
    FILE.write_text(f'endpoint = "vllm"\nmodel = "m"\nfallback = {targets}\n{tables}', "utf-8")
    found: Any = program("migrate")
    route = route_of(found)
    assert [model for _, model in route] == ["m"] + [form_of_model] * len(ODD_NAMES)
    assert len({client for client, _ in route}) == len(ODD_NAMES) + 1
    assert all(client.isidentifier() for client, _ in route)
    assert not {client for client, _ in route} & {"class", "os", "client", "ROUTE"}


def test_the_changes_are_listed(program: Program) -> None:
    """What is written otherwise stands on top of the code, and in the JSON."""
    outcome = program("migrate", "--endpoint", "vllm", "--json")
    changes = {change["from"]: change["to"] for change in outcome.json["changes"]}
    assert changes["model_extras={...}"] == "extra_body={...}"
    assert changes["max_tokens="].startswith("max_completion_tokens=")
    for before, after in changes.items():
        assert before in outcome.json["code"]
        assert after in outcome.json["code"]
    assert outcome.json["packages"] == ["openai"]
    assert max(map(len, outcome.json["code"].splitlines())) <= 100
