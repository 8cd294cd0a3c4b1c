"""A migration as Python for the ``openai`` package; no secret is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..credentials.keys import KEYRING_SERVICE, entry_at, read_key
from ._console import wrap
from ._migration import Client, Migration, Step

CHANGES = (
    ("client.complete(messages=[...])", "complete([...]), below"),
    ('SystemMessage("..."), UserMessage("...")', '{"role": "system", "content": "..."} ...'),
    ("any object of azure.ai.inference.models", "a dict: what its as_dict() gives"),
    ("tools=[ChatCompletionsToolDefinition(...)]", 'tools=[{"type": "function", ...}]'),
    ('response_format="json_object"', 'response_format={"type": "json_object"}'),
    ("model_extras={...}", "extra_body={...}"),
    ("max_tokens=", "max_completion_tokens= with gpt-5 and the o-series"),
    ("timeout= of the whole call", "timeout= of each attempt"),
    ("HttpResponseError", "APIStatusError; 429 is RateLimitError"),
    ("EmbeddingsClient(...).embed(input=...)", "client.embeddings.create(model=..., input=...)"),
)
"""What is written otherwise, on the left for ``azure-ai-inference``."""

_WIDTH = 96
_TEMPLATE = """\
# None of these can be asked any more. Use a service of your own, such as Foundry, instead:
client = {kind}(
    base_url="https://YOUR-RESOURCE.services.ai.azure.com/openai/v1",
    api_key=os.environ["AZURE_AI_KEY"],
)
ROUTE = [(client, "YOUR-DEPLOYMENT")]
"""
_LOOP = '''\
{define} complete(messages, **options):
    """Ask each target in turn; if none answers, raise the last error."""
    failed = None
    for client, model in ROUTE:
        try:
            return {wait}client.chat.completions.create(model=model, messages=messages, **options)
        except (APIConnectionError, RateLimitError) as error:
            failed = error
        except APIStatusError as error:
            if error.status_code in (400, 422):  # the request is wrong, for others as well
                raise
            failed = error
    raise failed
'''
_MAIN = """\
if __name__ == "__main__":
    answer = complete([{"role": "user", "content": "Hello"}])
    print(answer.choices[0].message.content)
"""
_ASYNC_MAIN = """\
async def main():
    answer = await complete([{"role": "user", "content": "Hello"}])
    print(answer.choices[0].message.content)


if __name__ == "__main__":
    asyncio.run(main())
