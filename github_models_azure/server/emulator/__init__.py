"""GitHub Models, emulated on loopback: paths, answers, errors, quotas and retirement.

The service was retired on 2026-07-30. This emulator follows what public sightings and recordings
say of it, marks every answer as emulated, and needs the ``server`` extra.
"""

try:
    from .app import create_app
    from .faults import Fault, FaultKind
    from .journal import JournalEntry
    from .runner import Emulator, serve
    from .settings import EmulatorSettings
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"anyio", "starlette", "uvicorn"}:
        raise
    raise ImportError(
        f"The emulator needs {error.name}: pip install 'github-models-azure[server]'"
    ) from error

__all__ = [
    "Emulator",
    "EmulatorSettings",
    "Fault",
    "FaultKind",
    "JournalEntry",
    "create_app",
    "serve",
]
