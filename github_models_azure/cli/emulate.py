"""``emulate``: GitHub Models on this machine, for code that expects it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from ..registry import Plan
from ._console import Console
from ._errors import (
    CommandFailedError,
    WrongUsageError,
    console_of,
    guarded,
    why_not_bound,
)
from ._options import Debug, Json

EXAMPLES = """\b
Examples:
  github-models emulate
  github-models emulate --port 0 --json
  github-models emulate --plan pro
  github-models emulate --retired 410
  github-models emulate --strict-api-version
  github-models emulate --bare-names

\b
Then, in another terminal:
  export GITHUB_MODELS_ENDPOINT=http://127.0.0.1:8080/inference
  export GITHUB_MODELS_API_KEY=anything
  github-models chat "Hello"
"""


class RetiredMode(str, Enum):
    """How the service answers at, or after, its end."""

    GONE = "410"
    SUNSET = "403-sunset"
    DEPRECATED = "deprecated"


@guarded
def emulate(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; only this machine is allowed.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 8080,
    plan: Annotated[
        Plan, typer.Option("--plan", help="The Copilot plan whose quotas apply.")
    ] = Plan.FREE,
    retired: Annotated[
        RetiredMode | None,
        typer.Option("--retired", help="Answer as the service did when it ended."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict-api-version",
            help="Also serve /openai/v1 as Foundry does, where any api-version is refused.",
        ),
    ] = False,
    bare_names: Annotated[
        bool,
        typer.Option(
            "--bare-names",
            help="Take gpt-4o for openai/gpt-4o on the new paths, which refused it at times.",
        ),
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Serve an emulated GitHub Models until Ctrl-C.

    It listens on this machine only. Answers are made up; paths, errors, headers, quotas and streams
    are like the service's own.
    """
    console = console_of(ctx)
    from ..server.emulator import EmulatorSettings, serve

    def announce(url: str) -> None:
        _announce(console, url, plan, retired, strict=strict, as_json=as_json)

    try:
        serve(
            host,
            port,
            plan=plan.value,
            retired=retired.value if retired is not None else None,
            strict_api_version=strict,
            settings=EmulatorSettings(bare_names="resolve") if bare_names else None,
            on_ready=announce,
        )
    except KeyboardInterrupt:
        pass
    except ValueError as error:  # the host is another machine's
        raise WrongUsageError(str(error)) from error
    except OSError as error:
        raise CommandFailedError(why_not_bound(host, port, error)) from error
    console.note("The emulator has stopped.")


def _announce(
    console: Console,
    url: str,
    plan: Plan,
    retired: RetiredMode | None,
    *,
    strict: bool,
    as_json: bool,
) -> None:
    inference, foundry = f"{url}/inference", f"{url}/openai/v1" if strict else None
    if as_json:
        urls = {"inference_url": inference, "legacy_url": url, "openai_v1_url": foundry}
        console.json({**urls, "plan": plan}, indent=None)
    state = f"plan {plan.value}" + (f", retired: {retired.value}" if retired is not None else "")
    console.note(f"GitHub Models, emulated ({state}): answers are made up. Ctrl-C stops.")
    console.note(f"  models.github.ai/inference      {inference}")
    console.note(f"  models.inference.ai.azure.com   {url}")
    if foundry is not None:
        console.note(f"  a Foundry resource's /openai/v1  {foundry}")
    console.note("To point a client of this package at it:")
    console.note(f"  export GITHUB_MODELS_ENDPOINT={inference}", style="bold")
    console.note("  export GITHUB_MODELS_API_KEY=anything", style="bold")
