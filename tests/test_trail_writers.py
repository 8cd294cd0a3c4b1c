"""Every writer of trails writes all of a trail, also the field that is added tomorrow.

Those of the connectors are held to it beside their own tests.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest

from github_models_azure import Trail, trail
from github_models_azure._core import trail_events
from github_models_azure.trail import attach_trail, trail_as_json, trail_headers
from tests.trail_helpers import EVENTS, PACKAGE, TRAIL, assert_shows_every_field, sample, values


@pytest.mark.parametrize(
    ("write", "left_out", "file"),
    [
        (str, trail.LEFT_OUT_OF_TEXT | trail_events.LEFT_OUT_OF_TEXT, "_core/trail_events.py"),
        (trail_as_json, trail.LEFT_OUT_OF_JSON, "trail.py"),
        (trail_headers, trail.LEFT_OUT_OF_HEADERS, "trail.py"),
    ],
    ids=["text", "JSON", "headers"],
)
def test_a_form_of_the_trail_has_every_field(
    write: Callable[[Trail], object], left_out: Mapping[str, str], file: str
) -> None:
    """The three forms that are shared by all who write trails."""
    assert_shows_every_field(write, left_out, file)


def test_the_json_form_is_json() -> None:
    """No field keeps a trail from being written: neither enums nor failures nor tuples."""
    assert json.loads(json.dumps(trail_as_json(TRAIL))) == trail_as_json(TRAIL)


@pytest.mark.extras
def test_the_headers_of_the_gateway_have_every_field() -> None:
    """They are the shared ones."""
    pytest.importorskip("starlette", reason="the gateway needs the extra server")
    from github_models_azure.server.gateway.exchange import served_headers

    assert_shows_every_field(
        served_headers, trail.LEFT_OUT_OF_HEADERS, "server/gateway/exchange.py"
    )
    assert served_headers(None) == []


@pytest.mark.extras
@pytest.mark.parametrize("streamed", [False, True])
def test_the_json_of_chat_has_every_field(streamed: bool) -> None:
    """The members of the trail stand beside those of the answer."""
    pytest.importorskip("typer", reason="the commands need the extra cli")
    from azure.ai.inference.models import ChatCompletions

    from github_models_azure.cli._console import Console
    from github_models_azure.cli._exchange import Exchange

    class Stream(list[Any]):
        def close(self) -> None:
            """Have nothing to give back."""

    def write(told: Trail) -> object:
        answer: object = Stream() if streamed else ChatCompletions({"choices": []})
        attach_trail(answer, told)
        client: Any = SimpleNamespace(complete=lambda **_: answer)
        exchange = Exchange(Console({}), client, {}, quiet=True)
        return exchange.stream() if streamed else exchange.complete()

    assert_shows_every_field(write, trail.LEFT_OUT_OF_JSON, "cli/_exchange.py")


@pytest.mark.extras
def test_the_json_of_demo_has_every_field() -> None:
    """The line with the trail has all that `chat --json` has of it."""
    pytest.importorskip("typer", reason="the commands need the extra cli")

    from github_models_azure.cli.demo import _Lines

    def write(told: Trail) -> object:
        lines: list[object] = []
        console: Any = SimpleNamespace(json=lambda line, **_: lines.append(line))
        _Lines(console)("trail", number=1, trail=told)
        return lines

    emulated = {"Trail.emulated": "every line of the demonstration is"}
    assert_shows_every_field(write, trail.LEFT_OUT_OF_JSON | emulated, "cli/demo.py")


def test_every_field_of_an_event_is_given() -> None:
    """A field with a default is forgotten without a word where the event is made."""
    makers: dict[str, set[str]] = {owner.__name__: set() for owner in EVENTS}
    given: dict[str, set[str]] = {owner.__name__: set() for owner in EVENTS}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in given:
                owner = next(one for one in EVENTS if one.__name__ == name)
                taken = [one.name for one in fields(owner)]
                makers[name].add(str(file))
                given[name] |= {*taken[: len(node.args)], *(str(k.arg) for k in node.keywords)}
    forgotten = [
        f"{', '.join(sorted(makers[owner.__name__]))} makes {owner.__name__} without {one.name}"
        for owner in EVENTS
        for one in fields(owner)
        if one.name not in given[owner.__name__]
    ]
    assert not forgotten, "\n".join(forgotten)


def test_a_writer_that_lacks_a_field_is_named() -> None:
    """The message says which file to edit, and which field it is about."""

    def write(told: Trail) -> object:
        return [event.target for event in told.events], told.requested, told.served_by

    left_out = {"Skip": "x", "Pause": "x", "Failure": "x", "Adaptation": "x", "Trail.events": "x"}
    with pytest.raises(AssertionError, match=r"some/file\.py does not write Attempt\.started, A"):
        assert_shows_every_field(write, left_out, "some/file.py")


def test_a_reason_for_nothing_is_named() -> None:
    """What a writer shows, or what no trail has, is not left out."""
    for name in ("Attempt.status", "Attempt.unknown"):
        left_out = trail.LEFT_OUT_OF_JSON | {name: "x"}
        with pytest.raises(AssertionError, match=f"says it leaves out {name}, which is not so"):
            assert_shows_every_field(trail_as_json, left_out, "trail.py")


def test_a_field_of_a_new_type_is_named() -> None:
    """Whoever adds one is told where the test makes its values."""
    with pytest.raises(pytest.fail.Exception, match=r"makes no value for Attempt\.sizes"):
        values(EVENTS[0], "sizes", list[int])
    assert sample(EVENTS[0]) == sample(EVENTS[0])
