"""The project's chores: `nox` runs the default ones, `nox -l` lists them all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"  # the first with nox.project.dependency_groups
nox.options.sessions = [
    "lint", "types", "tests", "tests_bare", "servers_aimock", "docs", "build",
]  # fmt: skip
nox.options.error_on_missing_interpreters = False  # tests_matrix uses what is installed
nox.options.error_on_external_run = True

ROOT = Path(__file__).parent
PACKAGE = "github_models_azure"
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)

OVERALL = 92  # per cent of lines and branches
DECISIONS = ["*/_core/*", "*/policies/*"]  # these must be covered to the last branch

# Folders whose test modules may import an optional dependency at their top. Anywhere else such a
# test carries the mark `extras` and imports inside the test or fixture.
NEED_EXTRAS = [
    "tests/applications",
    "tests/cassettes",
    "tests/cli",
    "tests/drop_ins",
    "tests/evaluation",
    "tests/integrations",
    "tests/server",
    "tests/servers",
]
# Folders of tests for which it makes no difference which extras are installed.
ALIKE = ["tests/core", "tests/dialects", "tests/policies", "tests/recordings", "tests/traps"]
OPTIONAL_MODULES = [
    *("aiohttp", "keyring", "langchain_core", "litellm", "prometheus_client", "redis"),
    *("semantic_kernel", "starlette", "typer", "uvicorn"),
]
# Servers by other people, pinned: tests/servers looks at what just these versions do.
AIMOCK = "@copilotkit/aimock@1.43.0"  # an npm package
AIMOCK_NODE = (20, 15)  # the oldest Node.js that runs it
SERVERS = ["litellm[proxy]==1.106.2", "llama-cpp-python[server]==0.3.36", "gguf==0.19.0"]
# What the tests of each connector need beside its extra.
INTEGRATIONS = {
    "langchain": ["langchain==1.5.2", "langchain-openai==1.7.4", "langchain-tests==1.1.9"],
    "litellm": [],
    "semantic_kernel": [],
}
# What a framework warns of itself, on its page: of its types, and of names that pydantic drops.
WARNINGS = {
    "litellm": [
        *("-W", "ignore:Item:UserWarning:pydantic._internal._generate_schema"),
        "-W",
        "ignore:Accessing the 'model_:DeprecationWarning"
        ":litellm.litellm_core_utils.model_response_utils",
    ]
}
# Frameworks whose own connectors for the SDK take our clients, as they are.
DROP_INS = {
    "autogen": ["autogen-ext[azure]==0.7.5", "autogen-agentchat==0.7.5"],
    "langchain_azure_ai": ["langchain-azure-ai[v1]==1.2.12"],
    "llama_index": ["llama-index-llms-azure-inference==0.8.0"],
}
# Programs and libraries that are pointed at the gateway. Of OpenHands only the loader of settings
# is run, which needs the last three; the whole of it brings a hundred packages.
APPLICATIONS = [
    "litellm==1.110.2",
    "llm==0.36",
    "openai==3.57.0",
    "langchain-openai==1.7.4",
    "semantic-kernel==1.45.0",
    "toml",
    "python-dotenv",
    "termcolor",
]
OPENHANDS = "openhands-ai==0.9.8"  # which has the loader of config.toml; 1.11 has none
PUBLIC_MODULES = [
    PACKAGE,
    *(
        f"{PACKAGE}.{name}"
        for name in [
            "aio",
            "endpoints",
            "exceptions",
            "ledger",
            "policies",
            "registry",
            "tools",
            "trail",
        ]
    ),
]

SECRET_OR_SETTING = re.compile(
    r"(?i)TOKEN|API_?KEY|SECRET|PASSWORD|_PAT$|_PROXY$|^(AZURE|GITHUB_MODELS|LLM|LOGAI|OPENAI)_"
)


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups; older pips lack the option for them."""
    return nox.project.dependency_groups(PYPROJECT, *names)


