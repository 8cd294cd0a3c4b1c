"""``serve``: the gateway, for programs that speak OpenAI's API and cannot change."""

from __future__ import annotations

from typing import Annotated

import typer

from ..exceptions import SettingsError
from ._connect import Connection
from ._console import Console
from ._errors import (
    CommandFailedError,
    WrongUsageError,
    console_of,
    guarded,
    why_not_bound,
)
from ._options import (
    AllowRetired,
    CopilotPlan,
    Debug,
    Demo,
    EndpointName,
    Fallback,
    Json,
    Model,
    Token,
)

EXAMPLES = """\b
Examples:
  github-models serve --demo
  github-models serve -m openai/gpt-4.1 --fallback ollama/llama3.2
  github-models serve --endpoint groq --port 8000 --json
  GITHUB_MODELS_GATEWAY_KEY=s3cret github-models serve --host 0.0.0.0

\b
Then, in another terminal:
  export OPENAI_BASE_URL=http://127.0.0.1:4000/v1
  export OPENAI_API_KEY=anything
"""


@guarded
def serve(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; beyond this machine, a key is needed.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes any free one.")
    ] = 4000,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key",
            metavar="KEY",
            help="The key that callers send; can be repeated. Safer as GITHUB_MODELS_GATEWAY_KEY.",
        ),
    ] = None,
    model: Model = None,
    endpoint: EndpointName = None,
    token: Token = None,
    fallback: Fallback = None,
    copilot_plan: CopilotPlan = None,
    allow_retired: AllowRetired = False,
    demo: Demo = False,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=0.001, metavar="SECONDS", help="How long one call can take, in all."
        ),
    ] = 600.0,
    max_body: Annotated[
        int,
        typer.Option("--max-body", min=1, metavar="BYTES", help="The largest body of a request."),
    ] = 20_000_000,
    max_concurrent: Annotated[
        int | None,
        typer.Option("--max-concurrent", min=1, metavar="N", help="The most calls at once."),
    ] = None,
    unread_timeout: Annotated[
        float,
        typer.Option(
            "--unread-timeout",
            min=0.001,
            metavar="SECONDS",
            help="How long a caller can leave an answer unread.",
        ),
    ] = 60.0,
    allow_endpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-endpoint",
            metavar="NAME",
            help="An endpoint that callers can name, as in NAME/MODEL; can be repeated.",
        ),
    ] = None,
    grace: Annotated[
        int,
        typer.Option(
            "--grace", min=0, metavar="SECONDS", help="How long running calls can take at the end."
        ),
    ] = 10,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Serve OpenAI's API until Ctrl-C, with fallback behind it.

    Programs that take a base URL need no other change. It listens on this machine only, unless it
    has a key.
    """
    console = console_of(ctx)
    connection = Connection(
        model=model,
        endpoint=endpoint,
        token=token,
        fallback=tuple(fallback or ()),
        demo=demo,
        plan=copilot_plan.value if copilot_plan is not None else None,
        allow_retired=allow_retired,
    )
    if api_key or token is not None:
        console.warn(
            "other users of this machine can see a key on the command line, and the shell keeps "
            "it. Set GITHUB_MODELS_GATEWAY_KEY, or the endpoint's own variable, instead."
        )
    from ..server.gateway import serve as run
    from ..server.gateway.guard import keys_of

    keys = keys_of(api_key or None)
    place, keywords = connection.arguments()
    console.release_warnings(for_good=True)
    try:
        run(
            place,
            token,
            model=model,
            host=host,
            port=port,
            api_key=keys,
            timeout=timeout,
            max_body=max_body,
            max_concurrent=max_concurrent,
            unread_timeout=unread_timeout,
            allow_endpoints=allow_endpoint or (),
            grace=grace,
            on_ready=lambda url: _announce(console, url, has_key=bool(keys), as_json=as_json),
            **keywords,
        )
    except KeyboardInterrupt:
        pass
    except SettingsError:
        raise
    except ValueError as error:  # the host is open to others, or an option is wrong
        raise WrongUsageError(str(error)) from error
    except OSError as error:
        raise CommandFailedError(why_not_bound(host, port, error)) from error
    console.note("The gateway has stopped.")


def _announce(console: Console, url: str, *, has_key: bool, as_json: bool) -> None:
    v1, inference = f"{url}/v1", f"{url}/inference"
    if as_json:
        console.json({"url": url, "v1_url": v1, "inference_url": inference}, indent=None)
    console.note("The gateway is open. Ctrl-C stops it. Instead of each URL on the left, use:")
    console.note(f"  https://api.openai.com/v1               {v1}")
    console.note(f"  https://models.github.ai/inference      {inference}")
    console.note(f"  https://models.inference.ai.azure.com   {url}")
    console.note("For programs that read their settings from the environment:")
    console.note(f"  export OPENAI_BASE_URL={v1}", style="bold")
    key = "THE_KEY_OF_THE_GATEWAY" if has_key else "anything"
    console.note(f"  export OPENAI_API_KEY={key}", style="bold")
