"""The bars that the package is held to, and what stands behind each figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.house import imports, planning, tables
from tests.house.source import SHORT, Source

ROOT_FILES = {
    *("__init__.py", "__main__.py", "_version.py"),
    *("exceptions.py", "tokens.py", "trail.py"),  # public modules without a folder
}
REASONS = {
    "__main__.py": "`python -m` asks for it by name",
    "_core/hosts.py": "where a URL leads, asked by every layer above",
    "_core/never.py": "typing has it from Python 3.11 on; then the file goes",
    "_version.py": "the build reads it without importing the package",
    "_core/answer/bounds.py": "figures that every layer takes from one place",
    "_core/answer/content.py": "what counts as content, asked by every limit of time",
    "_core/answer/pieces.py": "what pieces of a stream have in common, for reader and tools",
    "_core/request/fit_calls.py": "one of the fittings that `fit_messages.py` puts in order",
    "_core/request/fit_turns.py": "one of the fittings that `fit_messages.py` puts in order",
    "_core/request/history.py": "the names that dialects and lessons share",
    "aio/_loading.py": "the twin of `client/loading.py`",
    "cli/_log_switches.py": "read before anything else is loaded",
    "credentials/fingerprint.py": "what tells credentials apart; it must see all of their sorts",
    "integrations/_common.py": "what several connectors share and no other may import",
    "_core/quota/clock.py": "what a clock that was set back means to every store",
    "ledger/contract.py": "what every store of quotas offers",
    "ledger/errors.py": "the one error of stores, which a later layer answers with memory",
    "ledger/state_folder.py": "where the user's state stands, for ledger and trusted files",
    "server/emulator/schema_notes.py": "the way back of what structured output puts into words",
    "server/gateway/turns.py": "how streams take turns, which relay and runner both need",
}
"""Why a file is allowed to have fewer than 60 lines, by its path in the package."""


@dataclass(frozen=True)
class Bar:
    """One figure and how high it may be; ``details`` are the places to look at."""

    name: str
    figure: float
    highest: float
    details: Sequence[str] = ()
    advice: str = ""
    """What to do about a bar that does not hold."""

    @property
    def holds(self) -> bool:
        """Whether the figure is not above the bar."""
        return self.figure <= self.highest

    def __str__(self) -> str:
        verdict = "ok" if self.holds else "NOT"
        highest, figure = tables.shown(self.highest), tables.shown(self.figure)
        return f"{self.name:52}{figure:>10}{'<= ' + highest:>10}   {verdict}"


def of_source(package: Sequence[Source], found: tables.Tables, name: str) -> Iterator[Bar]:
    """Yield the bars that only the files decide.

    :param found: the tables of the same files.
    """
    shape = found[tables.SHAPE]
    yield Bar("modules", len(package), 210)
    edges = imports.edges(package, name)
    short = [one for one in package if one.is_short]
    explained = [f"{s.path}: {REASONS[s.path]}" for s in short if s.path in REASONS]
    yield Bar(f"files under {SHORT} lines", len(short), 20, explained)
    unexplained = [described(s, edges, name) for s in short if s.path not in REASONS]
    todo = "write it into REASONS of tests/house/bars.py, or merge the file"
    yield Bar("short files without a reason", len(unexplained), 0, unexplained, todo)
    outdated = sorted(REASONS.keys() - {one.path for one in short})
    todo = "take them out of REASONS of tests/house/bars.py"
    yield Bar("reasons of files that are long or gone", len(outdated), 0, outdated, todo)
    circles = imports.cycles(imports.graph(edges))
    yield Bar("import cycles", len(circles), 0, [", ".join(circle) for circle in circles])
    differing = sorted({one.path for one in package if not one.part} ^ ROOT_FILES)
    yield Bar("root files too many or missing", len(differing), 0, differing)
    reaches = imports.private_reaches(edges)
    yield Bar("reaches into a foreign private module", len(reaches), 5, list(map(str, reaches)))
    outside = shape["outside integrations"]["Any /kLOC"]
    yield Bar("Any per 1,000 lines outside integrations", outside, 18)
    yield Bar("Any per 1,000 lines of _core", shape["_core"]["Any /kLOC"], 0)


def described(short: Source, edges: Sequence[imports.Edge], package: str) -> str:
    """Say how long a file is, and who imports it and so could hold it."""
    module = imports.module_name(short, package)
    importers = sorted({edge.importer for edge in edges if edge.target == module})
    users = importers[0] if len(importers) == 1 else f"{len(importers)} modules"
    return f"{short.path}: {short.lines} lines, imported by {users}"


def of_calls(entered: Mapping[str, Sequence[str]]) -> Iterator[Bar]:
    """Yield the bar of a healthy call.

    :param entered: the files that each healthy call enters.
    """
    for name, files in entered.items():
        yield Bar(f"files entered: {name}", len(files), 20, files)


def of_planning(found: tables.Rows) -> Iterator[Bar]:
    """Yield the bars of the planner, each judged by its worse row."""
    column = f"{planning.JUDGED} targets, ms"
    cost = max(row[column] for row in found.values())
    yield Bar(f"Plan.next: ms for {planning.JUDGED} targets and attempts", cost, 20)
    growth = max(row["exponent"] for row in found.values())
    yield Bar("Plan.next: cost exponent", growth, 1.2)
