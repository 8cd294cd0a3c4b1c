"""The files that the user trusted as they were, remembered with their digests."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .._core.trust import Chooser, Chosen, shown_path
from ..ledger.state_folder import user_state_dir
from .found import Machine, SettingsFile, read_found, this_machine

_LOGGER = logging.getLogger(__name__)
_FILE = "trusted.json"
_DIGEST_LENGTH = 64
_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Which files are trusted: their paths, each with the digest of what was read.

    ``problem`` says why the store counts for nothing, if it cannot be used.
    """

    path: Path
    digests: Mapping[str, str]
    problem: str | None = None

    def trusts(self, file: SettingsFile) -> bool:
        """Return whether a file is trusted as it was read."""
        return self.digests.get(key_of(file.path)) == digest_of(file.data)

    def with_file(self, file: SettingsFile) -> TrustStore:
        """Return the store with a file trusted as it was read."""
        return TrustStore(self.path, {**self.digests, key_of(file.path): digest_of(file.data)})

    def without(self, path: Path) -> TrustStore:
        """Return the store without a file."""
        key = key_of(path)
        return TrustStore(self.path, {one: d for one, d in self.digests.items() if one != key})

    def save(self) -> None:
        """Write the store for its user only, as a whole or not at all.

        :raises OSError: if it cannot be written.
        """
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chmod(folder, 0o700)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f"{_FILE}.")  # of mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump({"version": 1, "files": dict(sorted(self.digests.items()))}, stream)
            os.replace(name, self.path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise


def key_of(path: Path) -> str:
    """Return the name under which a file is remembered."""
    return os.path.normcase(os.path.realpath(path))


def digest_of(data: bytes) -> str:
    """Return the digest of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def read_store(path: Path | None = None, machine: Machine | None = None) -> TrustStore:
    """Read the store; one that cannot be used trusts nothing, and says why.

    :param path: left out, that of the user.
    """
    if path is None:
        try:
            path = user_state_dir() / _FILE
        except RuntimeError as error:
            return TrustStore(Path(_FILE), {}, str(error))
    file = read_found(path, machine or this_machine())
    if file is None:
        return TrustStore(path, {})
    problem = file.refused
    digests: Mapping[str, str] | None = None
    if problem is None:
        digests = _parse(file.data)
        problem = "it is damaged" if digests is None else None
    if digests is None or problem is not None:
        text = (
            f"The list of trusted files {shown_path(str(path))} is not used: {problem}. Nothing "
            "is trusted until you trust a file again, which begins a new list."
        )
        return TrustStore(path, {}, text)
    return TrustStore(path, digests)


def judged(file: SettingsFile, machine: Machine) -> SettingsFile:
    """Return a found file with who chose it: the user, if it is trusted as it is."""
    store = read_store(machine=machine)
    if store.problem is not None and store.problem not in _told:
        _told.add(store.problem)
        _LOGGER.warning("%s", store.problem)
    by = Chooser.TRUSTED if store.trusts(file) else Chooser.FOUND
    return SettingsFile(file.path, file.data, Chosen(by, str(file.path)), file.refused)


def _parse(data: bytes) -> Mapping[str, str] | None:
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        return None
    files = read.get("files") if isinstance(read, dict) else None
    if not isinstance(files, dict) or read.get("version") != 1:
        return None
    sound = all(isinstance(one, str) and len(one) == _DIGEST_LENGTH for one in files.values())
    return files if sound else None
