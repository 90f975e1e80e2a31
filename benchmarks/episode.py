"""What an episode costs, as a ratio to a bare loop, in one run on one core.

    python -m benchmarks.episode [--profile]

The episode: six model turns and five tool calls, simulated, scored, and stored in Parquet. The floor is in
``bare_loop.py``. Both are timed in CPU seconds, in turn, several times, and the round with the median ratio is told.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.bare_loop import bare_episode
from harness.boundary import FaultPlan
from harness.campaign import TrialSpec, run_campaign, run_trial, trial_seed
from harness.content import AgentSpec, load_domain

DOMAIN, TASK = "support_desk", "two_orders_two_refunds"
EPISODES = 250
ROUNDS = 9
LINES = 28
ROOMS = ("simulation", "history", "store", "boundary", "world", "planners", "orchestrator", "scoring", "campaign")


def specs() -> list[TrialSpec]:
    """Return the trials of one round, as a campaign would expand them."""
    return [
        TrialSpec(
            scenario="benchmark",
            domain=DOMAIN,
            task_id=TASK,
            agent=AgentSpec(name="reference"),
            plan=FaultPlan(),
            seed=trial_seed(0, DOMAIN, TASK, number),
            trial=number,
        )
        for number in range(EPISODES)
    ]


def payload() -> list[dict[str, Any]]:
    """Return 28 events of one real episode as plain data, and check that the episode is the one that is meant."""
    record = run_trial(specs()[0], {}).record
    events: list[dict[str, Any]] = msgspec.to_builtins(record.events)
    turns, calls = len(record.of("model_call_started")), len(record.of("tool_call_started"))
    assert (turns, calls) == (6, 5), f"{TASK} takes {turns} turns and {calls} calls"
    return (events * 2)[:LINES]


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds that ``work`` takes in this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def measure(rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the CPU seconds of an episode, in the bare loop and in the harness, in the round with the median ratio."""
    domain = load_domain(DOMAIN)
    task, lines = domain.tasks[TASK], payload()
    with tempfile.TemporaryDirectory() as folder:

        def bare() -> None:
            with Path(folder, "log.jsonl").open("a") as log:
                for _ in range(EPISODES):
                    bare_episode(domain, task, lines, log)

        def harness() -> None:
            run_campaign(specs(), Path(folder))

        bare()  # warm caches, lazy imports
        harness()
        pairs = [(cpu_s(bare), cpu_s(harness)) for _ in range(rounds)]
    floor_s, ours_s = sorted(pairs, key=lambda pair: pair[1] / pair[0])[rounds // 2]
    return floor_s / EPISODES, ours_s / EPISODES


def main() -> None:
    """Print the ratio, and with --profile where the time goes."""
    floor_s, ours_s = measure()
    print(f"bare loop   {floor_s * 1e6:8.0f} us an episode")
    print(f"harness     {ours_s * 1e6:8.0f} us an episode")
    print(f"ratio       {ours_s / floor_s:8.2f}")
    if "--profile" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            profile(lambda: run_campaign(specs(), Path(folder)))


def profile(work: Callable[[], object]) -> None:
    """Print the share of each room in the time of its own functions."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    stats: Any = pstats.Stats(profiler)
    shares: dict[str, float] = {}
    for (filename, _, _), (_, _, own_s, _, _) in stats.stats.items():
        room = next((one for one in ROOMS if f"harness/{one}/" in filename), _elsewhere(filename))
        shares[room] = shares.get(room, 0.0) + own_s
    total = sum(shares.values())
    for room, own_s in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"  {room:12} {own_s / total:6.1%}")


def _elsewhere(filename: str) -> str:
    for package in ("asyncio", "pyarrow", "pydantic", "jmespath"):
        if package in filename:
            return package
    return "built-in" if filename == "~" else "other"


if __name__ == "__main__":
    main()
