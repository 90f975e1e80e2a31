from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from harness.deciding import Origin, Side, baseline_of, decide, measure, read_baseline, reference, write_baseline
from harness.deciding.measured import Measured
from harness.errors import DatasetError
from tests.deciding.made import SUCCESS, Of, made, rules, success

ORIGIN = Origin("2026-01-31")


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return made(tmp_path / "main", lambda task, number: success(float((task + number) % 7 > 0)))


@pytest.fixture
def saved(side: Side, tmp_path: Path) -> Path:
    path = tmp_path / "main.json"
    write_baseline(baseline_of(measure(side), ["success", "steps", "cost_usd"], ORIGIN), path)
    return path


def test_a_baseline_reads_back_as_it_was_and_is_written_the_same_again(saved: Path) -> None:
    text = saved.read_bytes()
    write_baseline(read_baseline(saved), saved)
    assert saved.read_bytes() == text


def test_a_baseline_gives_the_verdict_that_its_folder_gives(side: Side, saved: Path, tmp_path: Path) -> None:
    candidate = made(tmp_path / "mine", lambda task, number: success(float((task + number) % 3 > 0)))
    stored = reference(str(saved))
    assert isinstance(stored, Measured)
    from_file, from_folder = decide(stored, candidate, rules()), decide(measure(side), candidate, rules())
    assert from_file.metrics == from_folder.metrics
    assert from_file.reason == from_folder.reason


def test_it_has_a_line_for_each_task_and_plan_and_the_sums_of_each_cluster(saved: Path) -> None:
    lines = saved.read_text().splitlines()
    cells = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"brain"')]
    assert [one["task"] for one in cells] == sorted(one["task"] for one in cells)
    assert len(cells) == 25
    first = read_baseline(saved).clusters[0]
    sums = first.metrics["success"]
    assert (first.trials, first.passed, sums.n, sums.mean, sums.sum_of_squares) == (4, 3, 4, 0.75, 3.0)


WRONG = {
    "nothing": ("", "no baseline can be read"),
    "no baseline": ("[]", "schema: baseline of schema None"),
    "another schema": ('{"schema": 9}', "schema: baseline of schema 9, this harness reads 1"),
    "half of one": ('{"schema": 1}', "no baseline: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_baseline_is_refused_with_the_cure(case: str, tmp_path: Path) -> None:
    text, said = WRONG[case]
    path = tmp_path / "main.json"
    path.write_text(text)
    with pytest.raises(DatasetError, match=said) as refused:
        read_baseline(path)
    assert "save" in str(refused.value)


def test_a_baseline_that_was_edited_by_hand_is_refused(saved: Path) -> None:
    text = saved.read_text()
    saved.write_text(text.replace('"success": [0.0,', '"success": [1.0,', 1))
    with pytest.raises(DatasetError, match="do not follow from its cells; it was edited by hand"):
        read_baseline(saved)


def test_lists_of_different_lengths_are_refused(saved: Path) -> None:
    saved.write_text(saved.read_text().replace('"trials": [0, 1, 2, 3]', '"trials": [0, 1, 2]', 1))
    with pytest.raises(DatasetError, match="its lists have different lengths"):
        read_baseline(saved)


def test_a_day_that_is_none_is_refused(saved: Path) -> None:
    saved.write_text(saved.read_text().replace("2026-01-31", "yesterday"))
    with pytest.raises(DatasetError, match=r"origin\.saved_on: 'yesterday' is no date"):
        read_baseline(saved)


def test_a_baseline_from_the_future_does_not_stay_young(saved: Path, tmp_path: Path) -> None:
    saved.write_text(saved.read_text().replace("2026-01-31", "2999-01-31"))
    stored = reference(str(saved))
    assert isinstance(stored, Measured)
    verdict = decide(stored, made(tmp_path / "mine", lambda _t, _n: success(1.0)), rules(max_age_days=1))
    assert (verdict.answer, "which is still to come" in verdict.reason) == ("INVALID", True)


def test_a_trial_that_stands_there_twice_is_refused(saved: Path) -> None:
    found = read_baseline(saved)
    first = found.cells[0]
    twice = msgspec.structs.replace(first, trials=(0, 0, 2, 3), seeds=(0, 0, 2, 3))
    write_baseline(msgspec.structs.replace(found, cells=(twice, *found.cells[1:])), saved)
    with pytest.raises(DatasetError, match="seed 0, trial 0 stands there twice"):
        reference(str(saved))


def test_a_baseline_that_is_too_old_is_invalid(saved: Path, tmp_path: Path) -> None:
    stored = reference(str(saved))
    assert isinstance(stored, Measured)
    candidate = made(tmp_path / "mine", lambda _t, _n: success(1.0))
    verdict = decide(stored, candidate, rules(max_age_days=1))
    assert verdict.answer == "INVALID"
    assert "days old, 1 are allowed: save it anew" in verdict.reason


def test_a_baseline_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert reference(str(tmp_path / "main.json")) is None


def test_a_pinned_release_that_says_nothing_is_invalid(side: Side, tmp_path: Path) -> None:
    elsewhere = made(tmp_path / "elsewhere", lambda _t, _n: success(1.0), scenario="another")
    for pinned, metrics, said in (
        (elsewhere, ["success", "steps"], "the pinned release: shares no trial with the candidate"),
        (side, ["success"], "the pinned release: metric steps: was measured in no trial of the baseline"),
    ):
        write_baseline(baseline_of(measure(pinned), metrics, ORIGIN), tmp_path / "release.json")
        verdict = decide(measure(side), side, rules(anchor=str(tmp_path / "release.json")))
        assert verdict.answer == "INVALID"
        assert verdict.reason.startswith(said)


def loses(tasks: int) -> Of:
    return lambda task, _number: success(float(task >= tasks))


def test_small_losses_that_add_up_fail_against_the_pinned_release(tmp_path: Path) -> None:
    """Two tasks of forty more are no reason to stop; with the six before them they are."""
    release, last, now = (
        made(tmp_path / name, loses(lost), tasks=40) for name, lost in (("release", 0), ("last", 6), ("now", 8))
    )
    write_baseline(baseline_of(measure(release), ["success"], ORIGIN), tmp_path / "release.json")
    margin = SUCCESS.model_copy(update={"margin": 0.2})
    rolling = rules(margin)
    assert decide(measure(last), now, rolling).answer == "PASS"
    anchored = rules(margin, anchor=str(tmp_path / "release.json"))
    verdict = decide(measure(last), now, anchored)
    assert verdict.answer == "FAIL"
    assert verdict.reason.startswith("against the pinned release, success: ")
