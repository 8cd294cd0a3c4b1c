"""``doctor``: what the settings are, where they come from, and which endpoints can answer."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.trust import Chooser
from ._checks import Checked, check_all, known_endpoints
from ._console import Console, JsonValue, plain, wrap
from ._errors import FAILED, OK, console_of, guarded
from ._log_switches import log_notes
from ._options import Debug, Json

if TYPE_CHECKING:
    from ..settings.model import Settings

EXAMPLES = """\b
Examples:
  github-models doctor
  github-models doctor --all --timeout 10
  github-models doctor --json | jq .usable
"""

_PACKAGES = (
    "azure-ai-inference", "azure-core", "azure-identity", "aiohttp", "keyring", "starlette",
    "typer", "uvicorn",
)  # fmt: skip
_LABEL = 22
_ADVICE = (
    "Nothing can answer yet. Set GITHUB_MODELS_ENDPOINT and GITHUB_MODELS_API_KEY to a service "
    "you can use (Foundry /openai/v1, OpenAI, OpenRouter, Ollama ...), or describe endpoints in "
    "github-models.toml. 'github-models chat --demo' works without any of that."
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value as it may be shown, and where it comes from."""

    name: str
    value: JsonValue
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that ``doctor`` found; no secret is in it.

    ``notes`` say what is set and does not count, ``others`` are the endpoints that are known by
    name and that nobody uses here.
    """

    versions: Mapping[str, str | None]
    file: Path | None
    file_by: Chooser
    problem: str | None
    settings: tuple[Setting, ...]
    token_source: str | None
    demo: bool
    notes: tuple[str, ...] = field(default=())
    endpoints: tuple[Checked, ...] = field(default=())
    others: tuple[str, ...] = field(default=())

    @property
    def usable(self) -> list[str]:
        """The names of the endpoints that may answer."""
        return [checked.endpoint.name for checked in self.endpoints if checked.usable]


@guarded
def doctor(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Ask every known endpoint, also unused and retired ones.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait for each."),
    ] = 3.0,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Check settings, token and endpoints.

    Asks the default endpoint, the endpoints of the settings and of the fallback, and services whose
    key is set. Secrets are neither shown nor sent. Exits with 0 if at least one endpoint can be
    used, otherwise with 1.
    """
    console = console_of(ctx)
    with console.waiting("asking the endpoints"):
        report = examine(timeout, everything=everything)
    if as_json:
        console.json(_as_json(report))
    else:
        _show(console, report)
    if report.problem is not None:
        console.fail(report.problem)
    elif (advice := _advice(report)) is not None:
        console.note(advice)
    return OK if report.usable else FAILED


def examine(timeout: float, *, everything: bool) -> Report:
    """Read the settings and ask the endpoints.

    :param timeout: seconds for each endpoint; all are asked at once.
    :param everything: ask those that nobody uses and the retired ones, too.
    """
    from ..credentials.github import GitHubTokenCredential
    from ..exceptions import SettingsError
    from ..settings.load import load_settings
    from ..settings.model import Settings

    problem = None
    checked: tuple[Checked, ...] = ()
    settings = Settings()
    token = GitHubTokenCredential()
    source = token.source
    try:
        settings = load_settings()
        known = known_endpoints(settings, source, everything=everything)
        checked = check_all(known, timeout, everything=everything)
    except (SettingsError, ValueError, ImportError, RuntimeError) as error:
        problem = str(error)
    listed = {one.endpoint.name for one in checked}
    others = (name for name in settings.endpoints if name not in listed)
    return Report(
        versions=_versions(),
        file=settings.file,
        file_by=settings.file_by.by,
        problem=problem,
        settings=tuple(_settings(settings)),
        token_source=source,
        demo=token.demo,
        notes=tuple(dict.fromkeys((*settings.notes, *settings.warnings, *log_notes(os.environ)))),
        endpoints=checked,
        others=tuple(others) if checked else (),
    )


