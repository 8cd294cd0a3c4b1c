"""The shape of the settings, checked by pydantic; loaded only where something is set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Optional

from pydantic import BeforeValidator, Field, ValidationError, create_model
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as SourceError

from .._core.failure.kinds import MOVES_ON
from .._core.failure.redact import HIDDEN, Redactor, without_login
from .._core.trust import BY_USER, Chosen, weakest
from ..endpoints.endpoint import without_query
from ..endpoints.presets import PRESETS
from ..exceptions import SettingsError
from ..policies.option_checks import Check, MemberOf, Number, OneOf, Switch
from ..policies.options import OPTIONS
from .endpoints import EndpointModel, WrongValuesError, declare
from .model import PREFIX, Settings

_OPTIONS = {name: option.check for name, option in OPTIONS.items() if option.in_settings}

_LONGEST_WORD = 24  # of those that our messages have in them, names of dialects and endpoints

_TABLES = ("endpoints", "dialects", "models", "tiers")
"""The settings that are JSON in the environment."""

_FORMS = "is 'tier', 'none', a list of targets, or a table of models with such lists"


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is a number, not true or false")
    return value


def _targets(value: object) -> object:
    """Read what the fallback may be: as written in the file, as JSON, or parted by commas."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"is not JSON: {error}") from error
    if isinstance(value, str):
        return value if value in ("tier", "none") else _parts(value)
    if value is None:
        return None
    lists = value.values() if isinstance(value, dict) else [value]
    for listed in lists:
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise ValueError(_FORMS)
    return value


def _kinds(value: object) -> object:
    given = _parts(value) if isinstance(value, str) else value
    known = sorted(kind.value for kind in MOVES_ON)
    if given is None:
        return None
    if not isinstance(given, list) or not set(map(str, given)) <= set(known):
        raise ValueError(f"is a list of failure kinds; the known ones are {', '.join(known)}")
    return given


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


_Number = BeforeValidator(_number)


_WRITTEN: Mapping[str, object] = {
    "fallback": Annotated[Any, NoDecode, BeforeValidator(_targets)],
    "fallback_on": Annotated[Any, NoDecode, BeforeValidator(_kinds)],
}
"""The options whose written form is not that of the value they are checked for."""


def _form(name: str, check: Check | None) -> object:
    """Return how an option is written, as pydantic wants it."""
    match check:
        case Number(least, whole):
            return Annotated[Annotated[int if whole else float, Field(ge=least)] | None, _Number]
        case OneOf() | MemberOf():
            return Optional[Literal[check.words]]  # noqa: UP045  # made of values, not of types
        case Switch():
            return bool | None
    return _WRITTEN[name]


class _Base(BaseSettings):
    model_config = SettingsConfigDict(extra="forbid", env_prefix=PREFIX, hide_input_in_errors=True)

    endpoint: str | None = Field(default=None, repr=False)
    api_key: str | None = Field(default=None, repr=False)
    model: str | None = None
    applications: bool = True
    endpoints: dict[str, EndpointModel] = {}
    dialects: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    tiers: dict[str, dict[str, Any]] = {}


_FIELDS: dict[str, Any] = {name: (_form(name, check), None) for name, check in _OPTIONS.items()}
NAMES = frozenset({*_Base.model_fields, *_FIELDS})
"""The settings."""


def validate(
    variables: Mapping[str, str],
    table: Mapping[str, Any],
    file: Path | None,
    environ: Mapping[str, str],
    *,
    file_by: Chosen = BY_USER,
    variables_by: Mapping[str, Chosen] = MappingProxyType({}),
) -> Settings:
    """Check the variables and the file's table; return the settings they make.

    :param file_by: who chose the file.
    :param variables_by: who chose the file that a variable stands in, if it stands in one.
    :raises SettingsError: with one line for each wrong value.
    """
    known = {PREFIX + name.upper() for name in NAMES}
    unknown = sorted(variables.keys() - known)
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting. Known: {', '.join(sorted(known))}.")
    wrong = ""
    try:
        model, parts = _build(variables, table)
        variable_by = variables_by.get(PREFIX + "ENDPOINTS", BY_USER)
        by = dict(_endpoints_by(parts, file_by, variable_by))
        _check_hosts(parts.under if file_by.is_found else {})
        _check_hosts(parts.over if variable_by.is_found else {})
        declared = declare(model.endpoints, model.dialects, environ, by)
    except (ValidationError, ValueError) as error:
        wrong = _without_values(_explain(error, variables, file), (variables, table))
    if wrong:  # raised here, it has no cause and no context: pydantic's repeat the values
        raise SettingsError(wrong)
    given = {name: getattr(model, name) for name in _OPTIONS}
    options = {name: value for name, value in given.items() if value is not None}
    if options.get("fallback") == "none":
        options["fallback"] = None
    return Settings(
        endpoint=model.endpoint,
        api_key=model.api_key.strip() if model.api_key else None,
        model=model.model,
        options=options,
        endpoints={**PRESETS, **declared.endpoints},
        sources=declared.sources,
        overlays=model.models,
        tiers=model.tiers,
        file=file,
        applications=model.applications,
        file_by=file_by,
        endpoint_by=_chooser("endpoint", model.endpoint, variables, file_by, variables_by),
        api_key_by=_chooser("api_key", model.api_key, variables, file_by, variables_by),
        endpoints_by=by,
    )


