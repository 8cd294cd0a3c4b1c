"""The rules of the house, proved on the source tree: layers, purity, names, sizes, twins.

Everything is read from the files by ``ast``, so that a new module is judged as soon as it exists.
Only ``__all__`` and signatures are looked at in the imported package.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

import pytest

from tests.house import imports, source
from tests.source_tree import (
    MODULES,
    NAME,
    ROOT,
    Import,
    imports_of,
    tree,
)

PARTS = {module.split(".")[1] for module in MODULES if "." in module}

# The layers from the bottom up; "" is the package itself. A module may import its own part and
# the parts of lower layers. Put a new top-level module where it belongs.
LAYERS: list[set[str]] = [
    {"_core", "_version"},
    {"registry", "endpoints", "ledger", "exceptions", "tokens", "trail"},
    {"credentials"},
    {"policies", "tools"},
    {"settings"},
    {"client", "aio", ""},
    {"server", "integrations", "testing"},
    {"cli"},
    {"__main__"},
]
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}
NEIGHBOURS = [LEVEL["client"]]  # layers whose parts may import each other
# Starts the emulator, on use, for the demo mode.
DEMO_USERS = {"settings"}
ON_USE = {  # packages that no plain import may load
    *("aiohttp", "backoff", "httpx", "keyring", "openai", "pydantic", "pydantic_settings"),
    *("redis", "starlette", "typer", "uvicorn"),
}
LIGHT = [
    *("", "aio", "policies", "registry", "endpoints", "ledger", "exceptions", "tokens", "trail"),
    "testing",
]
SDK_PRIVATE = {
    *("_client", "_config", "_data", "_pipeline", "_impl_policies", "_serialize", "_deserialize"),
    *("_model_info", "_transport"),
}
CLOCK = {
    "time": {
        *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
        *("process_time", "sleep", "localtime", "gmtime", "ctime"),
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
IMPURE = {"random", "secrets", "uuid", "asyncio", "socket", "ssl", "subprocess", "os", "io", "http"}
PURE_PARTS_OF_IMPURE = {"http.HTTPStatus"}
LONGEST_FILE = 450
# Who may import a module that another package keeps to itself, and why.
REACHES = {
    ("client.calls", "policies._call"): "the trail and the key of a call that the client made",
}


def part_of(dotted: str) -> str:
    """Return the top-level part of the package that a module, or a name in one, belongs to."""
    part = dotted.split(".")[1] if "." in dotted else ""
    return part if part in PARTS | LEVEL.keys() else ""


def modules_in(*parts: str) -> list[str]:
    return [module for module in MODULES if part_of(module) in parts]


def imports_in(*parts: str) -> Iterator[Import]:
    for module in modules_in(*parts):
        yield from imports_of(module)


def report(findings: Sequence[object]) -> str:
    return "\n" + "\n".join(str(finding) for finding in findings)


def within(package: str) -> str:
    return f"{NAME}.{package}".rstrip(".")


def imported(module: str) -> ModuleType:
    if module not in MODULES:
        pytest.skip(f"{module} is not in the tree")
    return importlib.import_module(module)


# Layers


def test_every_top_level_part_has_a_layer() -> None:
    """A new part of the package is given a place among the layers."""
    assert LEVEL.keys() >= PARTS, f"add to LAYERS in {__file__}: {sorted(PARTS - LEVEL.keys())}"


def allowed(edge: Import) -> bool:
    source, target = part_of(edge.importer), part_of(edge.target)
    if edge.target.startswith(within("server.emulator")):
        if source in {"server", "cli"}:
            return True
        return source in DEMO_USERS and edge.on_use
    if not {source, target} <= LEVEL.keys():
        return True  # the test above names what has no layer
    if LEVEL[source] == LEVEL[target]:
        return source == target or LEVEL[source] in NEIGHBOURS
    return LEVEL[source] > LEVEL[target]


def test_imports_point_downwards() -> None:
    """No module imports a higher layer, not even for types; clients start the demo on use."""
    inner = [edge for module in MODULES for edge in imports_of(module) if edge.top == NAME]
    offenders = [edge for edge in inner if not allowed(edge)]
    assert not offenders, report(offenders)


def test_core_imports_only_the_standard_library() -> None:
    """The decisions depend on nothing that must be installed."""
    known = {*sys.stdlib_module_names, NAME}
    offenders = [edge for edge in imports_in("_core") if edge.top not in known]
    assert not offenders, report(offenders)


def test_model_data_and_stores_serve_any_client() -> None:
    """Registry, endpoints and ledger never import azure, and other packages only on use.

    Schema modules hold pydantic classes; that those load on use is the next test's business.
    """
    known = {*sys.stdlib_module_names, NAME, "pydantic"}
    edges = imports_in("registry", "endpoints", "ledger")
    foreign = [edge for edge in edges if edge.top not in known]
    offenders = [edge for edge in foreign if edge.top == "azure" or not edge.on_use]
    assert not offenders, report(offenders)


@pytest.mark.parametrize("start", [part for part in LIGHT if within(part) in MODULES])
def test_heavy_packages_load_on_use(start: str) -> None:
    """Following the imports that run at load time never reaches a heavy package."""
    seen: set[str] = set()
    waiting = [within(start)]
    offenders = []
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for edge in imports_of(module):
            if edge.on_use or edge.for_types:
                continue
            if edge.top in ON_USE:
                offenders.append(edge)
            prefixes = edge.target.split(".")
            names = [".".join(prefixes[:length]) for length in range(2, len(prefixes) + 1)]
            waiting += [name for name in names if name in MODULES]
    assert not offenders, report(offenders)


def test_importing_the_package_loads_no_heavy_package() -> None:
    """A fresh interpreter that imports the package has none of the heavy packages in memory."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {NAME}; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert NAME in loaded
    assert not ON_USE & {name.split(".")[0] for name in loaded}


