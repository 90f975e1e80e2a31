"""``harness explore`` and ``harness shrink`` as a user meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.analysis import load_results
from harness.cli import exploration_folder
from tests.cli.test_cli import Done, harness
from tests.conftest import SHOP

SLOPPY = """
async def agent(ask, tools):
    order = await tools.call("get_order", {"order_id": "O-1"})
    refund = {"order_id": "O-1", "amount_usd": order["total_usd"], "reason": "damaged"}
    for _ in range(3):
        try:
            done = await tools.call("issue_refund", refund)
        except Exception:
            continue
        return f"Refunded {done['amount_usd']} USD for order O-1."
    return "I could not refund it."
"""
EXPLORE = ("explore", "shop/refund_damaged", "--agent", "sloppy_agent:agent", "--budget", "600")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the shop and an agent that repeats without keys."""
    folder = tmp_path_factory.mktemp("sloppy")
    (folder / "pyproject.toml").write_text(f'[tool.harness]\npack = "{folder.name}"\n')
    (folder / "golden").symlink_to(SHOP / "golden")
    (folder / "sloppy_agent.py").write_text(SLOPPY)
    return folder


@pytest.fixture(scope="module")
def explored(project: Path) -> Done:
    """Explore the agent once."""
    return harness(*EXPLORE, "--out", "found", cwd=project)


def doubled(project: Path) -> str:
    """Return the trial id of a plan that doubles the refund."""
    found = json.loads((project / "found" / "exploration.json").read_text())
    plans = [
        one["plans"][0] for one in found["failures"] if any("duplicate_effect" in fact for fact in one["signature"])
    ]
    return str(plans[0]["trial_id"])


def test_an_exploration_that_finds_a_failure_ends_with_1_and_says_how_to_shrink_it(explored: Done) -> None:
    assert explored.returncode == 1
    assert "duplicate_effect issue_refund" in explored.stdout
    assert "harness shrink found" in explored.stdout
    assert "never:" in explored.stdout


def test_an_exploration_writes_its_page_and_says_where(project: Path, explored: Done) -> None:
    assert explored.stdout.splitlines()[-1] == "page: found/exploration.html"
    html = (project / "found" / "exploration.html").read_text(encoding="utf-8")
    assert "harness explore shop/refund_damaged --agent sloppy_agent:agent --depth 1 --seed 0" in html
    assert f"harness shrink found {doubled(project)}" in html


def test_the_command_of_the_page_can_be_said_to_a_shell(tmp_path: Path) -> None:
    harness("explore", "shop/order_s*", "--budget", "40", "--out", tmp_path / "out")
    html = (tmp_path / "out" / "exploration.html").read_text(encoding="utf-8")
    assert "harness explore &#39;shop/order_s*&#39; --depth 1 --seed 0 --budget 40<" in html


def test_the_first_plan_of_each_way_to_fail_is_kept(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exploration_folder, "FAILING_KEPT", 3)
    harness(*EXPLORE, "--out", tmp_path / "few", cwd=project)
    ways = json.loads((tmp_path / "few" / "exploration.json").read_text())["failures"]
    kept = {trial.trial_id for trial in load_results(tmp_path / "few").trials}
    assert len(ways) > 3
    assert kept == {one["plans"][0]["trial_id"] for one in ways[:3]}


