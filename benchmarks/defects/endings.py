"""How a run ends, with one thing wrong: what is believed, what is told, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.defects.caught import Caught
from harness.boundary import Catalogue
from harness.orchestrator import Outcome, Parts
from harness.orchestrator.ending import Ending, honest
from harness.orchestrator.fallbacks import Fallbacks
from harness.orchestrator.halts import Halt
from harness.planners import Context, Observation


def _believing(answer: str, _observations: Sequence[Observation], _catalogue: Catalogue) -> Ending:
    """Take the planner's word for everything."""
    return Ending(answer, ())


planner_is_believed = Parts(ending=_believing)


def _ignoring_drafts(answer: str, observations: Sequence[Observation], catalogue: Catalogue) -> Ending:
    """Count what was drafted as done: somebody will see to it."""
    return honest(answer, [one for one in observations if one.status != "drafted"], catalogue)


drafts_pass_for_done = Parts(ending=_ignoring_drafts)


def _ignoring_unknowns(answer: str, observations: Sequence[Observation], catalogue: Catalogue) -> Ending:
    """Count what nobody knows of as done: no news is good news."""
    return honest(answer, [one for one in observations if one.status != "unknown"], catalogue)


no_news_is_good_news = Parts(ending=_ignoring_unknowns)


def _leaving_it(answer: str, observations: Sequence[Observation], catalogue: Catalogue) -> Ending:
    """Say what is open, and leave it open."""
    return Ending(honest(answer, observations, catalogue).answer, ())


open_ends_reach_nobody = Parts(ending=_leaving_it)


def _unforgetting(answer: str, observations: Sequence[Observation], catalogue: Catalogue) -> Ending:
    """Hold every failure against the run, also where the same thing was done later."""
    failures = [one for one in observations if one.status != "ok"]
    return honest(answer, failures, catalogue)


later_success_settles_nothing = Parts(ending=_unforgetting)


def _forgetting(answer: str, observations: Sequence[Observation], catalogue: Catalogue) -> Ending:
    """Look at the last observation alone."""
    return honest(answer, observations[-1:], catalogue)


only_the_last_action_counts = Parts(ending=_forgetting)


class _EmptyHanded(Fallbacks):
    """Hands a case over without the actions that were meant to be taken."""

    async def hand_over(self, summary: str, _recommended: Iterable[Observation]) -> bool:
        return await super().hand_over(summary, ())


nothing_recommended = Parts(fallbacks=_EmptyHanded)


class _Incurious(Fallbacks):
    """Does not search for what it can not work out."""

    async def _retrieval_only(self, _cause: str, _context: Context) -> str | None:
        return None


no_search_without_a_planner = Parts(fallbacks=_Incurious)


class _Boastful(Fallbacks):
    """Reports every end as a completed run."""

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        outcome = await super().fall_back(halt, context)
        return Outcome("completed", outcome.answer)


every_end_is_a_success = Parts(fallbacks=_Boastful)


class _OneChance(Fallbacks):
    """Knows one mode of degradation for each cause."""

    def __init__(self, *made_of: object) -> None:
        super().__init__(*made_of)  # type: ignore[arg-type]  # whatever the parts hand in
        self._modes["human_queue"] = self._summary


nobody_takes_over = Parts(fallbacks=_OneChance)

DEFECTS = {
    "planner_is_believed": Caught("claims_are_checked", "D2", "L9"),
    "drafts_pass_for_done": Caught("drafts_are_not_done", "D2", "R11"),
    "no_news_is_good_news": Caught("claims_are_checked", "D2"),
    "open_ends_reach_nobody": Caught("drafts_are_not_done", "D2", "R11"),
    "later_success_settles_nothing": Caught("claims_are_checked", "L9"),
    "only_the_last_action_counts": Caught("each_claim_is_checked", "D2"),
    "nothing_recommended": Caught("planner_is_down", "R11"),
    "no_search_without_a_planner": Caught("planner_is_down", "R11"),
    "every_end_is_a_success": Caught("summary_is_always_left", "D2", "L8"),
    "nobody_takes_over": Caught("nothing_to_fall_back_on", "R11"),
}
