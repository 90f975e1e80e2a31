"""Which change makes a trial fail."""

from __future__ import annotations

from typing import Any

import pytest

from harness.campaign import TrialSpec
from harness.triage import Attribution, Replays, attribute, part
from harness.triage.axes import axes_between, swapped
from tests.triage.conftest import LOST, REFUSED, like, trial

pytestmark = pytest.mark.usefixtures("shop")


def blamed(baseline: TrialSpec, candidate: TrialSpec) -> Attribution:
    replays = Replays()
    before, after = replays(baseline), replays(candidate)
    assert (before.state, after.state) == ("good", "bad")
    return attribute(baseline, candidate, after.signature, part(before.events, after.events).fork, replays)


OTHERS: dict[str, Any] = {"reviewers": 3, "policy": {"parallel_reads": 2}}


def test_the_one_field_that_makes_it_fail_is_named_among_several_that_changed() -> None:
    found = blamed(trial(), trial(agent=like(approver="never", **OTHERS)))
    assert (found.axis, found.fields, found.basis) == ("approver", ("agent.approver",), "swap")
    assert {swap.fields: swap.state for swap in found.swaps} == {
        (): "good",
        ("agent.policy.parallel_reads", "agent.approver", "agent.reviewers"): "bad",
        ("agent.policy.parallel_reads",): "good",
        ("agent.approver",): "bad",
        ("agent.reviewers",): "good",
    }


def test_a_policy_is_named_by_its_key() -> None:
    found = blamed(trial(), trial(agent=like(policy={"allowlist": ["get_order"], "parallel_reads": 2})))
    assert (found.axis, found.fields) == ("policy", ("agent.policy.allowlist",))


def test_two_changes_that_only_fail_together_are_named_together() -> None:
    weak = like(without=("idempotency_keys",), **OTHERS)
    found = blamed(trial(), trial(LOST, agent=weak))
    assert (found.axis, found.basis) == ("faults + parts", "pair")
    assert found.fields == ("plan", "agent.without")


def test_equal_specs_leave_the_one_who_made_the_first_different_step() -> None:
    replays = Replays()
    spec = trial(agent=like(planner="do_nothing"))
    after = replays(spec)
    fork = part(replays(trial()).events, after.events).fork
    found = attribute(spec, spec, after.signature, fork, replays)
    assert (found.axis, found.fields, found.basis) == ("planner", (), "fork")


def test_without_replays_the_only_axis_that_differs_is_named() -> None:
    found = attribute(trial(), trial(REFUSED), (), None, None)
    assert (found.axis, found.basis, found.swaps) == ("faults", "fork", ())


def test_all_axes_swapped_make_the_candidate() -> None:
    candidate = trial(LOST, agent=like(planner="simulated", planner_options={"version": "v3"}, policy={"bulkhead": 2}))
    axes = axes_between(trial(), candidate)
    assert swapped(trial(), candidate, axes) == candidate
    assert swapped(trial(), candidate, ()) == trial()