def hermetic(**settings: str) -> dict[str, str | None]:
    """Return an environment without the developer's tokens, settings and proxies.

    GITHUB_MODELS_RECORDINGS, a folder of test data, is the one setting that passes.
    """
    hidden = {name: None for name in os.environ if SECRET_OR_SETTING.search(name)}
    hidden.pop("GITHUB_MODELS_RECORDINGS", None)
    keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return {**hidden, **keyring, "GH_CONFIG_DIR": os.devnull, **settings}


def existing(*paths: str) -> list[str]:
    """Return those of the paths that this checkout has."""
    return [path for path in paths if (ROOT / path).exists()]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy in strict mode."""
    session.install("-e", ".[all]", *group("types"))
    session.run("mypy", *existing(PACKAGE, "tests/typing"))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with all extras, and check coverage unless arguments narrow the run."""
    run_tests(session)


@nox.session(python=PYTHONS)
def tests_matrix(session: nox.Session) -> None:
    """Run the tests on each supported Python that this machine has."""
    run_tests(session)


def run_tests(session: nox.Session) -> None:
    session.install("-e", ".[all]", *group("test"))
    data = str(Path(session.create_tmp()) / "coverage")
    coverage = hermetic(COVERAGE_FILE=data)
    session.run("coverage", "erase", env=coverage)
    if session.posargs:
        session.run("pytest", *session.posargs, env=hermetic())
        session.log("Coverage is judged only when all tests run.")
        return
    # Properties are tested without coverage: it would take them longer, and they are no proof that
    # a line is run on purpose.
    session.run("pytest", "-m", "hypothesis", env=hermetic())
    session.run("coverage", "run", "-m", "pytest", "-m", "not hypothesis", env=coverage)
    session.run("coverage", "combine", "--quiet", env=coverage)
    session.run("coverage", "report", f"--fail-under={OVERALL}", env=coverage)
    session.log("Coverage of the decisions (_core, policies) must be complete:")
    included = f"--include={','.join(DECISIONS)}"
    session.run("coverage", "report", included, "--fail-under=100", env=coverage)


@nox.session
def tests_bare(session: nox.Session) -> None:
    """Import the public modules and run the tests that need no extras, without any extra."""
    session.install("-e", ".", *group("test"))
    leaked = f"[m for m in {OPTIONAL_MODULES} if importlib.util.find_spec(m)]"
    session.run(
        "python",
        "-c",
        f"import importlib.util as _, importlib; leaked = {leaked}; "
        "assert not leaked, f'installed without their extra: {leaked}'",
    )
    for module in PUBLIC_MODULES:
        session.run("python", "-W", "error", "-c", f"import {module}", env=hermetic())
    ignored = [f"--ignore={path}" for path in [*NEED_EXTRAS, *ALIKE]]
    # No coverage is taken here, so side by side; what properties hold is no matter of extras.
    narrowed = ["-n", "auto", "-m", "not extras and not hypothesis"]
    session.run("pytest", *narrowed, *ignored, *session.posargs, env=hermetic())


@nox.session
def servers_aimock(session: nox.Session) -> None:
    """Run the SDK's samples and more against aimock; skipped where there is no Node.js for it."""
    if lacking := lacking_for_aimock(session):
        session.skip(lacking)
    session.install("-e", ".[all]", *group("test"))
    folder = Path(session.create_tmp()) / "npm"
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    session.run_install("npm", "install", "--prefix", str(folder), *quiet, AIMOCK, external=True)
    commands = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    names = ["test_aimock.py", "test_original_samples.py", "test_tool_runner.py"]
    chosen = [f"tests/servers/{name}" for name in names]
    run_servers(session, "aimock", *chosen, "-k", "emulator or aimock", PATH=commands)


@nox.session
def servers(session: nox.Session) -> None:
    """Run them against LiteLLM and llama-cpp-python; by hand, for the latter builds ten minutes.

    `nox -R -s servers` takes the environment that is there. Arguments go to pytest.
    """
    session.install("-e", ".[all]", *group("test"), *SERVERS)
    modules = [
        "test_litellm.py",
        "test_llama_cpp.py",
        "test_original_samples.py",
        "test_parallel_llama.py",
        "test_tool_runner.py",
    ]
    chosen = [f"tests/servers/{module}" for module in modules]
    run_servers(session, "litellm,llama-cpp-python", *chosen, "-k", "litellm or llama")


