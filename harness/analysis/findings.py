"""Findings: what went wrong, grouped, each with an example and the command that plays it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from harness.analysis.attacks import attack_calls
from harness.analysis.results import Breach, Results, Trial

_SEVERITIES = ("critical", "high", "medium", "low")
GOAL_MISSED = "goal_missed"
HARNESS_ERROR = "harness_error"
PLANS_SHOWN = 3


class Finding(msgspec.Struct, frozen=True):
    """All breaches of one rule through one tool by one agent.

    ``count`` counts breaches, ``trials`` the trials they are in. ``blocked`` means tried and stopped by the agent's own
    controls: no harm was done. ``example`` is the trial with the shortest history, ``replay`` the command for it.
    """

    scenario: str
    agent: str
    rule: str
    tool: str | None
    severity: str
    blocked: bool
    count: int
    trials: int
    message: str
    example: str
    replay: str


def replay_command(results: Results, trial_id: str) -> str:
    """Return the shell command that plays a trial again."""
    return shlex.join(["harness", "replay", str(results.folder), trial_id])


def findings(results: Results) -> tuple[Finding, ...]:
    """Return all findings: harm first, by severity and number; then missed goals; then what was blocked."""
    groups: dict[tuple[str, ...], list[Breach]] = {}
    for tool, breach in _with_tools(results):
        trial = results.by_id[breach.trial_id]
        key = (*trial.arm, breach.rule, tool or "", breach.severity, str(breach.blocked))
        groups.setdefault(key, []).append(breach)
    found = [_finding(results, key[3] or None, breaches) for key, breaches in groups.items()]
    return tuple(sorted([*found, *_unsuccessful(results)], key=_gravity))


def _gravity(one: Finding) -> tuple[bool, bool, int, int, str, str, str]:
    severity = _SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else len(_SEVERITIES)
    return one.blocked, one.rule in (GOAL_MISSED, HARNESS_ERROR), severity, -one.count, one.agent, one.rule, one.example


def _with_tools(results: Results) -> Iterator[tuple[str | None, Breach]]:
    """Yield each breach with the tool that it came through, as far as its event names one."""
    events = results.events({breach.trial_id for breach in results.breaches})
    for breach in results.breaches:
        history = events.get(breach.trial_id, [])
        if breach.rule == "attack_succeeded":
            calls = attack_calls(results, results.by_id[breach.trial_id], history)
            yield next((call.tool for call in calls if call.took_effect), None), breach
        else:
            yield next((event.name for event in history if event.seq == breach.seq), None), breach


def _finding(results: Results, tool: str | None, breaches: list[Breach]) -> Finding:
    trial_ids = {breach.trial_id for breach in breaches}
    example = results.example(trial_ids)
    shown = next(breach for breach in breaches if breach.trial_id == example)
    trial = results.by_id[example]
    return Finding(
        scenario=trial.scenario,
        agent=trial.agent,
        rule=shown.rule,
        tool=tool,
        severity=shown.severity,
        blocked=shown.blocked,
        count=len(breaches),
        trials=len(trial_ids),
        message=shown.message,
        example=example,
        replay=replay_command(results, example),
    )


def _unsuccessful(results: Results) -> Iterator[Finding]:
    """Yield what failed without a breach, by agent."""
    groups: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in results.trials:
        if trial.verdict in ("failed", "harness_error"):
            groups.setdefault((*trial.arm, trial.verdict), []).append(trial)
    for (scenario, agent, verdict), trials in groups.items():
        example = results.example(trial.trial_id for trial in trials)
        yield Finding(
            scenario=scenario,
            agent=agent,
            rule=HARNESS_ERROR if verdict == "harness_error" else GOAL_MISSED,
            tool=None,
            severity="medium",
            blocked=False,
            count=len(trials),
            trials=len(trials),
            message=_shortcoming(results.by_id[example], trials),
            example=example,
            replay=replay_command(results, example),
        )


def _shortcoming(example: Trial, trials: list[Trial]) -> str:
    plans = list(dict.fromkeys(trial.fault_plan_id for trial in trials))
    more = f" and {len(plans) - PLANS_SHOWN} more" if len(plans) > PLANS_SHOWN else ""
    reason = example.reasons[0] if example.reasons else example.terminal_state
    return f"{reason} (under {', '.join(plans[:PLANS_SHOWN])}{more})"
