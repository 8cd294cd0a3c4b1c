"""What all strict servers share: the rules in their order, what to say, failures on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.dialects import servers_rules as rules
from tests.dialects.servers_answers import Call, Manner, Said, error_events, streamed, whole
from tests.dialects.servers_http import Break, LoopbackServer, Reply, Request, as_json


@dataclass(frozen=True)
class Provider:
    """The rules table of one provider.

    ``checks`` stand before every path, ``chat`` before chat completions; ``failure`` makes its
    answer of a status that a test asks for.
    """

    name: str
    base: str
    failure: Callable[[int], Reply]
    checks: tuple[rules.Rule, ...] = ()
    chat: tuple[rules.Rule, ...] = ()
    manner: Manner = field(default_factory=Manner)
    embeds: bool = True
    lost: Any = None


@dataclass
class _Failure:
    kind: int | Break
    times: int
    late: bool


class StrictServer(LoopbackServer):
    """One provider on loopback, with what it is to say."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(self._reply)
        self.provider = provider
        self.text = f"Hello from {provider.name}"
        self._calls: list[tuple[str, str]] = []
        self._failures: list[_Failure] = []
        self._made = 0

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.provider.name

    @property
    def url(self) -> str:
        """The base URL, as a client takes it."""
        return super().url + self.provider.base

    @property
    def bodies(self) -> list[Any]:
        """The parsed bodies of all requests, oldest first."""
        return [request.body for request in self.journal]

    def answer_text(self, text: str) -> None:
        """Say a text from now on."""
        self.text = text
        self._calls.clear()

    def answer_tool_call(self, name: str, **arguments: Any) -> None:
        """Call a tool where some are offered; said twice, two calls come side by side.

        Once the results are there, the answer is a text that contains them.
        """
        self._calls.append((name, json.dumps(arguments)))

    def fail(self, kind: int | Break, times: int = 1, *, late: bool = False) -> None:
        """Fail the next requests with a status, or break their connections.

        :param late: after the answer has begun: an error inside a stream, or in a body of a 200.
        """
        self._failures.append(_Failure(kind, times, late))

    def recover(self) -> None:
        """Fail no more, and forget what was asked."""
        with self._lock:
            self._failures.clear()
        self.journal.clear()

    def _reply(self, request: Request) -> Reply:
        failure = self._next_failure()
        if failure is not None and not (failure.late or isinstance(failure.kind, Break)):
            assert isinstance(failure.kind, int)
            return self.provider.failure(failure.kind)
        checks = self.provider.checks
        if request.path.endswith("/chat/completions"):
            checks += self.provider.chat
        refusal = rules.chosen(*checks)(request)
        if refusal is not None:
            return refusal
        reply = self._answer(request, failure)
        broken = failure.kind if failure and isinstance(failure.kind, Break) else None
        return replace(reply, broken=broken)

    def _next_failure(self) -> _Failure | None:
        with self._lock:
            if not self._failures:
                return None
            failure = self._failures[0]
            failure.times -= 1
            if not failure.times:
                del self._failures[0]
            return failure

    def _answer(self, request: Request, failure: _Failure | None) -> Reply:
        body, provider = request.body, self.provider
        path = request.path.removeprefix(provider.base)
        if path == "/models":
            return as_json({"object": "list", "data": [{"id": "m", "object": "model"}]})
        if path == "/embeddings" and provider.embeds:
            return _embeddings(body)
        if path != "/chat/completions" or request.method != "POST":
            return as_json(provider.lost or {"error": {"message": f"no {path} here"}}, 404)
        model, stream = body.get("model") or "m", body.get("stream") is True
        if failure is not None and failure.late:
            assert isinstance(failure.kind, int)
            error = json.loads(provider.failure(failure.kind).content)["error"]
            if stream:
                return error_events(provider.manner, model, error)
            return as_json({"error": error}, 200)
        said = self._said(body)
        if not stream:
            return whole(provider.manner, model, said)
        usage = (body.get("stream_options") or {}).get("include_usage") is True
        return streamed(provider.manner, model, said, usage=usage)

    def _said(self, body: Mapping[str, Any]) -> Said:
        results = _results(body.get("messages") or [])
        if results:
            return Said(f"{self.text}: {', '.join(results)}")
        offered = [tool["function"]["name"] for tool in body.get("tools") or []]
        calls = self._calls if offered else []
        if self.provider.manner.heeds_tool_choice:
            choice = body.get("tool_choice")
            if choice == "none":
                calls = []
            elif isinstance(choice, dict):
                name = choice["function"]["name"]
                calls = [call for call in calls if call[0] == name] or [(name, "{}")]
            elif choice in ("required", "any") and offered and not calls:
                calls = [(offered[0], "{}")]
        if not calls:
            return Said(self.text)
        return Said(None, tuple(self._made_call(*call) for call in calls))

    def _made_call(self, name: str, arguments: str) -> Call:
        with self._lock:
            self._made += 1
            return Call(self.provider.manner.call_id.format(self._made), name, arguments)


def _results(messages: list[Any]) -> list[str]:
    """The results of tools at the end of a conversation."""
    found: list[str] = []
    for message in reversed(messages):
        if message.get("role") != "tool":
            break
        found.insert(0, str(message.get("content")))
    return found


def _embeddings(body: Mapping[str, Any]) -> Reply:
    given = body.get("input")
    texts = given if isinstance(given, list) else [given]
    data = [
        {"object": "embedding", "index": index, "embedding": [float(len(str(text))), 1.0]}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return as_json({"object": "list", "model": body.get("model"), "data": data, "usage": usage})
