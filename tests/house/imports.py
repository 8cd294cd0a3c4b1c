"""The graph of imports within a package: cycles, and reaches into private modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.house.source import Source

Graph = Mapping[str, set[str]]
COMMON_GROUND = "_core"
"""The part that every other part of the package may import from, whatever its modules' names."""


@dataclass(frozen=True, order=True)
class Edge:
    """One module imports another: at load time, in a function or for types alike."""

    importer: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def module_name(source: Source, package: str) -> str:
    """Return the dotted name of a file's module."""
    dotted = f"{package}/{source.path}".removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__")


def edges(sources: Sequence[Source], package: str) -> list[Edge]:
    """Return the imports of the package's modules from each other.

    To import a submodule is not to import the packages that hold it: they load as well, but the
    importer does not depend on what they say.
    """
    modules = {module_name(source, package): source for source in sources}
    found = []
    for importer, source in modules.items():
        for name, line in imported_names(source, importer):
            target = resolved(name, modules)
            if target is not None and target != importer:
                found.append(Edge(importer, target, line))
    return found


def imported_names(source: Source, importer: str) -> Iterator[tuple[str, int]]:
    """Yield each imported name, absolute and dotted, with its line."""
    package = importer if source.name == "__init__.py" else importer.rpartition(".")[0]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                parts = package.split(".")
                above = parts[: len(parts) - node.level + 1]
                origin = ".".join([*above, origin]).rstrip(".")
            for alias in node.names:
                yield f"{origin}.{alias.name}", node.lineno


def resolved(name: str, modules: Mapping[str, object]) -> str | None:
    """Return the module that a name is, or else the one that it comes from; ``None`` if foreign."""
    if name in modules:
        return name
    owner = name.rpartition(".")[0]
    return owner if owner in modules else None


def graph(found: Sequence[Edge]) -> dict[str, set[str]]:
    """Return what each module imports."""
    imported: dict[str, set[str]] = {}
    for edge in found:
        imported.setdefault(edge.importer, set()).add(edge.target)
        imported.setdefault(edge.target, set())
    return imported


def cycles(imported: Graph) -> list[list[str]]:
    """Return the groups of modules that import each other, by Tarjan's algorithm."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        numbers[module] = lowest[module] = len(numbers)
        stack.append(module)
        for target in sorted(imported[module]):
            if target not in numbers:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], numbers[target])
        if lowest[module] == numbers[module]:
            start = stack.index(module)
            group = sorted(stack[start:])
            del stack[start:]
            if len(group) > 1:
                found.append(group)

    for module in sorted(imported):
        if module not in numbers:
            visit(module)
    return found


def private_reaches(found: Sequence[Edge]) -> list[Edge]:
    """Return the imports of a ``_name`` module from outside the folder that holds it.

    Several imports of one module from the same place count once.
    """
    first: dict[tuple[str, str], Edge] = {}
    for edge in sorted(found):
        if reaches_in(edge):
            first.setdefault((edge.importer, edge.target), edge)
    return list(first.values())


def reaches_in(edge: Edge) -> bool:
    """Return whether an import enters a private module that does not belong to the importer."""
    parts = edge.target.split(".")
    if parts[1:2] == [COMMON_GROUND]:
        return False
    for place, part in enumerate(parts):
        holder = ".".join(parts[:place])
        private = part.startswith("_") and not part.startswith("__")
        if private and not f"{edge.importer}.".startswith(f"{holder}."):
            return True
    return False
