"""One table of options, with `option_checks`: what is written out elsewhere agrees with it.

About `policies/option_checks.py`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import get_type_hints

import pytest

from github_models_azure.client import base
from github_models_azure.policies import fallback, options
from github_models_azure.policies.options import (
    CLIENT_NAMES,
    OPTION_NAMES,
    OPTIONS,
    FallbackSettings,
    configure,
)
from tests.source_tree import NAME, ROOT

DEFAULTS = {one.name: one.default for one in fields(FallbackSettings)}
WITHOUT_A_FIELD = {"observer"}  # goes into client_kwargs: LangChain has callbacks of its own


def place(path: str) -> str:
    return f"edit {ROOT / NAME / path}"


def keywords_of(documented: type) -> Mapping[str, str]:
    """What a docstring says of each parameter, on one line."""
    text = inspect.getdoc(documented) or ""
    entries = re.findall(
        r"^:(?:param|keyword) (\w+): (.*?)(?=^:|^\S|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return {name: " ".join(words.split()) for name, words in entries}


def test_clients_take_every_option() -> None:
    """The constructor of the clients is written out, for editors and type checkers."""
    taken = set(inspect.signature(base.WiredClient.__init__).parameters)
    assert taken >= CLIENT_NAMES, f"{place('client/base.py')}: {CLIENT_NAMES - taken}"


def test_policies_take_every_option() -> None:
    """The keywords of a policy have types, each that of an option, or `None` for its default."""
    typed = get_type_hints(options.FallbackOptions).keys()
    wrong = typed ^ (OPTIONS.keys() - {"fallback"})  # which is positional
    assert not wrong, f"{place('policies/options.py')}, FallbackOptions: {wrong}"


@pytest.mark.parametrize(
    ("documented", "path"),
    [(base.WiredClient, "client/base.py"), (fallback.FallbackPolicy, "policies/fallback.py")],
)
def test_docstrings_say_what_the_table_says(documented: type, path: str) -> None:
    """From these the reference is made; clients and policies explain an option alike."""
    found = keywords_of(documented)
    told = {name: option.doc for name, option in OPTIONS.items() if name in CLIENT_NAMES}
    wrong = {name: words for name, words in told.items() if found.get(name) != words}
    assert not wrong, f"{place(path)}, the docstring: {wrong}"


def test_undocumented_options_stay_so() -> None:
    """What only policies take has no words; everything else has some, and they end."""
    for name, option in OPTIONS.items():
        assert option.doc.endswith(".") is (name in CLIENT_NAMES), name


def test_langchain_has_a_field_for_every_option() -> None:
    """The fields are written out, for they are documentation; read here without LangChain."""
    path = "integrations/langchain/_connected.py"
    parsed = ast.parse((ROOT / NAME / path).read_text("utf-8"))
    (model,) = [
        node for node in parsed.body if isinstance(node, ast.ClassDef) and node.name == "Connected"
    ]
    declared = {ast.unparse(node.target) for node in model.body if isinstance(node, ast.AnnAssign)}
    wanted = OPTION_NAMES - WITHOUT_A_FIELD
    assert declared >= wanted, f"{place(path)}: {wanted - declared}"
    assert not declared & WITHOUT_A_FIELD


def test_the_page_on_langchain_lists_every_option() -> None:
    """A reader finds the fields of the clients there."""
    path = ROOT / "docs" / "langchain.md"
    listed = path.read_text("utf-8").partition("\nOf the clients: ")[2].partition("; ")[0]
    wrong = set(re.findall(r"`(\w+)`", listed)) ^ (OPTION_NAMES - WITHOUT_A_FIELD)
    assert not wrong, f"edit {path}: {wrong}"


CHECKED = [
    (name, default)
    for name, default in DEFAULTS.items()
    if OPTIONS[name].check is not None and default not in (None, MISSING)
]


@pytest.mark.parametrize(("name", "default"), CHECKED)
def test_a_default_passes_its_own_check(name: str, default: object) -> None:
    """Giving what is the default anyway is no mistake, and changes nothing."""
    assert getattr(configure("tier", {name: default}), name) == default


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"fallback_max_wait": "1"}, TypeError, "fallback_max_wait is a number of seconds, not "),
        ({"fallback_max_wait": True}, TypeError, "is a number of seconds, not True."),
        ({"fallback_max_wait": float("nan")}, ValueError, "is at least 0, not nan."),
        ({"fallback_max_attempts": 0}, ValueError, "fallback_max_attempts is at least 1, not 0."),
        ({"fallback_max_attempts": 2.0}, TypeError, "is a whole number, not 2.0."),
        ({"attempt_timeout": 0}, ValueError, "attempt_timeout is at least 0.001, not 0."),
        ({"adapt": "loose"}, ValueError, "adapt is 'lenient' or 'strict', not 'loose'."),
        ({"allow_retired": 1}, TypeError, "allow_retired is True or False, not 1."),
        (
            {"plan": "gold"},
            ValueError,
            "plan='gold' is not a Copilot plan; one of free, pro, business, enterprise.",
        ),
        ({"registry": {}}, TypeError, "registry is a ModelRegistry, not {}."),
        (
            {"ledger": {}},
            TypeError,
            'ledger is "process", "memory", a MemoryLedger or the like, not {}.',
        ),
        ({"observer": 3}, TypeError, "observer is an object with call_started(call), not 3."),
        ({"tokenizer": 3}, TypeError, "tokenizer is a function from a text to its tokens, not 3."),
        ({"tokenizer": "gpt2"}, TypeError, "is a function from a text to its tokens, not 'gpt2'."),
        (
            {"clock": 3},
            TypeError,
            "clock is a function that tells the seconds since the epoch, not ",
        ),
        ({"fallback_on": "auth"}, TypeError, "is a set of failure kinds, not the text 'auth'."),
        ({"fallback_on": ["x"]}, ValueError, "fallback_on=['x']: 'x' is not a valid FailureKind."),
        ({"fallback_on": 3}, ValueError, "fallback_on=3: 'int' object is not iterable."),
        ({"retry_total": -1}, ValueError, "retry_total is at least 0, not -1."),
        ({"colour": "red"}, TypeError, "FallbackPolicy takes no keyword 'colour'. Known: adapt, "),
    ],
)
def test_a_wrong_value_is_named(
    given: dict[str, object], kind: type[Exception], words: str
) -> None:
    """The option, the value, and what it may be."""
    with pytest.raises(kind, match=re.escape(words)):
        configure("tier", given)
