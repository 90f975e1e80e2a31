from __future__ import annotations

import math
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from harness.analysis import load_results
from harness.deciding import GateFile, MetricRule, Rules, Side, Verdict, decide, measure
from harness.errors import DatasetError
from harness.statistics import (
    LookPlan,
    clusters_when_identical,
    estimate,
    holm,
    log_ratios,
    look_alphas,
    wilson_clustered,
)
from harness.store import read_table, write_manifest, write_part
from tests.deciding.made import STEPS, SUCCESS, Of, made, reread, rules, success


def always(value: float) -> Of:
    return lambda _task, _number: success(value)


def breaks_in(tasks: int) -> Of:
    return lambda task, _number: success(0.0 if task < tasks else 1.0)


def judged(baseline: Side, candidate: Side, given: Rules | None = None) -> Verdict:
    return decide(measure(baseline), candidate, given or rules())


@pytest.fixture
def sound(tmp_path: Path) -> Side:
    return made(tmp_path / "sound", always(1.0))


def test_equal_histories_are_identical_with_the_bound_that_the_suite_allows(tmp_path: Path, sound: Side) -> None:
    again = made(tmp_path / "again", always(1.0), history="sound")
    verdict = judged(sound, again)
    assert (verdict.answer, verdict.exit_code) == ("IDENTICAL", 0)
    assert verdict.bound == pytest.approx(1 - 0.05 ** (1 / 25))
    assert clusters_when_identical(0.03) == 99


def test_equal_scores_on_other_histories_pass_where_the_margin_allows_it(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "other", always(1.0)))
    assert (verdict.answer, verdict.bound) == ("PASS", None)


def test_equal_scores_are_not_enough_for_a_margin_that_the_suite_can_not_show(tmp_path: Path, sound: Side) -> None:
    narrow = SUCCESS.model_copy(update={"margin": 0.03})
    verdict = judged(sound, made(tmp_path / "other", always(1.0)), rules(narrow))
    assert (verdict.answer, verdict.exit_code) == ("INCONCLUSIVE", 4)


def test_fewer_clusters_than_say_anything_are_inconclusive(tmp_path: Path) -> None:
    few, as_few = (made(tmp_path / name, always(1.0), tasks=19) for name in ("few", "as_few"))
    verdict = judged(few, as_few)
    assert (verdict.answer, {one.ruling for one in verdict.metrics}) == ("INCONCLUSIVE", {"insufficient"})


def test_a_plain_loss_fails_and_names_the_tasks(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "worse", breaks_in(8)))
    assert (verdict.answer, verdict.exit_code) == ("FAIL", 1)
    [lost] = [one for one in verdict.metrics if one.ruling == "fail"]
    assert lost.name == "success"
    assert len(lost.worse) == 8
    assert lost.worse[0] == "task_0: 1 to 0"


def test_steps_alone_can_fail(tmp_path: Path, sound: Side) -> None:
    slow = made(tmp_path / "slow", lambda task, _: {**success(1.0), "steps": 5.0 + task % 3})
    verdict = judged(sound, slow)
    assert verdict.answer == "FAIL"
    assert {one.name: one.ruling for one in verdict.metrics} == {"success": "pass", "steps": "fail"}


def test_a_metric_that_does_not_decide_can_not_fail(tmp_path: Path, sound: Side) -> None:
    slow = made(tmp_path / "slow", lambda task, _: {**success(1.0), "steps": 5.0 + task % 3})
    shown = STEPS.model_copy(update={"gate": False})
    assert judged(sound, slow, rules(SUCCESS, shown)).answer == "PASS"


def test_a_task_that_passed_always_and_does_not_any_more_is_shown_and_fails_where_the_file_says_so(
    tmp_path: Path, sound: Side
) -> None:
    once = made(tmp_path / "once", lambda task, number: success(float((task, number) != (3, 1))))
    wide = SUCCESS.model_copy(update={"margin": 0.2})
    shown = judged(sound, once, rules(wide))
    assert [(one.task, one.before, one.after) for one in shown.hard_breaks] == [("task_3", (4, 4), (3, 4))]
    assert shown.answer == "PASS"
    assert judged(sound, once, rules(wide, hard_breaks="fail")).answer == "FAIL"


