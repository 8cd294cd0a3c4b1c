"""Nothing loads a connector unasked, and one without its framework says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import github_models_azure.integrations

ROOT = Path(__file__).parents[2]
PACKAGE = "github_models_azure"
CONNECTORS = {  # the framework that each needs, and the extra that brings it
    "langchain": ("langchain_core", "langchain"),
    "litellm": ("litellm", "litellm"),
    "semantic_kernel": ("semantic_kernel", "semantic-kernel"),
    "telemetry": ("opentelemetry", "otel"),
}
FOUND = {
    file.stem
    for file in Path(github_models_azure.integrations.__file__).parent.iterdir()
    if not file.name.startswith(("_", "."))
}
OF_GATEWAY = ("prometheus_client", "starlette", "uvicorn")

IMPORT = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
try:
    import {module}
except ImportError as error:
    print(type(error).__name__, error.name, "|", error, "|", type(error.__cause__).__name__)
"""

START = """
import sys
sys.modules["aiohttp"] = None
from github_models_azure.server.gateway import Gateway
try:
    Gateway(endpoint="http://127.0.0.1:9/v1", credential="k", model="m").start()
except ImportError as error:
    print(error)
"""

IMPORT_ALL = """
import importlib, sys
for module in {modules!r}:
    try:
        importlib.import_module(module)
    except ImportError as error:
        assert "pip install" in str(error), module
print(*sys.modules)
"""


def modules_but_connectors() -> list[str]:
    """The names of all modules of the package that are no connector's."""
    files = sorted((ROOT / PACKAGE).rglob("*.py"))
    paths = [file.relative_to(ROOT).with_suffix("").parts for file in files]
    others = [path for path in paths if "integrations" not in path and path[-1] != "__main__"]
    return [".".join(path).removesuffix(".__init__") for path in others]


def run(code: str) -> str:
    """Run a program in a fresh interpreter; return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_connector_is_named_here() -> None:
    """A new one goes into ``CONNECTORS`` above."""
    assert CONNECTORS.keys() >= FOUND


@pytest.mark.parametrize("name", sorted(FOUND & CONNECTORS.keys()))
def test_a_connector_without_its_framework_names_the_command(name: str) -> None:
    """The error keeps its cause, and the name of what is missing."""
    framework, extra = CONNECTORS[name]
    told = run(IMPORT.format(blocked=[framework], module=f"{PACKAGE}.integrations.{name}"))
    kind, _, rest = told.partition(" ")
    assert (kind, rest.partition(" ")[0].partition(".")[0]) == ("ImportError", framework)
    assert f"Get it with: pip install 'github-models-azure[{extra}]'" in told
    assert told.endswith("| ModuleNotFoundError\n")


@pytest.mark.parametrize("missing", OF_GATEWAY)
def test_the_gateway_without_a_package_names_the_command(missing: str) -> None:
    """Each package that it is made of is brought by the same extra."""
    told = run(IMPORT.format(blocked=[missing], module=f"{PACKAGE}.server.gateway"))
    assert told.startswith("ImportError")
    assert "pip install 'github-models-azure[server]'" in told


def test_the_gateway_without_aiohttp_names_the_command() -> None:
    """Its clients are async ones, made as it starts."""
    pytest.importorskip("starlette")
    pytest.importorskip("prometheus_client")
    assert "pip install 'github-models-azure[aio]'" in run(START)


@pytest.mark.parametrize("name", sorted(FOUND & CONNECTORS.keys()))
def test_a_module_of_ours_is_not_taken_for_the_framework(name: str) -> None:
    """What is missing of this package is a broken installation, which no extra mends."""
    pytest.importorskip(CONNECTORS[name][0])
    told = run(IMPORT.format(blocked=[f"{PACKAGE}.trail"], module=f"{PACKAGE}.integrations.{name}"))
    assert told.startswith("ModuleNotFoundError")
    assert "pip install" not in told


def test_no_other_module_loads_a_connector_or_its_framework() -> None:
    """Every module of the package but the connectors is imported, those of all extras too."""
    loaded = set(run(IMPORT_ALL.format(modules=modules_but_connectors())).split())
    assert f"{PACKAGE}.server" in loaded
    assert not [name for name in loaded if name.startswith(f"{PACKAGE}.integrations")]
    frameworks = {framework for framework, _ in CONNECTORS.values()}
    assert not frameworks & {name.partition(".")[0] for name in loaded}
