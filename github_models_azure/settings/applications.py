"""The settings that other applications wrote: OpenHands' and LogAI's. Which of them count, if any.

This module is light; ``[llm]`` tables and ``LLM_*`` variables are read by ``openhands_route``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from azure.core.credentials import AzureKeyCredential

from .._core.request.fit import is_sendable
from .._core.trust import BY_USER, Chosen
from ..credentials.keys import KeySource
from ..endpoints import GITHUB_AZURE, Endpoint, endpoint_for
from ..exceptions import SettingsError
from .found import Machine, SettingsFile
from .model import (
    LLM_FIELDS,
    LLM_IGNORED,
    LLM_MISSED,
    LLM_PREFIX,
    LOGAI_PREFIX,
    LOGAI_TOKEN,
    PREFIX,
    Application,
    Settings,
    near,
    says_where,
    stands_in,
)
from .trusted import judged

LOGAI_PROVIDER = "LOGAI_LLM_PROVIDER"
_LOGAI_MODEL_NAME = "LOGAI_GITHUB_MODEL"
_LOGAI_MODEL = "gpt-4o"
_LOGAI_OTHERS = frozenset({"anthropic", "azure", "gemini", "github-copilot", "ollama", "openai"})
"""Providers of LogAI that are none of ours."""

_GITHUB_TOKENS = ("GITHUB_MODELS_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")


@dataclass(frozen=True, slots=True)
class Found:
    """The settings of applications as they lie there.

    ``notes`` say what is set and does not count, without a value; ``broken`` why the nearest
    ``config.toml`` with an ``[llm]`` heading cannot be read. ``file_by`` is who chose the file,
    ``logai_by`` who chose LogAI's provider.
    """

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    table: Mapping[str, object] = field(default_factory=dict, repr=False)
    file: Path | None = None
    logai: bool = False
    notes: tuple[str, ...] = ()
    broken: SettingsError | None = None
    file_by: Chosen = BY_USER
    logai_by: Chosen = BY_USER

    @property
    def by_variables(self) -> bool:
        """Whether the environment alone says where to go."""
        return self.logai or says_where(self.variables)

    def read(self, environ: Mapping[str, str], models: Iterable[str] = ()) -> Application | None:
        """Read what counts; ``None`` where nothing does.

        :param models: names of models that our own settings declare.
        :raises SettingsError: with one line for each wrong value.
        """
        if self.broken is not None and not self.logai:
            raise self.broken
        if says_where(self.variables) or (self.table and not self.logai):
            from .openhands_route import read_llm

            read = read_llm(self.variables, self.table, self.file, environ)
            return replace(read, by=self.file_by) if read.by_file else read
        return (
            replace(_read_logai(environ, frozenset(models)), by=self.logai_by)
            if self.logai
            else None
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A ``config.toml`` with an ``[llm]`` table, or the error of one that cannot be read."""

    file: SettingsFile
    table: Mapping[str, object] = field(default_factory=dict, repr=False)
    broken: SettingsError | None = None


def find_applications(
    environ: Mapping[str, str],
    documents: Iterable[Document],
    named: Document | None = None,
    *,
    machine: Machine,
    logai_by: Chosen = BY_USER,
) -> Found:
    """Look for settings of applications.

    :param documents: each ``config.toml`` upwards that has an ``[llm]`` table, the nearest first.
    :param named: the one that ``GITHUB_MODELS_CONFIG`` names, if it is such a file.
    :param logai_by: who chose LogAI's provider.
    :raises SettingsError: for a file that is theirs and is refused.
    """
    variables = {
        name: value
        for name in sorted(LLM_FIELDS - {"fallback_llms"})
        if (value := environ.get(LLM_PREFIX + name.upper(), "")).strip()
    }
    notes: list[str] = []
    broken: SettingsError | None = None
    file, table = (named.file, named.table) if named else (None, MappingProxyType({}))
    if named is None:
        document, strangers = nearest(documents)
        notes.extend(strangers)
        if document is not None:
            file, table = judged(document.file.usable(), machine), document.table
            broken = document.broken
    notes.extend(_of_no_use(table, file.path if file is not None else None))
    if _routes(table) and not {"model", "fallback_llms"} & {*table, *variables}:
        first, table = _led_by_the_first(table)
        where = file.path if file is not None else None
        notes.append(f"[llm] in {where} names no model: that of [llm.{first}] is asked first.")
    if variables and not (table or broken or says_where(variables)):
        names = ", ".join(LLM_PREFIX + name.upper() for name in variables)
        notes.append(
            f"Set and not used: {names}. LLM_* variables are used if LLM_MODEL is set together "
            "with LLM_API_KEY, LLM_BASE_URL or LLM_CUSTOM_LLM_PROVIDER, or if a config.toml "
            "has an [llm] table."
        )
        variables = {}
    notes.extend(_misspelt(environ) if variables else ())
    provider = environ.get(LOGAI_PROVIDER, "").strip().lower()
    logai = provider == "github"
    notes.extend(_logai_unused(environ, provider, others_go_first=says_where(variables)))
    path, by = (file.path, file.chosen) if file is not None and table else (None, BY_USER)
    return Found(variables, table, path, logai, tuple(notes), broken, by, logai_by)