def with_breach(folder: Path, *, blocked: bool) -> Side:
    side = made(folder, always(1.0))
    write_part(folder, "violations", 0, [("003-01", "duplicate_effect", "high", blocked, "run-1", 0, "paid twice")])
    return reread(side)


def test_one_breach_that_took_effect_fails_whatever_the_statistics_say(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, with_breach(tmp_path / "breach", blocked=False))
    assert verdict.answer == "FAIL"
    [found] = verdict.counterexamples
    assert (found.rule, found.task, found.trials) == ("duplicate_effect", "task_3", 1)
    assert found.replay == f"harness replay {tmp_path / 'breach'} 003-01"
    assert verdict.violation_bound is None


def test_a_breach_that_was_blocked_is_none(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, with_breach(tmp_path / "breach", blocked=True))
    assert (verdict.answer, verdict.counterexamples) == ("PASS", ())
    assert verdict.violation_bound == pytest.approx(1 - 0.05 ** (1 / 100))


QUARANTINE = {"task": "task_3", "owner": "@x", "expires": date(2030, 1, 1), "reason": "known"}


def test_what_is_in_quarantine_is_shown_and_not_counted(tmp_path: Path, sound: Side) -> None:
    once = made(tmp_path / "once", lambda task, _number: success(float(task != 3)))
    verdict = judged(sound, once, rules(hard_breaks="fail", quarantine=[QUARANTINE]))
    assert verdict.answer == "PASS"
    assert [(one.passed, one.trials, one.expired) for one in verdict.quarantined] == [(0, 4, False)]
    assert verdict.clusters == 24


def test_a_quarantine_that_has_ended_covers_nothing_and_fails(tmp_path: Path, sound: Side) -> None:
    ended = {**QUARANTINE, "expires": date(2020, 1, 1)}
    verdict = judged(sound, made(tmp_path / "other", always(1.0)), rules(quarantine=[ended]))
    assert verdict.answer == "FAIL"
    assert "the quarantine of task_3 ended on 2020-01-01: @x" in verdict.reason
    assert verdict.clusters == 25


def test_quarantine_covers_no_breach(tmp_path: Path, sound: Side) -> None:
    breach = with_breach(tmp_path / "breach", blocked=False)
    assert judged(sound, breach, rules(quarantine=[QUARANTINE])).answer == "FAIL"


def test_a_quarantine_of_nothing_is_noted(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "other", always(1.0)), rules(quarantine=[{**QUARANTINE, "task": "gone"}]))
    assert "the quarantine of gone covers no trial: take it out of the gate file" in verdict.notes


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "no counterpart": ({"scenario": "another"}, "no trial of the candidate has a counterpart"),
    "a changed task": (
        {"inputs": '{"world": "0123456789abcdef"}'},
        "the world of task_0 under plan has changed since the baseline",
    ),
    "trials that could not be played": (
        {"outcome": "harness_error", "verdict": "harness_error"},
        "100 of 100 trials of the candidate could not be played",
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_what_can_not_be_compared_is_invalid(case: str, tmp_path: Path, sound: Side) -> None:
    columns, said = INVALID[case]
    verdict = judged(sound, made(tmp_path / "other", always(1.0), **columns))
    assert (verdict.answer, verdict.exit_code) == ("INVALID", 3)
    assert any(said in one for one in verdict.invalid)


def test_another_suite_is_invalid_and_every_changed_file_is_named(tmp_path: Path, sound: Side) -> None:
    other = made(tmp_path / "other", always(1.0))
    changed = {
        "domains": {"made": {"tools.py": "1", "tasks/a.yaml": "2"}},
        "fault_catalogue": {"core/timeout.py": "3"},
        "scorers": {"steps": "4"},
    }
    write_manifest(tmp_path / "other", {"command": "by hand", "seed": 0, **changed})
    verdict = judged(sound, reread(other))
    assert verdict.answer == "INVALID"
    assert verdict.invalid == (
        "fault_injectors/core/timeout.py is new since the baseline",
        "golden/made/tools.py is new since the baseline",
        "scorer steps is new since the baseline",
        "scores of different scorers: score both again (harness score FOLDER)",
    )


def test_a_candidate_that_left_trials_out_is_invalid(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "short", always(1.0), tasks=24))
    assert verdict.invalid == (
        "the candidate has not played 4 of the baseline's trials, first task_24 under plan: play them all",
    )


