"""The axes along which two specs differ: each a place in the spec that can be swapped by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from harness.campaign import TrialSpec
from harness.content import AgentSpec

# What names an agent, or says how it is shown, is no axis.
_NAMES = ("name", "contrast")
_TRIAL_FIELDS = {"plan": "faults", "runs": "runs", "schedule": "schedule", "expect": "expectation"}
_AGENT_FIELDS = {"without": "parts", "parts": "parts", "reviewers": "approver"}
_BY_KEY = ("policy", "planner_options")


class Axis(msgspec.Struct, frozen=True):
    """One place: ``axis`` is its name for people, ``field`` the path in the spec."""

    axis: str
    field: str


def axes_between(baseline: TrialSpec, candidate: TrialSpec) -> tuple[Axis, ...]:
    """Return every place in which two specs differ; a mapping counts by its keys."""
    found = [Axis(axis, name) for name, axis in _TRIAL_FIELDS.items() if _differ(baseline, candidate, name)]
    for name in AgentSpec.model_fields:
        if name not in _NAMES and _differ(baseline.agent, candidate.agent, name):
            found += _agent_axes(baseline.agent, candidate.agent, name)
    return tuple(found)


def _differ(one: Any, other: Any, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def _agent_axes(one: AgentSpec, other: AgentSpec, name: str) -> Iterable[Axis]:
    axis = _AGENT_FIELDS.get(name, "planner" if name.startswith("planner") else name)
    if name not in _BY_KEY or (name == "planner_options" and one.planner != other.planner):
        return [Axis(axis, f"agent.{name}")]
    here, there = getattr(one, name), getattr(other, name)
    keys = [key for key in dict.fromkeys((*here, *there)) if here.get(key) != there.get(key)]
    return [Axis(axis, f"agent.{name}.{key}") for key in keys]


def swapped(baseline: TrialSpec, candidate: TrialSpec, axes: Iterable[Axis]) -> TrialSpec:
    """Return the baseline's spec with the candidate's value at each of some axes."""
    trial: dict[str, Any] = {}
    agent: dict[str, Any] = {}
    for axis in axes:
        where, _, rest = axis.field.partition(".")
        if where != "agent":
            trial[where] = getattr(candidate, where)
            continue
        name, _, key = rest.partition(".")
        if key:
            agent[name] = _with_key(agent.get(name, getattr(baseline.agent, name)), getattr(candidate.agent, name), key)
        else:
            agent[name] = getattr(candidate.agent, name)
            if name == "planner":
                agent["planner_options"] = candidate.agent.planner_options  # another planner has other options
    given = {name: getattr(baseline.agent, name) for name in AgentSpec.model_fields} | agent
    fields = {name: getattr(baseline, name) for name in TrialSpec.model_fields}
    return TrialSpec(**(fields | trial | {"agent": AgentSpec(**given)}))


def _with_key(mapping: dict[str, Any], other: dict[str, Any], key: str) -> dict[str, Any]:
    kept = {name: value for name, value in mapping.items() if name != key}
    return kept | ({key: other[key]} if key in other else {})
