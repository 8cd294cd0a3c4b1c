"""What the settings say of one target, and when the caller's word goes before it."""

from __future__ import annotations

from typing import Any

import pytest

from github_models_azure._core.request.defaults import NO_DEFAULTS, Defaults, Waits

CHAT = {"messages": [{"role": "user", "content": "Hello"}], "model": "m"}
VECTORS = {"input": ["a"], "model": "m"}
NOTHING: frozenset[str] = frozenset()
IMAGE = {"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}


def filled(
    defaults: Defaults,
    body: dict[str, Any],
    usual: Defaults = NO_DEFAULTS,
    said: frozenset[str] = NOTHING,
) -> tuple[Any, list[str]]:
    """The body with the defaults, and what was changed."""
    made, changes = defaults.fill(body, usual, said)
    return made, [change.text for change in changes]


def test_members_are_for_chats_and_an_extra_body_is_for_all() -> None:
    """Sampling means nothing to vectors; what an endpoint wants it wants everywhere."""
    defaults = Defaults(members={"top_p": 0.5}, extra_body={"region": "eu"})
    made, changes = filled(defaults, CHAT)
    assert made == {**CHAT, "top_p": 0.5, "region": "eu"}
    assert changes == [
        "top_p=0.5, as the settings of the target say",
        "region='eu', as the settings of the target say",
    ]
    assert filled(defaults, VECTORS)[0] == {**VECTORS, "region": "eu"}
    assert "region" not in CHAT


def test_what_is_left_alone_is_the_same_body() -> None:
    """Nothing is copied for a target of which nothing is said."""
    assert NO_DEFAULTS.fill(CHAT, NO_DEFAULTS, NOTHING) == (CHAT, ())
    assert NO_DEFAULTS.fill(CHAT, NO_DEFAULTS, NOTHING)[0] is CHAT


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**CHAT, "top_p": 1.0}, NOTHING),
        ({**CHAT, "top_p": 0.25}, frozenset({"top_p"})),
        (CHAT, frozenset({"top_p"})),
    ],
)
def test_the_callers_own_member_stays(body: dict[str, Any], said: frozenset[str]) -> None:
    """Also where it says what the settings of the client's own endpoint say."""
    usual = Defaults(members={"top_p": 0.25})
    for defaults in (Defaults(members={"top_p": 0.5}), Defaults(extra_body={"top_p": 0.5})):
        assert defaults.fill(body, usual, said) == (body, ())


def test_the_other_name_of_a_member_is_the_callers_word_too() -> None:
    """``max_tokens`` and ``max_completion_tokens`` are one thing."""
    body = {**CHAT, "max_completion_tokens": 9}
    assert Defaults(extra_body={"max_tokens": 5}).fill(body, NO_DEFAULTS, NOTHING) == (body, ())


def test_what_the_own_endpoint_says_gives_way() -> None:
    """It stands in the body without the caller having said it; ``None`` leaves it out."""
    usual, body = Defaults(members={"top_p": 0.25, "seed": 1}), {**CHAT, "top_p": 0.25, "seed": 1}
    made, changes = filled(Defaults(members={"top_p": 0.5, "seed": None}), body, usual)
    assert made == {**CHAT, "top_p": 0.5}
    assert changes[1] == "seed left out, as the settings of the target say"
    assert filled(usual, body, usual) == (body, [])


def test_a_model_goes_before_its_endpoint_and_both_before_the_sampling() -> None:
    """The more it is about one model, the later it is laid over."""
    defaults = Defaults(members={"a": 1, "b": 1, "c": 1}, extra_body={"b": 2, "c": 2})
    made, _ = filled(defaults.with_extra({"c": 3}), CHAT)
    assert (made["a"], made["b"], made["c"]) == (1, 2, 3)
    assert defaults.with_extra({}) is defaults


def test_text_alone_is_sent_without_images() -> None:
    """And said; vectors of images are another matter."""
    body = {**CHAT, "messages": [{"role": "user", "content": [IMAGE]}]}
    made, changes = filled(Defaults(text_only=True), body)
    assert made["messages"] == [{"role": "user", "content": ""}]
    assert changes == ["messages: images dropped"]
    assert Defaults(text_only=True).fill(CHAT, NO_DEFAULTS, NOTHING)[0] is CHAT
    assert Defaults(text_only=True).fill(VECTORS, NO_DEFAULTS, NOTHING)[0] is VECTORS


@pytest.mark.parametrize(
    ("own", "most", "limit", "said", "seconds", "told"),
    [
        (None, None, None, False, None, False),
        (None, None, 9, False, 9, False),
        (7, None, None, False, 7, True),
        (7, None, 60, False, 7, True),  # 60 is what the own endpoint says
        (7, None, 9, False, 9, False),
        (7, None, None, True, None, False),
        (None, 5, None, False, 5, False),
        (None, 5, 9, False, 5, True),
        (None, 5, 3, True, 3, False),
        (7, 5, 60, False, 5, True),
        (7, 8, 60, False, 7, True),
    ],
)
def test_the_smaller_limit_of_an_attempt_rules(
    own: float | None, most: float | None, limit: float | None, said: bool, seconds: Any, told: bool
) -> None:
    """The call goes before the default of a target, and never over the bound of an endpoint."""
    defaults, usual = Defaults(attempt_timeout=own, timeout=most), Defaults(attempt_timeout=60)
    words = frozenset({"attempt_timeout"}) if said else NOTHING
    found, changes = defaults.seconds(limit, usual, words)
    assert found == seconds
    wanted = [f"attempt_timeout={seconds:g}, as the settings of the target say"] if told else []
    assert [change.text for change in changes] == wanted


@pytest.mark.parametrize(
    ("own", "general", "usual", "said", "strict"),
    [
        (None, "strict", None, False, True),
        (None, "lenient", None, False, False),
        ("strict", "lenient", None, False, True),
        ("strict", "lenient", "lenient", False, True),
        ("strict", "lenient", "strict", False, False),  # the client said lenient
        ("lenient", "strict", "strict", False, False),
        ("lenient", "strict", None, False, True),
        ("strict", "lenient", None, True, False),
    ],
)
def test_strictness_is_the_targets_own_unless_the_caller_says_it(
    own: str | None, general: str, usual: str | None, said: bool, strict: bool
) -> None:
    """What differs from the own endpoint's was said by the client."""
    words = frozenset({"adapt"}) if said else NOTHING
    assert Defaults(adapt=own).is_strict(general, Defaults(adapt=usual), words) is strict


def test_they_say_what_they_say() -> None:
    """For ``doctor``, one text each."""
    waits = Waits(2, 5, 30)
    assert list(NO_DEFAULTS.told()) == []
    said = {"top_p": 0.5, "seed": None}
    defaults = Defaults(said, 7, {"safe": True}, {"region": "eu"}, 9, 3, waits, "strict", True)
    assert list(defaults.told()) == [
        "top_p=0.5",
        "safe=True",
        "region='eu'",
        "attempt_timeout=7",
        "timeout=9",
        "retries=3",
        "waits of 2 doubled, 5 to 30 seconds",
        "adapt=strict",
        "text without images",
    ]
    assert not Defaults({"top_p": 1}, 3, {}, {"a": 1}, 4, text_only=True).has_terms
    assert all(one.has_terms for one in (Defaults(retries=0), Defaults(waits=waits)))
    assert Defaults(adapt="strict").has_terms