def test_new_trials_are_noted_and_not_compared(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "more", always(1.0), tasks=26))
    assert (verdict.answer, verdict.pairs) == ("PASS", 100)
    assert "4 trials of the candidate are new to the baseline and were not compared" in verdict.notes


def test_a_gated_metric_that_was_not_measured_is_invalid(tmp_path: Path, sound: Side) -> None:
    unmeasured = made(tmp_path / "unmeasured", lambda _task, _number: {**success(1.0), "steps": None})
    verdict = judged(sound, unmeasured)
    assert verdict.invalid == ("metric steps: was measured in no trial of the candidate: take it out of the gate file",)


def test_the_default_gate_decides_on_what_is_measured(tmp_path: Path) -> None:
    unpriced = {"success": 1.0, "steps": 4.0}
    sides = [made(tmp_path / name, lambda _task, _number: unpriced) for name in ("main", "mine")]
    verdict = judged(sides[0], sides[1], rules(*GateFile().metric))
    assert [one.name for one in verdict.metrics] == ["success", "steps"]
    assert verdict.answer != "INVALID"


def test_no_trial_at_all_is_invalid(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "none", always(1.0), tasks=0))
    assert verdict.answer == "INVALID"


def test_a_rate_below_its_floor_fails_although_nothing_got_worse(tmp_path: Path) -> None:
    low, as_low = (made(tmp_path / name, lambda task, _n: success(float(task % 2))) for name in ("low", "as_low"))
    floored = SUCCESS.model_copy(update={"floor": 0.9, "margin": 0.2})
    verdict = judged(low, as_low, rules(floored))
    assert verdict.answer == "FAIL"
    assert "the floor is 0.9" in verdict.reason


def test_more_looks_spend_the_same_alpha_and_the_first_one_is_waited_for(tmp_path: Path, sound: Side) -> None:
    early = judged(sound, made(tmp_path / "other", always(1.0)), rules(statistics={"looks": [8, 16]}))
    assert (early.answer, early.reason) == (
        "INCONCLUSIVE",
        "the first look is at 8 trials for each task and plan, not 4",
    )
    first = judged(
        sound,
        made(tmp_path / "again", always(1.0)),
        rules(SUCCESS.model_copy(update={"margin": 0.3}), statistics={"looks": [4, 16]}),
    )
    assert first.looks == (4,)
    [one] = first.metrics
    assert one.level is not None
    assert one.level > 0.9


def test_big_breakage_fails_before_the_first_look(tmp_path: Path) -> None:
    sides = made(tmp_path / "sound", always(1.0), trials=1), made(tmp_path / "broken", breaks_in(20), trials=1)
    verdict = judged(*sides, rules(statistics={"looks": [4, 16]}))
    assert verdict.answer == "FAIL"
    assert "20 of 25 pairs of trials got worse" in verdict.reason


def test_small_breakage_waits_for_the_first_look(tmp_path: Path) -> None:
    sides = made(tmp_path / "sound", always(1.0), trials=1), made(tmp_path / "broken", breaks_in(4), trials=1)
    assert judged(*sides, rules(statistics={"looks": [4, 16]})).answer == "INCONCLUSIVE"


def test_pass_hat_k_is_a_metric_of_a_task(tmp_path: Path, sound: Side) -> None:
    flaky = made(tmp_path / "flaky", lambda task, number: success(float(number != task % 4)))
    reliable = MetricRule(name="pass_hat_4", kind="rate", better="higher", margin=0.2)
    verdict = judged(sound, flaky, rules(reliable))
    [one] = verdict.metrics
    assert (one.baseline, one.candidate, one.ruling) == (1.0, 0.0, "fail")


def test_tasks_can_be_the_clusters(tmp_path: Path) -> None:
    one, other = (made(tmp_path / name, always(1.0), family="one") for name in ("a", "b"))
    assert judged(one, other).clusters == 1
    assert judged(one, other, rules(statistics={"cluster": "task"})).clusters == 25


