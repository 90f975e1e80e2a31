"""Results folders for tests: one that was really run, and one written by hand, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.campaign import expand, find_scenario, load_scenario, make_manifest, run_campaign
from harness.store import SCHEMAS, write_manifest, write_part
from tests.conftest import SHOP


@contextmanager
def in_the_shop() -> Iterator[None]:
    """Stand in the shop's project for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(SHOP)
        yield


def run_shop(folder: Path) -> Path:
    """Run the shop's scenario into ``folder``."""
    with in_the_shop():
        specs = expand(load_scenario(find_scenario("lost")))
        run_campaign(specs, folder)
        write_manifest(folder, make_manifest(specs, command="harness run lost", seed=0))
    return folder


def trial(trial_id: str, **values: Any) -> dict[str, Any]:
    """Return a row of the trials table; what is not given is measured nowhere or plain."""
    agent = values.get("agent", "reference")
    return {
        "trial_id": trial_id,
        "scenario": "made",
        "domain": "made",
        "task_id": "task",
        "family": "task",
        "agent": agent,
        "planner": "scripted",
        "brain": "scripted",
        "approver": "careful",
        "fault_plan_id": "plan",
        "fault_families": "",
        "seed": 1,
        "trial": 0,
        "outcome": "passed",
        "verdict": "passed",
        "terminal_state": "completed",
        "reasons": "[]",
        "unmet": "[]",
        "signature": "verdict passed",
        "inputs": "{}",
        "spec": msgspec.json.encode({"agent": {"name": agent, "without": []}}).decode(),
        **values,
    }


def event(
    trial_id: str, seq: int, kind: str, payload: Mapping[str, Any] | None = None, **values: Any
) -> dict[str, Any]:
    """Return a row of the events table."""
    text = msgspec.json.encode(payload or {}).decode()
    return {"trial_id": trial_id, "seq": seq, "time_s": float(seq), "kind": kind, "payload": text, **values}


def write_by_hand(folder: Path, **tables: list[dict[str, Any]]) -> Path:
    """Write tables of rows; columns that a row does not name are null."""
    for table, schema in SCHEMAS.items():
        rows = [tuple(row.get(name) for name in schema.names) for row in tables.get(table, [])]
        write_part(folder, table, 0, rows)
    write_manifest(folder, {"command": "by hand", "seed": 0})
    return folder