def _chooser(
    name: str,
    value: object,
    variables: Mapping[str, str],
    file_by: Chosen,
    variables_by: Mapping[str, Chosen],
) -> Chosen:
    """Return who chose the value of a setting."""
    if value is None:
        return BY_USER
    variable = PREFIX + name.upper()
    return variables_by.get(variable, BY_USER) if variable in variables else file_by


def _endpoints_by(
    parts: _Parts, file_by: Chosen, variable_by: Chosen
) -> Iterator[tuple[str, Chosen]]:
    """Yield who chose the address or the credential of each endpoint, if a file has a part in it.

    A file that says only one of the two still decides with it which secret goes where.
    """
    for name in {**parts.under, **parts.over}:
        lower, upper = (
            entry if isinstance(entry, dict) else {}
            for entry in (parts.under.get(name), parts.over.get(name))
        )
        chosen = []
        for member in ("url", "credential"):
            if member in upper:
                chosen.append(variable_by)
            elif member in lower:
                chosen.append(file_by)
        if (by := weakest(*chosen)) != BY_USER:
            yield name, by


def _check_hosts(entries: Mapping[str, object]) -> None:
    """Refuse the header that decides, behind a shared front, whose server gets the key."""
    for name, entry in entries.items():
        headers = entry.get("headers") if isinstance(entry, dict) else None
        if isinstance(headers, dict) and any(str(one).lower() == "host" for one in headers):
            why = "cannot set Host in a file that was found: the URL says the host"
            raise WrongValuesError({f"endpoints.{name}.headers": why})


@dataclass(frozen=True, slots=True)
class _Parts:
    """The endpoints of the variable, and those of the file that it is laid over."""

    over: Mapping[str, object]
    under: Mapping[str, object]


def _build(variables: Mapping[str, str], table: Mapping[str, Any]) -> tuple[_Base, _Parts]:
    parts = [_Parts({}, {})]

    class Sourced(_Base):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: Any, **kwargs: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment = EnvSettingsSource(settings_cls)
            environment.env_vars = {name.lower(): value for name, value in variables.items()}
            given = environment()
            beneath = _beneath(given, table)
            parts[0] = _Parts(_tables(given), _tables(beneath))
            return environment, InitSettingsSource(settings_cls, init_kwargs=beneath)

    return create_model("Settings", __base__=Sourced, **_FIELDS)(), parts[0]


def _tables(given: Mapping[str, Any]) -> Mapping[str, object]:
    found = given.get("endpoints")
    return found if isinstance(found, dict) else {}


def _beneath(given: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Take the credentials out of the file that a variable replaces: merged they would be two."""
    over, under = given.get("endpoints"), table.get("endpoints")
    if not (isinstance(over, dict) and isinstance(under, dict)):
        return dict(table)
    kept = dict(under)
    for name, entry in over.items():
        old = kept.get(name)
        if isinstance(old, dict) and isinstance(entry, dict) and "credential" in entry:
            kept[name] = {member: value for member, value in old.items() if member != "credential"}
    return {**table, "endpoints": kept}


def _explain(error: ValueError, variables: Mapping[str, str], file: Path | None) -> str:
    place = f" in {file}" if file else ""
    if isinstance(error, SourceError):
        wrong = next((name for name in sorted(variables) if _is_broken(name, variables)), PREFIX)
        return f"{wrong}: is not JSON; it takes what the table of that name takes in the file."
    if isinstance(error, WrongValuesError):
        problems = [(path, why) for path, why in error.problems.items()]
    elif isinstance(error, ValidationError):
        problems = [_told(problem) for problem in error.errors(include_url=False)]
    else:
        return f"The settings{place} are wrong: {str(error).rstrip('.')}."
    lines = (f"{_named(path, variables, place)}: {why}" for path, why in problems)
    return "\n".join(dict.fromkeys(lines))


def _told(problem: ErrorDetails) -> tuple[str, str]:
    path = ".".join(str(part) for part in problem["loc"])
    return path, problem["msg"].removeprefix("Value error, ")


def _without_values(text: str, given: object) -> str:
    """Take the values that were given out of what checks of ours say of them.

    What is quoted is a value; unquoted ones are known by their length, which words have not.
    """
    for value in sorted(_leaves(given), key=len, reverse=True):
        text = text.replace(f"{value!r}", HIDDEN)
        if len(value) > _LONGEST_WORD:
            text = Redactor((value,)).text(text)
    return without_login(text)


def _leaves(given: object) -> Iterator[str]:
    if isinstance(given, str) and given:
        yield given
        shown = without_query(given)
        if shown != given:
            yield shown
        with suppress(ValueError):  # a variable may be JSON
            yield from _leaves(json.loads(given)) if given[0] in "{[" else ()
    elif isinstance(given, Mapping):
        for inner in given.values():
            yield from _leaves(inner)
    elif isinstance(given, list | tuple):
        for inner in given:
            yield from _leaves(inner)


def _named(path: str, variables: Mapping[str, str], place: str) -> str:
    setting, _, inner = path.partition(".")
    variable = PREFIX + setting.upper()
    if variable not in variables:
        return f"{path}{place}"
    return f"{variable}: {path}" if inner and setting in _TABLES else variable


def _is_broken(name: str, variables: Mapping[str, str]) -> bool:
    if name.removeprefix(PREFIX).lower() not in _TABLES:
        return False
    try:
        json.loads(variables[name])
    except ValueError:
        return True
    return False