"""
_ASYNC_ENTRA_MAIN = _ASYNC_MAIN.replace(
    """\
    answer = await complete([{"role": "user", "content": "Hello"}])
    print(""",
    """\
    async with credential:
        answer = await complete([{"role": "user", "content": "Hello"}])
    print(""",
)


def code_of(migration: Migration, *, is_async: bool) -> str:
    """Write the migration as a Python module that compiles and runs as it is."""
    prefix = "Async" if is_async else ""
    blocks = ["\n".join(_head(migration))]
    blocks.append("\n".join(_imports(migration, is_async=is_async)))
    blocks += ["\n".join(_told(text)) for text in _losses(migration)]
    has_entra = any(client.source.kind == "entra" for client in migration.clients)
    if has_entra:
        blocks.append("credential = DefaultAzureCredential()")
    for client in migration.clients:
        blocks.append("\n".join(_client(migration, client, prefix)))
    if migration.steps:
        blocks.append("\n".join(_route(migration.steps)))
    else:
        blocks.append(_TEMPLATE.format(kind=f"{prefix}OpenAI").rstrip())
    words = {"define": "async def", "wait": "await "} if is_async else {"define": "def", "wait": ""}
    main = _MAIN
    if is_async:
        main = _ASYNC_ENTRA_MAIN if has_entra else _ASYNC_MAIN
    blocks = ["\n\n".join(blocks), _LOOP.format(**words).rstrip(), main.rstrip()]
    return "\n\n\n".join(blocks)


def packages_of(migration: Migration) -> tuple[str, ...]:
    """Name what has to be installed for the code."""
    kinds = {client.source.kind for client in migration.clients}
    wanted = ["openai>=1.106" if "entra" in kinds else "openai"]
    wanted += ["azure-identity"] if "entra" in kinds else []
    return tuple(wanted + (["keyring"] if "keyring" in kinds else []))


def variables_of(migration: Migration) -> tuple[str, ...]:
    """Name the environment variables that the code reads."""
    names = (name for client in migration.clients for name in client.variables)
    return tuple(dict.fromkeys(names))


def kind_of(client: Client) -> str:
    """Name the class of the ``openai`` package that fits an endpoint."""
    return "AzureOpenAI" if client.deployment is not None else "OpenAI"


def _head(migration: Migration) -> Iterator[str]:
    yield "# The settings of github-models, written for the openai package."
    packages = " ".join(f'"{name}"' if ">" in name else name for name in packages_of(migration))
    yield f"# Needs: pip install {packages}"
    if variables := variables_of(migration):
        yield from _told(f"Reads: {', '.join(variables)}")
    yield "#"
    for before, after in CHANGES:
        yield f"# {before:44} -> {after}"
    yield "#"
    yield from _told(
        "What is left behind: fitting requests to each server and repairing refused ones, "
        "waits and cooldowns, tiers and their limits, checks of forced tool calls, the trail."
    )


def _imports(migration: Migration, *, is_async: bool) -> Iterator[str]:
    prefix, aio = ("Async", ".aio") if is_async else ("", "")
    kinds = {client.source.kind for client in migration.clients}
    yield from ["import asyncio"] if is_async else []
    yield from ["import os", ""]
    if "keyring" in kinds:
        yield "import keyring"
    if "entra" in kinds:
        yield f"from azure.identity{aio} import DefaultAzureCredential, get_bearer_token_provider"
    used = {f"{prefix}{kind_of(client)}" for client in migration.clients} or {f"{prefix}OpenAI"}
    names = sorted({*used, "APIConnectionError", "APIStatusError", "RateLimitError"})
    yield f"from openai import {', '.join(names)}"


def _losses(migration: Migration) -> Iterator[str]:
    """Tell of the lost targets, those with one reason together."""
    found: dict[tuple[str, bool], list[str]] = {}
    for lost in migration.lost:
        found.setdefault((lost.reason, lost.for_good), []).append(lost.target)
    for (reason, for_good), targets in found.items():
        shown = ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if targets[3:] else "")
        verb = "is" if len(targets) == 1 else "are"
        end = ". Nothing replaces it." if for_good else "."
        yield f"{shown} {verb} left out: {reason}{end}"


def _client(migration: Migration, client: Client, prefix: str) -> Iterator[str]:
    told = " ".join((f"{client.name}: dialect {client.endpoint.dialect}.", *client.notes))
    yield from _told(told)
    yield f"{client.variable} = {prefix}{kind_of(client)}("
    yield from _address(client)
    yield from _signature(client)
    if migration.timeout is not None:
        yield f"    timeout={migration.timeout:g},"
    if len(migration.steps) > 1:
        yield "    max_retries=0,  # the next target is asked instead"
    yield ")"


def _address(client: Client) -> Iterator[str]:
    query = {name: _variable(client.placeholder(name)) for name in client.query}
    if client.deployment is not None:
        base, deployment = client.deployment
        yield f"    azure_endpoint={_text(base)},"
        yield f"    azure_deployment={_text(deployment)},"
        yield f"    api_version={_text(client.api_version or '')},"
    else:
        yield f"    base_url={_text(client.endpoint.base_url())},"
        if client.api_version is not None:
            query = {"api-version": _text(client.api_version), **query}
    yield from _mapping("default_query", query)


def _signature(client: Client) -> Iterator[str]:
    key, auth = _key(client), client.endpoint.dialect.auth
    headers = {name: _variable(client.placeholder(name)) for name in client.endpoint.headers}
    is_key = client.source.kind in ("env", "keyring")
    if client.source.kind == "entra" and client.deployment is not None:
        yield f"    azure_ad_token_provider={key},"
    else:
        yield f"    api_key={key},"
    if is_key and auth not in ("bearer", "both") and client.deployment is None:
        headers = {auth: key, **headers}
    yield from _mapping("default_headers", headers)


def _key(client: Client) -> str:
    source = client.source
    if source.kind == "env":
        return _variable(source.name, optional=client.optional)
    if source.kind == "keyring":
        stored = entry_at(source.name, client.endpoint.origin)
        entry = source.name if read_key(stored) is None else stored
        return f"keyring.get_password({_text(KEYRING_SERVICE)}, {_text(entry)})"
    if source.kind == "entra":
        scope = _text(client.endpoint.dialect.scope or "")
        return f"get_bearer_token_provider(credential, {scope})"
    return _text("none")


def _route(steps: tuple[Step, ...]) -> Iterator[str]:
    yield "ROUTE = ["
    for step in steps:
        model = _text(step.model if step.model is not None else "YOUR-MODEL")
        notes = [] if step.model is not None else ["the settings name none"]
        notes += [f"takes {step.limit}"] if step.limit is not None else []
        comment = f"  # {'; '.join(notes)}" if notes else ""
        yield f"    ({step.client.variable}, {model}),{comment}"
    yield "]"


def _variable(name: str, *, optional: bool = False) -> str:
    return f'os.environ.get({_text(name)}, "none")' if optional else f"os.environ[{_text(name)}]"


def _mapping(name: str, values: dict[str, str]) -> Iterator[str]:
    if values:
        yield f"    {name}={{"
        yield from (f"        {_text(key)}: {value}," for key, value in values.items())
        yield "    },"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)


def _told(text: str) -> Iterator[str]:
    """Yield a text as lines of a comment, whatever is in it."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    for line in wrap("", shown, width=_WIDTH):
        yield f"# {line}"
