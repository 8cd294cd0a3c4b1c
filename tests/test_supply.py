"""What an installation may bring: bounds in pyproject.toml, and the lock that the gate uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef, unused-ignore]

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = ROOT / ".ci" / "lock.txt"
# Packages that speak to the network for us, or let others speak to us.
EXPOSED = {"aiohttp", "azure-core", "prometheus-client", "requests", "starlette", "uvicorn"}
NAME = PROJECT["project"]["name"]

pytestmark = pytest.mark.skipif(not LOCK.exists(), reason="away from the source tree")


def grouped(name: str) -> list[str]:
    """Return the requirements of a dependency group, those of the groups that it includes too."""
    found: list[str] = []
    for entry in PROJECT["dependency-groups"][name]:
        found += grouped(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return found


def shipped() -> list[Requirement]:
    """Return what an installation with any extras brings."""
    extras = PROJECT["project"]["optional-dependencies"].values()
    texts = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    return [found for found in map(Requirement, texts) if found.name != NAME]


def entries() -> dict[str, list[tuple[Version, str]]]:
    """Return versions and what follows them by package, as the lock has them."""
    found: dict[str, list[tuple[Version, str]]] = {}
    for entry in re.split(r"\n(?=\S)", LOCK.read_text("utf-8").rstrip()):
        name, version, rest = re.fullmatch(r"([\w.-]+)==(\S+)(.*)", entry, re.DOTALL).groups()
        found.setdefault(canonicalize_name(name), []).append((Version(version), rest))
    return found


def test_what_talks_to_strangers_is_bounded_by_major_version() -> None:
    """A new major version of a server or transport is looked at before anyone gets it."""
    wanted = {found.name: found.specifier for found in shipped() if found.name in EXPOSED}
    assert set(wanted) == EXPOSED
    locked = entries()
    for name, allowed in wanted.items():
        newest = max(version for version, _ in locked[name])
        assert f"{newest.major + 1}.0" not in allowed, name


def test_the_lock_holds_what_the_gate_installs() -> None:
    """A requirement that changes without the lock fails here, before the gate has no package."""
    locked = entries()
    for wanted in [*shipped(), *map(Requirement, grouped("gate"))]:
        versions = [version for version, _ in locked.get(canonicalize_name(wanted.name), [])]
        held = any(wanted.specifier.contains(version, prereleases=True) for version in versions)
        assert held, f"{wanted} is not in {LOCK}: run nox -s lock"


def test_each_entry_of_the_lock_has_a_hash_and_no_address() -> None:
    """The lock says which files, and leaves it to the machine where they come from."""
    for name, versions in entries().items():
        for version, rest in versions:
            _, *hashes = rest.split("--hash=")
            assert hashes, f"{name} {version}"
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}[\s\\]*", text) for text in hashes), name
    strange = re.compile(r"://|^\s*-(?!-hash=)", re.MULTILINE)
    assert not strange.search(LOCK.read_text("utf-8"))
