"""``models``: which models there are, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.request.extras import shown, without_secrets
from ._connect import known_models
from ._console import Console, JsonValue, plain, table, wrap
from ._errors import CommandFailedError, WrongUsageError, console_of, guarded
from ._options import Debug, Json

if TYPE_CHECKING:
    from ..registry import ModelInfo, ModelRegistry, Quota

EXAMPLES = """\b
Examples:
  github-models models
  github-models models --tier low --capability tools
  github-models models gpt-4.1
  github-models models --for coding
  github-models models --json | jq -r '.[].id'
  github-models models --refresh https://models.example.com/catalog/models

\b
Capabilities: tools, parallel_tool_calls, streaming, json_schema, reasoning,
reasoning_effort, prompt_cache, images, audio, chat, embeddings.
'?' means unknown. In the table, k means a thousand tokens.
"""

_HEAD = ("model", "tier", "in", "out", "tools", "json", "image", "think")
_WIDTHS = (36, 10, 4, 4, 5, 4, 5, 5)
_SHOWN = ("tool_calling", "json_schema", "images", "reasoning")
_LABEL, _VALUE, _ID = 20, 40, 44


@guarded
def models(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="Show everything known about one model, with sources."),
    ] = None,
    tier: Annotated[
        str | None,
        typer.Option("--tier", metavar="TIER", help="low, high, embeddings, custom, or your own."),
    ] = None,
    capability: Annotated[
        list[str] | None,
        typer.Option("--capability", metavar="WORD", help="What it must do; can be repeated."),
    ] = None,
    publisher: Annotated[
        str | None,
        typer.Option("--publisher", metavar="TEXT", help="Part of the publisher's name."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="TASK",
            help="Recommend models: general, coding, reasoning, cheap, multimodal, open-weights, "
            "european, long-context or retrieval, the best first.",
        ),
    ] = None,
    refresh: Annotated[
        str | None,
        typer.Option(
            "--refresh",
            metavar="URL",
            help="First fetch a live catalogue into your cache; no credential is sent.",
        ),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the known models, or show everything about one."""
    console = console_of(ctx)
    if name is not None and (tier or capability or publisher or task):
        raise WrongUsageError("Give either NAME or filters, not both.")
    if refresh is not None:
        _refresh(console, refresh)
    registry = known_models()
    if name is not None:
        _show_one(console, registry, name, as_json=as_json)
        return
    chosen = _chosen(registry, tier, tuple(capability or ()), publisher, task)
    if as_json:
        console.json([_as_json(registry, model) for model in chosen])
        return
    if not chosen:
        raise CommandFailedError("No known model matches these filters.")
    if task is not None:
        for model in chosen:
            for line in wrap(f"{model.id:{_ID}} ", model.purpose or "?"):
                console.out(line)
        return
    today = datetime.now(timezone.utc).date()
    for line in table([_HEAD, *(_row(model, today) for model in chosen)], _WIDTHS):
        console.out(line)


def _refresh(console: Console, url: str) -> None:
    from ..registry.refresh import refresh_catalog

    with console.waiting("fetching the catalogue"):
        report = refresh_catalog(url=url, now=datetime.now(timezone.utc))
    for line in report.skipped:
        console.warn(f"left out: {line}")
    console.note(f"Stored {len(report.models)} models in {report.path}.")


def _chosen(
    registry: ModelRegistry,
    tier: str | None,
    capabilities: tuple[str, ...],
    publisher: str | None,
    task: str | None,
) -> tuple[ModelInfo, ...]:
    try:
        chosen = registry.models(tier)
        if task is not None:
            chosen = tuple(model for model in registry.recommended(task) if model in chosen)
        for word in capabilities:
            chosen = tuple(model for model in chosen if model.supports(word))
    except ValueError as error:  # a word that is no tier, no capability or no task
        raise WrongUsageError(str(error)) from error
    wanted = (publisher or "").strip().lower()
    return tuple(
        model
        for model in chosen
        if wanted in f"{model.publisher}\n{model.id.partition('/')[0]}".lower()
    )


def _row(model: ModelInfo, today: date) -> tuple[str, ...]:
    tier = "?" if model.tier is None else str(model.tier)
    if model.is_retired(today):
        tier += ", gone"
    flags = (_mark(model.supports(word)) for word in _SHOWN)
    limits = (_short(model.max_input_tokens), _short(model.max_output_tokens))
    return (model.id, tier, *limits, *flags)


def _mark(known: bool | None) -> str:
    return "?" if known is None else "yes" if known else "-"


