"""``chat``: ask one question and show the answer as it comes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import typer
from azure.core.exceptions import AzureError

from ..trail import Trail, trail_of
from ._connect import Connection
from ._console import Console, Waiting
from ._errors import console_of, guarded
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
from ._render import JsonValue, trail_events

if TYPE_CHECKING:
    from .. import ChatCompletionsClient

EXAMPLES = """\b
Examples:
  github-models chat --demo "What is the capital of France?"
  github-models chat -m openai/gpt-4.1 --fallback ollama/llama3.2 "Hello"
  github-models chat --endpoint http://localhost:11434/v1 -m llama3.2 "Hello"
  git diff | github-models chat -s "Review this change." --trail
  github-models chat --file question.txt --json | jq -r .content
"""

_CUT = {
    "length": "the answer was cut: the limit of output tokens was reached",
    "content_filter": "the answer was cut by the content filter",
}


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
        typer.Option("--image", metavar="PATH|URL", help="Show an image; may be repeated."),
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
        conversation = _Exchange(console, client, request, quiet=as_json)
        try:
            answer = conversation.stream() if streamed else conversation.complete()
        except AzureError as error:
            if trail:
                _show_trail(console, trail_of(error))
            raise
    if as_json:
        console.json(answer)
    if trail:
        _show_trail(console, conversation.trail)


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


class _Exchange:
    """One question and its answer; with ``quiet`` the text is returned and not shown."""

    def __init__(
        self,
        console: Console,
        client: ChatCompletionsClient,
        request: dict[str, Any],
        *,
        quiet: bool,
    ) -> None:
        self._console, self._client, self._request = console, client, request
        self._quiet = quiet
        self.trail: Trail | None = None

    def complete(self) -> dict[str, JsonValue]:
        with self._console.waiting("waiting for the answer"):
            answer = self._client.complete(**self._request)
        self.trail = trail_of(answer)
        self._tell_origin()
        choice = answer.choices[0] if answer.choices else None
        content = choice.message.content if choice is not None else None
        finish = _word(choice.finish_reason) if choice is not None else None
        if content and not self._quiet:
            self._console.out(content, end="" if content.endswith("\n") else "\n")
        self._tell_end(content, finish)
        calls = (choice.message.tool_calls if choice is not None else None) or []
        usage = answer.usage.as_dict() if answer.usage is not None else None
        return self._summary(
            content, answer.model, finish, usage, [call.as_dict() for call in calls]
        )

    def stream(self) -> dict[str, JsonValue]:
        parts: list[str] = []
        finish: str | None = None
        model: str | None = None
        usage: dict[str, Any] | None = None
        try:
            with (
                self._console.waiting("waiting for the answer") as waiting,
                contextlib.closing(self._client.complete(**self._request, stream=True)) as updates,
            ):
                self.trail = trail_of(updates)
                self._tell_origin()
                for update in updates:
                    model = update.model or model
                    usage = update.usage.as_dict() if update.usage is not None else usage
                    choice = update.choices[0] if update.choices else None
                    if choice is None:
                        continue
                    finish = _word(choice.finish_reason) or finish
                    text = choice.delta.content if choice.delta is not None else None
                    if text:
                        parts.append(text)  # first, so that Ctrl-C ends the line it began
                        self._show(text, waiting)
        finally:
            if parts and not self._quiet and not parts[-1].endswith("\n"):
                self._console.out()
        content = "".join(parts)
        self._tell_end(content, finish)
        self.trail = trail_of(updates) or self.trail
        return self._summary(content, model, finish, usage, [])

    def _show(self, text: str, waiting: Waiting) -> None:
        if not self._quiet:
            waiting.stop()
            self._console.out(text, end="")

    def _tell_origin(self) -> None:
        if self.trail is None:
            return
        if self.trail.emulated:
            self._console.note("note: the answer is emulated; no model was asked.", style="dim")
        if self.trail.fell_back:
            self._console.note(
                f"note: {self.trail.served_by} answers in place of {self.trail.requested}.",
                style="dim",
            )

    def _tell_end(self, content: str | None, finish: str | None) -> None:
        if finish in _CUT:
            self._console.note(f"note: {_CUT[finish]}.", style="yellow")
        elif not content:
            self._console.note(
                f"note: the answer has no text (finish reason: {finish or 'none'}).", style="yellow"
            )

    def _summary(
        self,
        content: str | None,
        model: str | None,
        finish: str | None,
        usage: dict[str, Any] | None,
        calls: list[Any],
    ) -> dict[str, JsonValue]:
        trail = self.trail
        summary: dict[str, JsonValue] = {
            "content": content,
            "model": model,
            "served_by": trail.served_by if trail is not None else None,
            "requested": trail.requested if trail is not None else None,
            "emulated": trail is not None and trail.emulated,
            "finish_reason": finish,
            "usage": usage,
        }
        if calls:
            summary["tool_calls"] = calls
        return {**summary, "trail": trail_events(trail)}


def _word(reason: Any) -> str | None:
    return str(getattr(reason, "value", reason)) if reason is not None else None


def _show_trail(console: Console, trail: Trail | None) -> None:
    console.note(str(trail) if trail is not None else "There is no trail: nothing was asked.")
