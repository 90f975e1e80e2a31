"""The causality curve: a failing trial rewound to each of its steps."""

from __future__ import annotations

import random

import pytest

from harness.campaign import TrialSpec
from harness.triage import Causality, Replayed, Replays, causality
from tests.triage.conftest import LOST, like, trial

pytestmark = pytest.mark.usefixtures("shop")

ERRS = like(planner="simulated", planner_options={"version": "v0", "premature_stop": 0.15})


def failing(agent: object = ERRS) -> tuple[TrialSpec, Replayed, Replays]:
    replays = Replays()
    specs = (trial(agent=agent, seed=seed) for seed in range(100))  # type: ignore[arg-type]
    return next((spec, played, replays) for spec in specs if (played := replays(spec)).state == "bad")


def curve() -> Causality:
    spec, played, replays = failing()
    return causality(spec, played, 16, replays)


def test_a_branch_keeps_what_went_before_to_the_byte_and_goes_on_by_other_chances() -> None:
    spec, played, replays = failing()
    at = len(played.events) // 2
    branches = [replays(spec.branched(at, seed)).events for seed in range(4)]
    assert all(events[:at] == played.events[:at] for events in branches)
    assert len({str(events[at:]) for events in branches}) == 4


def test_a_trial_that_does_not_branch_keeps_its_name() -> None:
    assert "branch" not in trial().model_dump(mode="json")


def test_the_curve_jumps_at_the_step_in_which_chance_decided() -> None:
    spec, played, replays = failing()
    last = max(event.step or 0 for event in played.events if event.kind == "model_call_started")
    assert causality(spec, played, 16, replays).step == last  # that of the answer that came too early


def test_what_is_likely_from_the_start_is_put_down_to_no_step() -> None:
    spec = trial(LOST, agent=like(without=("idempotency_keys",)))
    replays = Replays()
    found = causality(spec, replays(spec), 4, replays)
    assert {point.probability for point in found.points} == {1.0}
    assert found.step is None


def test_the_curve_ends_at_certainty_and_its_bars_hold_its_points() -> None:
    points = curve().points
    assert points[-1].probability == 1.0
    assert points[-1].step is None
    assert all(point.interval.low <= point.probability <= point.interval.high for point in points)


def test_a_branch_draws_anew_from_the_random_module_as_well() -> None:
    from harness.simulation import BranchedSeed, simulate  # noqa: PLC0415  # only here

    later = False

    async def draws() -> tuple[float, float]:
        nonlocal later
        first = random.random()  # noqa: S311  # the chance that is tested
        later = True
        return first, random.random()  # noqa: S311  # as above

    def drawn(seed: int) -> tuple[float, float]:
        nonlocal later
        later = False
        return simulate(draws, seed=BranchedSeed(1, seed, lambda: later))

    assert drawn(2)[0] == drawn(3)[0]
    assert drawn(2)[1] != drawn(3)[1]
    assert drawn(2) == drawn(2)
