"""Prints the figures of the house before and after, and judges them by its bars.

Exit code 0 if every bar holds, 1 if one does not. To compare two states of the tree, keep the
figures of the first with ``--save FILE`` and give them to the second with ``--compare FILE``.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from tests.house import bars, source, tables

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "github_models_azure"


def measure(*, static: bool) -> tuple[tables.Tables, list[bars.Bar]]:
    """Return all tables and bars.

    :param static: measure files only, and call nothing.
    """
    package, tests = source.read(ROOT / PACKAGE), source.read(ROOT / "tests")
    found = tables.of_source(package, tests, PACKAGE)
    judged = list(bars.of_source(package, found, PACKAGE))
    if static:
        return found, judged
    from tests.house import calls, planning  # need the extras `server`, `aio` and `tools`

    frames = calls.measure()
    rows = {name: one.figures() for name, one in frames.items()}
    healthy = {name: frames[name].entered() for name in calls.HEALTHY}
    planned = planning.measure()
    found = {tables.CALLS: rows, **found, tables.PLANNING: planned}
    return found, [*bars.of_calls(healthy), *judged, *bars.of_planning(planned)]


def main() -> int:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(prog="python -m tests.house", description=__doc__)
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the figures as JSON")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="print figures kept earlier")
    parser.add_argument("--static", action="store_true", help="measure files only, call nothing")
    parser.add_argument("--quiet", action="store_true", help="leave out the places to look at")
    given = parser.parse_args()
    columns = {"review": tables.REVIEW}
    if given.compare:
        columns["before"] = json.loads(given.compare.read_text(encoding="utf-8"))["tables"]
    columns["now"], judged = measure(static=given.static)
    print(f"Python {platform.python_version()}")
    print(*tables.render(columns), sep="\n")
    print("", "Bars", *judged, sep="\n")
    for bar in judged:
        if bar.details and not given.quiet:
            todo = "" if bar.holds or not bar.advice else f" - {bar.advice}"
            print("", f"{bar.name}{todo}:", *(f"  {detail}" for detail in bar.details), sep="\n")
    if given.save:
        given.save.write_text(json.dumps(saved(columns["now"], judged), indent=1), encoding="utf-8")
    return 0 if all(bar.holds for bar in judged) else 1


def saved(found: tables.Tables, judged: list[bars.Bar]) -> dict[str, Any]:
    """Return what ``--save`` keeps."""
    return {
        "python": platform.python_version(),
        "tables": found,
        "bars": {
            bar.name: {
                "figure": bar.figure,
                "highest": bar.highest,
                "holds": bar.holds,
                "details": list(bar.details),
            }
            for bar in judged
        },
    }


if __name__ == "__main__":
    sys.exit(main())
