"""What is learnt of a refusal, and that it never goes round in circles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.failure.kinds import TOOL_CHOICE_IGNORED, Failure, FailureKind
from github_models_azure._core.request.fit import SDK, adapt
from github_models_azure._core.request.history import CALL_ARGUMENTS, CALL_NAME
from github_models_azure._core.request.repairs import (
    facts_learnt,
    lessons_of,
    repair,
    taught_of_model,
    told_version,
    wanted_version,
)
from github_models_azure._core.route.needs import UNKNOWN
from tests.core.body_helpers import KEYWORDS, MEMBERS, MESSAGE_MEMBERS, bodies, dialects

REFUSED = Failure(FailureKind.WRONG_DIALECT, status=400, message="no")
BODY: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": 3},
        "odd",
    ],
    "max_tokens": 5,
    "temperature": 0.5,
    "tool_choice": "auto",
    "response_format": {"type": "json_object"},
    "stream_options": {"include_usage": True},
    "system": "Be brief.",
}


def learn(param: str | None, body: Any = BODY) -> set[str]:
    return set(lessons_of(replace(REFUSED, param=param), body))


@pytest.mark.parametrize(
    ("param", "lessons"),
    [
        # the query
        ("api-version", {"api-version"}),
        ("api-version=2024-10-21", {"api-version=2024-10-21"}),
        ("api-version=2024-12-01-preview", {"api-version=2024-12-01-preview"}),
        ("api-version=2024-10-21&key=x", set()),
        ("api-version=", set()),
        ("api-version.x", set()),
        # members of the body
        ("temperature", {"temperature"}),
        ("max_tokens", {"max_tokens"}),
        ("stream_options.include_usage", {"stream_options"}),
        ("tool_choice", {"tool_choice"}),
        ("response_format", set()),
        ("response_format.type", set()),
        ("top_p", set()),
        ("system", set()),
        ("messages", set()),
        ("model", set()),
        ("", set()),
        (None, set()),
        # roles
        ("messages.0.role", {"system"}),
        ("messages.1.developer.role", {"developer"}),
        ("messages.2.role", set()),
        ("messages.3.role", set()),
        ("messages.4.role", set()),
        ("messages.5.role", set()),
        ("messages.99999999999999999999.role", set()),
        ("messages.role", set()),
        ("messages.role.developer", {"developer"}),
        ("messages.role.user", set()),
        # content
        ("messages.0.content", {"text.system"}),
        ("messages.2.user.content", {"text.user"}),
        ("messages.9.content", set()),
        ("messages.0.content.0.text", set()),
        ("messages.0.content.0.cache_control", set()),
        # members of messages and of calls
        ("messages.1.reasoning_content", {"messages.reasoning_content"}),
        ("messages.1.assistant.reasoning_content", {"messages.reasoning_content"}),
        ("messages.0.a,b", {"messages.a", "messages.b"}),
        ("messages.1.assistant.tool_calls.0.index", {"messages.tool_calls.index"}),
        ("messages.1.tool_calls", set()),
        ("messages.1.tool_calls.0", set()),
        ("messages.1.tool_calls.0.function", set()),
        ("messages.1.tool_calls.0.function.strict", set()),
        ("messages.1", set()),
        # ids
        ("tool_call_id", {"tool_ids=alnum9"}),
        ("messages.1.tool_calls.0.id", {"tool_ids=max40"}),
        ("messages.1.tool_call_id", {"tool_ids=max40"}),
        ("messages.1.id", {"messages.id"}),
        # schemas
        ("tools.0.function.parameters.const", {"schema.const"}),
        ("tools.0.function_declarations.0.parameters.items.$schema", {"schema.$schema"}),
        ("response_format.json_schema.schema.minItems", {"schema.minItems"}),
        ("json_schema.items,minItems", {"schema.items", "schema.minItems"}),
        ("json_schema.", set()),
        ("tools.0.function.parameters.type", set()),
        ("json_schema.properties,type,title", {"schema.title"}),
        ("tools.0.function.parameters", set()),
        ("tools.0.function.strict", set()),
        # signatures
        ("thought_signature", {"thought_signature"}),
    ],
)
def test_what_is_learnt_of_a_refused_member(param: str | None, lessons: set[str]) -> None:
    """Only what can be mended: no lesson takes away what the caller says or asks."""
    assert learn(param) == lessons


@pytest.mark.parametrize("messages", [None, "odd", {}, [], [None]])
def test_a_role_is_not_guessed(messages: Any) -> None:
    """Where the message that was refused is not there, nothing is learnt of its role."""
    assert learn("messages.0.role", {"messages": messages}) == set()
    assert learn("messages.0.content", {}) == set()


@pytest.mark.parametrize(
    ("lessons", "wanted", "told"),
    [
        (set(), "keep", None),
        ({"seed", "api-versions", "api-version-x"}, "keep", None),
        ({"api-version"}, "drop", "api-version dropped"),
        ({"api-version=2024-10-21"}, "2024-10-21", "api-version sent as 2024-10-21"),
        (
            {"api-version=2024-10-21", "api-version=2024-12-01-preview", "seed"},
            "2024-12-01-preview",
            "api-version sent as 2024-12-01-preview",
        ),
        ({"api-version=2024-10-21", "api-version"}, "drop", "api-version dropped"),
    ],
)
def test_the_version_that_lessons_ask_for(lessons: set[str], wanted: str, told: str | None) -> None:
    """The latest of those that were named; where none is taken, none."""
    version = wanted_version(frozenset(lessons))
    assert version == wanted
    assert told_version(version) == told


PARTS = st.sampled_from(
    [
        *MEMBERS, *MESSAGE_MEMBERS, *KEYWORDS, "0", "1", "assistant", "id", "index", "function",
        "parameters", "schema", "json_schema", "api-version", "thought_signature", "a,b", "", "²",
    ]
)  # fmt: skip
params = st.lists(PARTS, max_size=6).map(".".join) | st.text(max_size=12)


@given(param=params, body=bodies, dialect=dialects)
@settings(deadline=None, max_examples=200)
def test_no_lesson_is_learnt_twice(param: str, body: Any, dialect: Any) -> None:
    """Any param, any body: the same refusal of what was mended teaches nothing that changes it."""
    known: frozenset[str] = frozenset()
    for _ in range(4):
        sent, _ = adapt(body, known, dialect)
        new = learn(param, sent) - known
        if not new or adapt(body, known | new, dialect)[0] == sent:
            break
        known |= new
    else:
        pytest.fail(f"{param!r} taught {sorted(known)} and still more")


@given(param=params, body=bodies)
@settings(deadline=None)
def test_a_lesson_never_takes_what_is_said(param: str, body: Any) -> None:
    """Messages stay as many, and the essential members where they are."""
    sent, _ = adapt(body, frozenset(learn(param, body)))
    for name in ("messages", "model", "tools", "response_format"):
        assert (name in sent) >= (name in body and body[name] != {"type": "text"})
    if isinstance(body.get("messages"), list):
        assert len(sent["messages"]) == len(body["messages"])


@pytest.mark.parametrize(
    ("failure", "taught"),
    [
        (Failure(FailureKind.WRONG_DIALECT, param="tools"), {"lacks.tools"}),
        (Failure(FailureKind.WRONG_DIALECT, param="image_url"), {"lacks.images"}),
        (Failure(FailureKind.WRONG_DIALECT, max_output_tokens=9), {"writes=9"}),
        (Failure(FailureKind.WRONG_DIALECT, param="seed"), set()),
        (Failure(FailureKind.WRONG_DIALECT), set()),
        (Failure(FailureKind.WRONG_DIALECT, param="tools", code=TOOL_CHOICE_IGNORED), set()),
        (Failure(FailureKind.UNCLEAR, param="tools"), set()),
    ],
)
def test_a_refusal_teaches_of_the_model(failure: Failure, taught: set[str]) -> None:
    """What it cannot take, and the most that it writes; a call ignored once may come next time."""
    assert taught_of_model(failure) == taught


def test_what_was_taught_becomes_facts() -> None:
    """Of limits the smallest counts; other lessons say nothing of the model."""
    assert facts_learnt({"seed", "api-version"}) is UNKNOWN
    assert facts_learnt({"lacks.tools"}) == replace(UNKNOWN, tools=False)
    learnt = facts_learnt({"lacks.images", "writes=9", "writes=80", "seed"})
    assert learnt == replace(UNKNOWN, images=False, output_tokens=9)


def test_the_name_of_a_call_is_learnt() -> None:
    """It is what is said, and yet may be written otherwise, as its arguments may."""
    path = "messages.1.tool_calls.0.function."
    failure = Failure(FailureKind.WRONG_DIALECT, param=path + "name")
    assert lessons_of(failure, {}) == {CALL_NAME}
    assert lessons_of(replace(failure, param=path + "arguments"), {}) == {CALL_ARGUMENTS}
    assert lessons_of(replace(failure, param=path + "strict"), {}) == frozenset()


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_template_without_instructions_gets_them_as_the_users(role: str) -> None:
    """It names the role that it knows of, whichever it was sent."""
    payload = {"messages": [{"role": role, "content": "x"}, {"role": "user", "content": "y"}]}
    refusal = Failure(FailureKind.WRONG_DIALECT, param=f"messages.role.{role}")
    known: frozenset[str] = frozenset()
    roles = []
    for _ in range(2):
        known |= repair(refusal, payload, known, SDK)
        roles.append(adapt(payload, known, SDK)[0]["messages"][0]["role"])
    assert roles == [{"system": "developer", "developer": "system"}[role], "user"]
    assert repair(refusal, payload, known, SDK) == frozenset()
