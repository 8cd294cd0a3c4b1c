"""``chat``: ask one question and show the answer as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from azure.core.exceptions import AzureError

from ..exceptions import ToolCallError
from ..trail import Trail, trail_of
from ._connect import Connection
from ._console import Console
from ._errors import CommandFailedError, console_of, guarded
from ._exchange import Exchange
from ._options import (
    AllowRetired,
    Debug,
    Demo,
    EndpointName,
    Fallback,
    Json,
    MaxTokens,
    Model,
    Token,
)
from ._prompt import image_url, read_prompt
from ._tool_exchange import ToolExchange, load_tools

if TYPE_CHECKING:
    from .. import ChatCompletionsClient
    from ..tools import Tool

EXAMPLES = """\b
Examples:
  github-models chat --demo "What is the capital of France?"
  github-models chat -m openai/gpt-4.1 --fallback ollama/llama3.2 "Hello"
  github-models chat --endpoint http://localhost:11434/v1 -m llama3.2 "Hello"
  git diff | github-models chat -s "Review this change." --trail
  github-models chat --file question.txt --json | jq -r .content
  github-models chat --tool weather:forecast "Will it rain in Oslo?"
"""


@guarded
def chat(
    ctx: typer.Context,
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="PROMPT", help="The question; '-' reads standard input."),
    ] = None,
    model: Model = None,
    system: Annotated[
        str | None, typer.Option("--system", "-s", metavar="TEXT", help="The system message.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="PATH", help="Read the prompt, or more of it, from a file."),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="PATH|URL", help="Show an image; can be repeated."),
    ] = None,
    tool: Annotated[
        list[str] | None,
        typer.Option(
            "--tool",
            metavar="MODULE:FUNCTION",
            help="Let the model call a Python function; the module can be in the working "
            "directory. Can be repeated.",
        ),
    ] = None,
    endpoint: EndpointName = None,
    token: Token = None,
    fallback: Fallback = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Show the answer as it comes; the default, except with --json.",
        ),
    ] = None,
    max_tokens: MaxTokens = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="How freely to choose words, 0 to 2.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0.001,
            metavar="SECONDS",
            help="Give up after this long, all attempts included.",
        ),
    ] = None,
    allow_retired: AllowRetired = False,
    demo: Demo = False,
    trail: Annotated[
        bool, typer.Option("--trail", help="Show on stderr who was asked and who answered.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Ask a question; the answer goes to stdout.

    The prompt is the argument, what is piped in, or a file.
    """
    console = console_of(ctx)
    text = read_prompt(prompt, file)
    request = _request(text, system, tuple(image or ()))
    given = {"max_tokens": max_tokens, "temperature": temperature, "timeout": timeout}
    request |= {name: value for name, value in given.items() if value is not None}
    if token is not None:
        console.warn(
            "other users of this machine can see a token on the command line, and the shell keeps "
            "it. Set GITHUB_TOKEN instead, or GITHUB_MODELS_API_KEY and GITHUB_MODELS_ENDPOINT."
        )
    tools = load_tools(tool or ())
    connection = Connection(
        model=model,
        endpoint=endpoint,
        token=token,
        fallback=tuple(fallback or ()),
        demo=demo,
        allow_retired=allow_retired,
    )
    streamed = stream if stream is not None else not as_json and connection.may_stream()
    with connection.client() as client:
        conversation = _exchange(console, client, request, tools, quiet=as_json)
        try:
            answer = conversation.stream() if streamed else conversation.complete()
        except AzureError as error:
            if trail:
                _show_trail(console, trail_of(error))
            if isinstance(error, ToolCallError):  # its trail is of an answer that came
                raise CommandFailedError(error.message) from error
            raise
    if as_json:
        console.json(answer)
    if trail:
        for one in conversation.trails or (None,):
            _show_trail(console, one)


def _exchange(
    console: Console,
    client: ChatCompletionsClient,
    request: dict[str, Any],
    tools: list[Tool],
    *,
    quiet: bool,
) -> Exchange:
    if tools:
        return ToolExchange(console, client, request, tools, quiet=quiet)
    return Exchange(console, client, request, quiet=quiet)


def _request(prompt: str, system: str | None, images: tuple[str, ...]) -> dict[str, Any]:
    from azure.ai.inference.models import (
        ContentItem,
        ImageContentItem,
        ImageUrl,
        SystemMessage,
        TextContentItem,
        UserMessage,
    )

    content: str | list[ContentItem] = prompt
    if images:
        shown = (ImageContentItem(image_url=ImageUrl(url=image_url(image))) for image in images)
        content = [TextContentItem(text=prompt), *shown]
    messages: list[Any] = [SystemMessage(system)] if system is not None else []
    return {"messages": [*messages, UserMessage(content)]}


def _show_trail(console: Console, trail: Trail | None) -> None:
    console.note(str(trail) if trail is not None else "There is no trail: nothing was asked.")
