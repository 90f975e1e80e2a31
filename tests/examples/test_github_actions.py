"""The example workflow parses, asks for no rights, pins its actions, and says nothing that the command line lacks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from harness.cli.main import app
from harness.deciding import EXIT_CODES

FOLDER = Path(__file__).parents[2] / "examples" / "github-actions"
WORKFLOW = FOLDER / ".github" / "workflows" / "agent-gate.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """Return the parsed workflow."""
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return the steps of its only job."""
    [job] = workflow["jobs"].values()
    listed: list[dict[str, Any]] = job["steps"]
    return listed


def test_it_runs_on_pull_requests_and_can_only_read(workflow: dict[Any, Any]) -> None:
    # YAML 1.1 reads a bare "on" as true. The other trigger would run the code of a fork with rights and secrets.
    assert set(workflow[True]) == {"pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")


def test_actions_are_those_of_the_platform_pinned_by_major_version(workflow: dict[Any, Any]) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert [re.sub(r"@v\d+$", "", one) for one in used] == [
        "actions/checkout",
        "actions/setup-python",
        "actions/upload-artifact",
    ]


def test_the_whole_history_is_there_and_the_results_are_kept_also_of_a_red_gate(workflow: dict[Any, Any]) -> None:
    checkout, *_, upload = steps(workflow)
    assert checkout["with"]["fetch-depth"] == 0
    assert upload["if"] == "${{ !cancelled() }}"
    assert f"--out {upload['with']['path'].rstrip('/')}" in WORKFLOW.read_text(encoding="utf-8")


def test_no_command_holds_text_of_the_pull_request(workflow: dict[Any, Any]) -> None:
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_its_commands_are_commands_of_the_command_line(workflow: dict[Any, Any]) -> None:
    words = [shlex.split(step["run"]) for step in steps(workflow) if step.get("run", "").startswith("harness ")]
    known: dict[str, Any] = getattr(get_command(app), "commands", {})
    assert len(words) == 1
    for _, name, *rest in words:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options


def test_the_readme_tells_every_answer_with_its_exit_code() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in text.splitlines() if row.startswith("|")]
    told = {answer: code.strip() for told, code in rows for answer in re.findall(r"`([A-Z]+)`", told)}
    assert told == {answer: str(code) for answer, code in EXIT_CODES.items()}
