"""``plan``: who would answer a request, and why not the others; nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._connect import Connection
from ._console import Console, JsonValue
from ._errors import FAILED, OK, WrongUsageError, console_of, guarded
from ._options import (
    AllowRetired,
    CopilotPlan,
    Debug,
    Demo,
    EndpointName,
    Fallback,
    Json,
    Model,
)
from ._prompt import read_prompt

if TYPE_CHECKING:
    from ..policies import RoutePlan
    from ..trail import Skip

EXAMPLES = """\b
Examples:
  github-models plan -m openai/gpt-4.1 --allow-retired
  github-models plan -m openai/gpt-4.1 --tools --input-tokens 10000 --demo
  github-models plan -m gpt-4o --fallback ollama/llama3.2 --image
  github-models plan --demo --fallback ollama/llama3.2 --tools --forced
  github-models plan -m auto:coding --plan pro --json
"""

_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
_WAVE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="
_SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}

_TOOL = {
    "type": "function",
    "function": {"name": "tool", "parameters": {"type": "object", "properties": {}}},
}


@guarded
def plan(
    ctx: typer.Context,
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="The question; '-' reads stdin.")
    ] = None,
    model: Model = None,
    tools: Annotated[bool, typer.Option("--tools", help="Pretend that tools are offered.")] = False,
    parallel: Annotated[
        bool, typer.Option("--parallel", help="Pretend that several tools can be called at once.")
    ] = False,
    forced: Annotated[
        bool, typer.Option("--forced", help="Pretend that a tool has to be called.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Pretend that a JSON schema is asked for.")
    ] = False,
    image: Annotated[bool, typer.Option("--image", help="Pretend that an image is shown.")] = False,
    audio: Annotated[bool, typer.Option("--audio", help="Pretend that audio is played.")] = False,
    reasoning: Annotated[
        bool, typer.Option("--reasoning", help="Pretend that a reasoning_effort is asked for.")
    ] = False,
    input_tokens: Annotated[
        int | None,
        typer.Option("--input-tokens", min=1, help="Pretend that the prompt has this many tokens."),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", "--output-tokens", min=1, help="The most tokens to write."),
    ] = None,
    fallback: Fallback = None,
    copilot_plan: CopilotPlan = None,
    endpoint: EndpointName = None,
    allow_retired: AllowRetired = False,
    demo: Demo = False,
    as_json: Json = False,
    debug: Debug = False,
) -> int:
    """Show which target would answer, and why the others would not.

    Nothing is sent and no token is needed. Exits with 1 if no target could answer.
    """
    console = console_of(ctx)
    if prompt is not None and input_tokens is not None:
        raise WrongUsageError("Give either PROMPT or --input-tokens, not both.")
    connection = Connection(
        model=model,
        endpoint=endpoint,
        fallback=tuple(fallback or ()),
        plan=copilot_plan.value if copilot_plan is not None else None,
        demo=demo,
        allow_retired=allow_retired,
    )
    text = "Hello" if prompt is None else read_prompt(prompt, None)
    content = _content(text, input_tokens, image=image, audio=audio)
    request: dict[str, Any] = {"messages": [{"role": "user", "content": content}]}
    if tools or parallel or forced:
        request["tools"] = [_TOOL]
    if forced:
        request["tool_choice"] = "required"
    if schema:
        request["response_format"] = _schema()
    if max_tokens is not None:
        request["max_tokens"] = max_tokens
    # What the SDK has no keyword for.
    extras = {"parallel_tool_calls": parallel or None, "reasoning_effort": "medium" * reasoning}
    request["model_extras"] = {name: value for name, value in extras.items() if value}
    with connection.client() as client:
        route = client.plan_route(**request)
    if as_json:
        console.json(_as_json(route))
    else:
        _show(console, route)
    return OK if route.targets or route.later else FAILED


def _content(prompt: str, input_tokens: int | None, *, image: bool, audio: bool) -> Any:
    from .._core.route.needs import MESSAGE_OVERHEAD

    if input_tokens is not None:  # by the estimate's own rule, four characters make a token
        prompt = "tok " * max(0, input_tokens - MESSAGE_OVERHEAD)
    parts: list[dict[str, Any]] = []
    if image:
        parts.append({"type": "image_url", "image_url": {"url": _PIXEL}})
    if audio:
        parts.append({"type": "input_audio", "input_audio": {"data": _WAVE, "format": "wav"}})
    return [{"type": "text", "text": prompt}, *parts] if parts else prompt


def _schema() -> Any:
    from azure.ai.inference.models import JsonSchemaFormat

    return JsonSchemaFormat(name="answer", schema=_SCHEMA, strict=True)


def _show(console: Console, route: RoutePlan) -> None:
    console.out(f"requested {route.requested}, about {route.input_tokens:,} input tokens")
    if route.targets:
        console.out("would be asked, in this order", style="bold")
        for number, target in enumerate(route.targets, 1):
            console.out(f"  {number:2}. {target}")
    else:
        when = " at once" if route.later else ""
        console.out(f"no target would be asked{when}", style="bold")
    for title, skips in (
        ("only later, or as a last resort", route.later),
        ("not asked", route.skipped),
    ):
        if skips:
            console.out(title, style="bold")
        for skip in skips:
            console.out(f"  {skip.target}: {skip.reason}")


def _as_json(route: RoutePlan) -> JsonValue:
    return {
        "requested": route.requested,
        "input_tokens": route.input_tokens,
        "targets": list(route.targets),
        "later": [_skip(skip) for skip in route.later],
        "skipped": [_skip(skip) for skip in route.skipped],
    }


def _skip(skip: Skip) -> JsonValue:
    return {"target": skip.target, "reason": skip.reason}
