"""Where a scenario does not hold: what was expected in vain, grouped, each with an example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harness.analysis.findings import replay_command
from harness.analysis.guards import Share
from harness.analysis.results import Results, Trial
from harness.scoring import key_of, unmet_overall

CONTRAST = "contrast"


class Unmet(msgspec.Struct, frozen=True):
    """All trials of one agent under one fault plan that fall short in the same place.

    ``message`` is what the example falls short of, ``example`` the trial with the shortest history. Of the means over
    all trials every trial is an example, and they fall short together.
    """

    scenario: str
    agent: str
    fault_plan_id: str
    key: str
    trials: int
    message: str
    example: str
    replay: str


def as_expected(results: Results) -> Share:
    """Return how many trials are as expected, of those of which something is expected; contrasts do not count."""
    judged = [one.as_expected for one in results.trials if one.as_expected is not None and not one.contrast]
    return Share(sum(judged), len(judged))


def unexpected(results: Results) -> tuple[Unmet, ...]:
    """Return what was expected in vain, by scenario, agent and fault plan in the order of the trials.

    An agent for contrast is expected to fall short somewhere; only where it does not is that said.
    """
    return tuple(one for trials in results.arms.values() for one in _of_arm(results, trials))


def _of_arm(results: Results, trials: Sequence[Trial]) -> list[Unmet]:
    plans: dict[str, list[Trial]] = {}
    for trial in trials:
        plans.setdefault(trial.fault_plan_id, []).append(trial)
    found = [one for under_plan in plans.values() for one in _of_plan(results, under_plan)]
    if not trials[0].contrast:
        return found
    ids = [trial.trial_id for trial in trials]
    return [] if found else [_unmet(results, CONTRAST, dict.fromkeys(ids, f"{CONTRAST}: falls short of nothing"))]


def _of_plan(results: Results, trials: Sequence[Trial]) -> Iterator[Unmet]:
    groups: dict[str, dict[str, str]] = {}
    for trial in trials:
        for line in trial.unmet:
            groups.setdefault(key_of(line), {}).setdefault(trial.trial_id, line)
    for line in _unmet_means(results, trials):
        groups[key_of(line)] = dict.fromkeys((trial.trial_id for trial in trials), line)
    for key, lines in groups.items():
        yield _unmet(results, key, lines)


def _unmet_means(results: Results, trials: Sequence[Trial]) -> tuple[str, ...]:
    """Say which means over the trials that count are not as expected; nothing where the harness broke all of them."""
    counted = [trial.trial_id for trial in trials if trial.verdict != "harness_error"]
    expected = trials[0].expect_overall
    if not counted or not expected:
        return ()
    scores = results.scores[results.scores["trial_id"].isin(counted)].dropna(subset="value")
    values = {name: scores.loc[scores["metric"] == name, "value"].to_list() for name in expected}
    return unmet_overall(values, dict(expected))


def _unmet(results: Results, key: str, lines: Mapping[str, str]) -> Unmet:
    example = results.example(lines)
    trial = results.by_id[example]
    return Unmet(
        scenario=trial.scenario,
        agent=trial.agent,
        fault_plan_id=trial.fault_plan_id,
        key=key,
        trials=len(lines),
        message=lines[example],
        example=example,
        replay=replay_command(results, example),
    )
