"""Scoring again and replaying refuse a folder that was changed, say what changed otherwise, and destroy nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.analysis import load_results
from harness.campaign import differences, expand, load_scenario, make_manifest, replay, rescore, run_campaign
from harness.campaign.manifest import code_of, scorers
from harness.content import AgentSpec
from harness.errors import AgentError, DatasetError, UsageError
from harness.scoring import METRICS
from harness.store import SCHEMAS, read_manifest, write_manifest
from tests.conftest import SHOP

Break = Callable[[Path], None]
WEAK = AgentSpec(name="weak", agent="pays_at_once:pay")
AGENT = """
async def pay(ask, tools):
    await tools.call("issue_refund", {"order_id": "O-1", "amount_usd": 40.0})
    return "Refunded 40"
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stand in a project of its own, with an agent of its own."""
    project = tmp_path_factory.mktemp("project") / "rescored"
    shutil.copytree(SHOP, project)
    (project / "pyproject.toml").write_text('[tool.harness]\npack = "rescored"\n')
    (project / "pays_at_once.py").write_text(AGENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.syspath_prepend(str(project))
        yield project


@pytest.fixture(scope="module")
def whole(project: Path) -> Path:
    """Return the results of the shop's scenario, which no test may touch."""
    folder = project / "whole"
    specs = expand(load_scenario(Path("scenarios/lost.yaml")), agents=[AgentSpec(name="reference"), WEAK])
    run_campaign(specs, folder)
    write_manifest(folder, make_manifest(specs, command="harness run lost", seed=0))
    return folder


@pytest.fixture
def results(whole: Path, tmp_path: Path) -> Path:
    """Return a copy that may be broken."""
    return Path(shutil.copytree(whole, tmp_path / "results"))


def part(folder: Path, table: str) -> Path:
    """Return the only part of a table."""
    return folder / table / "part-00000.parquet"


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    rows: list[dict[str, Any]] = pq.read_table(part(folder, table)).to_pylist()
    return rows


def rewrite(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    """Write the rows of a table."""
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[table]), part(folder, table))


def without_rows(table: str, keep: int = 0) -> Break:
    """Keep only some rows of a table."""
    return lambda folder: rewrite(folder, table, rows_of(folder, table)[:keep])


def with_values(table: str, **values: Any) -> Break:
    """Give every row of a table some other values."""
    return lambda folder: rewrite(folder, table, [{**row, **values} for row in rows_of(folder, table)])


def without(name: str) -> Break:
    """Remove a folder."""
    return lambda folder: shutil.rmtree(folder / name)


def without_part(table: str) -> Break:
    """Remove the part of a table."""
    return lambda folder: part(folder, table).unlink()


