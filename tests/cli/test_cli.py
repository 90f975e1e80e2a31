"""The command line as a user meets it: what it prints, how it ends, and that it destroys nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from harness.cli import main
from harness.errors import DatasetError
from tests.analysis.datasets import event, trial, write_by_hand
from tests.conftest import SHOP


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def harness(*words: str | Path, cwd: Path = SHOP) -> Done:
    """Run the command in a project, in this process."""
    out, err = StringIO(), StringIO()
    code = 0
    with (
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "argv", ["harness", *map(str, words)]),
    ):
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def harness_process(*words: str | Path, cwd: Path = SHOP) -> Done:
    """Run the command as a user does."""
    command = [str(Path(sys.executable).with_name("harness")), *map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of one run of the shop's scenario."""
    out = tmp_path_factory.mktemp("cli") / "results"
    done = harness_process("run", "scenarios/lost.yaml", "--out", out, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert f"report: {out / 'report.html'}" in done.stdout
    return out


def expect_refusal(done: Done, *parts: str) -> None:
    """Check for exit code 2, one clear message, no traceback, and nothing on stdout."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
    for part in parts:
        assert part in done.stderr


def test_a_run_writes_tables_inputs_manifest_and_report(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    tables = {"trials", "runs", "events", "scores", "violations", "effects", "faults"}
    assert names == tables | {"inputs", "manifest.json", "report.html"}


def test_no_temporary_file_is_left(folder: Path) -> None:
    assert not list(folder.rglob(".*"))


def test_the_report_can_be_made_anew(folder: Path) -> None:
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert harness("report", folder).returncode == 0
    assert (folder / "report.html").read_bytes() == before


def test_scoring_again_says_that_nothing_changed(folder: Path) -> None:
    assert "56 trials scored again" in harness("score", folder).stdout
    told = json.loads(harness("score", folder, "--json").stdout)
    assert {row["agent"] for row in told.pop("consistency")} >= {"reference"}
    assert told == {
        "trials": 56,
        "changed": [],
        "outdated": [],
        "as_expected": {"hits": 0, "total": 0},
        "unexpected": [],
    }


def test_a_replay_says_that_it_is_identical(folder: Path) -> None:
    out = folder.with_name("again")
    summary = json.loads(harness("run", "scenarios/lost.yaml", "--out", out, "--json").stdout)
    done = harness(*summary["findings"][0]["replay"].split()[1:])
    assert (done.returncode, "identical history" in done.stdout) == (0, True)


def test_a_replay_in_a_changed_world_differs_and_says_why(folder: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SHOP, project)
    world = project / "golden/shop/world.yaml"
    world.write_text(world.read_text().replace("40.0", "41.0"))
    summary = json.loads(harness("run", "scenarios/lost.yaml", "--out", tmp_path / "results", "--json").stdout)
    trial_id = summary["findings"][0]["replay"].split()[-1]
    done = harness_process("replay", folder, trial_id, cwd=project)
    assert done.returncode == 1
    assert "environment differs: domain shop: world.yaml has changed" in done.stderr
    assert f"{trial_id}: was violated, is now violated" in done.stderr


def test_an_agent_of_ones_own_is_named_by_module_and_attribute(tmp_path: Path) -> None:
    shutil.copytree(SHOP, tmp_path / "project")
    (tmp_path / "project" / "mine.py").write_text("async def agent(ask, tools):\n    return 'delivered'\n")
    words = ("run", "scenarios/lost.yaml", "--agent", "mine:agent", "--out", "results", "--json")
    done = harness_process(*words, cwd=tmp_path / "project")
    assert [row["agent"] for row in json.loads(done.stdout)["verdicts"]] == ["mine:agent"]


@pytest.mark.parametrize(
    ("agent", "message"),
    [
        ("nobody", "there is no agent 'nobody'; known: reference"),
        ("nowhere:agent", "module 'nowhere' does not import"),
        ("json:nothing", "has no 'nothing'"),
        ("json:dumps", "write it as: async def agent(ask, tools) -> str"),
    ],
)
def test_an_agent_that_can_not_be_one_expect_refusal(agent: str, message: str, tmp_path: Path) -> None:
    done = harness("run", "scenarios/lost.yaml", "--agent", agent, "--out", tmp_path / "results")
    expect_refusal(done, message)
    assert not (tmp_path / "results").exists()


def test_a_scenario_with_problems_is_refused_with_all_of_them(tmp_path: Path) -> None:
    text = (SHOP / "scenarios/lost.yaml").read_text()
    path = tmp_path / "bad.yaml"
    path.write_text(text.replace("http_error", "http_eror").replace("[approval_gate]", "[gate]").replace("_ack", "_a"))
    done = harness("run", path, "--out", tmp_path / "results")
    expect_refusal(done, f"{path}:7: agents.3", "faults.busy.faults.0.kind")
    assert not (tmp_path / "results").exists()


def test_a_folder_that_holds_something_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    done = harness_process("run", "scenarios/lost.yaml", "--out", tmp_path)
    expect_refusal(done, str(tmp_path), "exists and is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


@pytest.fixture
def broken(folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the results that a test may break."""
    shutil.copytree(folder, tmp_path / "broken")
    return tmp_path / "broken"


@pytest.mark.parametrize("command", ["report", "score"])
@pytest.mark.parametrize("table", ["trials", "events", "faults", "scores"])
def test_a_corrupt_parquet_file_is_named(broken: Path, command: str, table: str) -> None:
    part = broken / table / "part-00000.parquet"
    part.write_bytes(b"PAR1 nonsense PAR1")
    before = {path: path.read_bytes() for path in broken.rglob("*") if path.is_file()}
    expect_refusal(harness(command, broken), str(part), "not a readable Parquet file")
    assert {path: path.read_bytes() for path in broken.rglob("*") if path.is_file()} == before


def test_an_input_that_was_changed_is_named(broken: Path) -> None:
    for path in (broken / "inputs").iterdir():
        path.write_text(path.read_text().replace("damaged", "demaged"))
    expect_refusal(harness("score", broken), "its content does not match its name")


def test_results_of_another_schema_version_are_refused(broken: Path) -> None:
    manifest = json.loads((broken / "manifest.json").read_text())
    (broken / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))
    for command in ("report", "score"):
        expect_refusal(harness(command, broken), "schema version 99")


