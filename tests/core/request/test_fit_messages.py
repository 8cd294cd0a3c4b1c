"""Carrying a conversation from one provider to another: roles, texts, tool calls and their ids."""

from __future__ import annotations

import copy
import hashlib
import itertools
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_models_azure._core.request.dialect import TOOL_IDS, Dialect
from github_models_azure._core.request.fit_messages import fit_messages
from github_models_azure._core.request.history import (
    CONTENT_BESIDE_CALLS,
    HISTORY,
    ROLE_ORDER,
    USER_AFTER_TOOL,
)
from github_models_azure._core.trail_events import Change
from github_models_azure.endpoints import DIALECTS
from tests.core.body_helpers import (
    ROLES,
    dialects,
    json_values,
    lessons,
    messages,
    odd_messages,
    texts,
)

PLAIN = Dialect(name="plain")
MISTRAL, GROQ, OPENAI = DIALECTS["mistral"], DIALECTS["groq"], DIALECTS["openai"]
conversations = st.lists(messages | odd_messages, max_size=5) | json_values


def calling(*ids: Any, **members: Any) -> dict[str, Any]:
    calls = [
        {"id": one, "type": "function", "function": {"name": "f", "arguments": "{}"}, **members}
        for one in ids
    ]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(of: Any, **members: Any) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": of, "content": "42", **members}


def fit(given: Any, *refused: str, dialect: Dialect = PLAIN) -> tuple[Any, list[Change]]:
    return fit_messages(given, frozenset(refused) | dialect.refuses, dialect)


def ids_in(conversation: Any) -> list[Any]:
    """All ids, those of calls and those of results, in order."""
    found: list[Any] = []
    for message in conversation:
        found += [call["id"] for call in message.get("tool_calls", ())]
        found += [message["tool_call_id"]] if "tool_call_id" in message else []
    return found


def test_an_unneeded_change_leaves_the_very_same_list() -> None:
    """A conversation that fits is not copied."""
    given = [{"role": "user", "content": "x"}, calling("abcDEF123"), result("abcDEF123")]
    for dialect in (PLAIN, MISTRAL, GROQ, OPENAI):
        fitted, changes = fit(given, dialect=dialect)
        assert fitted is given
        assert changes == []


@pytest.mark.parametrize(
    ("refused", "roles", "expected"),
    [
        (["developer"], ["developer", "user", "system"], ["system", "user", "system"]),
        (["system"], ["system", "assistant"], ["developer", "assistant"]),
        (["system", "developer"], ["system", "developer", "tool"], ["user", "user", "tool"]),
        (["user", "assistant"], ["user", "assistant"], ["user", "assistant"]),
    ],
)
def test_a_refused_role_goes_by_the_nearest_one(
    refused: list[str], roles: list[str], expected: list[str]
) -> None:
    """Instructions stay instructions where there is a role for them; other roles have no other."""
    fitted, changes = fit([{"role": role, "content": "x"} for role in roles], *refused)
    assert [message["role"] for message in fitted] == expected
    assert {change.text for change in changes} == {
        f"role {old} sent as {new}" for old, new in zip(roles, expected, strict=True) if old != new
    }
    assert not any(change.lossy for change in changes)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"text": "a"}], "a"),
        ([], ""),
        ("plain", "plain"),
        (None, None),
        *(
            (content, content)
            for content in (
                [{"text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}],
                [{"text": "a"}, {"text": 3}],
                ["a"],
                {"text": "a"},
            )
        ),
    ],
)
def test_content_becomes_one_text_where_it_is_text(content: Any, expected: Any) -> None:
    """An image cannot be written as text: then the server is to say so itself."""
    given = [{"role": "system", "content": content}, {"role": "user", "content": content}]
    for refused, dialect in ((["text.system"], PLAIN), ([], GROQ)):
        fitted, changes = fit(given, *refused, dialect=dialect)
        assert [message["content"] for message in fitted] == [expected, content]
        wanted = [] if expected == content else [Change("system content joined to one text")]
        assert changes == wanted


