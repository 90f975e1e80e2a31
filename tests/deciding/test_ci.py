"""``harness ci`` in a repository of its own: a user's agent, a branch, and a change to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.campaign import load_scenario
from harness.cli.integrating import gate_of
from harness.deciding import merge_base, scenario_of_the_base
from tests.cli.test_cli import harness_process
from tests.conftest import SHOP

SOUND = """
from harness.agents import Toolbox
from harness.content import Ask


async def agent(ask: Ask, tools: Toolbox) -> str:
    if "O-2" in ask.text:
        order = await tools.call("get_order", {"order_id": "O-2"})
        return f"Order O-2 is {order['status']}."
    order = await tools.call("get_order", {"order_id": "O-1"})
    refund = {"order_id": "O-1", "amount_usd": order["total_usd"], "reason": "damaged"}
    if await tools.approved("issue_refund", refund):
        await tools.call("issue_refund", refund)
    return "Refunded 40.0 USD for order O-1."
"""
PAYS_TWICE = SOUND.replace(
    """        await tools.call("issue_refund", refund)\n""",
    """        await tools.call("issue_refund", refund)\n        await tools.call("issue_refund", refund)\n""",
)
SCENARIO = "scenario: desk\ndomain: shop\ntasks: [refund_damaged, order_status]\n"
GATE = 'schema = 1\n[[metric]]\nname = "success"\nkind = "rate"\nbetter = "higher"\nmargin = 0.5\n'


class Repository(NamedTuple):
    folder: Path

    def git(self, *words: str) -> None:
        identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "a change")

    def judged(self, *more: str) -> tuple[int, dict[str, Any]]:
        words = ("ci", "desk.yaml", "--base", "main", "--agent", "shop_agent:agent", "--json", *more)
        done = harness_process(*words, cwd=self.folder)
        return done.returncode, json.loads(done.stdout or "null")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    shutil.copytree(SHOP, tmp_path / "desk")
    # One process knows a pack's name once, and the shop's is taken.
    (tmp_path / "desk" / "pyproject.toml").write_text('[tool.harness]\npack = "desk"\n')
    found = Repository(tmp_path / "desk")
    found.git("init", "-q", "-b", "main")
    found.commit(shop_agent__py=SOUND, desk__yaml=SCENARIO, gate__toml=GATE, __gitignore=".harness\n")
    found.git("checkout", "-q", "-b", "change")
    return found


def test_a_change_that_changes_nothing_is_identical(repository: Repository) -> None:
    repository.commit(README__md="words")
    code, verdict = repository.judged()
    assert (code, verdict["answer"], verdict["expectation_changed"]) == (0, "IDENTICAL", [])
    left = subprocess.run(
        ["git", "worktree", "list"], cwd=repository.folder, capture_output=True, text=True, check=True
    )
    assert len(left.stdout.splitlines()) == 1


def test_a_change_that_does_harm_fails_with_the_command_that_shows_it(repository: Repository) -> None:
    repository.commit(shop_agent__py=PAYS_TWICE)
    code, verdict = repository.judged()
    assert (code, verdict["answer"]) == (1, "FAIL")
    found, unapproved = verdict["counterexamples"]
    assert (found["rule"], found["task"]) == ("duplicate_effect", "refund_damaged")
    assert unapproved["rule"] == "unapproved_effect"
    [triage] = (repository.folder / ".harness/verdicts").glob("*/triage.json")
    [cluster] = json.loads(triage.read_text())["clusters"]
    assert cluster["divergence"]["kind"] in ("plan", "termination")
    replayed = harness_process(*found["replay"].split()[1:], cwd=repository.folder)
    assert (replayed.returncode, "verdict violated" in replayed.stdout) == (0, True)


def test_a_change_can_not_move_its_own_bar(repository: Repository) -> None:
    """Both sides are played on the present suite, and judged by the gate file of the merge base."""
    tasks = repository.folder / "golden/shop/tasks/orders.yaml"
    tasks.write_text(tasks.read_text().replace("Where is order O-2?", "Where, please, is order O-2?"))
    quarantine = '[[quarantine]]\ntask = "order_status"\nowner = "@x"\nexpires = 2099-01-01\nreason = "r"\n'
    repository.commit(gate__toml=GATE + quarantine)
    code, verdict = repository.judged()
    assert (code, verdict["answer"], verdict["quarantined"]) == (0, "IDENTICAL", [])
    assert verdict["expectation_changed"] == ["gate.toml has changed", "golden/shop/tasks/orders.yaml has changed"]


NAMES_FILES = GATE.replace("schema = 1", 'schema = 1\nanchor = "golden/release.json"\ngolden = {file = "paths.json"}')


@pytest.mark.parametrize("config", ["../gate.toml", "./../sub/../gate.toml", "absolute"])
def test_the_bar_is_the_bases_wherever_it_is_called_from(
    config: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("checkout", "-q", "main")
    write(
        repository.folder, {"gate.toml": NAMES_FILES, "golden/release.json": "then", "paths.json": "then", "sub/a": "a"}
    )
    repository.commit()
    repository.git("checkout", "-q", "-B", "change")
    write(repository.folder, {"golden/release.json": "now", "paths.json": "now", "gate.toml": GATE})
    repository.commit(desk__yaml=SCENARIO + "trials: 2\n")
    monkeypatch.chdir(repository.folder / "sub")
    given = str(repository.folder / "gate.toml") if config == "absolute" else config
    with merge_base("main") as checkout:
        rules, changed = gate_of(checkout, Path(given), ["../desk.yaml"])
        assert rules.gate.anchor == "golden/release.json"
        assert (rules.folder / "golden/release.json").read_text() == "then"
        assert (rules.folder / "paths.json").read_text() == "now"
    names = ("desk.yaml", "gate.toml", "golden/release.json", "paths.json")
    assert changed == [f"{name} has changed" for name in names]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_what_an_agent_prints_is_not_in_the_json_and_a_base_that_is_head_is_told(repository: Repository) -> None:
    repository.git("checkout", "-q", "main")
    (repository.folder / "shop_agent.py").write_text(SOUND.replace("    if", "    print('hello')\n    if", 1))
    code, verdict = repository.judged()
    assert (code, verdict["answer"]) == (0, "IDENTICAL")
    assert "HEAD is the merge base itself: nothing but what is not committed was judged" in verdict["notes"]


def test_an_agent_that_is_not_the_bases_is_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is installed from the present tree, so that both sides would be the same agent, whatever has changed."""
    repository.git("checkout", "-q", "main")
    (repository.folder / "src").mkdir()
    repository.git("mv", "shop_agent.py", "src/shop_agent.py")
    repository.commit()
    repository.git("checkout", "-q", "-B", "change")
    (repository.folder / "src/shop_agent.py").write_text(PAYS_TWICE)
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{repository.folder / 'src'}{os.pathsep}{known}")
    words = ("ci", "desk.yaml", "--base", "main", "--agent", "shop_agent:agent")
    refused = harness_process(*words, cwd=repository.folder)
    assert (refused.returncode, refused.stderr.count("PYTHONPATH=src harness ci")) == (2, 1)
    monkeypatch.setenv("PYTHONPATH", f"src{os.pathsep}{known}")
    assert repository.judged()[1]["answer"] == "FAIL"


