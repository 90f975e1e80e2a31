"""The gate shown on versions of a simulated model: what it is there for."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path

import pyarrow.compute as pc
import pytest

from harness.campaign import expand, find_scenario, load_scenario, make_manifest, run_campaign
from harness.deciding import GateFile, Rules, Verdict, compare, decide, measure, read_gate_file, side
from harness.render import write_verdict
from harness.store import part_numbers, read_part, write_manifest, write_part
from tests.cli.test_cli import Done, harness

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions") / "runs"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        specs = expand(load_scenario(find_scenario("versions")))
        run_campaign(specs, folder)
        write_manifest(folder, make_manifest(specs, command="harness run versions", seed=0))
    return folder


@cache
def verdict_on(runs: Path, version: str, gate: GateFile | None = None) -> Verdict:
    rules = Rules(gate or read_gate_file(ROOT / "gate.toml"))
    return decide(measure(side(f"{runs}:v1")), side(f"{runs}:{version}"), rules)


def test_a_dearer_version_of_equal_success_fails_on_steps_and_cost_and_names_the_tasks(runs: Path) -> None:
    verdict = verdict_on(runs, "v2")
    assert (verdict.answer, verdict.exit_code) == ("FAIL", 1)
    found = {one.name: one for one in verdict.metrics}
    assert {name for name, one in found.items() if one.ruling == "fail"} == {"steps", "cost_usd"}
    assert found["success"].difference == 0
    assert found["steps"].difference == pytest.approx(1.3, abs=0.05)
    assert found["cost_usd"].difference == pytest.approx(1.4, abs=0.05)
    assert all(one.worse for one in (found["steps"], found["cost_usd"]))
    assert found["steps"].both_succeeded == pytest.approx(1.3, abs=0.05)


def test_success_alone_would_have_let_it_pass(runs: Path) -> None:
    gate = read_gate_file(ROOT / "gate.toml")
    success = gate.model_copy(update={"metric": tuple(rule for rule in gate.metric if rule.name == "success")})
    assert verdict_on(runs, "v2", success).answer == "PASS"


def test_one_violation_in_five_hundred_trials_fails_with_the_command_that_plays_it_again(runs: Path) -> None:
    verdict = verdict_on(runs, "v3")
    assert verdict.answer == "FAIL"
    [found] = verdict.counterexamples
    assert (found.trials, verdict.candidate and verdict.candidate.trials) == (1, 518)
    done = harness(*found.replay.split()[1:], cwd=ROOT)
    assert (done.returncode, "verdict violated" in done.stdout) == (0, True)


def test_the_same_agent_again_is_identical_with_an_honest_bound(runs: Path) -> None:
    verdict = verdict_on(runs, "v1")
    assert (verdict.answer, verdict.exit_code) == ("IDENTICAL", 0)
    assert verdict.bound == pytest.approx(1 - 0.05 ** (1 / 37))


def test_every_verdict_names_its_brain(runs: Path) -> None:
    assert {verdict_on(runs, version).brains for version in ("v1", "v2")} == {("simulated",)}


def test_a_comparison_says_in_what_the_agents_differ(runs: Path) -> None:
    found = compare(side(f"{runs}:v1"), side(f"{runs}:v2"), GateFile())
    assert [(one.axis, one.baseline, one.candidate) for one in found.axes] == [
        ("planner_options", {"version": "v1"}, {"version": "v2"})
    ]
    assert found.mismatches == ()
    moved = {one.name for one in found.metrics}
    assert {"tokens_out", "tool_calls"} <= moved


def test_the_commands_say_what_the_verdict_says(runs: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "main.json"
    assert harness("baseline", "save", f"{runs}:v1", baseline, "--config", "gate.toml", cwd=ROOT).returncode == 0
    assert "agent v1 (simulated)" in harness("baseline", "show", baseline, cwd=ROOT).stdout
    for version, code in (("v1", 0), ("v2", 1)):
        out = tmp_path / version
        done = harness("gate", baseline, f"{runs}:{version}", "--config", "gate.toml", "--out", out, cwd=ROOT)
        written = json.loads((out / "verdict.json").read_text())
        assert (done.returncode, written["exit_code"]) == (code, code), done.stderr
        assert done.stdout.startswith(f"{written['answer']}: ")


def test_a_baseline_is_promoted_on_a_verdict_that_lets_it_and_on_no_other(runs: Path, tmp_path: Path) -> None:
    def promoted(version: str, verdict: Path) -> Done:
        words = ("baseline", "promote", f"{runs}:{version}", tmp_path / "main.json", "--verdict", verdict)
        return harness(*words, cwd=ROOT)

    for version, code in (("v1", 0), ("v2", 2)):
        write_verdict(verdict_on(runs, version), tmp_path / version)
        assert promoted(version, tmp_path / version / "verdict.json").returncode == code
    assert "give the verdict on it" in promoted("v2", tmp_path / "v1" / "verdict.json").stderr


def test_a_verdict_is_on_these_trials_wherever_their_folder_is_called_from(runs: Path, tmp_path: Path) -> None:
    write_verdict(verdict_on(runs, "v1"), tmp_path / "v1")
    words = (
        "baseline",
        "promote",
        f"{runs.name}:v1",
        tmp_path / "main.json",
        "--verdict",
        tmp_path / "v1/verdict.json",
    )
    assert harness(*words, cwd=runs.parent).returncode == 0
    played = side(f"{runs}:v1")
    other = measure(side(f"{runs}:v2"))
    assert measure(played).provenance.digests["trials"] != other.provenance.digests["trials"]


def test_a_history_that_was_changed_after_the_run_is_invalid(runs: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited"
    shutil.copytree(runs, edited)
    for number in part_numbers(edited, "events"):
        events = read_part(edited, "events", number)
        later = pc.add(events["time_s"], 1.0)
        rows = events.set_column(events.column_names.index("time_s"), "time_s", later).to_pylist()
        write_part(edited, "events", number, [tuple(row.values()) for row in rows])
    verdict = decide(measure(side(f"{runs}:v1")), side(f"{edited}:v1"), Rules(read_gate_file(ROOT / "gate.toml")))
    assert (verdict.answer, "does not match its digest" in verdict.reason) == ("INVALID", True)


def test_a_missing_baseline_is_invalid(runs: Path, tmp_path: Path) -> None:
    done = harness("gate", tmp_path / "main.json", f"{runs}:v1", "--out", tmp_path / "out", cwd=ROOT)
    assert (done.returncode, "save one from a run of main" in done.stdout) == (3, True)


LOOKS = """
schema = 1
[statistics]
cluster = "task"
looks = [1, 2]
[[metric]]
name = "success"
kind = "rate"
better = "higher"
margin = 0.10
"""


def test_more_trials_are_played_until_a_look_decides(tmp_path: Path) -> None:
    """The first look may spend little doubt, and with it 37 equal tasks can not rule out a loss of ten points."""
    assert harness("run", "versions", "--trials", "1", "--out", tmp_path / "run", cwd=ROOT).returncode == 0
    (tmp_path / "gate.toml").write_text(LOOKS)
    sides = (f"{tmp_path / 'run'}:v1", f"{tmp_path / 'run'}:v2")
    words = ("--config", tmp_path / "gate.toml", "--out", tmp_path / "out", "--json")
    done = harness("gate", *sides, *words, cwd=ROOT)
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["answer"], verdict["looks"], verdict["pairs"]) == (0, "PASS", [1, 2], 74)
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == ["baseline-2", "candidate-2"]
