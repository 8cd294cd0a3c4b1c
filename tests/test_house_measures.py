"""The measures of the house, on files written for the purpose: what they count and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import bars, imports, source, tables

NAME = "package"
LONG = "x = 0\n" * source.SHORT


def written(tmp_path: Path, files: dict[str, str]) -> list[source.Source]:
    """Write a package and read it back."""
    for path, text in files.items():
        file = tmp_path / NAME / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return source.read(tmp_path / NAME)


def one(text: str) -> source.Source:
    return source.Source("module.py", text)


def reached(package: list[source.Source]) -> set[tuple[str, str]]:
    """Return importer and target of each import, without the package's own name."""
    found = imports.edges(package, NAME)
    prefix = f"{NAME}."
    return {(e.importer.removeprefix(prefix), e.target.removeprefix(prefix)) for e in found}


def circles(package: list[source.Source]) -> list[list[str]]:
    return imports.cycles(imports.graph(imports.edges(package, NAME)))


DEFERRED = "def use():\n    from .a import name\n"
FOR_TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import name\n"


@pytest.mark.parametrize("back", [DEFERRED, FOR_TYPES], ids=["deferred", "for types"])
def test_a_cycle_is_found_however_it_closes(tmp_path: Path, back: str) -> None:
    """The import that closes a cycle can run late or never."""
    files = {"__init__.py": "", "a.py": "from . import b\n", "b.py": "from .c import x\n"}
    assert circles(written(tmp_path, files | {"c.py": ""})) == []
    found = circles(written(tmp_path, files | {"c.py": back}))
    assert found == [["package.a", "package.b", "package.c"]]


def test_a_module_that_two_others_import_closes_no_cycle(tmp_path: Path) -> None:
    """Two ways to the same module are not a way back."""
    files = {"__init__.py": "", "a.py": "from . import b, c", "b.py": "", "c.py": "from . import b"}
    assert circles(written(tmp_path, files)) == []


def test_cycles_that_only_touch_are_counted_apart(tmp_path: Path) -> None:
    """Two cycles stay two if an import leads from one to the other but none leads back."""
    files = {
        "__init__.py": "",
        "a.py": "from . import b, c",
        "b.py": "from . import a",
        "c.py": "import package.d",
        "d.py": "from package import c",
    }
    found = circles(written(tmp_path, files))
    assert sorted(found) == [["package.a", "package.b"], ["package.c", "package.d"]]


def test_an_imported_name_is_a_module_or_comes_from_one(tmp_path: Path) -> None:
    """A submodule is meant before its package, from wherever and however it is imported."""
    files = {
        "__init__.py": "from os import path",
        "part/__init__.py": "from .inner import word",
        "part/inner.py": "from ..other import thing",
        "other.py": "from .part import inner, word\nimport package.part.inner",
    }
    assert reached(written(tmp_path, files)) == {
        ("part", "part.inner"),
        ("part.inner", "other"),
        ("other", "part.inner"),
        ("other", "part"),
    }


def test_private_modules_are_reached_from_outside_their_folder_only(tmp_path: Path) -> None:
    """Neighbours may import them, and so may subfolders; `_core` is open to all."""
    twice = "from package.part import _hidden"
    files = {
        "__init__.py": "",
        "_core/_plan.py": "",
        "_root.py": "from .part._hidden import x",
        "part/__init__.py": "from ._hidden import x",
        "part/_hidden.py": "from .._core import _plan\nfrom .._root import y",
        "part/sub/inner.py": "from .._hidden import x",
        "other.py": f"def use():\n    {twice}\n    {twice}",
    }
    found = imports.private_reaches(imports.edges(written(tmp_path, files), NAME))
    assert [str(edge) for edge in found] == [
        "package._root:1 imports package.part._hidden",
        "package.other:2 imports package.part._hidden",
    ]


def test_to_import_any_is_not_to_use_it() -> None:
    """Imports of any length are left out, and so is a word in a text; uses in code all count."""
    text = '''
"""Any text."""
from typing import (
    Any,
    Literal,
)
def use(x: Any, y: dict[str, Any]) -> None:
    from typing import Any
    return "Any"  # Any
'''
    assert source.anys(one(text)) == 2


def test_the_head_of_a_file_ends_where_its_code_begins() -> None:
    """Docstring and imports, those for types included, but none that follow code."""
    text = '"""Doc."""\n\nimport os\n\nif TYPE_CHECKING:\n    import re\n\nX = 1\nimport sys\n'
    assert source.head_lines(one(text)) == 6


def test_comments_are_counted_by_where_they_stand() -> None:
    """A line of its own, or behind code; a number sign in a text is neither."""
    text = '# alone\nx = "# text"  # behind\n    # indented\n'
    assert source.comments(one(text), trailing=False) == 2
    assert source.comments(one(text), trailing=True) == 1


def test_a_short_file_needs_a_reason_and_a_reason_a_short_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither stays when the other goes; a package's face may be short."""
    files = {"__init__.py": "", "kept.py": "", "other.py": "from . import kept", "long.py": LONG}
    package = written(tmp_path, files)
    monkeypatch.setattr(bars, "REASONS", {"kept.py": "so", "long.py": "was short", "gone.py": "x"})
    found = tables.of_source(package, [], NAME)
    judged = {bar.name: bar for bar in bars.of_source(package, found, NAME)}
    assert judged["short files without a reason"].details == [
        "other.py: 1 lines, imported by 0 modules"
    ]
    assert judged["reasons of files that are long or gone"].details == ["gone.py", "long.py"]
    assert judged[f"files under {source.SHORT} lines"].figure == 2


def test_a_bar_holds_up_to_its_figure() -> None:
    """The figure that is allowed is not yet too high."""
    assert bars.Bar("modules", 210, 210).holds
    assert not bars.Bar("modules", 211, 210).holds


def test_rows_are_printed_before_and_after() -> None:
    """Each row has a line for every set of figures that knows it, oldest first."""
    before, after = {"T": {"row": {"a": 28.0}}}, {"T": {"row": {"a": 20.0, "b": 1.5}, "new": {}}}
    lines = list(tables.render({"before": before, "now": after}))
    assert [line.split() for line in lines[4:]] == [
        ["row", "before", "28", "-"],
        ["now", "20", "1.50"],
        ["new", "now", "-", "-"],
    ]
