"""The package as its source files say it: its modules, and what each of them imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAME = "github_models_azure"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / NAME).rglob("*.py"))
}


@dataclass(frozen=True)
class Import:
    """One imported name: where it is written, what it reaches, and when it runs."""

    importer: str
    target: str
    bound: str
    line: int
    on_use: bool
    for_types: bool

    @property
    def top(self) -> str:
        return self.target.split(".")[0]

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


class ImportCollector(ast.NodeVisitor):
    def __init__(self, module: str) -> None:
        self.module = module
        self.found: list[Import] = []
        self.functions = 0
        self.type_checking = 0

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, alias.asname or alias.name.split(".")[0], node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = node.module or ""
        if node.level:
            package = self.module.split(".")
            dropped = node.level - (MODULES[self.module].name == "__init__.py")
            source = ".".join([*package[: len(package) - dropped], *source.split(".")]).strip(".")
        for alias in node.names:
            self._add(f"{source}.{alias.name}", alias.asname or alias.name, node.lineno)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.functions += 1
        self.generic_visit(node)
        self.functions -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        guarded = "TYPE_CHECKING" in ast.unparse(node.test)
        self.type_checking += guarded
        for statement in node.body:
            self.visit(statement)
        self.type_checking -= guarded
        for statement in node.orelse:
            self.visit(statement)

    def _add(self, target: str, bound: str, line: int) -> None:
        on_use, for_types = self.functions > 0, self.type_checking > 0
        self.found.append(Import(self.module, target, bound, line, on_use, for_types))


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports_of(module: str) -> tuple[Import, ...]:
    collector = ImportCollector(module)
    collector.visit(tree(module))
    return tuple(collector.found)