def test_a_role_is_renamed_before_its_content_is_joined() -> None:
    """The rule for texts is that of the role which is sent."""
    given = [{"role": "developer", "content": [{"text": "a"}]}]
    fitted, _ = fit(given, "developer", "text.system")
    assert fitted == [{"role": "system", "content": "a"}]


@pytest.mark.parametrize("member", [{"content": None}, {}], ids=["null", "missing"])
@pytest.mark.parametrize(
    ("refused", "dialect"), [([], DIALECTS["llama-cpp-python"]), (["text.assistant"], PLAIN)]
)
def test_calls_without_content_get_an_empty_one(
    member: dict[str, Any], refused: list[str], dialect: Dialect
) -> None:
    """Only where the dialect or a refusal says so: elsewhere it is the empty text that fails."""
    bare = {"role": "assistant", "tool_calls": calling("a")["tool_calls"]}
    given = [bare | member, result("a")]
    fitted, changes = fit(given, *refused, dialect=dialect)
    assert fitted == [{**bare, "content": ""}, result("a")]
    assert changes == [Change("assistant calls sent with an empty content")]
    assert fit(fitted, *refused, dialect=dialect)[0] is fitted
    for other in (PLAIN, GROQ, MISTRAL, OPENAI):
        assert fit([bare | member], dialect=other)[0][0].get("content") is None


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        ([], {"role": "assistant", "content": None}),
        ([], {"role": "assistant", "tool_calls": []}),
        ([], {"role": "assistant", "content": "", "tool_calls": calling("a")["tool_calls"]}),
        (["messages.content"], {"role": "assistant", "tool_calls": calling("a")["tool_calls"]}),
    ],
    ids=["no calls", "an empty list", "empty already", "refused"],
)
def test_no_other_message_gets_an_empty_content(
    refused: list[str], message: dict[str, Any]
) -> None:
    """A message without calls is left as it is, and a member that is refused is not put in."""
    given = [message]
    assert fit(given, "text.assistant", *refused)[0] is given


@pytest.mark.parametrize(
    ("member", "value", "lossy"),
    [
        ("reasoning_content", "hm", False),
        ("refusal", None, False),
        ("annotations", [], False),
        ("name", "Ann", True),
        ("name", None, False),
        ("prefix", True, True),
        ("audio", {"id": "a"}, True),
        ("function_call", {"name": "f", "arguments": "{}"}, True),
        ("function_call", None, False),
    ],
)
def test_members_that_a_server_does_not_know_are_dropped(
    member: str, value: Any, lossy: bool
) -> None:
    """What another server left in an answer is no loss, what the caller meant is one."""
    given = [{"role": "assistant", "content": "x", member: value}]
    known = Dialect(name="d", message_members=frozenset({"role", "content"}))
    for refused, dialect in (([f"messages.{member}"], PLAIN), ([], known)):
        fitted, changes = fit(given, *refused, dialect=dialect)
        assert fitted == [{"role": "assistant", "content": "x"}]
        assert changes == [Change(f"messages: {member} dropped", lossy)]


def test_a_call_without_an_id_stays_without() -> None:
    """An id made up for it would match no result; the server says what it thinks of that."""
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    given = [{"role": "assistant", "tool_calls": [call, "odd"]}]
    fitted, _ = fit(given, dialect=DIALECTS["mistral"])
    assert fitted[0]["tool_calls"] == [call, "odd"]


def test_a_loss_among_many_drops_is_told_once() -> None:
    """The same member of ten messages is one line of the trail, a loss if it was one anywhere."""
    given = [{"role": "user", "name": name} for name in ("", "Ann", "")]
    assert fit(given, "messages.name")[1] == [Change("messages: name dropped", lossy=True)]


