"""The project's chores: `nox` runs the default ones, `nox -l` lists them all.

What a session installs stands in the dependency groups of pyproject.toml.
"""

from __future__ import annotations

import hashlib
import json
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
LOCK = ROOT / ".ci" / "lock.txt"
PACKAGE = "github_models_azure"
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")

OVERALL = 92  # per cent of lines and branches
CONNECTORS = ["langchain", "litellm", "semantic_kernel"]
DROP_INS = ["autogen", "langchain_azure_ai", "llama_index"]  # frameworks that take our clients
DECISIONS = "*/_core/*,*/policies/*"  # these must be covered to the last branch

# Folders of tests for which it makes no difference which extras are installed.
ALIKE = ["core", "dialects", "policies", "recordings", "traps"]
# What `quick` leaves out: most of these tests start a program or a server each.
SLOW = [
    *("applications", "cassettes", "cli", "dialects", "drop_ins", "integrations", "recordings"),
    *("server", "servers", "test_docs.py", "traps"),
]
OPTIONAL_MODULES = [
    *("aiohttp", "keyring", "langchain_core", "litellm", "prometheus_client"),
    *("semantic_kernel", "starlette", "typer", "uvicorn"),
]
PUBLIC = [
    *("aio", "endpoints", "exceptions", "ledger", "policies", "registry", "testing", "tools"),
    "trail",
]

# A developer's tokens, settings and proxies, and what keeps programs from being cached.
HIDDEN = re.compile(
    r"(?i)TOKEN|API_?KEY|SECRET|PASSWORD|_PAT$|_PROXY$|^(AZURE|GITHUB_MODELS|LLM|LOGAI|OPENAI)_"
    r"|^PYTHONDONTWRITEBYTECODE$"
)


def hermetic(**settings: str) -> dict[str, str | None]:
    """Return an environment without the developer's tokens, settings and proxies.

    GITHUB_MODELS_RECORDINGS, a folder of test data, is the one setting that passes.
    """
    hidden = {name: None for name in os.environ if HIDDEN.search(name)}
    hidden.pop("GITHUB_MODELS_RECORDINGS", None)
    keyring = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    return {**hidden, **keyring, "GH_CONFIG_DIR": os.devnull, **settings}


def group(*names: str) -> tuple[str, ...]:
    """Return the requirements of dependency groups; older pips lack the option for them."""
    return nox.project.dependency_groups(PYPROJECT, *names)


def install(session: nox.Session, extras: str, *groups: str) -> None:
    """Install this package, to be changed in place, and dependency groups.

    Nothing is compiled ahead, because most of it is never imported.
    """
    session.install("--no-compile", "-e", f".{extras}", *group(*groups))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy in strict mode."""
    install(session, "[all]", "types")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests with all extras, and check coverage unless arguments narrow the run."""
    run_tests(session)


@nox.session(python=nox.project.python_versions(PYPROJECT))
def tests_matrix(session: nox.Session) -> None:
    """Run the tests on each supported Python that this machine has."""
    run_tests(session)


def run_tests(session: nox.Session) -> None:
    install(session, "[all]", "test")
    if session.posargs:
        session.run("pytest", *session.posargs, env=hermetic())
        session.log("Coverage is judged only when all tests run.")
        return
    environment = hermetic(COVERAGE_FILE=str(Path(session.create_tmp()) / "coverage"))
    session.run("coverage", "erase", env=environment)
    side_by_side = ["-n", "auto", "--dist", "worksteal"]
    session.run("coverage", "run", "-m", "pytest", *side_by_side, env=environment)
    session.run("coverage", "combine", "--quiet", env=environment)
    session.run("coverage", "report", f"--fail-under={OVERALL}", env=environment)
    session.log("Coverage of the decisions (_core, policies) must be complete:")
    chosen = f"--include={DECISIONS}"
    session.run("coverage", "report", chosen, "--fail-under=100", env=environment)


