"""One question and its answer, whole or as it comes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ..trail import Trail, trail_as_json, trail_of
from ._console import Console, JsonValue, Waiting

if TYPE_CHECKING:
    from .. import ChatCompletionsClient

_CUT = {
    "length": "the answer was cut: the limit of output tokens was reached",
    "content_filter": "the answer was cut by the content filter",
}


class Exchange:
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

    @property
    def trails(self) -> tuple[Trail, ...]:
        """The trail of each request that was answered."""
        return () if self.trail is None else (self.trail,)

    def complete(self) -> dict[str, JsonValue]:
        """Show the answer once it is complete, and return it with all that is known of it."""
        with self._console.waiting("waiting for the answer"):
            answer = self._client.complete(**self._request)
        self.trail = trail_of(answer)
        self._tell_origin()
        choice = answer.choices[0] if answer.choices else None
        content = choice.message.content if choice is not None else None
        finish = word_of(choice.finish_reason) if choice is not None else None
        if content and not self._quiet:
            self._console.out(content, end="" if content.endswith("\n") else "\n")
        self._tell_end(content, finish)
        calls = (choice.message.tool_calls if choice is not None else None) or []
        usage = answer.usage.as_dict() if answer.usage is not None else None
        return self._summary(
            content, answer.model, finish, usage, [call.as_dict() for call in calls]
        )

    def stream(self) -> dict[str, JsonValue]:
        """Show the answer as it comes, and return the same."""
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
                    finish = word_of(choice.finish_reason) or finish
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
                f"note: {self.trail.served_by} answers instead of {self.trail.requested}.",
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
        told = {} if self.trail is None else trail_as_json(self.trail)
        steps, used = told.pop("events", []), told.pop("usage", None)
        summary: dict[str, JsonValue] = {
            "content": content,
            "model": model,
            "served_by": None,
            "requested": None,
            "emulated": False,
            **told,
            "finish_reason": finish,
            "usage": usage,
        }
        if isinstance(used, dict) and used["estimated"]:  # beside the answer's own, never as it
            summary["estimated_usage"] = used
        if calls:
            summary["tool_calls"] = calls
        return {**summary, "trail": steps}


def word_of(reason: object) -> str | None:
    """Return a finish reason as text."""
    return str(getattr(reason, "value", reason)) if reason is not None else None
