"""What OpenHands' settings come to: an endpoint for each model, the route, keys and waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeGuard

from azure.core.credentials import AzureKeyCredential

from .._core.request.defaults import Defaults, Waits
from .._core.request.extras import LEAST_SECONDS
from ..credentials.keys import KeySource, MissingKey
from ..endpoints import Endpoint
from ..endpoints.endpoint import is_loopback
from ..exceptions import SettingsError
from .model import LLM_FIELDS, LLM_IGNORED, LLM_MISSED, LLM_PREFIX, Application, says_where
from .openhands import LOCAL, WHERE, LlmModel, LlmTable
from .provider_members import is_member, names_of
from .providers import Place, UnplacedError, is_github, provider_of

_NAME = "llm"
_KEY = LLM_PREFIX + "API_KEY"
_ONLY_FOR_ALL = ("embedding_model", "embedding_deployment_name", "fallback_llms")
"""What an ``[llm.NAME]`` table cannot say of its own target: the vectors' model, and the route."""

_WAITS = ("retry_min_wait", "retry_max_wait", "retry_multiplier")
_EVERYWHERE = ("num_retries", *_WAITS, "drop_params", "disable_vision")
"""What a variable says of the models of all tables that do not say it themselves."""

_ORIGINS: Mapping[str, tuple[str, ...]] = {
    "endpoint": ("base_url", "custom_llm_provider", "model"),
    "model": ("model",),
    "fallback_max_attempts": ("num_retries",),
    "fallback_max_wait": ("retry_max_wait", "retry_min_wait", "retry_multiplier", "num_retries"),
    "attempt_timeout": ("timeout",),
    "adapt": ("drop_params",),
    "retry_total": ("num_retries",),
    "retry_backoff_factor": ("retry_multiplier",),
    "retry_backoff_min": ("retry_min_wait",),
    "retry_backoff_max": ("retry_max_wait",),
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "max_tokens": ("max_output_tokens",),
    "embedding_model": ("embedding_deployment_name", "embedding_model"),
}
"""Our settings, each with those that it is made of, the first that is set being named."""


_Terms = tuple[Defaults, float | None]