def _short(tokens: int | None) -> str:
    if tokens is None:
        return "?"
    if tokens >= 1_000_000:
        return f"{tokens // 1_000_000}M"
    return f"{tokens // 1000}k" if tokens >= 1000 else str(tokens)


def _show_one(console: Console, registry: ModelRegistry, name: str, *, as_json: bool) -> None:
    from ..registry import UnknownModelError

    try:
        model = registry.get(name)
    except UnknownModelError as error:
        if error.elsewhere is not None:
            raise CommandFailedError(str(error)) from error
        near = f" Did you mean {', '.join(error.suggestions)}?" if error.suggestions else ""
        raise CommandFailedError(
            f"Unknown model {name!r:.80}.{near} 'github-models models' lists the known ones."
        ) from error
    if as_json:
        console.json(_as_json(registry, model))
        return
    console.out(model.id, style="bold")
    alias = registry.alias_of(name)
    if alias is not None:
        console.out(f"  {alias.name} stands for it: {alias.reason}")
    for line in _facts(model):
        console.out(line)
    console.out(
        "quota that GitHub Models had on it, by Copilot plan (tokens: per request)", style="bold"
    )
    for line in _quotas(registry, model):
        console.out(line)


def _facts(model: ModelInfo) -> Iterator[str]:
    numbers: dict[str, int] = {}
    for field in _fields(model):
        value = getattr(model, field)
        if value == {}:  # nothing is said, and nothing is unknown
            continue
        grade, _, source = model.sources.get(field, "").partition(": ")
        if source:
            number = numbers.setdefault(source, len(numbers) + 1)
            grade = f"{grade} [{number}]"
        text = _text(value) or "none"
        if value is None:
            text = "?"
            grade = grade if source else ""
        yield from _cells(field, text, grade)
        yield from _own_grades(model, field, numbers)
    if numbers:
        yield "sources"
    for source, number in numbers.items():
        yield from wrap(f"  [{number}] ", source)


def _own_grades(model: ModelInfo, field: str, numbers: dict[str, int]) -> Iterator[str]:
    """Yield the members of a fact that are known otherwise than the rest of it."""
    for key, known in sorted(model.sources.items()):
        if key.startswith(f"{field}."):
            grade, _, source = known.partition(": ")
            number = numbers.setdefault(source, len(numbers) + 1)
            yield from _cells("", key.partition(".")[2], f"{grade} [{number}]")


def _cells(label: str, text: str, grade: str) -> Iterator[str]:
    first, *more = wrap("", text, width=_VALUE)
    yield f"  {label:{_LABEL}}{first:{_VALUE}} {grade}".rstrip()
    for line in more:
        yield f"  {'':{_LABEL}}{line}"


def _fields(model: ModelInfo) -> tuple[str, ...]:
    from dataclasses import fields

    hidden = {"id", "sources"}
    return tuple(field.name for field in fields(model) if field.name not in hidden)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(shown(name, one) for name, one in value.items())
    known = plain(value)
    return ", ".join(map(str, known)) if isinstance(known, list) else str(known)


def _quotas(registry: ModelRegistry, model: ModelInfo) -> Iterator[str]:
    from ..registry import Plan

    for plan in Plan:
        quota = registry.quota(model, plan)
        if quota is None:
            yield f"  {plan.value:{_LABEL}}?"
        elif not quota.available:
            yield f"  {plan.value:{_LABEL}}not available"
        else:
            yield from wrap(f"  {plan.value:{_LABEL}}", ", ".join(_limits(quota)))


def _limits(quota: Quota) -> Iterator[str]:
    for number, what in (
        (quota.requests_per_minute, "requests a minute"),
        (quota.requests_per_day, "a day"),
        (quota.concurrent_requests, "at once"),
        (quota.input_tokens_per_request, "tokens in"),
        (quota.output_tokens_per_request, "out"),
        (quota.tokens_per_minute, "tokens a minute"),
    ):
        if number is not None:
            yield f"{number:,} {what}"


def _as_json(registry: ModelRegistry, model: ModelInfo) -> JsonValue:
    from dataclasses import asdict

    from ..registry import Plan

    facts: dict[str, JsonValue] = {"id": model.id}
    facts |= {
        field: plain(without_secrets(field, getattr(model, field))) for field in _fields(model)
    }
    quotas = {plan.value: registry.quota(model, plan) for plan in Plan}
    facts["quotas"] = {
        plan: asdict(quota) if quota is not None else None for plan, quota in quotas.items()
    }
    sources: dict[str, JsonValue] = {}
    for field, known in model.sources.items():
        grade, _, source = known.partition(": ")
        sources[field] = {"grade": grade, "source": source}
    facts["sources"] = sources
    return facts