@nox.session(reuse_venv=True)
def quick(session: nox.Session) -> None:
    """Run most of the tests that start no program or server, without coverage: under a minute.

    `nox -R -s quick` takes the environment that is there. Arguments go to pytest.
    """
    install(session, "[all]", "test")
    ignored = [f"--ignore=tests/{path}" for path in SLOW]
    narrowed = ["-n", "auto", "--dist", "worksteal", "-m", "not hypothesis", "-q"]
    session.run("pytest", *narrowed, *ignored, *session.posargs, env=hermetic())


@nox.session
def tests_bare(session: nox.Session) -> None:
    """Import the public modules and run the tests that need no extras, without any extra."""
    install(session, "", "test")
    leaked = f"[m for m in {OPTIONAL_MODULES} if importlib.util.find_spec(m)]"
    session.run(
        "python",
        "-c",
        f"import importlib.util as _, importlib; leaked = {leaked}; "
        "assert not leaked, f'installed without their extra: {leaked}'",
    )
    for module in [PACKAGE, *(f"{PACKAGE}.{name}" for name in PUBLIC)]:
        session.run("python", "-W", "error", "-c", f"import {module}", env=hermetic())
    ignored = [f"--ignore=tests/{folder}" for folder in ALIKE]
    narrowed = ["-n", "auto", "-m", "not extras and not hypothesis"]
    session.run("pytest", *narrowed, *ignored, *session.posargs, env=hermetic())


@nox.session
def servers_aimock(session: nox.Session) -> None:
    """Run the SDK's samples and more against aimock; skipped where there is no Node.js for it."""
    manifest = ROOT / "tests" / "servers" / "package.json"
    if lacking := lacking_for(manifest, session):
        session.skip(lacking)
    install(session, "[all]", "test")
    folder = Path(session.create_tmp()) / "npm"
    folder.mkdir(exist_ok=True)
    shutil.copy(manifest, folder)
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    session.run_install("npm", "install", "--prefix", str(folder), *quiet, external=True)
    commands = f"{folder / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    run_servers(session, "aimock", "aimock or originals_run_against_the_emulator", PATH=commands)


@nox.session
def servers(session: nox.Session) -> None:
    """Run them against LiteLLM and llama-cpp-python; by hand, for the latter builds ten minutes.

    `nox -R -s servers` takes the environment that is there. Arguments go to pytest.
    """
    install(session, "[all]", "test", "servers")
    run_servers(session, "litellm,llama-cpp-python", "litellm or llama")


def run_servers(session: nox.Session, required: str, chosen: str, **settings: str) -> None:
    """Run tests that fail where one of the required servers is missing."""
    samples = str(sdk_samples(session))
    needs = {"GITHUB_MODELS_SERVERS_REQUIRED": required, "GITHUB_MODELS_SDK_SAMPLES": samples}
    arguments = ["tests/servers", "-k", chosen, *session.posargs]
    session.run("pytest", *arguments, env=hermetic(**needs, **settings))


