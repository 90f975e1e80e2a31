"""Findings: what went wrong, grouped, each with an example and the command that plays it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from harness.analysis.attacks import AttackCall, attack_calls
from harness.analysis.results import Breach, Results, Trial

_SEVERITIES = ("critical", "high", "medium", "low")
GOAL_MISSED = "goal_missed"
HARNESS_ERROR = "harness_error"
PLANS_SHOWN = 3
MESSAGE_CHARACTERS = 240


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
    """Return all findings: harm first, then missed goals, then what was blocked.

    Within the same severity the largest finding of each agent and rule comes first, then the rest by number.
    """
    groups: dict[tuple[str, ...], list[_Traced]] = {}
    for traced in _traced(results):
        breach = traced.breach
        key = (
            *results.by_id[breach.trial_id].arm,
            breach.rule,
            traced.tool or "",
            breach.severity,
            str(breach.blocked),
        )
        groups.setdefault(key, []).append(traced)
    found = [_finding(results, group) for group in groups.values()]
    found = sorted([*found, *_unsuccessful(results)], key=_gravity)
    leaders = {(one.scenario, one.agent, one.rule, one.blocked): one for one in reversed(found)}
    return tuple(sorted(found, key=lambda one: (_class_of(one), one not in leaders.values())))


def _class_of(one: Finding) -> tuple[bool, bool, int]:
    severity = _SEVERITIES.index(one.severity) if one.severity in _SEVERITIES else len(_SEVERITIES)
    return one.blocked, one.rule in (GOAL_MISSED, HARNESS_ERROR), severity


def _gravity(one: Finding) -> tuple[tuple[bool, bool, int], int, str, str, str]:
    return _class_of(one), -one.trials, one.agent, one.rule, one.example


class _Traced(msgspec.Struct, frozen=True):
    """A breach with the tool that it came through, as far as its event names one."""

    breach: Breach
    tool: str | None
    message: str


def _traced(results: Results) -> Iterator[_Traced]:
    events = results.events({breach.trial_id for breach in results.breaches})
    for breach in results.breaches:
        history = events.get(breach.trial_id, [])
        if breach.rule == "attack_succeeded":
            yield _traced_attack(breach, attack_calls(results, results.by_id[breach.trial_id], history))
        else:
            tool = next((event.name for event in history if event.seq == breach.seq), None)
            yield _Traced(breach, tool, breach.message)


def _traced_attack(breach: Breach, calls: list[AttackCall]) -> _Traced:
    """Name the injection and the write that it got; a foreign oracle can see an attack where no write matches."""
    done = next((call for call in calls if call.took_effect), None)
    if done is None:
        return _Traced(breach, None, breach.message)
    arguments = ", ".join(f"{name}={value}" for name, value in done.arguments.items())
    message = f"{done.injection} had {done.tool} carried out with {arguments}"
    return _Traced(
        breach, done.tool, message if len(message) <= MESSAGE_CHARACTERS else f"{message[:MESSAGE_CHARACTERS]}…"
    )


def _finding(results: Results, group: list[_Traced]) -> Finding:
    trial_ids = {traced.breach.trial_id for traced in group}
    example = results.example(trial_ids)
    shown = next(traced for traced in group if traced.breach.trial_id == example)
    trial = results.by_id[example]
    return Finding(
        scenario=trial.scenario,
        agent=trial.agent,
        rule=shown.breach.rule,
        tool=shown.tool,
        severity=shown.breach.severity,
        blocked=shown.breach.blocked,
        count=len(group),
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