AGENTS = """agents:
  - {name: desk, planner: simulated, planner_options: {version: %s}}
"""


def test_a_change_to_the_agents_of_a_scenario_is_a_change_of_the_agent(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The base is asked what is asked now, and answers with the agents that it had."""
    repository.git("checkout", "-q", "main")
    repository.commit(desk__yaml=SCENARIO + AGENTS % "v1")
    repository.git("checkout", "-q", "-B", "change")
    repository.commit(desk__yaml=SCENARIO + "trials: 2\n" + AGENTS % "v2")
    monkeypatch.chdir(repository.folder)
    with merge_base("main") as checkout:
        then = load_scenario(Path(scenario_of_the_base(checkout, "desk.yaml")))
    now = load_scenario(Path("desk.yaml"))
    assert [one.agents[0].planner_options for one in (then, now)] == [{"version": "v1"}, {"version": "v2"}]
    assert then.model_copy(update={"agents": now.agents}) == now


def test_without_scenarios_all_of_the_project_are_played(repository: Repository) -> None:
    (repository.folder / "scenarios" / "lost.yaml").write_text(SCENARIO)
    repository.commit(README__md="words")
    done = harness_process("ci", "--base", "main", "--agent", "shop_agent:agent", "--json", cwd=repository.folder)
    assert json.loads(done.stdout)["answer"] == "IDENTICAL"
    (repository.folder / "scenarios" / "lost.yaml").unlink()
    done = harness_process("ci", "--base", "main", cwd=repository.folder)
    assert (done.returncode, "has no scenarios/*.yaml; name the scenarios to play" in done.stderr) == (2, True)


def test_a_base_that_git_does_not_know_is_told_in_its_words(repository: Repository) -> None:
    done = harness_process("ci", "desk.yaml", "--base", "nowhere", cwd=repository.folder)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "nowhere" in done.stderr
    assert "fetch-depth: 0" in done.stderr


def test_an_agent_that_the_base_does_not_have_is_told(repository: Repository) -> None:
    repository.commit(new_agent__py=SOUND)
    done = harness_process("ci", "desk.yaml", "--base", "main", "--agent", "new_agent:agent", cwd=repository.folder)
    assert done.returncode == 2
    assert "new_agent" in done.stderr