@pytest.mark.parametrize("command", ["report", "score"])
def test_a_folder_without_results_expect_refusal(tmp_path: Path, command: str) -> None:
    expect_refusal(harness(command, tmp_path), "holds no manifest.json")


def test_without_a_folder_the_latest_results_are_meant(tmp_path: Path) -> None:
    expect_refusal(harness("report", cwd=tmp_path), "there are no results in .harness/runs")
    shutil.copytree(SHOP, tmp_path / "project")
    harness_process("run", "scenarios/lost.yaml", cwd=tmp_path / "project")
    assert "56 trials scored again" in harness_process("score", cwd=tmp_path / "project").stdout


def test_an_unknown_trial_expect_refusal(folder: Path) -> None:
    expect_refusal(harness("replay", folder, "0123456789ab"), "holds no trial '0123456789ab'")


def test_misuse_ends_with_exit_code_2() -> None:
    for words in (["run"], ["rum"], ["run", "lost", "--jobs", "0"], ["replay", "a", "b", "c"], ["show", "a", "b", "c"]):
        assert harness(*words).returncode == 2


def test_golden_check_passes_for_sound_tasks() -> None:
    done = harness("golden", "check", "shop")
    assert (done.returncode, done.stdout.strip()) == (
        0,
        "shop: 2 of 2 tasks can be passed by their reference and failed by weak agents",
    )


def test_golden_check_names_weak_and_impossible_tasks(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SHOP, project)
    tasks = project / "golden/shop/tasks/orders.yaml"
    text = tasks.read_text().replace("output: {contains: [delivered]}", "output: {contains: [o]}")
    tasks.write_text(text.replace("close_to: 40.0}\n        may", "close_to: 41.0}\n        may"))
    done = harness_process("golden", "check", "shop", cwd=project)
    assert done.returncode == 1
    assert "order_status: weak: do_nothing passes" in done.stdout
    assert "refund_damaged: the reference fails: world: refunds" in done.stdout