def nearest(documents: Iterable[Document]) -> tuple[Document | None, list[str]]:
    """Return the first document that is OpenHands', and why those before it are not."""
    notes: list[str] = []
    for document in documents:
        if document.broken is not None or (why := _foreign(document.table)) is None:
            return document, notes
        notes.append(f"{document.file.path} is not used: {why}.")
    return None, notes


def _of_no_use(table: Mapping[str, object], file: Path | None) -> Iterator[str]:
    """Say what OpenHands knows and what says nothing of calls."""
    tables = {name: one for name, one in table.items() if isinstance(one, Mapping)}
    places = [
        ("llm", table),
        *((f"llm.{n}", one) for n, one in tables.items() if n not in LLM_IGNORED),
    ]
    silent = LLM_IGNORED - LLM_MISSED
    names = [f"{path}.{name}" for path, one in places for name in one if name in silent]
    if names:
        yield f"Set in {file} and not used: {', '.join(names)}. They say nothing of calls here."
    listed = table.get("fallback_llms")
    if isinstance(listed, list):
        left = [name for name in tables if name not in (*listed, *LLM_IGNORED, "fallback_llms")]
        for name in left:
            yield f"[llm.{name}] in {file} is not used: fallback_llms does not list it."


def _foreign(table: Mapping[str, object]) -> str | None:
    """Say why a file that nobody named is some other program's; ``None`` if it is OpenHands'.

    One that says where its model is in LiteLLM's words is meant for us, whatever else is in it:
    what is wrong there is an error.
    """
    given = table.get("custom_llm_provider")
    says_provider = isinstance(given, str) and bool(given.strip())  # LiteLLM's own word
    if not (isinstance(table.get("model"), str) or says_provider or _is_route_alone(table)):
        return "its [llm] table names no model"
    if says_provider or _is_litellms(table):
        return None
    for name, value in table.items():
        known = name in LLM_FIELDS | LLM_IGNORED
        if not (known or isinstance(value, Mapping) or near(name)):
            return f"[llm] has {name!r:.40}, which OpenHands does not know"
    return None


def _is_litellms(table: Mapping[str, object]) -> bool:
    """Return whether a table says in LiteLLM's words where its model is."""
    from .provider_members import is_member, names_of
    from .providers import provider_of

    model, given = (
        value if isinstance(value := table.get(name), str) else None
        for name in ("model", "custom_llm_provider")
    )
    if isinstance(table.get("base_url"), str) or provider_of(model, given) is not None:
        return True
    names = names_of(table)
    return any(is_member(name, value, names) for name, value in table.items())


def _is_route_alone(table: Mapping[str, object]) -> bool:
    """Return whether a table has fallbacks and no model, as when they alone are copied.

    Tables such as ``[llm.openai]`` are in files of many programs; ``custom_llm_provider`` is
    LiteLLM's word.
    """
    routes = _routes(table).values()
    if "model" in table or not routes:
        return False
    return all({"model", "custom_llm_provider"} <= one.keys() for one in routes)