def _versions() -> dict[str, str | None]:
    from .._version import __version__

    return {
        "github-models-azure": __version__,
        **{name: _version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _settings(settings: Settings) -> Iterator[Setting]:
    from ..settings.model import PREFIX

    values: dict[str, object] = {
        "endpoint": _public(settings.endpoint),
        "api_key": "set" if settings.api_key else None,
        "model": settings.model,
        "embedding_model": settings.vectors[1] if settings.vectors is not None else None,
        **settings.options,
        **settings.retries,
        **settings.call,
    }
    if "fallback" in values and values["fallback"] is None:
        values["fallback"] = "none"
    for name, value in values.items():
        variable = PREFIX + name.upper()
        if value is None:
            continue
        where = settings.origins.get(name)
        if where is None:
            where = variable if os.environ.get(variable) else str(settings.file)
        yield Setting(name, value if isinstance(value, dict) else plain(value), where)


def _public(url: str | None) -> str | None:
    """Return a URL without what may be secret in it."""
    if url is None or "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"


def _show(console: Console, report: Report) -> None:
    console.out("versions", style="bold")
    for name, number in report.versions.items():
        console.out(f"  {name:{_LABEL}}{number or 'not installed'}")
    console.out("settings", style="bold")
    console.out(f"  {'file':{_LABEL}}{_file(report)}")
    for setting in report.settings:
        value = setting.value if isinstance(setting.value, str) else json.dumps(setting.value)
        console.out(f"  {setting.name:{_LABEL}}{value} ({setting.source})")
    token = f"found: {report.token_source}" if report.token_source else "none found"
    if report.demo:
        token += " (demo_token: the emulator answers instead of GitHub)"
    console.out(f"  {'GitHub token':{_LABEL}}{token}")
    for note in report.notes:
        for line in wrap("note: ", note):
            console.out(line, style="dim")
    _show_endpoints(console, report)
    if report.usable:
        console.out(f"usable: {', '.join(report.usable)}", style="bold")


def _file(report: Report) -> str:
    if report.file is None:
        return "none found"
    found = report.file_by is Chooser.FOUND
    return f"{report.file} ({'found; not trusted' if found else report.file_by.value})"


def _show_endpoints(console: Console, report: Report) -> None:
    if report.endpoints:
        console.out("endpoints", style="bold")
    for checked in report.endpoints:
        endpoint = checked.endpoint
        mark = " (default)" if checked.default else ""
        console.out(f"  {endpoint.name}{mark}: {endpoint.base_url()}")
        console.out(f"    dialect {endpoint.dialect}; credential: {checked.credential.words}")
        if told := ", ".join(endpoint.terms.told()):
            for line in wrap("    calls: ", told):
                console.out(line)
        console.out(f"    {checked.state}", style="green" if checked.usable else "yellow")
    if report.endpoints and report.others:
        for line in wrap("also known: ", f"{', '.join(report.others)} (--all asks them)"):
            console.out(line, style="dim")


def _advice(report: Report) -> str | None:
    default = next((one for one in report.endpoints if one.default), None)
    if not report.usable:
        return _ADVICE
    if default is not None and not default.usable:
        return (
            f"The default endpoint, {default.endpoint.name}, cannot answer. Set "
            f"GITHUB_MODELS_ENDPOINT={report.usable[0]}, or name it in front of a model: "
            f"{report.usable[0]}/MODEL."
        )
    return None


def _as_json(report: Report) -> JsonValue:
    return {
        "versions": dict(report.versions),
        "settings": {
            "file": str(report.file) if report.file is not None else None,
            "file_by": report.file_by.value if report.file is not None else None,
            "problem": report.problem,
            "values": {
                setting.name: {"value": setting.value, "source": setting.source}
                for setting in report.settings
            },
            "notes": list(report.notes),
        },
        "token": {"source": report.token_source, "demo": report.demo},
        "endpoints": [_endpoint_as_json(checked) for checked in report.endpoints],
        "others": list(report.others),
        "usable": list(report.usable),
    }


def _endpoint_as_json(checked: Checked) -> JsonValue:
    endpoint, probe = checked.endpoint, checked.probe
    return {
        "name": endpoint.name,
        "url": endpoint.base_url(),
        "default": checked.default,
        "dialect": endpoint.dialect.name,
        "credential": checked.credential.words,
        "credential_missing": checked.credential.missing,
        "retired_on": plain(endpoint.retired_on),
        "retired": checked.retired,
        "calls": list(endpoint.terms.told()),
        "moved_to": checked.successor.base_url() if checked.successor is not None else None,
        "reachable": probe.problem is None if probe is not None else None,
        "status": probe.status if probe is not None else None,
        "seconds": round(probe.seconds, 3) if probe is not None else None,
        "problem": (probe.problem or probe.gone) if probe is not None else None,
        "announced": probe.announced if probe is not None else None,
        "usable": checked.usable,
    }