def inner_imports() -> list[imports.Edge]:
    return imports.edges(source.read(ROOT / NAME), NAME)


def test_no_modules_import_each_other() -> None:
    """No circle of imports, neither at load time, nor on use, nor for types."""
    assert not (found := imports.cycles(imports.graph(inner_imports()))), report(found)


def test_private_modules_are_imported_by_their_own_package() -> None:
    """A module with an underscore is for its package; exceptions have a reason, and are few."""
    used = {(edge.importer, edge.target) for edge in imports.private_reaches(inner_imports())}
    known = {(within(importer), within(target)) for importer, target in REACHES}
    todo = f"move what is shared into a module without an underscore, or see REACHES in {__file__}"
    assert used <= known, f"{todo}: {report(sorted(used - known))}"
    assert known <= used, f"take out of REACHES: {report(sorted(known - used))}"
    assert len(REACHES) <= 5


# Purity


def test_core_reads_no_clock() -> None:
    """Time arrives in the core as an argument."""
    readers = {f"time.{name}" for name in CLOCK["time"]}
    offenders: list[object] = [edge for edge in imports_in("_core") if edge.target in readers]
    for module in modules_in("_core"):
        original = {edge.bound: edge.target.rpartition(".")[2] for edge in imports_of(module)}
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute):
                owner = ast.unparse(node.value).rpartition(".")[2]
                if node.attr in CLOCK.get(original.get(owner, owner), ()):
                    offenders.append(f"{module}:{node.lineno} uses {ast.unparse(node)}")
    assert not offenders, report(offenders)


def test_core_has_no_randomness_and_no_input_or_output() -> None:
    """The core imports no module that draws numbers, opens files or talks to the network."""
    edges = [edge for edge in imports_in("_core") if edge.target not in PURE_PARTS_OF_IMPURE]
    offenders: list[object] = [edge for edge in edges if edge.top in IMPURE]
    for module in modules_in("_core"):
        calls = [node for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]
        names = {ast.unparse(call.func) for call in calls} & {"open", "print", "input"}
        offenders += [f"{module} calls {name}" for name in names]
    assert not offenders, report(offenders)


# The SDK's private names


def own_uses(module: str, from_sdk: set[str]) -> Iterator[ast.AST]:
    """Yield the uses of what a class sets on itself; what derives from the SDK owns nothing."""
    for owner in ast.walk(tree(module)):
        if not isinstance(owner, ast.ClassDef):
            continue
        bases = {ast.unparse(base).partition("[")[0].partition(".")[0] for base in owner.bases}
        if bases & from_sdk:
            continue
        attributes = [node for node in ast.walk(owner) if isinstance(node, ast.Attribute)]
        uses = [node for node in attributes if ast.unparse(node.value) == "self"]
        declared = [node for node in owner.body if isinstance(node, ast.AnnAssign)]
        mine = {ast.unparse(node.target) for node in declared}
        mine |= {node.attr for node in uses if isinstance(node.ctx, ast.Store)}
        yield from (node for node in uses if node.attr in mine)


def private_uses(module: str) -> Iterator[str]:
    """Yield the places of a module that reach for a private name of an azure package."""
    for edge in imports_of(module):
        if edge.top == "azure" and any(re.match("_[^_]", name) for name in edge.target.split(".")):
            yield str(edge)
    from_sdk = {edge.bound for edge in imports_of(module) if edge.target.startswith("azure.ai.")}
    own = set(own_uses(module, from_sdk))
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and node.attr in SDK_PRIVATE and node not in own:
            yield f"{module}:{node.lineno} reaches for {ast.unparse(node)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("attr", "attr__")):
            texts = {item.value for item in node.args if isinstance(item, ast.Constant)}
            for text in texts & SDK_PRIVATE:
                yield f"{module}:{node.lineno} reaches for {text!r} by name"


