"""Refreshing the catalogue into the user's cache folder, and reading it back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from os import PathLike
from pathlib import Path

from .catalog_entries import (
    LARGEST_CATALOG,
    CatalogEntries,
    check_entries,
    lay_over,
    parse_catalog,
)
from .data import RegistryData
from .download import fetch_url, public_part
from .errors import CatalogError

Fetch = Callable[[str], bytes]

_NAME = "github-models-azure"
_CATALOG_FILE = "catalog.json"
_FORMAT = 1
_PACKAGE = Path(__file__).resolve().parents[1]

_logger = logging.getLogger(__name__)


def user_cache_dir(
    environ: Mapping[str, str] | None = None, platform: str | None = None, home: Path | None = None
) -> Path:
    """Return the user's cache folder for this package; it need not exist yet.

    ``XDG_CACHE_HOME`` where it is an absolute path, whatever the platform; else ``%LOCALAPPDATA%``
    on Windows, ``~/Library/Caches`` on macOS, ``~/.cache`` elsewhere. The arguments default to
    those of the process.

    :raises RuntimeError: where the user has no home folder.
    """
    environ = os.environ if environ is None else environ
    platform = sys.platform if platform is None else platform
    named = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(named):
        return Path(named) / _NAME
    if platform == "win32" and (local := environ.get("LOCALAPPDATA")):
        return Path(local) / _NAME / "Cache"
    home = Path.home() if home is None else home
    if platform == "win32":
        return home / "AppData" / "Local" / _NAME / "Cache"
    if platform == "darwin":
        return home / "Library" / "Caches" / _NAME
    return home / ".cache" / _NAME


@lru_cache(maxsize=4)  # every client asks
def _catalog_file(named: tuple[str | None, ...]) -> str:
    """Return where the user's catalogue is, for the variables that say it."""
    return str(user_cache_dir() / _CATALOG_FILE)


def refreshed_at() -> int | None:
    """Return when the user's catalogue was last refreshed, in nanoseconds; ``None`` for never."""
    named = tuple(map(os.environ.get, ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE")))
    try:
        return os.stat(_catalog_file(named)).st_mtime_ns
    except (OSError, RuntimeError):
        return None


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What a refresh did: where it wrote, the ids, and one line for each entry left out."""

    path: Path
    models: tuple[str, ...]
    skipped: tuple[str, ...]


def refresh_catalog(
    fetch: Fetch = fetch_url,
    *,
    url: str,
    cache_dir: str | PathLike[str] | None = None,
    now: datetime,
) -> RefreshReport:
    """Fetch a catalogue and keep its good entries for :meth:`ModelRegistry.load`.

    GitHub's own catalogue ended with the service on 2026-07-30; anything that answers in its shape
    will do. Bad entries are left out and reported. On any error the cache stays as it was.

    :param fetch: returns the body of an address; by default over http or https, at most 8 MiB,
        20 seconds for each step, without a credential.
    :param cache_dir: a folder of one's own; by default the user's cache folder.
    :param now: the time to note down, with a time zone.
    :raises CatalogError: where nothing good was fetched, or it could not be stored.
    """
    if now.tzinfo is None:
        raise ValueError(f"now={now.isoformat()} has no time zone; use datetime.now(timezone.utc).")
    path = _cache_file(cache_dir)
    try:
        content = fetch(url)
    except CatalogError:
        raise
    except Exception as error:  # a caller's own fetch; its words may hold the whole address
        raise CatalogError(
            f"{public_part(url)} could not be fetched ({type(error).__name__})."
        ) from error
    catalog = parse_catalog(content)
    _write(path, _document(catalog, url, now))
    return RefreshReport(path, tuple(entry.id for entry in catalog.entries), catalog.skipped)


def read_cached_catalog(
    data: RegistryData, cache_dir: str | PathLike[str] | None = None
) -> RegistryData:
    """Return the data with the cached catalogue on top; without one, the data itself.

    A file that cannot be read or makes no sense is logged as a warning and left out.
    """
    try:
        path = _cache_file(cache_dir)
        content = _read(path)
        if content is None:
            return data
        catalog, source = _check_document(content)
    except CatalogError as error:
        _logger.warning("The cached model catalogue is left out: %s", error)
        return data
    if catalog.skipped:
        _logger.warning("The cached model catalogue %s has bad entries: %s", path, catalog.skipped)
    return lay_over(data, catalog.entries, source)


def _document(catalog: CatalogEntries, url: str, now: datetime) -> bytes:
    document = {
        "format": _FORMAT,
        "source": public_part(url),
        "fetched_at": now.isoformat(timespec="seconds"),
        "models": [entry.model_dump(mode="json", exclude_none=True) for entry in catalog.entries],
    }
    return json.dumps(document, indent=1).encode("ascii")


def _check_document(content: bytes) -> tuple[CatalogEntries, str]:
    try:
        document = json.loads(content)
        if document["format"] != _FORMAT:
            raise CatalogError("its format is of another version; refresh it.")
        source = f"seen: catalogue of {document['source']!s:.200}, {document['fetched_at']!s:.10}"
        rows = document["models"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise CatalogError(f"it is damaged ({error!r:.80}); delete or refresh it.") from error
    if not isinstance(rows, list):
        raise CatalogError("it is damaged (no list of models); delete or refresh it.")
    return check_entries(rows), source


def _cache_file(cache_dir: str | PathLike[str] | None) -> Path:
    try:
        folder = (user_cache_dir() if cache_dir is None else Path(cache_dir)).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise CatalogError(f"No cache folder ({error}); give one as cache_dir.") from error
    if folder.is_relative_to(_PACKAGE):
        raise CatalogError(f"{folder} belongs to the package; use another cache_dir.")
    return folder / _CATALOG_FILE


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(2 * LARGEST_CATALOG)
    except FileNotFoundError:
        _logger.debug("No cached model catalogue at %s", path)
        return None
    except OSError as error:
        raise CatalogError(f"{path} cannot be read ({error.strerror or error}).") from error
    return content


def _write(path: Path, content: bytes) -> None:
    # Renaming is atomic: a reader finds the old file or the new one, never half of one.
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{_CATALOG_FILE}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise CatalogError(
            f"{path} cannot be written ({error.strerror or error}); use another cache_dir."
        ) from error