def _routes(table: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    known = LLM_FIELDS | LLM_IGNORED
    return {n: one for n, one in table.items() if isinstance(one, Mapping) and n not in known}


def _led_by_the_first(table: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """Put the first fallback in the place of the model that is missing; return its name too."""
    first, values = next(iter(_routes(table).items()))
    return first, {**{name: one for name, one in table.items() if name != first}, **values}


def _misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        meant = name.removeprefix(LLM_PREFIX).lower()
        if name == LLM_PREFIX + meant.upper() and meant not in LLM_FIELDS | LLM_IGNORED:
            other = near(meant)
            if other is not None:
                yield f"{name} is not used: did you mean {LLM_PREFIX}{other.upper()}?"
    listed = LLM_PREFIX + "FALLBACK_LLMS"
    if environ.get(listed, "").strip():
        yield f"{listed} is not used: fallback_llms is a list in the [llm] table of config.toml."


def _logai_unused(
    environ: Mapping[str, str], provider: str, *, others_go_first: bool
) -> Iterator[str]:
    """Say which of LogAI's variables for GitHub Models are set and do not count."""
    given = sorted(name for name in environ if name.startswith(LOGAI_PREFIX + "GITHUB_"))
    for name in given:
        if name not in (LOGAI_TOKEN, _LOGAI_MODEL_NAME):
            yield f"{name} is not used: the known ones are {_LOGAI_MODEL_NAME} and {LOGAI_TOKEN}."
    if provider == "github":
        if others_go_first:
            yield f"{LOGAI_PROVIDER} is not used: the LLM_* variables go before it."
    elif not provider:
        names = [name for name in (_LOGAI_MODEL_NAME, LOGAI_TOKEN) if environ.get(name, "").strip()]
        if names:
            beside = f"Set {LOGAI_PROVIDER}=github beside {'them' if len(names) > 1 else 'it'}."
            yield f"Set and not used: {', '.join(names)}. {beside}"
    elif provider not in _LOGAI_OTHERS:
        yield f"{LOGAI_PROVIDER} is not used: the only provider that counts here is github."


def _read_logai(environ: Mapping[str, str], declared: frozenset[str]) -> Application:
    """Read LogAI's settings for GitHub Models: a provider, a token and a model.

    github.com/david-parker-softrams/observability-assistant, "GitHub Models as LLM Provider".

    :raises SettingsError: if there is no token.
    """
    token, model = LOGAI_TOKEN, _LOGAI_MODEL_NAME
    endpoint, sources = replace(GITHUB_AZURE, name="logai"), {}
    key = environ.get(token, "").strip()
    if key and not is_sendable(key):
        raise SettingsError(
            f"{token}: has a line end or another character that a header cannot carry."
        )
    if key:
        endpoint = replace(endpoint, credential=AzureKeyCredential(key))
        sources["logai"] = KeySource("env", token)
    elif not any(environ.get(name, "").strip() for name in _GITHUB_TOKENS):
        from ..credentials.github import NEW_TOKEN

        raise SettingsError(
            f"GitHub Models requires {token}: a GitHub token with the permission models:read. Make "
            f"one at {NEW_TOKEN} and set the variable."
        )
    chosen = environ.get(model, "").strip()
    return Application(
        endpoint="logai",
        model=chosen or _LOGAI_MODEL,
        endpoints={"logai": endpoint},
        sources=sources,
        origins={"endpoint": LOGAI_PROVIDER, "model": model if chosen else "the default of LogAI"},
        notes=tuple(_unknown(chosen)) if chosen and chosen not in declared else (),
        over_files=True,
        placeless=True,
    )


def _unknown(model: str) -> Iterator[str]:
    """Say of a model that GitHub Models never had what was probably meant, or who serves it."""
    from ..registry import UnknownModelError, default_registry

    registry = default_registry()
    if registry.is_auto(model):
        return
    try:
        registry.get(model)
    except UnknownModelError as error:
        yield f"{_LOGAI_MODEL_NAME} names a model that is not known: {error}"


def lent(own: Settings, found: Application, said: frozenset[str]) -> Settings:
    """Keep our own settings, and an application's keys for their own origins.

    The model of an application that cannot say where its service is goes with an endpoint of ours
    that stands in that service's place.
    """
    if found.placeless and own.endpoint_by == BY_USER and _takes_logai(own.endpoint):
        if own.model is not None:
            return replace(own, lent=found)
        origins = {**own.origins, "model": found.origins["model"]}
        return replace(own, lent=found, model=found.model, origins=origins)
    first = [PREFIX + name.upper() for name in ("endpoint", "api_key") if name in said]
    if not found.over_files and (own.endpoint is not None or own.api_key is not None):
        first.append(str(own.file))
    if not first:  # an argument of one client says where to go
        return replace(own, lent=found)
    note = f"{found.origins['endpoint']} is not used: {first[0]} goes before it."
    return replace(own, lent=found, notes=(*own.notes, note))


def _takes_logai(endpoint: str | None) -> bool:
    try:
        return "://" in (endpoint or "") and stands_in(endpoint_for(endpoint))
    except ValueError:  # whoever asks there says what is wrong with it
        return False


def joined(own: Settings, said: frozenset[str], found: Application) -> Settings:
    """Lay an application's settings beside our own.

    :param said: the settings that ``GITHUB_MODELS_*`` variables give.
    """
    ours = said & {"endpoint", "api_key"} or (
        not found.over_files and (own.endpoint is not None or own.api_key is not None)
    )
    if ours:  # an endpoint and its key, model and route belong together
        return lent(own, found, said)
    above = {name: value for name, value in own.options.items() if name in said}
    layers = (own.options, found.options) if found.over_files else (found.options, own.options)
    options: dict[str, object] = {}
    for layer in (*layers, above):
        options.update(layer)
    endpoints = {**own.endpoints, **found.endpoints}
    theirs, vectors = _told(found.endpoint, found.model, endpoints), found.vectors
    if vectors is not None:
        vectors = vectors[0], _told(*vectors, endpoints)
    keeps_model = "model" in said or not found.over_files
    model = own.model if keeps_model and own.model is not None else theirs
    won = {name for name, value in found.options.items() if options[name] is value}
    won |= {"endpoint", *found.retries, *found.call, *(["model"] if model is theirs else [])}
    won |= {"embedding_model"} if vectors is not None else set()
    return replace(
        own,
        endpoint=found.endpoint,
        api_key=None,
        model=model,
        options=options,
        endpoints=endpoints,
        sources={**own.sources, **found.sources},
        retries=found.retries,
        call=found.call,
        vectors=vectors,
        notes=(*own.notes, *found.notes),
        warnings=(*own.warnings, *found.notes),
        origins={name: origin for name, origin in found.origins.items() if name in won},
        endpoint_by=found.by,
        api_key_by=BY_USER,
        endpoints_by={**own.endpoints_by, **dict.fromkeys(found.endpoints, found.by)},
    )


def _told(endpoint: str, model: str, endpoints: Mapping[str, Endpoint]) -> str:
    """Write a model so that it is not read as one of another endpoint."""
    return f"{endpoint}/{model}" if model.partition("/")[0] in endpoints else model