@pytest.mark.parametrize(
    "module", [module for module in MODULES if module != within("policies.pipeline")]
)
def test_private_names_of_the_sdk_stay_in_one_module(module: str) -> None:
    """What the SDK hides is touched in `policies/pipeline.py` only, where a test pins it."""
    assert not (found := list(private_uses(module))), report(found)


# Names and sizes


def test_files_are_small() -> None:
    """No source or test file is longer than the house allows."""
    paths = [*(ROOT / NAME).rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "noxfile.py"]
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    offenders = [f"{path}: {lines}" for path, lines in sizes.items() if lines > LONGEST_FILE]
    assert not offenders, report(offenders)


def test_no_module_is_called_utils() -> None:
    """A file is named for its one idea."""
    offenders = [m for m in MODULES if m.rpartition(".")[2].strip("_") in {"util", "utils"}]
    assert not offenders, report(offenders)


def public_packages() -> Iterator[object]:
    for module, path in MODULES.items():
        inner = module.split(".")[1:]
        public = not any(name.startswith("_") for name in inner)
        public = public and len(tree(module).body) > 1  # a docstring alone offers nothing
        if public and (path.name == "__init__.py" or inner in (["exceptions"], ["trail"])):
            needs_extras = LEVEL.get(part_of(module), 0) > LEVEL["client"]
            yield pytest.param(module, marks=[pytest.mark.extras] if needs_extras else [])


def exported_order(name: str) -> tuple[int, str]:
    """Return a key that sorts as ruff's RUF022 does: constants, classes, then the rest."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name


@pytest.mark.parametrize("module", list(public_packages()))
def test_public_names_are_listed_sorted_and_there(module: str) -> None:
    """Each public package says in `__all__`, in order, what it offers, and offers it."""
    try:
        package = imported(module)
    except ImportError as error:
        if part_of(module) != "integrations":
            raise
        pytest.skip(str(error))  # a connector, where what it connects to is not installed
    names = getattr(package, "__all__", None)
    assert names is not None, f"{module} has no __all__"
    assert list(names) == sorted(set(names), key=exported_order)
    assert not [name for name in names if not hasattr(package, name)]


# Twins


def shown(default: object) -> str:
    """Return a default as text; the SDK's twins have a sentinel object each."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(default))


def signatures(owner: type) -> dict[str, list[tuple[str, str, str]]]:
    """Return name, kind and default of the parameters of each public method of our own."""
    methods: dict[str, list[tuple[str, str, str]]] = {}
    for base in reversed(owner.__mro__):
        if not base.__module__.startswith(NAME):
            continue
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)
            if inspect.isfunction(function) and (name == "__init__" or name[0] != "_"):
                parameters = inspect.signature(function).parameters.values()
                methods[name] = [(p.name, p.kind.name, shown(p.default)) for p in parameters]
    return methods


def assert_twins(plain: type, twin: type) -> None:
    ours, theirs = signatures(plain), signatures(twin)
    assert list(ours) == list(theirs), f"{plain} and {twin} differ in methods or their order"
    for name, parameters in ours.items():
        assert parameters == theirs[name], f"{plain.__name__}.{name} differs from {twin}"


def test_clients_and_credentials_have_an_async_twin() -> None:
    """Whatever does I/O at the root is offered under the same name in `aio`."""
    root, aio = imported(NAME), imported(within("aio"))
    doing = [name for name in root.__all__ if name.endswith(("Client", "Credential"))]
    assert doing
    assert set(doing) <= set(aio.__all__)


def test_async_classes_have_the_signatures_of_their_twins() -> None:
    """A class of `aio` has the methods and parameters of the class it replaces, in its order."""
    root, aio = imported(NAME), imported(within("aio"))
    for name in sorted(set(getattr(root, "__all__", ())) & set(getattr(aio, "__all__", ()))):
        plain, twin = getattr(root, name), getattr(aio, name)
        if plain is not twin and isinstance(plain, type):
            assert_twins(plain, twin)


def test_policies_come_in_twins_with_the_same_signatures() -> None:
    """`AsyncX` has the methods and parameters of `X`, and the fallback policy has a twin."""
    policies = imported(within("policies"))
    twins = [name for name in policies.__all__ if name.startswith("Async")]
    assert "AsyncFallbackPolicy" in twins
    for name in twins:
        assert_twins(getattr(policies, name.removeprefix("Async")), getattr(policies, name))
