"""The estimate of token counts: tables and properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_models_azure._core.route.needs import MESSAGE_OVERHEAD
from github_models_azure._core.route.tokens import Counter, Tally, counter_of, estimate_text

PROSE = "The quick brown fox jumps over the lazy dog, and then it rests for a while. "
CODE = "def add(a: int, b: int) -> int:\n    return a + b\n\n\n"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        (" ", 1),
        (PROSE * 100, len(PROSE) * 25),
        (CODE * 100, len(CODE) * 25),
        ("x" * 400, 200),
        ("abcdefghi " * 100, 250),
        (("x" * 32 + " ") * 100, 1250),
        ('{"a":1,"b":[2,3]}' * 100, 850),
        ("\u00e9" * 100, 50),
        ("\u043f\u0440\u0438\u0432\u0435\u0442" * 10, 30),
        ("\u6211\u4eec" * 50, 100),
        ("\u0928\u092e" * 50, 100),
        ("\U0001f600" * 10, 15),
        ("\ud800", 1),
    ],
    ids=[
        *("empty", "letter", "space", "prose", "code", "dense", "long words"),
        *("longer words", "minified json", "accents"),
        *("cyrillic", "chinese", "devanagari", "emoji", "lone surrogate"),
    ],
)
def test_estimate_by_kind_of_text(text: str, tokens: int) -> None:
    """Each kind of text has the tokens that the rule in the docstring gives it."""
    assert estimate_text(text) == tokens


def test_a_mixed_text_is_the_sum_of_its_parts() -> None:
    """The ASCII part and the rest are counted by their own rules and added."""
    assert estimate_text(PROSE * 4 + "\u6211\u4eec" * 50) == len(PROSE) + 100


@given(st.text(alphabet=st.characters(codec=None)))
def test_only_an_empty_text_has_no_tokens(text: str) -> None:
    """Any text at all, surrogates included, has a count, and it is zero for nothing only."""
    assert (estimate_text(text) == 0) is (text == "")


@given(st.text(), st.text())
def test_joining_texts_never_adds_tokens(first: str, second: str) -> None:
    """Two texts together have at most the tokens of each, added."""
    assert estimate_text(first + second) <= estimate_text(first) + estimate_text(second)


@given(st.text(min_size=1))
def test_the_estimate_stays_within_its_bounds(text: str) -> None:
    """No text has fewer than a token for four characters, or more than one and a half for one."""
    assert len(text) / 4 <= estimate_text(text) <= 1.5 * len(text) + 1


@pytest.mark.parametrize("unit", [PROSE, "\u6211\u4eec\u4eca\u5929", PROSE + "\u6211 \U0001f600"])
def test_a_long_text_counts_as_its_parts(unit: str) -> None:
    """A prompt of a million characters is no other thing than many short ones."""
    times = 1_000_000 // len(unit)
    assert estimate_text(unit * times) == pytest.approx(times * estimate_text(unit), rel=0.15)


def test_the_overhead_of_a_message_is_a_few_tokens() -> None:
    """Role and separators cost something, and little."""
    assert 1 <= MESSAGE_OVERHEAD <= 8


@given(st.lists(st.text(alphabet=st.characters(codec=None))))
def test_a_tally_of_pieces_is_the_estimate_of_the_whole(pieces: list[str]) -> None:
    """However a text is cut, the pieces together count as the text does."""
    tally = Tally()
    for piece in pieces:
        tally.add(piece)
    assert tally.tokens() == estimate_text("".join(pieces))


class Encoding:
    """Like tiktoken's."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]


class Callable(Encoding):
    """Like those of Hugging Face, which can be called too."""

    def __call__(self, text: str) -> dict[str, object]:
        return {"input_ids": []}


class Array:
    """Like an array of numbers: its index can be asked for, and is an error."""

    def __len__(self) -> int:
        return 3

    def __index__(self) -> int:
        raise TypeError("only scalars")


class Scalar:
    """Like a whole number of numpy."""

    def __index__(self) -> int:
        return 3


@pytest.mark.parametrize(
    "tokenizer",
    [
        len,
        list,
        Encoding(),
        Encoding().encode,
        Callable(),
        lambda text: Array(),
        lambda text: Scalar(),
        Counter(len),
    ],
)
def test_a_tokenizer_has_any_common_form(tokenizer: object) -> None:
    """A function to a count or to tokens, or an object that encodes."""
    assert counter_of(tokenizer)("abc") == 3


def test_without_a_tokenizer_the_estimate_counts() -> None:
    """The estimate stays itself, so that it is known as one; so does a counter."""
    counter = Counter(len)
    assert counter_of() is counter_of(estimate_text) is estimate_text
    assert counter_of(counter) is counter


@pytest.mark.parametrize("wrong", [3, "gpt2", b"gpt2", object()])
def test_what_is_no_tokenizer_is_refused(wrong: object) -> None:
    """Also the name of one: nothing is downloaded here."""
    with pytest.raises(TypeError, match="tokenizer is a function from a text to its tokens, not "):
        counter_of(wrong)


def test_a_tokenizer_that_does_not_count_is_named() -> None:
    """The error shows what it returned."""
    with pytest.raises(TypeError, match=r"The tokenizer returned 1\.5 for a text"):
        counter_of(lambda text: 1.5)("abc")
