"""``harness triage`` and ``harness replay --bisect`` as a user meets them."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from harness.cli.results import STOP_BISECTING
from tests.cli.test_cli import harness
from tests.conftest import SHOP

SCENARIO = """
scenario: lost
domain: shop
tasks: [refund_damaged]
agents:
  - {name: sound, agent: "desk_agent:agent"}
faults:
  clean: []
  lost: [{kind: timeout, at: "tool:issue_refund", options: {effect: after}}]
"""
AGENT = """
KEY = "the refund"

async def agent(ask, tools):
    order = await tools.call("get_order", {"order_id": "O-1"})
    refund = {"order_id": "O-1", "amount_usd": order["total_usd"], "reason": "damaged"}
    for _ in range(3):
        try:
            await tools.approved("issue_refund", refund)
            done = await tools.call("issue_refund", refund, idempotency_key=KEY)
        except Exception:
            continue
        return f"Refunded {done['amount_usd']} USD for order O-1."
    return "I could not refund it."
"""
WORSE = AGENT.replace('KEY = "the refund"', "KEY = None")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in which an agent was played before and after it lost its key."""
    folder = tmp_path_factory.mktemp("worse")
    (folder / "pyproject.toml").write_text(f'[tool.harness]\npack = "{folder.name}"\n')
    (folder / "golden").symlink_to(SHOP / "golden")
    (folder / "lost.yaml").write_text(SCENARIO)
    for name, source in (("before", AGENT), ("after", WORSE)):
        become(folder, source)
        assert harness("run", "lost.yaml", "--out", name, cwd=folder).returncode == 0
    return folder


def become(project: Path, source: str) -> None:
    """Let the agent be another one, as another commit would."""
    (project / "desk_agent.py").write_text(source)
    sys.modules.pop("desk_agent", None)
    importlib.invalidate_caches()


def failing(project: Path) -> str:
    done = harness("triage", "before", "after", "--json", "--out", "said", cwd=project)
    return str(json.loads(done.stdout)["clusters"][0]["cluster"]["example"])


def test_triage_names_what_fails_anew_and_writes_the_same_for_people_and_machines(project: Path) -> None:
    done = harness("triage", "before", "after", cwd=project)
    assert done.returncode == 0, done.stderr
    assert "1 newly failing" in done.stdout
    assert "violation duplicate_effect issue_refund executed" in done.stdout
    assert "attribution: agent" in done.stdout
    found = json.loads((project / "after" / "triage.json").read_text())
    one = found["clusters"][0]["cluster"]
    assert one["id"] in done.stdout
    assert one["id"] in (project / "after" / "triage.md").read_text()


def test_triage_plays_nothing_when_told_so(project: Path) -> None:
    done = harness("triage", "before", "after", "--no-replay", "--json", "--out", "quiet", cwd=project)
    assert json.loads(done.stdout)["replays"] == 0


def test_a_side_that_does_not_exist_is_a_clear_message_and_misuse(project: Path) -> None:
    done = harness("triage", "before:nobody", "after", cwd=project)
    assert done.returncode == 2
    assert "holds no agent 'nobody'" in done.stderr


def test_bisecting_tells_bad_good_and_what_can_not_be_told_apart(project: Path) -> None:
    trial_id = failing(project)
    answers = {}
    for name, source in (("bad", WORSE), ("good", AGENT), ("gone", "agent = 1"), ("broken", "raise SystemError")):
        become(project, source)
        answers[name] = harness("replay", "after", trial_id, "--bisect", cwd=project).returncode
    become(project, WORSE)
    assert answers == {"bad": 1, "good": 0, "gone": 125, "broken": 125}


def test_bisecting_without_results_stops_git_instead_of_telling_it_something(project: Path) -> None:
    done = harness("replay", "nowhere", "0123456789ab", "--bisect", cwd=project)
    assert done.returncode == STOP_BISECTING
    assert "nowhere" in done.stderr
