"""Scenarios for the merge base: what is asked as it is now, of the agents as they were then.

A scenario also says how its agents are built (planner, policy, options), and that is a part of the agent, not of the
suite: laid over with the present one, the base would be played with the agents of the change.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.campaign import find_scenario
from harness.content import read_yaml
from harness.deciding.merge_base import Checkout, inside, text_at

AGENTS = "agents"


def scenario_of_the_base(checkout: Checkout, name: str) -> str:
    """Return the scenario that the base plays for a file or name: the present one where the base does not have it.

    Raises ContentError when there is no such scenario, or one of the two can not be read.
    """
    now = find_scenario(name).resolve()
    path = inside(checkout, now)
    then = None if path is None else text_at(checkout, path)
    if path is None or then is None:
        return str(now)
    target = checkout.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(then, encoding="utf-8")
    before, after = _table(target), _table(now)
    if before.get(AGENTS) == after.get(AGENTS):
        return str(now)
    merged = {key: value for key, value in after.items() if key != AGENTS}
    merged |= {AGENTS: before[AGENTS]} if AGENTS in before else {}
    target.write_text(json.dumps(merged, indent=1), encoding="utf-8")  # JSON is YAML
    return str(target)


def _table(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_yaml(path).data
    return found
