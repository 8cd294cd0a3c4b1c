"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from ..registry import Plan
from ._errors import console_of


def _show_debug(ctx: typer.Context, wanted: bool) -> bool:
    if wanted:
        console_of(ctx).debug = True
    return wanted


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        callback=_show_debug,
        is_eager=True,
        help="Show tracebacks and debug messages (also: GITHUB_MODELS_DEBUG=1).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A model id, an alias, auto, auto:coding, or ENDPOINT/MODEL. Left out: the "
        "settings decide, else auto on GitHub Models.",
    ),
]
EndpointName = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        metavar="NAME|URL",
        help="A base URL, a known name (groq, ollama, openai-api, github ...; doctor lists "
        "them), or a name from the settings.",
    ),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", metavar="TOKEN", help="A key or token; it is safer in the environment than here."
    ),
]
Fallback = Annotated[
    list[str] | None,
    typer.Option(
        "--fallback",
        metavar="TARGET",
        help="A target to ask next; can be repeated. 'tier': models of the same tier; 'none': "
        "no other.",
    ),
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=1, help="The most tokens to write.")
]
CopilotPlan = Annotated[
    Plan | None,
    typer.Option("--plan", help="The Copilot plan whose quotas apply; free by default."),
]
AllowRetired = Annotated[
    bool,
    typer.Option(
        "--allow-retired", help="Also ask endpoints and models that are known to be retired."
    ),
]
Demo = Annotated[
    bool, typer.Option("--demo", help="Let an emulator on this machine answer; no token needed.")
]
