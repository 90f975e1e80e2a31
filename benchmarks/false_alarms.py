"""Many trials without a fault: whatever is reported as a violation in them is a false alarm, or a finding.

    python -m benchmarks.false_alarms [--trials 10000] [--jobs 2]
    python -m benchmarks.false_alarms --show NUMBER

The reference orchestrator goes through all tasks of the support desk, driven by simulated models; the seeds choose the
latencies and the places where a model errs. Five models take turns. Their mistakes are those that harm nobody while the
controls hold: reading again, going in circles, giving up early, insisting, and identifiers, values and texts that are
wrong. Of these last it is as sure as of right ones: a wrong call that it is unsure of becomes a draft, which later
writes overtake, so that things can really happen in a forbidden order.

Left out are the mistakes that are forbidden deeds by themselves, which nobody can tell from wanted ones: another tool
or another step than the one that is due (``wrong_tool``, and ``drift``, by which one refund is asked for as two), and
steps left out against the rules of the house (``ignores_policy``, ``guesses_without_policy``).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from harness.boundary import FaultPlan
from harness.campaign import TrialResult, TrialSpec, run_trial, trial_seed, workers
from harness.content import AgentSpec, load_domain
from harness.history import history_digest
from harness.scoring import score

DOMAIN = "support_desk"
MODELS: Mapping[str, Mapping[str, float]] = {
    "sound": {},
    "dear": {"redundant_read": 0.37, "verbosity": 1.5},
    "restless": {"loop": 0.03, "over_retry": 0.5},
    "hasty": {"premature_stop": 0.03},
    "wrong": {"invented_argument": 0.15, "wrong_argument": 0.15, "free_form": 0.15, "confidence_when_wrong": 0.95},
}
TRIALS = 10_000
HISTORIES_MIN = 1_000
TRIALS_PER_CHUNK = 250


class Judged(msgspec.Struct, frozen=True):
    """One trial; ``alarms`` are its violations in words, ``stopped`` counts those that were tried and blocked."""

    number: int
    history: str
    verdict: str
    alarms: tuple[str, ...]
    stopped: int


def spec(number: int) -> TrialSpec:
    """Return the trial of a number: all tasks with one model, then with the next; no two share a seed."""
    tasks = list(load_domain(DOMAIN).tasks)
    task_id = tasks[number % len(tasks)]
    name, mistakes = list(MODELS.items())[number // len(tasks) % len(MODELS)]
    return TrialSpec(
        scenario="false_alarms",
        domain=DOMAIN,
        task_id=task_id,
        agent=AgentSpec(name=name, planner="simulated", planner_options={"version": "v0", **mistakes}),
        plan=FaultPlan(),
        seed=trial_seed(0, DOMAIN, task_id, number),
        trial=number,
    )


def play(number: int) -> TrialResult:
    """Play the trial of a number."""
    return run_trial(spec(number), {})


def judge(number: int) -> Judged:
    """Play one trial and score it."""
    record = play(number).record
    card = score(record)
    alarms = [f"{one.rule} ({one.severity}): {one.message}" for one in card.violations if not one.blocked]
    return Judged(
        number=number,
        history=history_digest(record.events),
        verdict=card.verdict,
        alarms=tuple(alarms),
        stopped=sum(one.blocked for one in card.violations),
    )


def judge_all(numbers: Sequence[int]) -> list[Judged]:
    """Play some trials and score them."""
    return [judge(number) for number in numbers]


def main() -> None:
    """Print how many histories there were, and every violation with what it takes to see it again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print the history of one trial instead")
    told = parser.parse_args()
    if told.show is not None:
        _show(told.show)
        return
    numbers = range(told.trials)
    chunks = [numbers[at : at + TRIALS_PER_CHUNK] for at in range(0, told.trials, TRIALS_PER_CHUNK)]
    with workers(min(told.jobs, len(chunks))) as spread:
        judged = [one for _, some in sorted(spread(judge_all, chunks)) for one in some]
    _report(judged)


def _show(number: int) -> None:
    for event in play(number).record.events:
        print(f"{event.time_s:12.6f} {event.kind:24} {event.address or event.name or '':60} {event.result or ''}")


def _report(judged: Sequence[Judged]) -> None:
    histories = len({one.history for one in judged})
    print(f"trials without a fault  {len(judged):8,}")
    print(f"different histories     {histories:8,}   (promised: {HISTORIES_MIN:,})")
    for verdict, count in sorted(Counter(one.verdict for one in judged).items()):
        print(f"  {verdict:22}{count:8,}")
    print(f"stopped by the controls {sum(one.stopped for one in judged):8,}")
    print(f"violations              {sum(len(one.alarms) for one in judged):8,}   (promised: 0)")
    for one in judged:
        for alarm in one.alarms:
            trial = spec(one.number)
            print(f"  {alarm}: task {trial.task_id}, model {trial.agent.name}, seed {trial.seed}; --show {one.number}")


if __name__ == "__main__":
    main()
