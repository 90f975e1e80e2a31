"""``harness ci`` in a repository of its own: a user's agent, a branch, and a change to it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

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