def test_golden_check_names_what_no_assertion_would_miss(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SHOP, project)
    tasks = project / "golden/shop/tasks/orders.yaml"
    text = tasks.read_text()
    checks = text[text.index("        checks:\n") : text.index("        may_change")]
    tasks.write_text(text.replace(checks, "").replace("      approval_of: [issue_refund]\n", ""))
    tools = project / "golden/shop/tools.py"
    tools.write_text(tools.read_text().replace('effect="irreversible", ', ""))
    done = harness_process("golden", "check", "shop", cwd=project)
    assert done.returncode == 1
    assert "refund_damaged: a tool that is declared as a read has changed refunds.R-1" in done.stdout
    assert (
        "refund_damaged: weak: the reference changes refunds.R-1, and no check of final_state asks for it"
        in done.stdout
    )


def test_a_pack_is_found_from_the_folders_below_it() -> None:
    assert harness("golden", "check", "shop", cwd=SHOP / "scenarios").returncode == 0


def test_golden_tools_lists_what_a_domain_offers() -> None:
    listed = json.loads(harness("golden", "tools", "shop", "--json").stdout)
    assert {row["tool"]: row["effect"] for row in listed}["issue_refund"] == "irreversible"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_stops_a_run_at_once_and_says_what_is_left(jobs: str, tmp_path: Path) -> None:
    words = ["run", "scenarios/lost.yaml", "--trials", "150", "--jobs", jobs, "--out", str(tmp_path / "results")]
    command = [str(Path(sys.executable).with_name("harness")), *words]
    with subprocess.Popen(command, cwd=SHOP, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        while not list((tmp_path / "results").glob("trials/*.parquet")):
            assert running.poll() is None
            time.sleep(0.1)
        os.killpg(running.pid, signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "stopped before the end" in said
    assert "Traceback" not in said
    expect_refusal(harness("report", tmp_path / "results"), "a run that was stopped")


def test_a_run_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    words = ["run", "scenarios/lost.yaml", "--trials", "400", "--jobs", "2", "--out", str(tmp_path / "results")]
    command = [str(Path(sys.executable).with_name("harness")), *words]
    with subprocess.Popen(command, cwd=SHOP, stderr=subprocess.DEVNULL, start_new_session=True) as running:
        while not list((tmp_path / "results").glob("trials/*.parquet")):
            assert running.poll() is None
            time.sleep(0.1)
        running.kill()
        running.wait(timeout=20)
    deadline_s = time.monotonic() + 20
    while group_is_alive(running.pid):
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def group_is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_golden_list_shows_every_task() -> None:
    listed = json.loads(harness("golden", "list", "shop", "--json").stdout)
    assert [row["task"] for row in listed] == ["refund_damaged", "order_status"]


def test_faults_lists_every_kind_with_its_options() -> None:
    listed = json.loads(harness("faults", "--json").stdout)
    assert {row["family"] for row in listed} >= {
        "timeout",
        "client_error, rate_limit, server_error",
        "duplicate_delivery",
        "poisoned_content",
    }
    assert all(row["what it does"] for row in listed)


def test_every_command_has_help_with_an_example() -> None:
    for words in (
        ["demo"],
        ["run"],
        ["report"],
        ["score"],
        ["show"],
        ["replay"],
        ["golden", "check"],
        ["golden", "list"],
        ["faults"],
    ):
        assert f"Example: harness {' '.join(words)}" in harness(*words, "--help").stdout


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Return a copy of the shop, under a name of its own, that a test may break."""
    shutil.copytree(SHOP, tmp_path / "project")
    name = f"shop_{abs(hash(str(tmp_path)))}"
    (tmp_path / "project/pyproject.toml").write_text(f'[tool.harness]\npack = "{name}"\n')
    return tmp_path / "project"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("file/sub", "file/sub: can not hold results: Not a directory; give another --out"),
        ("file", "file: is a file; give another --out"),
        ("/proc/results", "/proc/results: can not hold results: No such file or directory"),
        ("a" * 300, "can not hold results: File name too long"),
    ],
)
def test_a_folder_that_can_not_hold_results_is_refused(workplace: Path, out: str, message: str) -> None:
    (workplace / "file").write_text("dear diary")
    expect_refusal(harness("run", "scenarios/lost.yaml", "--out", out, cwd=workplace), message)
    assert (workplace / "file").read_text() == "dear diary"


def test_a_file_where_results_would_go_is_not_touched(workplace: Path) -> None:
    (workplace / ".harness").write_text("dear diary")
    expect_refusal(harness("run", "scenarios/lost.yaml", cwd=workplace), ".harness/runs/", "Not a directory")
    assert (workplace / ".harness").read_text() == "dear diary"


def test_the_name_of_a_scenario_can_not_be_endless() -> None:
    expect_refusal(harness("run", "a" * 5000), "there is no scenario 'aaa", "(5002 characters)")


def test_a_long_file_name_gets_a_shorter_folder(workplace: Path) -> None:
    name = f"{'a' * 240}.yaml"
    (workplace / name).write_text("scenario: s\ndomain: shop\ntasks: [order_status]\n")
    assert harness_process("run", name, cwd=workplace).returncode == 0


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import sys\nsys.exit(0)\n", "module 'agent_source' does not import: SystemExit: 0"),
        ("async def agent(ask, *, tools): ...\n", "can not be called as agent(ask, tools)"),
        ("agent = 5\n", "is a int; write it as: async def agent(ask, tools) -> str"),
    ],
)
def test_an_agent_that_could_not_run_is_refused(workplace: Path, source: str, message: str) -> None:
    (workplace / "agent_source.py").write_text(source)
    words = ("run", "scenarios/lost.yaml", "--agent", "agent_source:agent", "--out", "results")
    try:
        expect_refusal(harness(*words, cwd=workplace), message)
    finally:
        sys.modules.pop("agent_source", None)
        sys.path[:] = [path for path in sys.path if path != str(workplace)]
    assert not (workplace / "results").exists()


@pytest.mark.parametrize(("agent", "message"), [("sys:nope", "module sys has no 'nope'"), ("a" * 81, "is no name")])
def test_an_agent_without_a_file_or_a_name_is_refused(agent: str, message: str) -> None:
    expect_refusal(harness("run", "scenarios/lost.yaml", "--agent", agent), message)


def test_a_scenario_without_trials_claims_no_folder(workplace: Path) -> None:
    (workplace / "s.yaml").write_text("scenario: s\ndomain: shop\nfaults: {}\n")
    expect_refusal(
        harness("run", "s.yaml", "--out", "results", cwd=workplace), "s.yaml:3: faults: should have at least"
    )
    assert not (workplace / "results").exists()


@pytest.mark.parametrize("existed", [True, False])
def test_a_run_that_fails_before_its_first_trial_leaves_no_new_folder(tmp_path: Path, existed: bool) -> None:
    out = tmp_path / "results"
    if existed:
        out.mkdir()
    failure = DatasetError("no trial today")
    with patch("harness.cli.running.run_campaign", side_effect=failure):
        expect_refusal(harness("run", "scenarios/lost.yaml", "--out", out), "no trial today")
    assert out.exists() is existed


def test_a_full_disk_is_said_in_one_line(tmp_path: Path) -> None:
    failure = OSError(28, "No space left on device", str(tmp_path / "results/trials"))
    with patch("harness.cli.running.run_campaign", side_effect=failure):
        done = harness("run", "scenarios/lost.yaml", "--out", tmp_path / "results")
    expect_refusal(done, "results/trials: No space left on device")


@pytest.mark.parametrize("command", ["list", "check"])
def test_unknown_domains_are_named_together(command: str) -> None:
    done = harness("golden", command, "shap", "shop", "support_dask")
    expect_refusal(done, "domain 'shap' does not exist; known: ", "domain 'support_dask' does not exist")


EXPECTING = """
scenario: expecting
domain: shop
tasks: [refund_damaged]
agents: [{name: reference}, {name: without_keys, without: [idempotency_keys]}]
trials: 2
expect: {metrics: {duplicate_effects: 0}}
faults:
  clean: []
  lost_ack:
    - {kind: timeout, at: "tool:issue_refund", when: {nth: 1}, options: {effect: after}}
"""


@pytest.fixture
def expecting(tmp_path: Path) -> Path:
    """Return a scenario that holds for one of its agents and not for the other."""
    (tmp_path / "expecting.yaml").write_text(EXPECTING)
    return tmp_path / "expecting.yaml"


def test_a_scenario_that_does_not_hold_ends_with_exit_code_1_and_says_where(expecting: Path, tmp_path: Path) -> None:
    done = harness("run", expecting, "--out", tmp_path / "results")
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0)
    assert "as expected: 6 of 8 trials" in done.stdout
    for unmet in (
        "verdict: expected passed, got violated\n",
        "metrics.duplicate_effects: expected 0, got 1\n",
    ):
        line = f"  expecting: without_keys under lost_ack, 2 trials: {unmet}    harness replay {tmp_path / 'results'} "
        assert line in done.stdout
    assert "reference under" not in done.stdout
    assert (tmp_path / "results/report.html").is_file()


def test_a_scenario_that_holds_ends_with_exit_code_0_and_says_so(expecting: Path, tmp_path: Path) -> None:
    done = harness("run", expecting, "--agent", "reference", "--out", tmp_path / "results")
    assert (done.returncode, "as expected: 4 of 4 trials" in done.stdout) == (0, True)
    assert "not as expected" not in done.stdout


def test_an_agent_of_ones_own_has_to_meet_the_expectations_as_well(expecting: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(SHOP, project)
    (project / "mine.py").write_text("async def agent(ask, tools):\n    return 'no'\n")
    words = ("run", expecting, "--agent", "mine:agent", "--out", tmp_path / "results")
    done = harness_process(*words, cwd=project)
    assert done.returncode == 1
    assert "mine:agent under clean, 2 trials: verdict: expected passed, got failed" in done.stdout


def test_machines_read_what_was_expected_in_vain(expecting: Path, tmp_path: Path) -> None:
    done = harness("run", expecting, "--out", tmp_path / "results", "--json")
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["as_expected"]) == (1, {"hits": 6, "total": 8})
    assert {(one["agent"], one["fault_plan_id"], one["key"], one["trials"]) for one in summary["unexpected"]} == {
        ("without_keys", "lost_ack", "verdict", 2),
        ("without_keys", "lost_ack", "metrics.duplicate_effects", 2),
    }


def test_scoring_again_shows_what_was_expected_in_vain(expecting: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    harness("run", expecting, "--out", out)
    done = harness("score", out)
    assert (done.returncode, "8 trials scored again" in done.stdout) == (0, True)
    assert "without_keys under lost_ack, 2 trials: metrics.duplicate_effects: expected 0, got 1" in done.stdout
    assert len(json.loads(harness("score", out, "--json").stdout)["unexpected"]) == 2


def test_a_trial_that_could_not_be_played_counts_more_than_one_that_is_not_as_expected(
    expecting: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(SHOP, project)
    source = "import socket\nasync def agent(ask, tools):\n    socket.create_connection(('127.0.0.1', 9))\n"
    (project / "reaches.py").write_text(source)
    done = harness_process("run", expecting, "--agent", "reaches:agent", "--out", tmp_path / "results", cwd=project)
    assert (done.returncode, "not as expected:" in done.stdout) == (3, True)


def test_a_trial_is_shown_step_by_step(folder: Path) -> None:
    summary = json.loads(harness("run", "scenarios/lost.yaml", "--out", folder.with_name("shown"), "--json").stdout)
    example = next(one for one in summary["findings"] if one["rule"] == "duplicate_effect")["example"]
    done = harness("show", folder, example)
    assert done.returncode == 0
    assert "lost: without_keys, task refund_damaged, under " in done.stdout
    for column in ("step", "decided", "executed", "broke", "wants issue_refund", "took effect"):
        assert column in done.stdout
    told = json.loads(harness("show", folder, example, "--json").stdout)
    assert [step["step"] for step in told["steps"]] == [1, 2, 3, 4]
    assert "violation duplicate_effect issue_refund executed" in told["signature"]


def test_a_trial_that_is_not_there_can_not_be_shown(folder: Path) -> None:
    expect_refusal(harness("show", folder, "0123456789ab"), f"{folder}: holds no trial '0123456789ab'")


def test_what_a_model_wrote_can_not_steer_the_terminal(tmp_path: Path) -> None:
    hostile = {"answer": "\x1b[31m[bold]red[/bold]\u202e"}
    told = event("a", 0, "model_call_completed", {"value": hostile}, run_id="run-1", step=1)
    done = harness("show", write_by_hand(tmp_path / "made", trials=[trial("a")], events=[told]), "a")
    assert done.returncode == 0
    assert not set(done.stdout) & set("\x1b\u202e")
    assert "⟨U+001B⟩[31m[bold]red[/bold]⟨U+202E⟩" in done.stdout


def test_the_command_line_starts_without_the_libraries_that_take_their_time() -> None:
    asked = (
        "import sys, harness.cli.main; print([name for name in ('pandas', 'scipy', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