@dataclass(frozen=True, slots=True)
class _Key:
    """A key and where it comes from; ``withheld`` says why one that is there is not used."""

    key: str | None = None
    source: KeySource | None = None
    withheld: str | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The endpoints as they are read, one after the other."""

    environ: Mapping[str, str]
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    sources: dict[str, KeySource] = field(default_factory=dict)

    def add(self, wanted: str, where: Place, key: _Key, terms: _Terms) -> str:
        """Add an endpoint with what is said of it; return the target that asks it."""
        defaults, timeout = terms
        name = wanted.replace("/", "-")
        while name in self.endpoints:
            name += "-"
        endpoint = replace(where.endpoint, name=name, defaults=defaults, timeout=timeout)
        if defaults.text_only:
            known = endpoint.dialect
            endpoint = replace(endpoint, dialect=replace(known, lacks=known.lacks | {"images"}))
        if key.key is not None and key.source is not None:
            credential = AzureKeyCredential(key.key)
            endpoint = replace(endpoint, credential=credential, anonymous=False)
            self.sources[name] = key.source
        elif key.withheld is not None and not self._does_without(endpoint):
            endpoint = replace(endpoint, credential=MissingKey(key.withheld))
        self.endpoints[name] = endpoint
        return f"{name}/{where.model}"

    def _does_without(self, endpoint: Endpoint) -> bool:
        variable = endpoint.key_variable
        has_key = variable is not None and bool(self.environ.get(variable, "").strip())
        # On GitHub it is the GitHub token.
        free = endpoint.on_github or endpoint.anonymous or is_loopback(endpoint.url)
        return has_key or free


def read_llm(
    variables: Mapping[str, str],
    table: Mapping[str, object],
    file: Path | None,
    environ: Mapping[str, str],
) -> Application:
    """Read the variables over the table, as OpenHands does, and the named tables as the route.

    :raises SettingsError: with one line for each wrong value.
    """
    names = names_of({**table, **variables}, _NAME)
    tables = {name: value for name, value in table.items() if _is_route(value, name, names)}
    written = {name: value for name, value in table.items() if name not in tables}
    listed = written.pop("fallback_llms", None)
    first = LlmTable(_NAME, {**written, **variables}, file, frozenset(variables))
    model = first.model()
    where = first.place(model)
    reading = _Reading(environ)
    key = _first_key(where, written, variables, first)
    reading.add(_NAME, where, key, _terms(first, model))
    vectors = _vectors(first, model, where, key, reading)
    beneath = {**written, **{name: variables[name] for name in _EVERYWHERE if name in variables}}
    targets, models = [], [model]
    notes = [*_unused(first, model, where), *_missed(_NAME, written, file)]
    for path, values in _route(tables, listed, file):
        one = LlmTable(path, _merged(beneath, values), file)
        other = one.model()
        place = one.place(other)
        notes += _no_version(one, place) if "api_version" in values else ()
        notes += _no_ollama(one, other) if "ollama_base_url" in values else ()
        notes += _for_all(path, values, written, file)
        notes += _missed(path, values, file)
        key = _other_key(place, written, values, one)
        targets.append(reading.add(path, place, key, _terms(one, other)))
        models.append(other)
    options = _options(models, targets, github=where.endpoint.dialect.is_github)
    return Application(
        endpoint=_NAME,
        model=where.model,
        endpoints=reading.endpoints,
        options=options,
        retries={
            "retry_total": model.tries - 1,
            "retry_backoff_factor": model.retry_multiplier,
            "retry_backoff_min": model.retry_min_wait,
            "retry_backoff_max": model.retry_max_wait,
        },
        call={name: value for name, value in _members(model).items() if value is not None},
        vectors=vectors,
        sources=reading.sources,
        origins=dict(_origins(first, targets, listed, file)),
        notes=tuple(dict.fromkeys(notes)),
        over_files=says_where(variables),
        by_file=file is not None and _origin_of(variables) != where.endpoint.origin,
    )


def _members(model: LlmModel) -> dict[str, object]:
    return {
        "temperature": model.temperature,
        "top_p": model.top_p,
        "max_tokens": model.max_output_tokens or None,
    }


def _terms(table: LlmTable, model: LlmModel) -> _Terms:
    """Return what a table says of calls to its own target, and the timeout of its endpoint."""
    own = table.own
    strictness = {False: "strict", True: "lenient", None: None}
    defaults = Defaults(
        members=_members(model),
        attempt_timeout=max(model.timeout, LEAST_SECONDS) if model.timeout else None,
        chat_body=own.body,
        retries=model.tries - 1,
        waits=Waits(model.retry_multiplier, model.retry_min_wait, model.retry_max_wait),
        adapt=strictness[model.drop_params],
        text_only=bool(model.disable_vision),
    )
    return defaults, own.timeout


def _vectors(
    table: LlmTable, model: LlmModel, chats: Place, key: _Key, reading: _Reading
) -> tuple[str, str] | None:
    """Name the endpoint and the model of the embeddings, if a model is named.

    :raises SettingsError: for a name that is only that of a provider.
    """
    try:
        where = model.place_embeddings(chats)
    except UnplacedError as error:
        part = "embedding_deployment_name" if model.embedding_deployment_name else "embedding_model"
        raise SettingsError(f"{table.origin(part)}: {error}.") from error
    if where is None:
        return None
    if where.endpoint.url == chats.endpoint.url:
        return _NAME, where.model
    # A deployment has its own URL.
    target = reading.add(f"{_NAME}.embeddings", where, key, _terms(table, model))
    return target.partition("/")[0], where.model


def _for_all(
    path: str, values: Mapping[str, object], base: Mapping[str, object], file: Path | None
) -> Iterator[str]:
    """Say what a table says of its own target that can only be said of all."""
    for name in _ONLY_FOR_ALL:
        if name in values and values[name] != base.get(name):
            yield f"{path}.{name} in {file} is not used: that of [llm] holds for all models."


def _missed(path: str, values: Mapping[str, object], file: Path | None) -> Iterator[str]:
    """Say what a table asks of the server that is not passed on."""
    for name in sorted(LLM_MISSED.intersection(values)):
        yield (
            f"{path}.{name} in {file} is not used: it would change answers. What belongs in a "
            'request goes into extra_body of an [endpoints.NAME] or [models."ID"] table of ours.'
        )


def _no_version(table: LlmTable, where: Place) -> Iterator[str]:
    if where.unused is not None:
        yield f"{table.origin('api_version')} is not used: {where.unused}."


def _no_ollama(table: LlmTable, model: LlmModel) -> Iterator[str]:
    if model.ollama_base_url is not None and not model.is_local:
        yield f"{table.origin('ollama_base_url')} is not used: no model of ollama is asked there."


def _unused(table: LlmTable, model: LlmModel, where: Place) -> Iterator[str]:
    """Say what of ``[llm]`` does not count."""
    yield from _no_version(table, where)
    yield from _no_ollama(table, model)
    if model.embedding_model is not None and model.embeddings != model.embedding_model:
        why = (
            "embedding_deployment_name goes before it"
            if model.embedding_deployment_name
            else f"{LOCAL!r} is a model in OpenHands' own process. Name one of the endpoint's"
        )
        yield f"{table.origin('embedding_model')} is not used: {why}."


def _options(models: list[LlmModel], targets: list[str], *, github: bool) -> dict[str, object]:
    """Return the options of the call: attempts and waits for what every target may take."""
    model = models[0]
    options: dict[str, object] = {
        "fallback_max_attempts": sum(one.tries for one in models),
        "fallback_max_wait": max(one.waits for one in models),  # targets wait at the same time
    }
    if targets:
        options["fallback"] = targets
    elif not github:  # the tiers are GitHub's, and say nothing of models elsewhere
        options["fallback"] = None
    if model.timeout:
        options["attempt_timeout"] = max(model.timeout, LEAST_SECONDS)
    if model.drop_params is False:
        options["adapt"] = "strict"
    return options


def _route(
    tables: Mapping[str, Mapping[str, object]], listed: object, file: Path | None
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the tables of the fallback with their paths: those listed, else all in file order."""
    if listed is None:
        yield from ((f"{_NAME}.{name}", value) for name, value in tables.items())
        return
    place = f"{_NAME}.fallback_llms in {file}"
    if not isinstance(listed, list):
        raise SettingsError(f"{place}: is a list of names of [llm.NAME] tables, or of tables.")
    for number, one in enumerate(listed, 1):
        if isinstance(one, Mapping):
            yield f"{_NAME}.{number}", one
        elif isinstance(one, str) and one in tables:
            yield f"{_NAME}.{one}", tables[one]
        else:
            known = ", ".join(tables) or "none"
            raise SettingsError(
                f"{place}: number {number} is not the name of an [llm.NAME] table. Known: {known}."
            )


