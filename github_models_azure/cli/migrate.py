"""``migrate``: what the present settings come to with the ``openai`` package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._console import JsonValue, plain
from ._errors import FAILED, OK, console_of, guarded
from ._options import Debug, EndpointName, Json, Model

if TYPE_CHECKING:
    from ._migration import Client, Migration

EXAMPLES = """\b
Examples:
  github-models migrate
  github-models migrate --async > asking.py
  github-models migrate -m gpt-4o --endpoint foundry
  github-models migrate --json | jq -r .code
"""


@guarded
def migrate(
    ctx: typer.Context,
    model: Model = None,
    endpoint: EndpointName = None,
    is_async: Annotated[bool, typer.Option("--async", help="Use the async clients.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Print the settings as code for the openai package.

    A client for your endpoint and each target of the fallback, and a loop over them. Keys appear
    only as names of variables. Exits with 1 if no target can be asked any more.
    """
    from ..settings.load import load_settings
    from ._connect import chosen_model
    from ._migration import migration_of, other_models
    from ._openai_code import code_of

    console = console_of(ctx)
    settings = load_settings(decided=endpoint is not None)
    migration = migration_of(settings, endpoint, model)
    code = code_of(migration, is_async=is_async)
    if as_json:
        console.json(_as_json(migration, code))
    else:
        console.out(code)
    if other_models(settings, chosen_model(model, settings, migration.own)):
        console.note("note: the fallback of other models is shown with --model.", style="dim")
    if migration.steps:
        return OK
    console.fail(
        "No target of these settings can be asked any more; the code has a place for a service "
        "of your own. 'github-models doctor' shows each endpoint."
    )
    return FAILED


def _as_json(migration: Migration, code: str) -> JsonValue:
    from ._openai_code import CHANGES, packages_of, variables_of

    return {
        "packages": plain(packages_of(migration)),
        "variables": plain(variables_of(migration)),
        "clients": [_client(client) for client in migration.clients],
        "route": [
            {"client": step.client.name, "model": step.model, "limit": step.limit}
            for step in migration.steps
        ],
        "lost": [
            {"target": lost.target, "reason": lost.reason, "for_good": lost.for_good}
            for lost in migration.lost
        ],
        "changes": [{"from": before, "to": after} for before, after in CHANGES],
        "code": code,
    }


def _client(client: Client) -> JsonValue:
    from ._openai_code import kind_of

    dialect = client.endpoint.dialect
    return {
        "name": client.name,
        "class": kind_of(client),
        "base_url": client.endpoint.base_url(),
        "dialect": dialect.name,
        "api_version": client.api_version,
        "key": {"from": client.source.kind, "name": client.source.name or None},
        "scope": dialect.scope if client.source.kind == "entra" else None,
        "headers": plain(tuple(client.endpoint.headers)),
        "notes": plain(client.notes),
    }