def lacking_for(manifest: Path, session: nox.Session) -> str:
    """Say what a package of npm needs and this machine lacks; nothing if it can run."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        return f"aimock needs {' and '.join(missing)}, not found on PATH"
    wanted = json.loads(manifest.read_text("utf-8"))["engines"]["node"]
    found = str(session.run("node", "--version", external=True, silent=True, log=False)).strip()
    oldest, here = ([int(n) for n in re.findall(r"\d+", text)] for text in (wanted, found))
    return "" if here >= oldest else f"aimock needs Node.js {wanted}, this is {found}"


def sdk_samples(session: nox.Session) -> Path:
    """Fetch the source distribution of the pinned SDK; return the folder of its samples."""
    name = "azure-ai-inference"
    (pinned,) = [text for text in PYPROJECT["project"]["dependencies"] if text.startswith(name)]
    folder = Path(session.create_tmp()) / "sdk"
    options = ["--quiet", "--no-deps", "--no-binary", name, "--dest", str(folder)]
    session.run_install("python", "-m", "pip", "download", *options, pinned)
    (archive,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(archive, folder)
    return folder / archive.name.removesuffix(".tar.gz") / "samples"


@nox.session
@nox.parametrize("name", CONNECTORS, ids=CONNECTORS)
def integrations(session: nox.Session, name: str) -> None:
    """Check a connector's types and run its tests and its page, beside its framework."""
    extra = name.replace("_", "-")
    install(session, f"[all,{extra}]", "types", f"test-{extra}")
    module = ROOT / PACKAGE / "integrations" / name
    files = [file for file in [module.with_suffix(".py"), *module.glob("*.py")] if file.exists()]
    session.run("mypy", *map(str, files))  # named: not excluded
    environment = hermetic(
        COVERAGE_FILE=str(Path(session.create_tmp()) / "coverage"),
        GITHUB_MODELS_INTEGRATION_REQUIRED=name,
    )
    session.run("coverage", "erase", env=environment)
    beside = "tests/integrations/test_missing_extras.py"  # half of it needs the framework
    tests = [f"tests/integrations/{name}", beside, *session.posargs]
    all_of_it = "--omit=tests/*"  # instead of the setting, by which connectors go unmeasured
    session.run("coverage", "run", all_of_it, "-m", "pytest", *tests, env=environment)
    if session.posargs:
        return
    session.run("pytest", "tests/test_docs.py", "-k", f"{extra}.md", env=environment)
    session.run("coverage", "combine", "--quiet", env=environment)
    chosen = f"--include=*/integrations/{name}.py,*/integrations/{name}/*"
    judged = [all_of_it, chosen, f"--fail-under={OVERALL}"]
    session.run("coverage", "report", *judged, env=environment)


@nox.session
@nox.parametrize("name", DROP_INS, ids=DROP_INS)
def drop_ins(session: nox.Session, name: str) -> None:
    """Give our clients to a framework's own connector for the SDK."""
    install(session, "[all]", "test", name)
    environment = hermetic(GITHUB_MODELS_INTEGRATION_REQUIRED=name)
    session.run("pytest", f"tests/drop_ins/{name}", *session.posargs, env=environment)
    if not session.posargs:
        shown = ["tests/test_docs.py", "-k", "semantic-kernel.md and runs"]
        session.run("pytest", *shown, env=environment)