@nox.session
@nox.parametrize("name", list(INTEGRATIONS), ids=list(INTEGRATIONS))
def integrations(session: nox.Session, name: str) -> None:
    """Check a connector's types and run its tests and its page, beside its framework."""
    extra = name.replace("_", "-")
    session.install("-e", f".[all,{extra}]", *group("test", "types"), *INTEGRATIONS[name])
    module = f"{PACKAGE}/integrations/{name}"
    files = [ROOT / f"{module}.py", *sorted((ROOT / module).glob("*.py"))]
    session.run("mypy", *(str(file) for file in files if file.exists()))  # named: not excluded
    data = str(Path(session.create_tmp()) / "coverage")
    environment = hermetic(
        COVERAGE_FILE=data,
        GITHUB_MODELS_INTEGRATION_REQUIRED=name,
        LITELLM_LOCAL_MODEL_COST_MAP="True",  # else its import asks the network for prices
    )
    session.run("coverage", "erase", env=environment)
    beside = "tests/integrations/test_missing_extras.py"  # half of it needs the framework
    tests = [f"tests/integrations/{name}", beside, *session.posargs]
    all_of_it = "--omit=tests/*"  # in place of the setting, by which connectors go unmeasured
    session.run("coverage", "run", all_of_it, "-m", "pytest", *tests, env=environment)
    if not session.posargs:
        page = f"{extra}.md"
        session.run(
            "pytest", "tests/test_docs.py", "-k", page, *WARNINGS.get(name, ()), env=environment
        )
        session.run("coverage", "combine", "--quiet", env=environment)
        chosen = f"--include=*/integrations/{name}.py,*/integrations/{name}/*"
        judged = [all_of_it, chosen, f"--fail-under={OVERALL}"]
        session.run("coverage", "report", *judged, env=environment)


@nox.session
@nox.parametrize("name", list(DROP_INS), ids=list(DROP_INS))
def drop_ins(session: nox.Session, name: str) -> None:
    """Give our clients to a framework's own connector for the SDK."""
    session.install("-e", ".[all]", *group("test"), *DROP_INS[name])
    environment = hermetic(GITHUB_MODELS_INTEGRATION_REQUIRED=name)
    session.run("pytest", f"tests/drop_ins/{name}", *session.posargs, env=environment)
    if not session.posargs:
        shown = ["tests/test_docs.py", "-k", "semantic-kernel.md and runs"]
        session.run("pytest", *shown, env=environment)


@nox.session(python="3.12")
def applications(session: nox.Session) -> None:
    """Point programs of the field at the gateway, and read a file as OpenHands does."""
    session.install("-e", ".[all,server]", *group("test"), *APPLICATIONS)
    session.install("--no-deps", OPENHANDS)
    environment = hermetic(GITHUB_MODELS_APPLICATIONS_REQUIRED="1")
    session.run("pytest", "tests/applications", *session.posargs, env=environment)


def run_servers(session: nox.Session, required: str, *arguments: str, **settings: str) -> None:
    """Run tests that fail where one of the required servers is missing."""
    needs = {
        "GITHUB_MODELS_SERVERS_REQUIRED": required,
        "GITHUB_MODELS_SDK_SAMPLES": str(sdk_samples(session)),
    }
    environment = hermetic(**needs, **settings)
    session.run("pytest", *arguments, *session.posargs, env=environment)


