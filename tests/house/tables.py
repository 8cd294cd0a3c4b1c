"""What is measured, in tables that can be saved, compared and printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.house import imports, source

Rows = dict[str, dict[str, float]]
"""Figures by row and column."""
Tables = dict[str, Rows]

CALLS, SHAPE, STRUCTURE, TESTS, PLANNING = (
    "Frames of this package in a warm second call",
    "Source files",
    "Structure",
    "Tests",
    "Planning: as many attempts as targets, CPU time of the whole call",
)
PARTS = ("_core", "policies", "integrations")

CALL_COLUMNS = ("calls", "functions", "files", "moves", "deepest")
SHAPE_COLUMNS = (
    *("modules", "lines", "file median", "file p90", "file max", "head %"),
    *("func. median", "func. p90", "func. max", "Any /kLOC", "ignore /kLOC"),
    *("doc %", "comment /kLOC", "+ trailing"),
)
TEST_COLUMNS = (*("files", "lines : source", "tests", "median length", "p90 length", "doc %"),)


def row(columns: Sequence[str], *values: float | None) -> dict[str, float]:
    """Return a row of a table, without the columns whose figure is not known."""
    pairs = zip(columns, values, strict=True)
    return {column: value for column, value in pairs if value is not None}


def calls(*values: float | None) -> dict[str, float]:
    return row(CALL_COLUMNS, *values)


REVIEW: Tables = {
    CALLS: {
        "complete, sync": calls(164, 107, 28, 92, 9),
        "complete, async": calls(174, 107, 28, 98, 9),
        "embed, sync": calls(148, 96, 26, 90, 9),
        "stream of 21 updates, sync": calls(1077, 145, 28, 367, 11),
        "stream of 21 updates, async": calls(761, 145, 28, 163, 11),
        "response_model=": calls(228, 141, 35, 122, 12),
        "tool runner, 2 rounds": calls(490, 194, 38, 255, 16),
        "one 429, then the next target": calls(641, 188, 33, 172, 17),
        "client constructor (2nd)": calls(210, None, 20, 106, None),
    },
    SHAPE: {
        "house": row(
            SHAPE_COLUMNS, 252, 33_095, 119, 262, 442, 11, 7, 20, 97, 26.6, 0.9, 92, 6, 18
        ),
        "_core": row(SHAPE_COLUMNS, 31, 4962, 108, 288, 386, None, 7, 19, 38, 0, 0, 93, 6, None),
        "policies": row(
            SHAPE_COLUMNS, 26, 3507, 112, 246, 442, None, 7, 17, 49, 32.2, 1.4, 98, 6, None
        ),
        "integrations": row(
            SHAPE_COLUMNS, 40, 4504, 118, 221, 313, None, 7, 17, 46, 67.3, 1.6, 100, 3, None
        ),
    },
    STRUCTURE: {"house": {"short files": 44, "cycles": 2, "in cycles": 7, "reaches": 21}},
    TESTS: {"house": row(TEST_COLUMNS, 338, 1.59, 2549, 7, 15, 100)},
    PLANNING: {"with cooldowns": {"200 targets, ms": 900, "exponent": 3}},
}
"""The figures of a review of 2026-11-28: how the house stood before it was rebuilt."""


def of_source(
    package: Sequence[source.Source], tests: Sequence[source.Source], name: str
) -> Tables:
    """Measure the files of the package and of its tests.

    :param name: of the package.
    """
    parts = {part: [one for one in package if one.part == part] for part in PARTS}
    outside = [one for one in package if one.part != "integrations"]
    bodies = {"house": package, **parts, "outside integrations": outside}
    found = imports.edges(package, name)
    circles = imports.cycles(imports.graph(found))
    structure: dict[str, float] = {
        "short files": sum(one.is_short for one in package),
        "root files": sum(not one.part for one in package),
        "imports": len(found),
        "cycles": len(circles),
        "in cycles": sum(map(len, circles)),
        "reaches": len(imports.private_reaches(found)),
    }
    return {
        SHAPE: {title: source.figures(body) for title, body in bodies.items()},
        STRUCTURE: {"house": structure},
        TESTS: {"house": source.figures_of_tests(tests, package)},
    }


def render(columns: Mapping[str, Tables]) -> Iterable[str]:
    """Yield the lines of all tables, for each row one line of each set of figures.

    :param columns: sets of figures by name, oldest first; the last one says what rows there are.
    """
    newest = list(columns.values())[-1]
    for title, rows in newest.items():
        names = list(next(iter(rows.values())))
        heads = [name.rpartition(" ") for name in names]
        widths = [max(len(above), len(below), 6) for above, _, below in heads]
        yield from ("", title)
        yield line("", "", [above for above, _, _ in heads], widths)
        yield line("", "", [below for _, _, below in heads], widths)
        for name in rows:
            label = name
            for when, tables in columns.items():
                figures = tables.get(title, {}).get(name)
                if figures is not None:
                    cells = [shown(figures.get(column)) for column in names]
                    yield line(label, when, cells, widths)
                    label = ""


def line(label: str, when: str, cells: Iterable[str], widths: Iterable[int]) -> str:
    """Return one line of a table."""
    texts = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"{label:30}{when:8}{' '.join(texts)}".rstrip()


def shown(value: float | None) -> str:
    """Return a figure as text: whole numbers with separators, others with two places at most."""
    if value is None:
        return "-"
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