def _is_route(value: object, name: str, names: tuple[str, ...]) -> TypeGuard[Mapping[str, object]]:
    """Tell whether a member of ``[llm]`` is a table with another model.

    :param names: those of the provider, whose own members may be tables too.
    """
    known = LLM_FIELDS | LLM_IGNORED
    return isinstance(value, Mapping) and name not in known and not is_member(name, value, names)


def _merged(base: Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """Lay a table over ``[llm]``: all that it leaves open, where it is for the same provider."""
    same = "model" not in values or _provider(values, base) == _provider(base, {})
    others = LLM_FIELDS.difference(WHERE) | LLM_IGNORED  # no provider's own members either
    kept = {name: value for name, value in base.items() if same or name in others}
    return {**kept, **values}


def _provider(values: Mapping[str, object], beneath: Mapping[str, object]) -> str | None:
    model, given = values.get("model"), values.get("custom_llm_provider")
    found = provider_of(*(text if isinstance(text, str) else None for text in (model, given)))
    if found == "openai" and isinstance(model, str) and is_github(model):
        return "github"
    other = beneath.get("custom_llm_provider")
    return found or (provider_of(None, other) if isinstance(other, str) else None)


def _first_key(
    where: Place, written: Mapping[str, object], variables: Mapping[str, str], table: LlmTable
) -> _Key:
    """Choose the key that belongs to the origin: the variables' own, or the file's own."""
    origin = where.endpoint.origin
    if "api_key" in variables and _origin_of(variables) == origin:
        return _Key(variables["api_key"].strip(), KeySource("env", _KEY))
    key = _text(written.get("api_key"))
    if key and _origin_of(written) == origin:
        return _Key(key, KeySource("file", f"{_NAME}.api_key in {table.file}"))
    if "api_key" in variables:
        return _Key(
            withheld=f"{_KEY} is not sent to {origin}, which only {table.file} names. Set "
            f"LLM_BASE_URL (or LLM_MODEL, for a provider's own URL) beside it, or api_key in the "
            "file."
        )
    if key:
        return _Key(
            withheld=f"The api_key of [llm] in {table.file} is not sent to {origin}, which only "
            f"the environment names. Set {_KEY} beside LLM_BASE_URL or LLM_MODEL."
        )
    return _Key()


def _other_key(
    where: Place, base: Mapping[str, object], values: Mapping[str, object], table: LlmTable
) -> _Key:
    """Choose the key of a fallback: its own, or that of ``[llm]`` where the origin is the same."""
    own = _text(values.get("api_key"))
    if own:
        return _Key(own, KeySource("file", f"{table.path}.api_key in {table.file}"))
    key = _text(base.get("api_key"))
    if key and _origin_of(base) == where.endpoint.origin:
        return _Key(key, KeySource("file", f"{_NAME}.api_key in {table.file}"))
    if key:
        return _Key(
            withheld=f"[{table.path}] in {table.file} has no api_key, and the one of [llm] belongs "
            f"to another server than {where.endpoint.origin}."
        )
    return _Key()


def _origin_of(values: Mapping[str, object]) -> str | None:
    """Give the origin that these values alone lead to; ``None`` where they tell none."""
    texts = {name: text for name in ("model", *WHERE) if (text := _text(values.get(name)))}
    if "base_url" in texts:
        texts.setdefault("model", "any")  # the URL says the origin, whichever model is asked
    try:
        return LlmModel.model_validate(texts).place().endpoint.origin
    except UnplacedError:
        return None


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _origins(
    first: LlmTable, targets: list[str], listed: object, file: Path | None
) -> Iterator[tuple[str, str]]:
    for name, parts in _ORIGINS.items():
        given = (part for part in parts if _text(str(first.values.get(part, ""))))
        part = next(given, None)
        yield name, first.origin(part) if part else "the default of OpenHands"
    if targets:
        yield "fallback", f"{'fallback_llms' if listed is not None else '[llm.NAME]'} in {file}"
    else:
        yield "fallback", "no [llm.NAME] table"
