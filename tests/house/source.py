"""Figures of source files: how many, how long, how typed, how commented."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

Figures = dict[str, float]
"""Figures by the name of their column."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
SHORT = 60
"""A file with fewer lines needs a reason."""


@dataclass(frozen=True)
class Source:
    """One file; ``path`` is relative to the folder that is measured, with slashes."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.path.rpartition("/")[2]

    @property
    def part(self) -> str:
        """The top-level folder that the file lies in; empty at the root."""
        return self.path.partition("/")[0] if "/" in self.path else ""

    @cached_property
    def lines(self) -> int:
        """All lines: code, comments, docstrings and empty ones."""
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        return list(tokenize.generate_tokens(io.StringIO(self.text).readline))

    @property
    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones and overloads too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    @property
    def is_short(self) -> bool:
        """Whether the file needs a reason to be as short as it is."""
        return self.name != "__init__.py" and self.lines < SHORT


def read(root: Path) -> list[Source]:
    """Read every ``.py`` file below a folder: this is what counts as a module."""
    paths = sorted(root.rglob("*.py"))
    return [Source(p.relative_to(root).as_posix(), p.read_text(encoding="utf-8")) for p in paths]


def figures(sources: Sequence[Source]) -> Figures:
    """Measure source files as one body."""
    lines = sum(source.lines for source in sources)
    sizes = [source.lines for source in sources]
    functions = [function for source in sources for function in source.functions]
    public = [function for function in functions if not function.name.startswith("_")]
    whole = sum(comments(source, trailing=False) for source in sources)
    trailing = sum(comments(source, trailing=True) for source in sources)
    ignores = sum(type_ignores(source) for source in sources)
    return {
        "modules": len(sources),
        "lines": lines,
        **spread("file", sizes),
        "head %": 100 * sum(head_lines(source) for source in sources) / max(1, lines),
        **spread("func.", [length(function) for function in functions]),
        "Any /kLOC": per_thousand(sum(anys(source) for source in sources), lines),
        "ignore /kLOC": per_thousand(ignores, lines),
        "doc %": documented(public),
        "comment /kLOC": per_thousand(whole, lines),
        "+ trailing": per_thousand(whole + trailing, lines),
    }


def figures_of_tests(tests: Sequence[Source], package: Sequence[Source]) -> Figures:
    """Measure test files beside the package that they test; each function counts once."""
    functions = [
        function
        for source in tests
        for function in source.functions
        if function.name.startswith("test_")
    ]
    sizes = spread("test", [length(function) for function in functions])
    return {
        "files": len(tests),
        "lines : source": sum(t.lines for t in tests) / max(1, sum(p.lines for p in package)),
        "tests": len(functions),
        "median length": sizes["test median"],
        "p90 length": sizes["test p90"],
        "doc %": documented(functions),
    }


def anys(source: Source) -> int:
    """Count the uses of ``Any``; to import it is not a use, nor is a word in a text."""
    imports = lines_of_imports(source)
    return sum(
        token.type == tokenize.NAME and token.string == "Any" and token.start[0] not in imports
        for token in source.tokens
    )


def lines_of_imports(source: Source) -> set[int]:
    """Return the numbers of the lines that import statements stand on, wherever they are."""
    return {
        line
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def head_lines(source: Source) -> int:
    """Count the lines of the docstring and the imports at the top, with the gaps between them."""
    last = 0
    for number, node in enumerate(source.tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not (docstring or typing_only or isinstance(node, ast.Import | ast.ImportFrom)):
            break
        last = node.end_lineno or last
    return last


def comments(source: Source, *, trailing: bool) -> int:
    """Count the lines with a comment: those that are nothing else, or those behind code."""
    found = (token for token in source.tokens if token.type == tokenize.COMMENT)
    return sum(token.line.lstrip().startswith("#") is not trailing for token in found)


def type_ignores(source: Source) -> int:
    """Count the comments that silence a type checker."""
    found = (token.string for token in source.tokens if token.type == tokenize.COMMENT)
    return sum("type: ignore" in comment for comment in found)


def length(function: Function) -> int:
    """Return the lines of a function with its docstring, without its decorators."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def documented(functions: Sequence[Function]) -> float:
    """Return how many of a hundred functions have a docstring."""
    with_one = sum(ast.get_docstring(function) is not None for function in functions)
    return 100 * with_one / max(1, len(functions))


def spread(name: str, values: Iterable[int]) -> Figures:
    """Return median, 90th percentile and maximum."""
    ordered = sorted(values) or [0]
    return {
        f"{name} median": median(ordered),
        f"{name} p90": ordered[int(len(ordered) * 0.9)],
        f"{name} max": ordered[-1],
    }


def per_thousand(count: int, lines: int) -> float:
    """Return a rate for each thousand lines."""
    return 1000 * count / max(1, lines)