MEAN_STEPS = MetricRule(name="steps", kind="mean", better="lower", margin=0.5)
MISFITS: dict[str, tuple[MetricRule, float, str]] = {
    "a ratio of nothing": (STEPS, 0.0, "no ratio can be made in made/family_0: 0 on the baseline's side"),
    "a rate above one": (MEAN_STEPS.model_copy(update={"kind": "rate"}), 4.0, "is no rate, since one value is 4"),
    "a mean of nobody knows what": (MEAN_STEPS, 4.0, "one value is 4; add worst to it"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_values_that_do_not_fit_their_rule_are_invalid_with_the_cure(case: str, tmp_path: Path) -> None:
    rule, value, said = MISFITS[case]
    before, after = (made(tmp_path / name, lambda _t, _n: {**success(1.0), "steps": value}) for name in ("a", "b"))
    verdict = judged(before, after, rules(rule))
    assert verdict.answer == "INVALID"
    assert f"metric steps: {said}" in verdict.reason


def test_a_mean_passes_when_the_gate_file_says_how_much_a_family_can_lose(tmp_path: Path, sound: Side) -> None:
    rule = MEAN_STEPS.model_copy(update={"worst": 4.0})
    assert judged(sound, made(tmp_path / "other", always(1.0)), rules(rule)).answer == "PASS"


def test_a_misfit_that_decides_nothing_stops_nothing(tmp_path: Path) -> None:
    free, as_free = (made(tmp_path / name, lambda _t, _n: {**success(1.0), "steps": 0.0}) for name in ("a", "b"))
    verdict = judged(free, as_free, rules(SUCCESS, STEPS.model_copy(update={"gate": False})))
    assert verdict.answer == "PASS"
    assert verdict.metrics[1].ruling == "insufficient"


@pytest.mark.parametrize(("lost", "answer"), [(0, "PASS"), (2, "PASS"), (3, "INCONCLUSIVE")])
def test_a_metric_that_the_candidate_alone_lacks_does_not_pass(
    lost: int, answer: str, tmp_path: Path, sound: Side
) -> None:
    """What has no value may be what went wrong; as many as could fail to be played may lack theirs."""
    missing = made(tmp_path / "m", lambda task, n: {**success(1.0), "steps": None if n == 0 and task < lost else 4.0})
    verdict = judged(sound, missing)
    assert verdict.answer == answer
    assert ("have no value where the baseline's have one" in verdict.reason) == (answer != "PASS")


@pytest.mark.parametrize("case", ["another score", "a trial that was not played"])
def test_equal_histories_alone_are_not_identical(case: str, tmp_path: Path, sound: Side) -> None:
    again = made(
        tmp_path / "again", lambda t, n: success(float((case, t, n) != ("another score", 3, 1))), history="sound"
    )
    if case != "another score":
        again = without_an_end(tmp_path / "again", "003-01")
    assert judged(sound, again).answer != "IDENTICAL"


def without_an_end(folder: Path, trial_id: str) -> Side:
    """Let one trial be one that could not be played."""
    found = read_table(folder, "trials")
    rows = [
        {**row, **({"outcome": "harness_error", "verdict": "harness_error"} if row["trial_id"] == trial_id else {})}
        for row in found.to_pylist()
    ]
    write_part(folder, "trials", 0, [tuple(row.values()) for row in rows])
    return Side((load_results(folder),), "reference")


def test_a_trial_that_stands_there_twice_is_refused(tmp_path: Path, sound: Side) -> None:
    folder = tmp_path / "twice"
    made(folder, breaks_in(8), tasks=25)
    rows = [tuple(row.values()) for row in read_table(folder, "trials").to_pylist()]
    again = [("x" + row[0], *row[1:]) for row in rows[:4]]
    write_part(folder, "trials", 0, [*rows, *again])
    with pytest.raises(DatasetError, match="task_0 under plan: seed 0, trial 0 stands there twice"):
        judged(sound, Side((load_results(folder),), "reference"))


def test_tables_that_contradict_one_another_are_refused(tmp_path: Path, sound: Side) -> None:
    unknown = made(tmp_path / "unknown", always(1.0))
    write_part(tmp_path / "unknown", "violations", 0, [("nobody", "x", "high", False, "run-1", 0, "m")])
    hidden = made(tmp_path / "hidden", always(1.0), verdict="violated")
    better = made(tmp_path / "better", always(1.0), success=0.0)
    endless = made(tmp_path / "endless", lambda _t, n: {**success(1.0), "steps": math.inf if n else 4.0})
    for side, said in (
        (reread(unknown), "trial 'nobody' is not in the table of trials"),
        (hidden, "trial '000-00' violated a rule, and none stands there"),
        (better, "trial '000-00': success is 1, and 0 in the table of trials"),
        (endless, "trial '000-01': steps is inf"),
    ):
        with pytest.raises(DatasetError, match=said):
            judged(sound, side)


def test_a_floor_fails_at_the_last_look_and_asks_for_more_trials_before(tmp_path: Path, sound: Side) -> None:
    floor = SUCCESS.model_copy(update={"margin": 0.4, "floor": 0.98})
    other = made(tmp_path / "other", always(1.0))
    for looks, answer in (([4, 8], "INCONCLUSIVE"), ([2, 4], "FAIL"), ([], "FAIL")):
        verdict = judged(sound, other, rules(floor, statistics={"looks": looks}))
        assert verdict.answer == answer
        assert "the floor is 0.98" in verdict.reason


@pytest.mark.parametrize("looks", [[], [4, 8]])
def test_a_verdict_says_what_the_statistics_say_of_the_same_numbers(looks: list[int], tmp_path: Path) -> None:
    """Cluster means by hand, one level for interval, p-value and floor, and Holm over the metrics that decide."""
    before = made(tmp_path / "before", lambda task, n: success(float((task + n) % 6 > 0)))
    after = made(tmp_path / "after", lambda task, n: {**success(float((task * n) % 5 > 0)), "steps": 4.0 + task % 2})
    given = rules(SUCCESS.model_copy(update={"floor": 0.5}), STEPS, statistics={"looks": looks})
    found = {one.name: one for one in judged(before, after, given).metrics}
    alpha = look_alphas(LookPlan((4, 8)))[0] if looks else 0.05
    passed = np.array([[[(t + n) % 6 > 0, (t * n) % 5 > 0] for n in range(4)] for t in range(25)], dtype=float)
    by_hand = estimate(passed[:, :, 1].mean(axis=1) - passed[:, :, 0].mean(axis=1), alpha, 0.12)
    one = found["success"]
    assert (one.difference, one.low, one.p_worse) == pytest.approx((by_hand.difference, by_hand.low, by_hand.p_worse))
    assert one.level == pytest.approx(1 - 2 * alpha)
    low = wilson_clustered(passed[:, :, 1].sum(axis=1), [4.0] * 25, 2 * alpha).low
    assert one.candidate_low == pytest.approx(low)
    slower = log_ratios(np.full(25, 4.0), np.array([4.0 + task % 2 for task in range(25)]))
    p_steps = estimate(slower, alpha).p_worse
    assert [one.p_adjusted for one in found.values()] == pytest.approx(holm([by_hand.p_worse, p_steps]))


def test_a_look_counts_the_trials_that_both_sides_have(tmp_path: Path) -> None:
    one, many = made(tmp_path / "one", always(1.0), trials=1), made(tmp_path / "many", always(1.0), trials=8)
    verdict = judged(one, many, rules(statistics={"looks": [4, 8]}))
    assert "the first look is at 4 trials for each task and plan, not 1" in verdict.reason


def test_giving_up_early_does_not_look_cheap_where_both_succeeded(tmp_path: Path, sound: Side) -> None:
    quits = made(tmp_path / "quits", lambda task, _n: success(1.0) if task % 2 else {**success(0.0), "steps": 1.0})
    steps = next(one for one in judged(sound, quits).metrics if one.name == "steps")
    assert (steps.difference or 1) < 0.6
    assert steps.both_succeeded == 1.0


def test_a_verdict_survives_its_own_json(tmp_path: Path, sound: Side) -> None:
    verdict = judged(sound, made(tmp_path / "worse", breaks_in(8)))
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
