"""Changes on other axes: the planner is the same, and must not be blamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from benchmarks.regressions.judging import FIRST, Judged, held_against, write_run
from benchmarks.regressions.playing import AGENTS, DOMAIN, PLANS, specs_of
from harness.campaign import trial as stage
from harness.content import AgentSpec, Domain, load_domain
from harness.deciding import side
from harness.triage import Replays, triage
from harness.world import Tool


class Control(msgspec.Struct, frozen=True):
    """One change: fields of the agent, faults of a plan, or a value that a tool returns."""

    axis: str
    agent: dict[str, Any] = {}
    plans: dict[str, Sequence[Mapping[str, Any]]] = {}
    returned: dict[str, dict[str, Any]] = {}


_DOWN = {"kind": "http_error", "at": "tool:*", "when": {"every": True}, "options": {"status": 503}}
CONTROLS: Mapping[str, Control] = {
    "nobody approves": Control("approver", {"approver": "never"}),
    "nobody is there": Control("approver", {"approver": "absent"}),
    "a tool less": Control("policy", {"policy": {"allowlist": ["get_order", "get_ticket", "search_kb", "add_note"]}}),
    "half a minute for approvals": Control("policy", {"policy": {"approval": {"ttl_s": 30}}}),
    "a breaker on edge": Control("policy", {"policy": {"breaker": {"threshold": 1, "cooldown_s": 600}}}),
    "no keys": Control("parts", {"without": ("idempotency_keys",)}),
    "an outage for a lost reply": Control("faults", plans={"lost": (_DOWN,)}),
    "a fault where there was none": Control("faults", plans={"clean": (_DOWN,)}),
    "a tool with another total": Control("tools", returned={"get_order": {"total_usd": 1.0}}),
    "a tool with another receipt": Control("tools", returned={"issue_refund": {"amount_usd": 1.0}}),
}


def judge_controls(folders: Mapping[str, Path], into: Path) -> Iterator[Judged]:
    """Judge every control; the first step is not known from elsewhere, and not held against triage."""
    for number, (name, control) in enumerate(CONTROLS.items()):
        yield _judged(name, control, folders["scripted"], into / f"control-{number}")


def _judged(name: str, control: Control, baseline: Path, folder: Path) -> Judged:
    before = AGENTS["scripted"]
    after = AgentSpec(**({field: getattr(before, field) for field in AgentSpec.model_fields} | control.agent))
    with ExitStack() as changed:
        if control.returned:
            changed.enter_context(patch.object(stage, "load_domain", lambda _name: _lying(control.returned)))
        write_run(folder, specs_of(after, {**PLANS, **control.plans}))
        found = triage(side(str(baseline)), side(str(folder)), depth=FIRST, replays=Replays())
    fork = found.clusters[0].divergence
    return held_against(name, name, found, fork.step if fork else None, control.axis)


def _lying(returned: Mapping[str, Mapping[str, Any]]) -> Domain:
    domain = load_domain(DOMAIN)
    tools = {name: _with(tool, returned[name]) if name in returned else tool for name, tool in domain.tools.items()}
    return replace(domain, tools=tools)


def _with(tool: Tool, returned: Mapping[str, Any]) -> Tool:
    def function(*args: Any, **kwargs: Any) -> Any:
        return {**tool.function(*args, **kwargs), **returned}

    return Tool(tool.spec, function)
