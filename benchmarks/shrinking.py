"""How many replays it takes to find the two faults that are needed among fifty, over a hundred seeded cases.

    python -m benchmarks.shrinking [--cases 100]

Every replay is a trial of the reference orchestrator, told to rely on idempotency keys alone: it repeats a write of
unknown outcome with its key, and does not look up first what became of it. It does a thing twice where an
acknowledgement is lost and, at the repeat, the tool has lost its keys; either fault alone does no harm. Both are hidden
at drawn places of a plan, among 48 others that delay, refuse or double calls elsewhere in the run; which ones is drawn
as well. A case counts only when all fifty together fail and the 48 alone do not.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from statistics import fmean

import msgspec

from harness.boundary import FaultPlan, PlannedFault, Trigger
from harness.campaign import TrialSpec, run_trial, trial_seed
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration.minimise import minimise
from harness.exploration.played import play
from harness.exploration.shrink import shrink
from harness.exploration.sites import Site, sites_of
from harness.simulation import draw

DOMAIN = "support_desk"
AGENT = AgentSpec(name="trusts_its_keys", policy={"retry": {"look_up": []}})
FAULTS = 50
REPLAYS_MAX = 70
# Tasks with many calls, and the write of each that can be done twice.
WRITES = (
    ("settle_a_torn_lamp", "issue_refund"),
    ("settle_a_torn_lamp", "send_email"),
    ("report_a_lost_parcel", "send_email"),
    ("start_a_warranty_claim", "send_email"),
    ("two_orders_two_refunds", "issue_refund"),
    ("drivers_note_and_new_address", "send_email"),
    ("wrong_towels_refund_and_email", "issue_refund"),
    ("wrong_towels_refund_and_email", "send_email"),
    ("draft_before_a_larger_refund", "issue_refund"),
    ("slip_in_the_contact_email", "send_email"),
)
DELAYS_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3)

Faults = tuple[PlannedFault, ...]


class Case:
    """One plan of fifty faults over one task, two of which are needed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.task_id, self.tool = WRITES[number % len(WRITES)]

    @cached_property
    def base(self) -> TrialSpec:
        """The trial without faults."""
        return TrialSpec(
            scenario="shrinking",
            domain=DOMAIN,
            task_id=self.task_id,
            agent=AGENT,
            plan=FaultPlan(),
            seed=trial_seed(0, DOMAIN, self.task_id, self.number),
            trial=self.number,
        )

    @cached_property
    def needed(self) -> Faults:
        """The lost acknowledgement, and the loss of the keys at the repeat."""
        lost = PlannedFault(kind="timeout", at=f"tool:{self.tool}", options={"effect": "after"})
        return lost, PlannedFault(kind="key_store_loss", at=f"tool:{self.tool}", when=Trigger(nth=2))

    @cached_property
    def harmless(self) -> Faults:
        """48 faults at other calls."""
        elsewhere = [site for site in sites_of(run_trial(self.base, {}).record) if site.name != self.tool]
        pool = [fault for site in elsewhere for fault in _harmless_at(site)]
        return tuple(self._shuffled("harmless", pool)[: FAULTS - len(self.needed)])

    @cached_property
    def spec(self) -> TrialSpec:
        """The trial under all fifty."""
        faults = self._shuffled("places", [*self.needed, *self.harmless])
        return self.base.under(FaultPlan(id="fifty", faults=tuple(faults)))

    def _shuffled(self, what: str, faults: Sequence[PlannedFault]) -> list[PlannedFault]:
        numbers = sorted(range(len(faults)), key=lambda number: draw(self.base.seed, what, str(number)))
        return [faults[number] for number in numbers]


def _harmless_at(site: Site) -> Iterator[PlannedFault]:
    """Yield what a sound agent gets over at a call; on some of it the run never comes."""
    make = partial(PlannedFault, at=site.at)
    if site.port == "approval":
        return
    for arrival in (site.arrival, site.arrival + 1):
        when = Trigger(nth=arrival)
        yield from (make(kind="slow", when=when, options={"delay_s": delay_s}) for delay_s in DELAYS_S)
    if site.effect == "read":
        when = Trigger(nth=site.arrival)
        yield make(kind="http_error", when=when, options={"status": 503})
        yield from (make(kind="duplicate_delivery", when=when, options={"delay_s": delay_s}) for delay_s in DELAYS_S)


class Found(msgspec.Struct, frozen=True):
    """What came of one case: the replays up to the two faults, and those of ``harness shrink`` to its end."""

    triggered: int
    is_right: bool
    to_faults: int
    to_end: int


def find(number: int) -> Found:
    """Play one case; raises ValueError for one that is none."""
    case = Case(number)
    whole = play(case.spec)
    if whole.outcome != "violated" or play(case.base.under(FaultPlan(faults=case.harmless))).outcome == "violated":
        msg = f"case {number} ({case.task_id}): it does not take the two faults to fail, and nothing more"
        raise ValueError(msg)
    asked: list[Faults] = []

    def fails(faults: Faults) -> bool:
        asked.append(faults)
        return play(case.base.under(FaultPlan(id="some", faults=faults))).signature == whole.signature

    found = minimise(case.spec.plan.faults, fails)
    shrunk = shrink(case.spec, play, all_fault_kinds())
    return Found(
        triggered=sum(whole.fired),
        is_right={one.kind for one in found} == {one.kind for one in case.needed} and len(found) == len(case.needed),
        to_faults=len(asked),
        to_end=shrunk.replays,
    )


def main() -> None:
    """Print the mean and the most replays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100)
    cases = [find(number) for number in range(parser.parse_args().cases)]
    hit = fmean(one.triggered for one in cases)
    print(f"cases             {len(cases):6}   exactly the two were found in {sum(one.is_right for one in cases)}")
    print(f"faults in a plan  {FAULTS:6}   of which {hit:.1f} hit, on average")
    _print_replays("to the two", [one.to_faults for one in cases])
    _print_replays("shrink, in all", [one.to_end for one in cases])
    print(f"promised on average: {REPLAYS_MAX}")


def _print_replays(told: str, counts: Sequence[int]) -> None:
    print(f"replays {told:14}  mean {fmean(counts):5.1f}   most {max(counts)}")


if __name__ == "__main__":
    main()