def test_members_of_calls_are_dropped_by_themselves() -> None:
    """What is said of a call concerns no message, nor the other way round."""
    given = [calling("abcDEF123", index=0, name="x") | {"name": "Ann", "index": 7}]
    fitted, changes = fit(given, "messages.tool_calls.index", "messages.name")
    assert "name" not in fitted[0]
    assert fitted[0]["index"] == 7
    assert fitted[0]["tool_calls"] == calling("abcDEF123", name="x")["tool_calls"]
    assert [change.text for change in changes] == [
        "messages: name dropped",
        "tool calls: index dropped",
    ]
    fitted, _ = fit([calling("abcDEF123", index=0)], dialect=MISTRAL)
    assert set(fitted[0]["tool_calls"][0]) == {"id", "type", "function"}


@pytest.mark.parametrize(
    ("dialect", "refused"),
    [(MISTRAL, []), (PLAIN, ["tool_ids=alnum9"]), (OPENAI, ["tool_ids=alnum9"])],
)
def test_ids_of_other_providers_are_mapped_in_pairs(dialect: Dialect, refused: list[str]) -> None:
    """Nine letters or digits for Mistral; calls and their results keep belonging together."""
    given = [calling("call_1", "call_2", "abcDEF123"), result("call_2"), result("call_1")]
    fitted, changes = fit(given, *refused, dialect=dialect)
    one, two, untouched, second, first = ids_in(fitted)
    assert (first, second, untouched) == (one, two, "abcDEF123")
    assert re.fullmatch("[A-Za-z0-9]{9}", one)
    assert one != two
    assert changes == [Change("tool call ids sent in the shape alnum9")]
    assert fit(given, *refused, dialect=dialect)[0] == fitted


def test_an_id_is_mapped_the_same_in_every_request() -> None:
    """The next turn of a conversation repeats the ids of the last: caches see one prefix."""
    first, _ = fit([calling("call_1")], dialect=MISTRAL)
    later, _ = fit([calling("call_1"), result("call_1"), calling("call_2")], dialect=MISTRAL)
    assert later[0] == first[0]


def test_only_long_ids_are_mapped_for_openai() -> None:
    """Up to forty characters are fine; more become nine."""
    given = [calling("x" * 40, "x" * 41), result("x" * 41)]
    fitted, changes = fit(given, dialect=OPENAI)
    short, mapped, again = ids_in(fitted)
    assert short == "x" * 40
    assert mapped == again
    assert len(mapped) == 9
    assert changes == [Change("tool call ids sent in the shape max40")]


def test_a_planted_id_is_not_taken_twice() -> None:
    """Whoever plants the id that another would be given finds it left alone."""
    digest = hashlib.sha256(b"call_1").digest()
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    planted = "".join(letters[byte % 62] for byte in digest[:9])
    assert ids_in(fit([calling("call_1")], dialect=MISTRAL)[0]) == [planted]
    mapped, kept, answer = ids_in(
        fit([calling("call_1", planted), result("call_1")], dialect=MISTRAL)[0]
    )
    assert kept == planted
    assert mapped == answer != planted


@given(
    conversation=st.lists(
        st.lists(texts, max_size=3).map(lambda ids: calling(*ids)) | texts.map(result), max_size=6
    ),
    shape=st.sampled_from(["alnum9", "max40"]),
)
@settings(deadline=None)
def test_ids_are_mapped_one_to_one(conversation: list[Any], shape: str) -> None:
    """Equal ids stay equal, different ones different; good ones stay; all fit; none is lost."""
    fitted, _ = fit(conversation, f"tool_ids={shape}")
    before, after = ids_in(conversation), ids_in(fitted)
    pairs = set(zip(before, after, strict=True))
    assert len(pairs) == len(set(before)) == len(set(after))
    for old, new in pairs:
        assert TOOL_IDS[shape].fullmatch(new)
        assert (old == new) == bool(TOOL_IDS[shape].fullmatch(old))


@pytest.mark.parametrize("odd", [None, 3, True, ["call_1"], {"id": "call_1"}])
def test_an_id_that_is_no_text_is_left_alone(odd: Any) -> None:
    """It is the server's to refuse."""
    given = [calling(odd), result(odd)]
    assert fit(given, dialect=MISTRAL)[0] is given