def lacking_for_aimock(session: nox.Session) -> str:
    """Say what aimock needs and this machine lacks; nothing where it can run."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        return f"aimock needs {' and '.join(missing)}, not found on PATH"
    version = str(session.run("node", "--version", external=True, silent=True, log=False)).strip()
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return "" if numbers >= AIMOCK_NODE else f"aimock needs Node.js 20.15, this is {version}"


def sdk_samples(session: nox.Session) -> Path:
    """Fetch the source distribution of the pinned SDK; return the folder of its samples."""
    name = "azure-ai-inference"
    dependencies = PYPROJECT["project"]["dependencies"]
    (pinned,) = [text for text in dependencies if text.startswith(f"{name}==")]
    folder = Path(session.create_tmp()) / "sdk"
    options = ["--quiet", "--no-deps", "--no-binary", name, "--dest", str(folder)]
    session.run_install("python", "-m", "pip", "download", *options, pinned)
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    return folder / archive.name.removesuffix(".tar.gz") / "samples"


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation with every warning an error; `nox -s tests` runs its samples."""
    session.install("-e", ".[all]", *group("docs"))
    html = Path(session.create_tmp()) / "html"
    shutil.rmtree(html, ignore_errors=True)
    strict = ["-W", "--keep-going", "-n", "-E", "-q", "-b", "html"]
    session.run("sphinx-build", *strict, "docs", str(html), env=hermetic())
    session.log(f"The pages are in {html}")


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel, and test the installed wheel away from the source tree."""
    session.install("build")
    with tempfile.TemporaryDirectory() as scratch:
        dist, away = Path(scratch, "dist"), Path(scratch, "away")
        session.run("python", "-m", "build", "--outdir", str(dist), str(ROOT))
        (wheel,) = dist.glob("*.whl")
        check_contents(session, wheel)
        session.install(f"{wheel}[cli]", *group("test"))
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tests", away / "tests", ignore=skipped)
        shutil.copy(ROOT / "pyproject.toml", away)  # pytest's settings
        smoke = existing("tests/client/test_clients.py", "tests/registry")
        with session.chdir(away):
            session.run(
                "python",
                "-c",
                f"import {PACKAGE} as package; print(package.__file__); "
                "assert 'site-packages' in package.__file__",
                env=hermetic(),
            )
            session.run("github-models", "--help", env=hermetic())
            session.run("github-models", "demo", env=hermetic())
            session.run("pytest", "-q", *smoke, env=hermetic())
        for artefact in dist.iterdir():
            session.log(f"Built and tested: {artefact.name} ({artefact.stat().st_size:,} bytes)")


def check_contents(session: nox.Session, wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    wanted = [f"{PACKAGE}/py.typed", f"{PACKAGE}/registry/catalog.json"]
    missing = [name for name in wanted if name not in names]
    if not any(name.endswith("licenses/LICENSE") for name in names):
        missing.append("LICENSE")
    if missing:
        session.error(f"{wheel.name} lacks {', '.join(missing)}")
    strange = [n for n in names if n.split("/")[0] != PACKAGE and ".dist-info/" not in n]
    if strange:
        session.error(f"{wheel.name} carries files outside the package: {', '.join(strange)}")


@nox.session
def record(session: nox.Session) -> None:
    """Record the cassettes again, from the emulator or a live endpoint; run it by hand.

    Arguments go to pytest: `nox -s record -- -k chat`. See cassettes/README.md.
    """
    session.install("-e", ".[all]", *group("test"))
    live = ("GITHUB_MODELS_RECORD_URL", "GITHUB_MODELS_RECORD_KEY")
    origin = {name: os.environ[name] for name in live if name in os.environ}
    folder = ["tests/cassettes", *session.posargs]
    session.run("pytest", *folder, "--record-mode=rewrite", env=hermetic(**origin))
    session.run("pytest", *folder, env=hermetic())  # both twins can play what the last recorded


@nox.session
def load(session: nox.Session) -> None:
    """Put 200 streams at once on the gateway for a minute, and measure what it costs; by hand."""
    session.install("-e", ".[all]", *group("test"))
    load = ["python", "-m", "tests.benchmarks.gateway_load"]
    session.run(*load, *session.posargs, env=hermetic())
    session.run("python", "-m", "tests.benchmarks.gateway_cost", env=hermetic())


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the cost of the policy and of the import."""
    session.install("-e", ".[all]", *group("test"))
    folder = ROOT / "tests" / "benchmarks"
    if (folder / "__main__.py").exists():
        session.run("python", "-m", "tests.benchmarks", *session.posargs, env=hermetic())
        return
    scripts = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    if not scripts:
        session.error(f"there is nothing to measure in {folder}")
    for script in scripts:
        session.run("python", str(script), *session.posargs, env=hermetic())
