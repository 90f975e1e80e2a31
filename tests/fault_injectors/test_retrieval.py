"""Search results that are old, noisy, cut or in another order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.content import all_fault_kinds
from harness.scoring import Record, score
from tests.conftest import Play

KIND = all_fault_kinds()["retrieval_results"]
DESK = {"domain": "support_desk", "task": "bowls_in_shards"}


def results(record: Record) -> list[dict[str, Any]]:
    """Return what the first search has found."""
    [first, *_] = [event for event in record.of("tool_call_completed") if event.port == "retrieval"]
    found: list[dict[str, Any]] = first.payload["value"]["documents"]
    return found


def damaged(play: Play, damage: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the results of one search, sound and damaged."""
    fault = {"kind": KIND.name, "at": "retrieval:*", "options": {"damage": damage}}
    record = play(fault, **DESK).record
    assert [receipt.times for receipt in record.receipts] == [1]
    return results(play(**DESK).record), results(record)


def test_an_old_edition_says_so_and_has_other_numbers(play: Play) -> None:
    sound, old = damaged(play, "stale")
    assert [one["id"] for one in old] == [one["id"] for one in sound]
    for new, one in zip(sound, old, strict=True):
        assert one["text"].startswith("Edition of 2019, superseded. ")
        assert one["title"] == new["title"]
    numbers = [re.findall(r"\d+", " ".join(one["text"] for one in some)) for some in (sound, old)]
    assert not set(numbers[0]) & set(numbers[1])


def test_noise_takes_all_places_but_the_last(play: Play) -> None:
    sound, noisy = damaged(play, "distractor")
    assert len(noisy) == len(sound)
    assert noisy[-1] == sound[0]
    assert all("canteen" in one["text"] for one in noisy[:-1])


def test_half_of_the_results_is_left_and_half_of_their_texts(play: Play) -> None:
    sound, cut = damaged(play, "truncated")
    assert len(cut) == (len(sound) + 1) // 2
    for whole, one in zip(sound, cut, strict=False):
        assert whole["text"].startswith(one["text"])
        assert len(one["text"]) == len(whole["text"]) // 2


def test_the_best_comes_last(play: Play) -> None:
    sound, reordered = damaged(play, "reordered")
    assert reordered == sound[::-1] != sound


@pytest.mark.parametrize("damage", KIND.variants)
def test_recalled_memories_are_damaged_as_well(play: Play, damage: str) -> None:
    """They are lists of texts like any other; a write has no results."""
    options = {"domain": "payables", "task": "remember_a_wish"}
    fault = {"kind": KIND.name, "at": "memory:*", "when": {"every": True}, "options": {"damage": damage}}
    assert not play(fault, **options).record.of("trial_aborted")


@pytest.mark.parametrize("damage", KIND.variants)
def test_an_unanswered_search_can_not_get_worse(play: Play, damage: str) -> None:
    lost = {"kind": "timeout", "at": "retrieval:*", "when": {"every": True}}
    fault = {"kind": KIND.name, "at": "retrieval:*", "when": {"every": True}, "options": {"damage": damage}}
    record = play(fault, lost, **DESK).record
    assert not [event for event in record.of("tool_call_completed") if event.port == "retrieval"]
    assert score(record).outcome != "harness_error"
