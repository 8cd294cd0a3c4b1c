"""The rules of trust as tables: which files may be used, and where a secret may go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from github_models_azure._core.trust import (
    BY_USER,
    Chooser,
    Chosen,
    FileFacts,
    Secret,
    same_place,
    shown_path,
    trust_command,
    weakest,
    who_else_writes,
    why_refused,
    why_unusable,
    why_withheld,
)

USER, OTHER = 1000, 2000
SOUND = FileFacts(is_regular=True, size=10, owner=USER, mode=0o644, folder_owner=USER)
FOUND = Chosen(Chooser.FOUND, "/repo/github-models.toml")
NAMED = Chosen(Chooser.NAMED, "/home/u/named.toml")
TRUSTED = Chosen(Chooser.TRUSTED, "/repo/github-models.toml")
GROQ, EVIL, GITHUB = "https://api.groq.com", "https://evil.example", "https://models.github.ai"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"owner": 0}, None),
        ({"mode": 0o664}, None),
        ({"size": 1_000_000}, None),
        ({"folder_owner": 0, "folder_mode": 0o1777}, None),
        ({"folder_mode": 0o775}, None),
        ({"link_owner": USER}, None),
        ({"link_owner": 0}, None),
        ({"is_regular": False}, "it is not a regular file"),
        ({"size": 1_000_001}, "it is larger than 1,000,000 bytes"),
        ({"owner": OTHER}, "it belongs to another user (id 2000)"),
        ({"link_owner": OTHER}, "it is reached by a link of another user (id 2000)"),
        ({"mode": 0o646}, "everybody can write it (mode 0646)"),
        (
            {"mode": 0o660, "own_group": False},
            "a group other than its owner's own can write it (mode 0660)",
        ),
        ({"mode": 0o644, "own_group": False}, None),
        ({"folder_owner": OTHER}, "its folder belongs to another user (id 2000)"),
        ({"folder_mode": 0o777}, "everybody can replace it: its folder has mode 0777"),
    ],
)
def test_a_found_file_is_judged(changes: dict[str, int], why: str | None) -> None:
    """By what it is, who owns it, and who can write or replace it."""
    assert why_refused(replace(SOUND, **changes), USER) == why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"owner": OTHER, "mode": 0o666, "folder_mode": 0o777}, None),
        ({"is_regular": False}, "it is not a regular file"),
        ({"size": 2_000_000}, "it is larger than 1,000,000 bytes"),
    ],
)
def test_where_files_have_no_owners_kind_and_size_count(
    changes: dict[str, int], why: str | None
) -> None:
    """As on Windows; and for files that are named."""
    facts = replace(SOUND, **changes)
    assert why_refused(facts, None) == why
    assert why_unusable(facts) == why


def test_nobody_else_writes_a_sound_file() -> None:
    """What is warned of for a file that is named."""
    assert who_else_writes(SOUND) is None
    assert who_else_writes(replace(SOUND, mode=0o666)) == "everybody can write it (mode 0666)"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ((), BY_USER),
        ((BY_USER, NAMED), NAMED),
        ((TRUSTED, NAMED), TRUSTED),
        ((FOUND, TRUSTED, BY_USER), FOUND),
    ],
)
def test_the_least_trusted_counts(chosen: tuple[Chosen, ...], expected: Chosen) -> None:
    """Whoever has a part in a choice can make it."""
    assert weakest(*chosen) == expected
    assert expected.is_found is (expected is FOUND)


TOKEN, VENDOR = Secret("T", github=True), Secret("V", home=GROQ)
ANY, IN_CODE = Secret("A"), Secret("C", given=True)


@pytest.mark.parametrize("secret", [TOKEN, VENDOR, ANY, IN_CODE])
@pytest.mark.parametrize("origin", [GROQ, EVIL, GITHUB])
def test_the_user_sends_what_she_wants(secret: Secret, origin: str) -> None:
    """Code, command line and environment are hers."""
    assert why_withheld(secret, origin, BY_USER) is None


@pytest.mark.parametrize(
    ("secret", "origin", "chosen", "goes"),
    [
        (TOKEN, GITHUB, FOUND, True),
        (TOKEN, "https://models.inference.ai.azure.com", NAMED, True),
        (TOKEN, "http://models.github.ai", NAMED, False),
        (TOKEN, EVIL, FOUND, False),
        (TOKEN, EVIL, NAMED, False),
        (TOKEN, "http://127.0.0.1:8080", TRUSTED, False),
        (VENDOR, GROQ, FOUND, True),
        (VENDOR, EVIL, FOUND, False),
        (VENDOR, "https://api.groq.com:8443", FOUND, False),
        (VENDOR, "http://api.groq.com", FOUND, False),
        (VENDOR, EVIL, NAMED, True),
        (VENDOR, EVIL, TRUSTED, True),
        (ANY, EVIL, FOUND, False),
        (ANY, GROQ, FOUND, False),
        (ANY, EVIL, TRUSTED, True),
        (IN_CODE, GROQ, FOUND, True),
        (IN_CODE, EVIL, FOUND, False),
        (IN_CODE, EVIL, NAMED, True),
        (Secret("L", home="http://localhost:4000"), "http://127.0.0.1:4000", FOUND, True),
        (Secret("L", home="http://localhost:4000"), "http://127.0.0.1:4001", FOUND, False),
    ],
)
def test_where_a_secret_goes_by_the_word_of_a_file(
    secret: Secret, origin: str, chosen: Chosen, goes: bool
) -> None:
    """GitHub's token to GitHub, a vendor's key to the vendor, others if the file was trusted."""
    why = why_withheld(secret, origin, chosen, known={GROQ})
    assert (why is None) is goes
    if why is not None:
        assert why.startswith(f"{secret.words} is not sent to {origin}")
        assert chosen.file in why


def test_the_reason_says_the_one_command() -> None:
    """A GitHub token no command lets go elsewhere."""
    why = why_withheld(ANY, EVIL, FOUND)
    assert why is not None
    assert why.endswith("run: github-models trust /repo/github-models.toml")
    token = why_withheld(TOKEN, EVIL, FOUND)
    assert token is not None
    assert "github-models trust" not in token


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a/b.toml", "/a/b.toml"),
        ("/a b/c.toml", "'/a b/c.toml'"),
        ("/a;rm/c.toml", "'/a;rm/c.toml'"),
        ("/a\x1b[2J\n/c.toml", r"'/a\x1b[2J\n/c.toml'"),
    ],
)
def test_a_path_is_shown_so_that_it_can_be_pasted(path: str, shown: str) -> None:
    """And so that no terminal obeys it."""
    assert trust_command(path) == f"github-models trust {shown}"
    assert shown_path(path).isprintable()


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://127.0.0.1:1", "http://localhost:1"),
        ("http://[::1]", "http://localhost"),
        ("http://127.0.0.1.example", "http://127.0.0.1.example"),
        (EVIL, EVIL),
    ],
)
def test_this_machine_has_one_name(origin: str, same: str) -> None:
    """Whatever literal names it."""
    assert same_place(origin) == same
