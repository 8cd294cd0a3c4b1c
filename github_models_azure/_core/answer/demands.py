"""What a request demands of its answer: a tool call, or a shape; and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..failure.kinds import MALFORMED_ANSWER, TOOL_CHOICE_IGNORED, Failure, FailureKind
from ..route.needs import ANY_CALL
from .stages import AnswerFault, Body

CUT = ("content_filter", "length")
"""Finish reasons of an answer that was stopped: what it would have called is not known."""


def called_tools(message: object) -> Iterable[str]:
    """Yield the names of the tools that a message, or a piece of one, calls."""
    calls = message.get("tool_calls") if isinstance(message, Mapping) else None
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        name = function.get("name") if isinstance(function, Mapping) else None
        if isinstance(name, str) and name:
            yield name


@dataclass(slots=True)
class ForcedCall:
    """The stage that refuses an answer without the tool call that the request demands.

    :param demanded: the tool, :data:`ANY_CALL`, or ``None`` if no call must be made.
    :ivar kept: whether the call has come, or never will because the answer was cut; until then
        nothing in a stream counts as content.
    """

    demanded: str | None
    kept: bool = field(init=False)

    def __post_init__(self) -> None:
        self.kept = self.demanded is None

    def whole(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return a chat completion as it is.

        :raises AnswerFault: if its first choice lacks the call.
        """
        choices = body.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        choice: Mapping[str, object] = first if isinstance(first, Mapping) else {}
        self._read(choice, choice.get("message"), ended=True)
        return body

    def update(self, update: Mapping[str, object]) -> Mapping[str, object]:
        """Return the next update as it is.

        :raises AnswerFault: if a choice ends without the call.
        """
        if not self.kept:
            choices = update.get("choices")
            for choice in choices if isinstance(choices, list) else ():
                if isinstance(choice, Mapping):
                    self._read(choice, choice.get("delta"), ended=bool(choice.get("finish_reason")))
        return update

    def _read(self, choice: Mapping[str, object], said: object, *, ended: bool) -> None:
        if self.kept or self.demanded is None:
            return
        self.kept = choice.get("finish_reason") in CUT or any(
            self.demanded in (ANY_CALL, name) for name in called_tools(said)
        )
        if ended and not self.kept:
            raise AnswerFault(ignored(self.demanded))


def ignored(demanded: str) -> Failure:
    """Return the failure of a server that answered without the demanded call."""
    what = f"a call of {demanded}" if demanded else "a tool call"
    return Failure(
        FailureKind.WRONG_DIALECT,
        status=200,
        code=TOOL_CHOICE_IGNORED,
        message=f"answered without {what}, which tool_choice demands",
    )


def inputs_in(payload: Mapping[str, object]) -> int:
    """Return how many vectors a request for embeddings asks for."""
    given = payload.get("input")
    tokens = isinstance(given, list) and all(isinstance(one, int) for one in given)
    return len(given) if isinstance(given, list) and not tokens else 1