def test_an_exploration_that_finds_nothing_ends_with_0(tmp_path: Path) -> None:
    done = harness("explore", "shop/order_status", "--budget", "300", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert {one["outcome"] for one in found["failures"]} <= {"misled"}
    assert found["trials"] == 300
    assert found["left_out"] > 0


def test_shrinking_leaves_one_fault_and_a_replay_that_is_identical(project: Path, explored: Done) -> None:
    assert explored.returncode == 1
    done = harness("shrink", "found", doubled(project), cwd=project)
    assert done.returncode == 0, done.stderr
    assert "after" in done.stdout
    assert "1 fault" in done.stdout
    command = next(line for line in done.stdout.splitlines() if line.startswith("replay: harness "))
    replayed = harness(*command.removeprefix("replay: harness ").split(), cwd=project)
    assert replayed.returncode == 0
    assert "identical history" in replayed.stdout


def test_a_saved_regression_is_played_first_ever_after(project: Path, explored: Done) -> None:
    assert explored.returncode == 1
    saved = harness("shrink", "found", doubled(project), "--save", cwd=project)
    assert "scenarios/regressions/" in saved.stdout
    (project / "scenarios" / "quiet.yaml").write_text("scenario: quiet\ndomain: shop\ntasks: [order_status]\n")
    done = harness("run", "quiet", "--agent", "sloppy_agent:agent", cwd=project)
    assert done.returncode == 1
    assert "not as expected" in done.stdout
    assert "refund_damaged" in done.stdout
    assert harness("run", "quiet", cwd=project).returncode == 0


def test_a_stopped_exploration_goes_on_in_its_folder_unless_the_agent_has_changed(
    project: Path, explored: Done
) -> None:
    again = harness(*EXPLORE, "--out", "found", cwd=project)
    assert again.stdout == explored.stdout
    source = project / "sloppy_agent.py"
    source.write_text(source.read_text() + "\n# mended\n")
    refused = harness(*EXPLORE, "--out", "found", cwd=project)
    source.write_text(SLOPPY)
    assert refused.returncode == 2
    assert "found: was begun under other conditions (the source of an agent has changed" in refused.stderr


TALKS = """
import words

async def agent(ask, tools):
    print("hello")
    return words.SAID
"""


def test_an_agent_that_fails_without_a_fault_is_told_and_what_it_prints_is_not_in_the_json(project: Path) -> None:
    (project / "talking_agent.py").write_text(TALKS)
    (project / "words.py").write_text('SAID = "All is done."\n')
    words = ("explore", "shop/refund_damaged", "--agent", "talking_agent:agent", "--budget", "2", "--out", "talks")
    told = harness(*words, cwd=project)
    assert (told.returncode, "failed without any fault: refund_damaged" in told.stdout) == (1, True)
    assert json.loads(harness(*words, "--json", cwd=project).stdout)["trials"] == 2
    (project / "words.py").write_text('SAID = "It could not be done."\n')
    assert "the source of an agent has changed" in harness(*words, cwd=project).stderr
    elsewhere = harness(
        "explore", "support_desk/bowls_in_shards", "--agent", "sloppy_agent:agent", "--out", "talks", cwd=project
    )
    assert "it is about another domain" in elsewhere.stderr


def test_what_can_not_be_read_of_an_exploration_is_named(project: Path, explored: Done, tmp_path: Path) -> None:
    assert explored.returncode == 1
    shutil.copytree(project / "found", tmp_path / "found")
    with (tmp_path / "found/played.jsonl").open("a") as file:
        file.write('{"trial_id": 1}\n')
    broken = harness(*EXPLORE, "--out", tmp_path / "found", cwd=project)
    assert (broken.returncode, "is no trial that was played" in broken.stderr) == (2, True)
    (tmp_path / "found/conditions.json").write_text("{")
    unreadable = harness(*EXPLORE, "--out", tmp_path / "found", cwd=project)
    assert (unreadable.returncode, "conditions.json: can not be read" in unreadable.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explore", "nothing"), "there is no task and no scenario 'nothing'; name a task as domain/task"),
        (("explore", "shop/nothing"), "there is no task and no scenario 'shop/nothing'"),
        (("explore", "shop/refund_damaged", "--agent", "nobody"), "there is no agent 'nobody'"),
        (("explore", "shop/refund_damaged", "--depth", "3"), "Input should be less than or equal to 2"),
        (("shrink", "nowhere", "0123456789ab"), "nowhere: holds no manifest.json"),
    ],
)
def test_misuse_ends_with_2_and_one_message(words: tuple[str, ...], message: str) -> None:
    done = harness(*words)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    done = harness("explore", "shop/order_status", "--out", tmp_path)
    assert done.returncode == 2
    assert "exists and is not empty" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep"
