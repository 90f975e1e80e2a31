"""A model that takes more tokens for the same words."""

from __future__ import annotations

import pytest

from harness.scoring import score
from tests.conftest import Play


def test_the_answer_is_the_same_and_dearer(play: Play) -> None:
    clean = play().record.of("model_call_completed")[0]
    dear = play({"kind": "cost_surge", "at": "model:planner", "options": {"factor": 3}}).record
    end = dear.of("model_call_completed")[0]
    assert end.payload["value"] == clean.payload["value"]
    assert clean.tokens_out is not None
    assert (end.tokens_in, end.tokens_out) == (clean.tokens_in, clean.tokens_out * 3)
    assert (clean.cost_usd or 0) < (end.cost_usd or 0) < 3 * (clean.cost_usd or 0)


def test_no_answer_is_longer_than_its_caller_allows(play: Play) -> None:
    fault = {"kind": "cost_surge", "at": "model:planner", "options": {"factor": 10_000}}
    end = play(fault).record.of("model_call_completed")[0]
    assert end.tokens_out == 1_000


@pytest.mark.parametrize("task", ["dose_in_1054_tokens_out", "dose_for_16_thousandths"])
def test_a_budget_holds_whatever_an_answer_costs(play: Play, task: str) -> None:
    fault = {"kind": "cost_surge", "at": "model:planner", "when": {"every": True}, "options": {"factor": 40}}
    record = play(fault, domain="limits", task=task).record
    assert record.of("budget_exceeded")
    assert not score(record).violations