@nox.session(python="3.12")
def applications(session: nox.Session) -> None:
    """Point programs of the field at the gateway, and read a file as OpenHands does."""
    install(session, "[all,server]", "test", "applications")
    session.install("--no-deps", *group("openhands"))
    environment = hermetic(APPLICATIONS_REQUIRED="1")
    session.run("pytest", "tests/applications", *session.posargs, env=environment)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation with every warning an error; `nox -s tests` runs its samples."""
    install(session, "[all]", "docs")
    html = Path(session.create_tmp()) / "html"
    shutil.rmtree(html, ignore_errors=True)
    strict = ["-W", "--keep-going", "-n", "-E", "-q", "-b", "html"]
    session.run("sphinx-build", *strict, "docs", str(html), env=hermetic())
    session.log(f"The pages are in {html}")


@nox.session
def build(session: nox.Session) -> None:
    """Build sdist and wheel twice, and test the installed wheel away from the source tree."""
    session.install("build")
    with tempfile.TemporaryDirectory() as scratch:
        dist, away = Path(scratch, "dist"), Path(scratch, "away")
        session.run("python", "-m", "build", "--outdir", str(dist), str(ROOT))
        check_repeated(session, dist, Path(scratch, "copy"))
        (wheel,) = dist.glob("*.whl")
        check_contents(session, wheel)
        session.install(f"{wheel}[cli]", *group("test"))
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tests", away / "tests", ignore=skipped)
        shutil.copy(ROOT / "pyproject.toml", away)  # pytest's settings
        smoke = ["tests/client/test_clients.py", "tests/registry"]
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


def check_repeated(session: nox.Session, dist: Path, copy: Path) -> None:
    """Build a copy of the tree with other times and modes; both builds must be the same bytes."""
    skipped = shutil.ignore_patterns("__pycache__", ".*_cache", ".nox", "dist")
    shutil.copytree(ROOT, copy, ignore=skipped, copy_function=shutil.copyfile)
    again = copy / "dist"
    session.run("python", "-m", "build", "--outdir", str(again), str(copy))
    for artefact in dist.iterdir():
        first, second = (digest(folder / artefact.name) for folder in (dist, again))
        if first != second:
            session.error(f"Two builds of {artefact.name} differ: {first} and {second}")
        session.log(f"Two builds are identical: sha256:{first} {artefact.name}")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


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
def lock(session: nox.Session) -> None:
    """Write .ci/lock.txt, which the gate installs from; by hand, `-- --upgrade` renews versions."""
    session.install(*group("lock"))
    extras = [f"--extra={name.replace('_', '-')}" for name in ("all", *CONNECTORS)]
    wanted = ["pyproject.toml", "--group=gate", *extras, *session.posargs]
    plain = ["--no-annotate", "--no-header", "--no-emit-index-url", "--quiet"]
    everywhere = ["--universal", "--python-version=3.10", "--generate-hashes"]
    session.run("uv", "pip", "compile", *everywhere, *plain, *wanted, "--output-file", str(LOCK))


@nox.session
def audit(session: nox.Session) -> None:
    """Look up known vulnerabilities of what the lock holds; by hand, because it asks an index."""
    session.install(*group("audit"))
    session.run("pip-audit", "--require-hashes", "--disable-pip", "-r", str(LOCK), *session.posargs)


@nox.session
def sbom(session: nox.Session) -> None:
    """Write a CycloneDX bill of what an installation with all extras brings; by hand."""
    install(session, "[all]")
    listed = Path(session.create_tmp()) / "sbom.json"
    python = shutil.which("python", path=session.bin)
    tool = Path(session.create_tmp()) / "cyclonedx"
    session.run("python", "-m", "venv", str(tool))
    inside = str(tool / "bin" / "python")
    session.run(inside, "-m", "pip", "install", "--quiet", *group("audit"), external=True)
    described = ["environment", "--pyproject", "pyproject.toml", "--output-reproducible"]
    session.run(
        *(inside, "-m", "cyclonedx_py", *described, "--output-file", str(listed), str(python)),
        external=True,
    )
    session.log(f"The bill is {listed}")


@nox.session
def record(session: nox.Session) -> None:
    """Record the cassettes again, from the emulator or a live endpoint; run it by hand.

    Arguments go to pytest: `nox -s record -- -k chat`. See cassettes/README.md.
    """
    install(session, "[all]", "test")
    live = ("GITHUB_MODELS_RECORD_URL", "GITHUB_MODELS_RECORD_KEY")
    origin = {name: os.environ[name] for name in live if name in os.environ}
    folder = ["tests/cassettes", *session.posargs]
    session.run("pytest", *folder, "--record-mode=rewrite", env=hermetic(**origin))
    session.run("pytest", *folder, env=hermetic())  # both twins can play what the last recorded


@nox.session
def load(session: nox.Session) -> None:
    """Put 200 streams at once on the gateway for a minute, and measure what it costs; by hand."""
    install(session, "[all]", "test")
    load = ["python", "-m", "tests.benchmarks.gateway_load"]
    session.run(*load, *session.posargs, env=hermetic())
    session.run("python", "-m", "tests.benchmarks.gateway_unread", env=hermetic())
    session.run("python", "-m", "tests.benchmarks.gateway_cost", env=hermetic())


@nox.session
def bombs(session: nox.Session) -> None:
    """Answer with 1.2 GB after decompression, and measure who holds how much of it; by hand."""
    install(session, "[all]", "test")
    session.run("python", "-m", "tests.benchmarks.bombs", env=hermetic())


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the cost of the policy and of the import."""
    install(session, "[all]", "test")
    session.run("python", "-m", "tests.benchmarks", *session.posargs, env=hermetic())