@dataclass(frozen=True, slots=True)
class AllVectors:
    """The stage that refuses fewer vectors than there are inputs.

    :param wanted: how many inputs there are.
    """

    wanted: int

    def whole(self, body: Body) -> Body:
        """Return the embeddings as they are.

        :raises AnswerFault: if some are missing, so that nobody knows which.
        """
        items = body.get("data")
        vectors = [
            item
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, Mapping) and item.get("embedding")
        ]
        if len(vectors) < self.wanted:
            raise AnswerFault(
                Failure(
                    FailureKind.UNAVAILABLE,
                    status=200,
                    code=MALFORMED_ANSWER,
                    message=f"HTTP 200: {len(vectors)} vectors for {self.wanted} inputs",
                )
            )
        return body

    def update(self, update: Body) -> Body:
        """Return an update as it is; embeddings are not streamed."""
        return update


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said: its text, or, if ``forced``, the arguments of the call demanded.

    ``calls`` says that it calls the caller's own tools, so that the answer is still to come.
    """

    text: str = ""
    forced: bool = False
    calls: bool = False
    finish_reason: str | None = None
    refusal: str | None = None


@dataclass(slots=True)
class WantedShape:
    """The stage that makes the content of an answer of what a forced call was given.

    :param tool: the tool whose call was demanded as the answer, ``None`` if none was.
    """

    tool: str | None = None
    _whole: Said | None = None
    _text: list[str] = field(default_factory=list)
    _refusal: list[str] = field(default_factory=list)
    _reason: str | None = None
    _calls: bool = False
    _call: object = None

    @property
    def said(self) -> Said:
        """What the first choice has said so far."""
        if self._whole is not None:
            return self._whole
        text, refusal = "".join(self._text), "".join(self._refusal)
        return Said(text, self._call is not None, self._calls, self._reason, refusal or None)

    def whole(self, body: Body) -> Body:
        """Return a completion whose first choice says the arguments of the forced call."""
        self._whole = said = said_in(body, self.tool)
        return _as_content(body, said.text) if said.forced else body

    def update(self, update: Body) -> Body:
        """Return an update whose first choice says the arguments of the forced call."""
        choices = update.get("choices")
        if not isinstance(choices, list):
            return update
        fitted = [self._choice(choice) for choice in choices]
        if all(one is other for one, other in zip(fitted, choices, strict=True)):
            return update
        return {**update, "choices": fitted}

    def _choice(self, choice: object) -> object:
        if not isinstance(choice, Mapping) or choice.get("index"):
            return choice
        delta = choice.get("delta")
        changes: dict[str, object] = {}
        if isinstance(delta, Mapping):
            fitted = self._delta(delta)
            if fitted is not delta:
                changes["delta"] = fitted
        if isinstance(reason := choice.get("finish_reason"), str):
            self._reason = reason
            if self._call is not None:
                changes["finish_reason"] = "stop"
        return {**choice, **changes} if changes else choice

    def _delta(self, delta: Body) -> Body:
        if delta.get("tool_calls") and self.tool is not None:
            given = {name: value for name, value in delta.items() if name != "tool_calls"}
            delta = {**given, "content": "".join(self._arguments(delta["tool_calls"]))}
        elif delta.get("tool_calls"):
            self._calls = True
        for name, texts in (("content", self._text), ("refusal", self._refusal)):
            if isinstance(text := delta.get(name), str):
                texts.append(text)
        return delta

    def _arguments(self, calls: object) -> Iterable[str]:
        """Yield what the pieces of calls add to the arguments of the forced one."""
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, Mapping) else None
            if not isinstance(function, Mapping):
                continue
            index = call.get("index", 0)
            if self._call is None and function.get("name") == self.tool:
                self._call = index
            arguments = function.get("arguments")
            if index == self._call and isinstance(arguments, str):
                yield arguments


def said_in(completion: object, tool: str | None = None) -> Said:
    """Return what the first choice of a completion says.

    :param tool: the one whose call was demanded as the answer.
    """
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, Mapping):
        return Said()
    message, reason = first.get("message"), first.get("finish_reason")
    if not isinstance(message, Mapping):
        message = {}
    content, refusal = message.get("content"), message.get("refusal")
    forced = list(_given(message, tool))
    text = content if isinstance(content, str) else ""
    return Said(
        forced[0] if forced else text,
        bool(forced),
        tool is None and any(called_tools(message)),
        reason if isinstance(reason, str) else None,
        refusal if isinstance(refusal, str) and refusal else None,
    )


def stopped(said: Said) -> str | None:
    """Say why there is no whole answer if asking again would not help; ``None`` otherwise."""
    if said.refusal:
        return f"the model refused: {said.refusal}"
    if said.finish_reason == "length":
        return "the answer was cut at its limit of tokens; raise max_tokens, or ask for less"
    if said.finish_reason == "content_filter":
        return "the answer was stopped by a content filter"
    return None


def _as_content(completion: Body, text: str) -> Body:
    given = completion.get("choices")
    fitted = list(given) if isinstance(given, list) else []
    first: Body = fitted[0]
    said = first.get("message")
    kept = said.items() if isinstance(said, Mapping) else ()
    message = {name: value for name, value in kept if name != "tool_calls"} | {"content": text}
    fitted[0] = {**first, "message": message, "finish_reason": "stop"}
    return {**completion, "choices": fitted}


def _given(message: Body, tool: str | None) -> Iterable[str]:
    """Yield the arguments of the calls of one tool."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if tool is not None and isinstance(function, Mapping) and function.get("name") == tool:
            arguments = function.get("arguments")
            yield arguments if isinstance(arguments, str) else ""
