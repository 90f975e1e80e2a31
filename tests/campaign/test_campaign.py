"""A campaign is a pure function of its inputs, and what it stores says all that it saw."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.boundary import FaultPlan, PlannedFault, Trigger
from harness.campaign import (
    RunSpec,
    TrialSpec,
    expand,
    load_scenario,
    make_manifest,
    replay,
    rescore,
    run_campaign,
    run_trial,
    stored_events,
    stored_receipts,
    stored_record,
    stored_spec,
)
from harness.content import AgentSpec
from harness.errors import DatasetError
from harness.history import history_digest
from harness.scoring import score
from harness.store import read_table, write_manifest


def play_scenario(folder: Path, *, jobs: int = 1, seed: int = 0, trials: int | None = None) -> Path:
    """Run the shop's scenario into a folder."""
    specs = expand(load_scenario(Path("scenarios/lost.yaml")), seed=seed, trials=trials)
    run_campaign(specs, folder, jobs=jobs)
    write_manifest(folder, make_manifest(specs, command="harness run scenarios/lost.yaml", seed=seed))
    return folder


@pytest.fixture
def results(shop: Path, tmp_path: Path) -> Path:
    """Return a folder with the results of the shop's scenario."""
    del shop
    return play_scenario(tmp_path / "results")


def digests(folder: Path) -> dict[str, str]:
    """Return the history digest of every trial."""
    table = read_table(folder, "trials")
    return dict(zip(table["trial_id"].to_pylist(), table["history_digest"].to_pylist(), strict=True))


@pytest.mark.usefixtures("shop")
def test_the_number_of_jobs_changes_no_history(tmp_path: Path) -> None:
    """One process and two, the same seed: the same digest for every trial."""
    one = digests(play_scenario(tmp_path / "one", jobs=1, trials=3))
    two = digests(play_scenario(tmp_path / "two", jobs=2, trials=3))
    assert one == two
    assert len(one) == 168


@pytest.mark.usefixtures("shop")
def test_seeds_differ_where_chance_decides() -> None:
    """Twenty seeds of a probability trigger give at least fifteen histories."""
    fault = PlannedFault(kind="http_error", at="*", when=Trigger(probability=0.3))
    histories = {
        history_digest(run_trial(spec(seed, FaultPlan(id="chance", faults=(fault,)))).record.events)
        for seed in range(20)
    }
    assert len(histories) >= 15


def spec(seed: int, plan: FaultPlan) -> TrialSpec:
    """Return a trial of the shop's refund."""
    return TrialSpec(
        scenario="test",
        domain="shop",
        task_id="refund_damaged",
        agent=AgentSpec(name="without_keys", without=("idempotency_keys",)),
        plan=plan,
        seed=seed,
        trial=0,
    )


@pytest.mark.usefixtures("shop")
def test_a_trial_is_the_same_every_time() -> None:
    """Twenty times over, to the byte."""
    fault = PlannedFault(kind="timeout", at="*", when=Trigger(probability=0.3), options={"effect": "after"})
    plan = FaultPlan(id="chance", faults=(fault,))
    assert len({history_digest(run_trial(spec(7, plan)).record.events) for _ in range(20)}) == 1


def test_every_stored_trial_scores_as_it_did_when_it_ran(results: Path) -> None:
    """From the Parquet tables and the inputs alone, to the digit."""
    events, receipts = stored_events(read_table(results, "events")), stored_receipts(read_table(results, "faults"))
    specs = {one.trial_id: one for one in expand(load_scenario(Path("scenarios/lost.yaml")))}
    for row in read_table(results, "trials").to_pylist():
        trial_id = row["trial_id"]
        stored = stored_record(results, row, events[trial_id], receipts.get(trial_id, []))
        assert score(stored) == score(run_trial(specs[trial_id]).record)


def test_a_trial_stands_in_one_part_with_its_twin(results: Path) -> None:
    """So that each part can be scored by itself, by any process."""
    parts = {}
    for path in sorted((results / "trials").glob("*.parquet")):
        rows = pq.read_table(path).to_pylist()
        families = {stored_spec(row).family for row in rows}
        clean = {stored_spec(row).family for row in rows if row["fault_plan_id"] == "clean"}
        parts[path.name] = (families, clean)
    assert len(parts) > 1
    assert all(families == clean for families, clean in parts.values())


@pytest.mark.usefixtures("shop")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**40),
    chance=st.floats(0, 1),
    kind=st.sampled_from(["timeout", "http_error"]),
)
def test_a_history_read_back_from_parquet_scores_the_same_to_the_digit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chance: float, kind: str
) -> None:
    """Whatever chance made of it."""
    folder = tmp_path_factory.mktemp("results")
    plan = FaultPlan(id="chance", faults=(PlannedFault(kind=kind, at="*", when=Trigger(probability=chance)),))
    trial = spec(seed, plan)
    run_campaign([trial], folder)
    [row] = read_table(folder, "trials").to_pylist()
    events = stored_events(read_table(folder, "events"))[trial.trial_id]
    receipts = stored_receipts(read_table(folder, "faults"))[trial.trial_id]
    played = run_trial(trial).record
    assert history_digest(events) == row["history_digest"] == history_digest(played.events)
    assert score(stored_record(folder, row, events, receipts)) == score(played)


def test_scoring_again_changes_nothing(results: Path) -> None:
    """And every table that it writes is as it was."""
    tables = ("trials", "scores", "violations")
    before = {name: read_table(results, name).to_pylist() for name in tables}
    outcome = rescore(results)
    assert (outcome.trials, outcome.changed) == (56, ())
    assert {name: read_table(results, name).to_pylist() for name in tables} == before


def test_a_replay_is_identical_to_the_byte(results: Path) -> None:
    """Every trial of the folder."""
    for trial_id in list(digests(results))[::7]:
        replayed = replay(results, trial_id)
        assert (replayed.identical, replayed.first_difference) == (True, None)


def test_a_replay_that_differs_says_from_which_event_on(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the shop's price has changed since."""
    trial_id = next(iter(digests(results)))
    project = tmp_path / "changed"
    shutil.copytree(Path.cwd(), project)
    world = project / "golden/shop/world.yaml"
    world.write_text(world.read_text().replace("40.0", "41.0"))
    text = (project / "pyproject.toml").read_text()
    (project / "pyproject.toml").write_text(text.replace('"shop"', '"changed"'))
    monkeypatch.chdir(project)
    replayed = replay(results, trial_id)
    assert not replayed.identical
    assert replayed.first_difference is not None


def test_an_unknown_trial_is_named(results: Path) -> None:
    """With the folder that was searched."""
    with pytest.raises(DatasetError, match="holds no trial 'nonsense'"):
        replay(results, "nonsense")


@pytest.mark.usefixtures("shop")
def test_two_runs_in_one_world_share_its_ledger() -> None:
    """Two agents on one order: each has its own key, so the refund is doubled, and it shows."""
    runs = (RunSpec(run_id="run-1"), RunSpec(run_id="run-2", start_s=1.0))
    record = run_trial(
        spec(0, FaultPlan()).model_copy(update={"runs": runs, "agent": AgentSpec(name="reference")})
    ).record
    assert {event.run_id for event in record.of("run_completed")} == {"run-1", "run-2"}
    assert [one.rule for one in score(record).violations] == ["duplicate_effect"]