def test_calls_of_other_models_are_marked_as_unsigned_for_gemini() -> None:
    """The first of the calls made side by side, with Google's own stand-in; the rest stays."""
    kept = {"google": {"other": 1}, "vendor": 2}
    given = [calling("a", "b"), result("a"), calling("c", extra_content=kept), calling()]
    fitted, changes = fit(given, "thought_signature")
    stand_in = {"thought_signature": "skip_thought_signature_validator"}
    assert fitted[0]["tool_calls"][0]["extra_content"] == {"google": stand_in}
    assert "extra_content" not in fitted[0]["tool_calls"][1]
    assert fitted[2]["tool_calls"][0]["extra_content"] == {
        "google": {"other": 1, **stand_in},
        "vendor": 2,
    }
    assert changes == [Change("tool calls of another model marked as unsigned")]


def test_a_signature_that_is_there_stays() -> None:
    """Gemini's own calls carry it back as it was given."""
    signed = {"google": {"thought_signature": "s3cr3t"}}
    given = [calling("a", extra_content=signed)]
    assert fit(given, "thought_signature")[0] is given


@pytest.mark.parametrize(
    ("refused", "dialect"),
    [(["messages.tool_calls.extra_content"], PLAIN), ([], GROQ), ([], MISTRAL)],
)
def test_nothing_is_signed_where_a_signature_may_not_stand(
    refused: list[str], dialect: Dialect
) -> None:
    """A member that is refused is not put in again."""
    fitted, _ = fit([calling("abcDEF123")], "thought_signature", *refused, dialect=dialect)
    assert "extra_content" not in fitted[0]["tool_calls"][0]


@given(given=conversations, refused=lessons, dialect=dialects)
@settings(deadline=None, max_examples=200)
def test_order_roles_and_contents_survive(
    given: Any, refused: frozenset[str], dialect: Dialect
) -> None:
    """Any value is taken without an error; messages are neither moved nor lost nor changed."""
    before = copy.deepcopy(given)
    refused -= {USER_AFTER_TOOL, ROLE_ORDER}  # which have a test of their own
    fitted, changes = fit_messages(given, refused, dialect)
    assert given == before
    assert (fitted is given) == (not changes)
    if not isinstance(given, list):
        return
    assert len(fitted) == len(given)
    plain = not refused & HISTORY
    for old, new in zip(given, fitted, strict=True):
        if not isinstance(old, Mapping):
            assert new is old
            continue
        role = old.get("role")
        if role not in ("system", "developer") and "role" in new:
            assert new["role"] is role
        said = old.get("content")
        if "content" in new and isinstance(said, str) and (plain or said.strip()):
            dropped = CONTENT_BESIDE_CALLS in refused and (
                new.get("tool_calls") or new.get("function_call")
            )
            assert dropped or new["content"] is said
        if new.keys() - old.keys():
            assert new.keys() - old.keys() == {"content"}
            assert new["content"] == "" if plain else new["content"] in ("", None, "(empty)")
            assert new.get("tool_calls") or new.get("function_call") or not plain


@given(given=conversations, refused=lessons, dialect=dialects)
@settings(deadline=None, max_examples=100)
def test_no_user_stands_straight_after_a_tool(
    given: Any, refused: frozenset[str], dialect: Dialect
) -> None:
    """Where an order is wanted, turns are joined or one is put between; any value is taken."""
    fitted, _ = fit_messages(given, frozenset({USER_AFTER_TOOL, *refused}), dialect)
    if not isinstance(given, list):
        return
    roles = [m.get("role") if isinstance(m, Mapping) else None for m in fitted]
    for last, role in itertools.pairwise(roles):
        assert last != "tool" or role not in ("user", "system", "developer")


def test_every_role_is_known_to_these_tests() -> None:
    """The strategies speak of all the roles that a rule speaks of."""
    rules = {role for dialect in DIALECTS.values() for role in dialect.text_roles}
    assert rules <= set(ROLES)
