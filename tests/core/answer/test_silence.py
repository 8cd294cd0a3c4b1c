"""How long a stream may say nothing, added up wait by wait."""

from __future__ import annotations

from math import inf

from github_models_azure._core.answer.silence import CALL_IS_OVER, Silence


def test_only_content_ends_a_silence() -> None:
    """Waits that brought something else go on in the next."""
    silence = Silence(10.0, 300.0)
    assert (silence.next_wait, silence.longest) == (10.0, 10.0)
    assert silence.waited(6.0, heard=False) is None
    assert silence.next_wait == 4.0
    assert silence.waited(4.0, heard=True) is None
    assert silence.next_wait == 10.0
    assert silence.waited(6.0, heard=False) is None
    found = silence.waited(6.0, heard=False)
    assert found == "nothing but keep-alives for 12 s (attempt_timeout)"


def test_the_message_says_what_was_late_and_which_option_says_so() -> None:
    """The first content, a further one that came too late, or none."""
    first = "no content within 11 s"
    assert Silence(10.0, 300.0).waited(11.0, heard=False) == f"{first} (attempt_timeout)"
    assert Silence(None, 10.0).waited(11.0, heard=True) == f"{first} (read_timeout)"
    begun = Silence(None, 10.0)
    assert begun.waited(1.0, heard=True) is None
    assert begun.waited(11.0, heard=True) == "the next content took 11 s (read_timeout)"


def test_one_wait_for_data_is_bounded_by_both() -> None:
    """``read_timeout`` is the limit of a silence only where there is no other."""
    silence = Silence(600.0, 20.0)
    assert (silence.limit, silence.longest) == (600.0, 20.0)
    assert (Silence(None, 20.0).limit, Silence(5.0, 20.0).longest) == (20.0, 5.0)


def test_what_is_left_in_all_goes_down_with_content_too() -> None:
    """And ends the stream whatever came."""
    silence = Silence(10.0, 300.0, 15.0)
    assert silence.waited(8.0, heard=True) is None
    assert (silence.next_wait, silence.ends_call(6.0), silence.ends_call(7.0)) == (7.0, False, True)
    assert silence.waited(7.0, heard=True) == CALL_IS_OVER
    assert not Silence(10.0, 300.0).ends_call(1e9)
    assert Silence(10.0, 300.0).left == inf
