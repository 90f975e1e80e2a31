"""Text that nobody trusts can be read, and can do nothing else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import Share
from harness.render import shown
from harness.render.numbers import DASH, metric, number, of, percent, seconds, usd

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2028\u2029\u3164\ufe0f\U000e0041\U000e0100"
CONTROL = "\x00\x07\x08\x1b\x7f\x85\r"


@pytest.mark.parametrize("one", BIDI + UNSEEN + CONTROL)
def test_invisible_characters_are_spelt_out(one: str) -> None:
    """Nothing can hide or turn the reading direction."""
    assert shown(f"a{one}b") == f"a⟨U+{ord(one):04X}⟩b"


@given(st.text())
def test_whatever_comes_in_only_visible_text_comes_out(text: str) -> None:
    """What is left is letters, marks, numbers, signs, spaces, line ends and tabs, and can be encoded."""
    clean = shown(text)
    clean.encode()
    assert all(one in "\n\t" or unicodedata.category(one)[0] != "C" for one in clean)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Only what is invisible changes."""
    assert shown(text) == text


def test_endless_text_is_cut() -> None:
    """The cut says how much is missing."""
    assert shown("x" * 20_010).endswith("x… (10 characters left out)")


def test_what_was_not_measured_is_a_dash() -> None:
    """And a measured zero is not."""
    assert {percent(None), number(None), usd(None), seconds(None), metric(None, "steps"), of(Share(0, 0))} == {DASH}
    assert (percent(0.0), number(0.0), usd(0.0), metric(0.0, "success")) == ("0 %", "0", "$0", "0 %")


def test_nearly_is_never_rounded_to_always_or_never() -> None:
    """One failure in ten thousand trials shows."""
    assert (percent(0.99999), percent(0.00001), percent(1.0)) == ("99.9 %", "0.1 %", "100 %")
    assert number(0.0004) == "4.0e-04"
