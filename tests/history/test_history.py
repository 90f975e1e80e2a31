"""Histories are plain data with one text and one digest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history import Event, History, canonical_json, decode_events, digest, encode_events, history_digest, plain

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_plain_data_survives_its_own_text(value: Any) -> None:
    """A copy equals the original, and copying again changes nothing."""
    assert plain(value) == value
    assert canonical_json(plain(value)) == canonical_json(value)


@given(table=st.dictionaries(st.text(), values, max_size=5))
def test_the_digest_does_not_depend_on_the_order_of_keys(table: dict[str, Any]) -> None:
    """Equal data, equal digest."""
    assert digest(table) == digest(dict(reversed(table.items())))


@given(payload=st.dictionaries(st.text(), values, max_size=3), time_s=st.floats(0, 1e9))
def test_events_survive_their_own_text(payload: dict[str, Any], time_s: float) -> None:
    """And so does the digest of the history."""
    history = History(lambda: time_s)
    history.append("run_started", run_id="run-1", payload=payload)
    history.append("run_completed", run_id="run-1", result="completed", latency_s=time_s)
    again = decode_events(encode_events(history))
    assert again == history.events
    assert history_digest(again) == history_digest(history)


def test_events_are_numbered_in_order() -> None:
    """From 0 on."""
    history = History(lambda: 1.5)
    for _ in range(3):
        history.append("tool_call_started")
    assert [event.seq for event in history] == [0, 1, 2]


def test_a_text_that_is_no_history_is_refused() -> None:
    """An unknown kind of event, for example."""
    with pytest.raises(msgspec.DecodeError):
        decode_events(b'{"seq":0,"time_s":0,"kind":"nonsense"}\n')


def test_a_copy_shares_nothing_with_its_original() -> None:
    """What was recorded can not be changed afterwards."""
    original = {"a": [1]}
    copy = plain(original)
    original["a"].append(2)
    assert copy == {"a": [1]}


def test_an_event_without_details_is_a_short_text() -> None:
    """Defaults are left out."""
    assert encode_events([Event(0, 0.0, "run_started")]) == b'{"seq":0,"time_s":0.0,"kind":"run_started"}\n'