BROKEN: dict[str, tuple[Break, str]] = {
    "no trials": (without("trials"), "trials: no parts"),
    "trials emptied": (without_rows("trials"), "holds 0 trials"),
    "trials cut": (without_rows("trials", 3), "holds 3 trials"),
    "events emptied": (without_rows("events"), "its stored history .0 events.* does not match its digest"),
    "events cut": (without_rows("events", 40), "does not match its digest"),
    "unknown kinds": (with_values("events", kind="zork"), "there is no event kind 'zork'"),
    "other kinds": (with_values("events", kind="handoff"), "does not match its digest"),
    "payload broken": (with_values("events", payload="{"), "its payload can not be read"),
    "payload no table": (with_values("events", payload="5"), "a payload is no JSON object"),
    "receipts emptied": (without_rows("faults"), "0 receipts for 1 planned faults"),
    "receipts that never fired": (with_values("faults", fired=False, times=0), "says 0 hits, the history"),
    "receipts that contradict themselves": (with_values("faults", times=0), "fired is True, and it hit 0 times"),
    "spec broken": (with_values("trials", spec="{"), "its spec can not be read"),
    "spec null": (with_values("trials", spec=None), "column 'spec' holds nulls"),
    "inputs no table": (with_values("trials", inputs="5"), "its inputs can not be read"),
    "inputs of nothing": (with_values("trials", inputs="{}"), "its inputs can not be read"),
    "other digest": (with_values("trials", history_digest="x"), "does not match its digest x"),
    "one trial twice": (lambda folder: rewrite(folder, "trials", rows_of(folder, "trials")[:1] * 28), "twice"),
    "a stranger's scores": (with_values("scores", trial_id="stranger"), "holds trial stranger"),
    **{f"no part of {table}": (without_part(table), f"{table}.*: no parts") for table in SCHEMAS},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_was_changed_is_refused_and_not_touched(results: Path, name: str) -> None:
    """The message says what is wrong, where, and the cure."""
    damage, message = BROKEN[name]
    damage(results)
    before = contents(results)
    with pytest.raises(DatasetError, match=rf"{message}.*run the scenario again"):
        rescore(results)
    assert contents(results) == before


def test_nothing_is_written_when_a_later_part_is_broken(results: Path) -> None:
    """The first part would change, the second can not be read."""
    with_values("scores", value=0.25)(results)
    for table in SCHEMAS:
        shutil.copy(part(results, table), results / table / "part-00001.parquet")
    (results / "events/part-00001.parquet").write_bytes(b"")
    write_manifest(results, {**read_manifest_unchecked(results), "trials": 56})
    before = contents(results)
    with pytest.raises(DatasetError, match=r"events/part-00001\.parquet: not a readable Parquet file"):
        rescore(results)
    assert contents(results) == before


def read_manifest_unchecked(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder whose trials it does not count right."""
    import json  # noqa: PLC0415  # here only

    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    del manifest["schema_version"]
    return manifest


@pytest.mark.parametrize("column", ["outcome", "verdict", "fault_coverage", "terminal_state"])
def test_a_verdict_that_changes_is_said(results: Path, column: str) -> None:
    """As every column that scoring fills; afterwards it is right again."""
    row = rows_of(results, "trials")[0]
    wrong = [{**one, column: "wrong"} if one is row else one for one in [row, *rows_of(results, "trials")[1:]]]
    rewrite(results, "trials", wrong)
    assert rescore(results).changed == (f"{row['trial_id']} {column}: wrong -> {row[column]}",)
    assert rescore(results).changed == ()


def test_a_metric_that_comes_or_goes_is_said(results: Path) -> None:
    """Absent on one side."""
    first, *rest = rows_of(results, "scores")
    rewrite(results, "scores", [{**first, "metric": "charm", "value": 3.0}, *rest])
    changed = rescore(results).changed
    assert f"{first['trial_id']} charm: 3.0 -> absent" in changed
    assert f"{first['trial_id']} {first['metric']} (basis): absent -> {first['basis']}" in changed


def test_a_basis_that_changes_is_said(results: Path) -> None:
    """A number that rests on something else is another statement."""
    first, *rest = rows_of(results, "scores")
    rewrite(results, "scores", [{**first, "basis": "guessed"}, *rest])
    [line] = rescore(results).changed
    assert line == f"{first['trial_id']} {first['metric']} (basis): guessed -> {first['basis']}"


def test_violations_that_come_or_go_are_said(results: Path) -> None:
    """Each with its rule and place."""
    gone = rows_of(results, "violations")
    assert gone
    without_rows("violations")(results)
    changed = rescore(results).changed
    assert len(changed) == len(gone)
    assert all(" violation " in line and ": absent -> critical, executed" in line for line in changed)


def test_scoring_a_whole_folder_again_writes_nothing(results: Path) -> None:
    """Not even the same bytes."""
    stamps = {path: path.stat().st_mtime_ns for path in results.rglob("*")}
    assert rescore(results).trials == 28
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*")} == stamps


def test_the_metrics_that_compare_with_the_twin_are_filled_by_a_campaign(whole: Path) -> None:
    """Where a fault fired and the twin passed; scoring again gives the same."""
    fired = {row["trial_id"] for row in rows_of(whole, "trials") if row["fault_coverage"] == "all"}
    said = {row["trial_id"]: row["value"] for row in rows_of(whole, "scores") if row["metric"] == "recovered"}
    assert any(said[one] == 1.0 for one in fired)
    assert all(said[one] is None for one in said.keys() - fired)


def test_twins_are_found_in_other_parts_of_the_folder(results: Path) -> None:
    """Also in a later one."""
    clean = {row["trial_id"] for row in rows_of(results, "trials") if row["fault_plan_id"] == "clean"}
    for table in SCHEMAS:
        rows = rows_of(results, table)
        later = [row for row in rows if row["trial_id"] in clean]
        rewrite(results, table, [row for row in rows if row["trial_id"] not in clean])
        pq.write_table(pa.Table.from_pylist(later, schema=SCHEMAS[table]), results / table / "part-00001.parquet")
    assert rescore(results).changed == ()


def test_some_metrics_are_scored_again_and_the_others_are_left_alone(results: Path) -> None:
    with_values("scores", value=0.25, basis="guessed")(results)
    wrong = rows_of(results, "trials")
    rewrite(results, "trials", [{**row, "steps": 99.0, "verdict": "wrong"} for row in wrong])
    changed = rescore(results, ["steps", "tool_f1"]).changed
    assert {line.split()[1].rstrip(":") for line in changed} == {"steps", "tool_f1"}
    assert {row["verdict"] for row in rows_of(results, "trials")} == {"wrong"}
    guessed = {row["metric"] for row in rows_of(results, "scores") if row["basis"] == "guessed"}
    assert guessed == {metric.name for metric in METRICS} - {"steps", "tool_f1"}
    assert 99.0 not in {row["steps"] for row in rows_of(results, "trials")}


def test_the_manifest_tells_which_scorer_made_which_number(results: Path) -> None:
    """Until all of them are scored again, those that were not stay with their old scorer."""
    manifest = read_manifest(results)
    assert manifest["scorers"] == scorers()
    write_manifest(results, {**manifest, "scorers": dict.fromkeys(scorers(), "before")})
    assert rescore(results, ["steps"]).outdated == ("steps",)
    assert read_manifest(results)["scorers"] == {**dict.fromkeys(scorers(), "before"), "steps": scorers()["steps"]}
    assert set(rescore(results).outdated) == scorers().keys() - {"steps"}
    assert rescore(results).outdated == ()


def test_a_metric_that_there_is_not_is_refused(results: Path) -> None:
    before = contents(results)
    with pytest.raises(UsageError, match="there is no metric 'charm'; known: success, "):
        rescore(results, ["charm"])
    assert contents(results) == before


def test_the_version_of_the_scorer_does_not_depend_on_docstrings() -> None:
    one = 'def f():\n    """Say."""\n    return 1\n'
    assert code_of(one) == code_of(one.replace("Say.", "Say\n    more."))
    assert code_of(one) != code_of(one.replace("return 1", "return 2"))


def trial_of(folder: Path, agent: str, plan: str = "clean") -> str:
    """Return a trial of the refund."""
    wanted = {"agent": agent, "fault_plan_id": plan, "task_id": "refund_damaged"}
    return next(str(row["trial_id"]) for row in rows_of(folder, "trials") if wanted.items() <= row.items())


def test_an_agent_of_ones_own_has_no_planner(whole: Path) -> None:
    """It brings its own brain, and the table reads."""
    said = {row["agent"]: (row["planner"], row["brain"]) for row in rows_of(whole, "trials")}
    assert said == {"reference": ("scripted", "scripted"), "weak": (None, "live")}
    assert {trial.planner for trial in load_results(whole).trials} == {"scripted", None}


def test_a_replay_of_a_history_that_was_changed_says_that_and_runs_nothing(results: Path) -> None:
    """It can not be compared with what is not there any more."""
    trial_id = trial_of(results, "reference")
    with_values("trials", history_digest="x")(results)
    with pytest.raises(DatasetError, match=r"its stored history .* does not match its digest x"):
        replay(results, trial_id)


def elsewhere(project: Path, name: str, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str) -> None:
    """Stand in a copy of the project in which one file differs."""
    copy = project.parent / name
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("whole", "__pycache__"))
    (copy / "pyproject.toml").write_text(f'[tool.harness]\npack = "{name}"\n')
    text = (copy / file).read_text()
    assert old in text
    (copy / file).write_text(text.replace(old, new))
    monkeypatch.chdir(copy)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "golden/shop/tasks/orders.yaml",
            "id: refund_damaged",
            "id: refund_broken",
            "there is no task 'refund_damaged'",
        ),
        ("golden/shop/injections.yaml", "id: pay_the_attacker", "id: pay", "there is no injection 'pay_the_attacker'"),
    ],
)
def test_a_replay_whose_content_is_gone_names_it(
    results: Path, project: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, message: str
) -> None:
    """Instead of running something else."""
    elsewhere(project, f"without_{len(old)}", monkeypatch, file, old, new)
    with pytest.raises(DatasetError, match=rf"can not be played again: .*{message}.*run the scenario again"):
        replay(results, trial_of(results, "reference", "poison"))


def test_a_replay_outside_of_its_project_names_the_domain(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is there instead; the environment says so too."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match="can not be played again: domain 'shop' does not exist; known: core:"):
        replay(results, trial_of(results, "reference"))
    assert any(line.startswith("domain shop: can not be loaded now") for line in differences(read_manifest(results)))


def test_a_replay_whose_fault_kind_is_gone_names_it(
    results: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind of the project's own, which the project no longer has."""
    own = 'from harness.boundary import CallFault, Frozen\nasync def pass_on(_options, exchange):\n    return await exchange.proceed()\nKINDS = (CallFault("calm", "calm", Frozen, ("tool",), pass_on),)\n'
    elsewhere(project, "with_calm", monkeypatch, "scenarios/lost.yaml", "busy:", "calm: [{kind: calm}]\n  busy:")
    Path("fault_injectors").mkdir()
    Path("fault_injectors/calm.py").write_text(own)
    specs = [spec for spec in expand(load_scenario(Path("scenarios/lost.yaml"))) if spec.plan.id == "calm"]
    folder = results.parent / "calm"
    run_campaign(specs, folder)
    write_manifest(folder, make_manifest(specs, command="test", seed=0))
    monkeypatch.chdir(project)
    with pytest.raises(DatasetError, match="there is no fault 'calm'; known:"):
        replay(folder, specs[0].trial_id)


def test_a_replay_whose_agent_is_gone_names_it(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no difference of histories."""
    trial_id = trial_of(results, "weak")
    assert replay(results, trial_id).identical
    monkeypatch.setitem(sys.modules, "pays_at_once", None)
    with pytest.raises(AgentError, match="module 'pays_at_once' does not import"):
        replay(results, trial_id)
