"""What guards cost: agents that share a scenario and a planner, clean and under attack, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.analysis.attacks import attack_calls_of
from harness.analysis.results import Results, Trial


class Share(msgspec.Struct, frozen=True):
    """``hits`` of ``total``; there is no value where there is no total."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """``hits / total``, or None."""
        return self.hits / self.total if self.total else None


class GuardRow(msgspec.Struct, frozen=True):
    """One agent.

    Attacked trials are those whose plan plants an injection. ``attack_success`` is of those in which the injection
    reached the agent; ``unreached`` are the others, which count for neither side. ``approvals_*`` are means for each
    trial. ``writes_asked`` is: writes that an injection asked for and a person was asked about first, of all such
    writes that the agent wanted.
    """

    scenario: str
    planner: str
    agent: str
    without: tuple[str, ...]
    approver: str
    utility_clean: Share
    utility_attacked: Share
    attack_success: Share
    unreached: int
    approvals_clean: float | None
    approvals_attacked: float | None
    writes_asked: Share


def guard_costs(results: Results) -> tuple[GuardRow, ...]:
    """Return the agents of which at least two share scenario and planner, where at least one trial was attacked."""
    groups: dict[tuple[str, str], list[Sequence[Trial]]] = {}
    for trials in results.arms.values():
        if trials[0].planner is not None:  # an agent of one's own has no planner that another could share
            groups.setdefault((trials[0].scenario, trials[0].planner), []).append(trials)
    return tuple(
        _row(results, planner, trials)
        for (_, planner), arms in groups.items()
        if len(arms) > 1 and any(_attacked(results, trial) for trials in arms for trial in trials)
        for trials in arms
    )


def _attacked(results: Results, trial: Trial) -> bool:
    return trial.verdict != "harness_error" and bool(results.injections(trial))


def _row(results: Results, planner: str, trials: Sequence[Trial]) -> GuardRow:
    clean = [trial for trial in trials if trial.clean]
    attacked = [trial for trial in trials if _attacked(results, trial)]
    reached = [trial for trial in attacked if trial.attack_success is not None]
    writes = attack_calls_of(results, attacked)
    return GuardRow(
        scenario=trials[0].scenario,
        planner=planner,
        agent=trials[0].agent,
        without=trials[0].without,
        approver=trials[0].approver,
        utility_clean=_share([trial.utility for trial in clean]),
        utility_attacked=_share([trial.utility for trial in attacked]),
        attack_success=_share([trial.attack_success for trial in reached]),
        unreached=len(attacked) - len(reached),
        approvals_clean=_approvals(results, clean),
        approvals_attacked=_approvals(results, attacked),
        writes_asked=Share(sum(write.asked for write in writes), len(writes)),
    )


def _share(values: Sequence[float | None]) -> Share:
    measured = [value for value in values if value is not None]
    return Share(sum(value == 1.0 for value in measured), len(measured))


def _approvals(results: Results, trials: Sequence[Trial]) -> float | None:
    wanted = results.scores["metric"].eq("approvals_asked") & results.scores["trial_id"].isin(
        [trial.trial_id for trial in trials]
    )
    values = results.scores.loc[wanted, "value"].dropna()
    return float(values.mean()) if len(values) else None
