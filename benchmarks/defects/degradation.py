"""What a run does when it can not go on as it would like to, with one thing wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call, ToolSpec
from harness.orchestrator import Outcome, Parts
from harness.orchestrator.fallbacks import Fallbacks
from harness.orchestrator.gateway import Conduct, Gateway
from harness.orchestrator.halts import Halt
from harness.planners import Context, Observation


class _Careless(Conduct):
    """Goes on writing, whatever became of the last write."""

    def read_only(self, _thing: str) -> bool:
        return False


class _Stubborn(Conduct):
    """Writes nothing more at all, not even what would settle the open write."""

    def read_only(self, _thing: str) -> bool:
        return bool(self.unsettled)


class _Gloomy(Conduct):
    """Stays in read-only mode for good."""

    def __init__(self) -> None:
        super().__init__()
        self._ever: set[str] = set()

    def read_only(self, thing: str) -> bool:
        self._ever |= self.unsettled
        return not self._ever <= {thing}


def _with_conduct(conduct: type[Conduct]) -> Parts:
    class WithConduct(Gateway):
        def __init__(self, *made_of: Any) -> None:
            super().__init__(*made_of)
            self._conduct = conduct()

    return Parts(gateway=WithConduct)


writes_go_on_after_an_unknown_outcome = _with_conduct(_Careless)
open_writes_are_never_settled = _with_conduct(_Stubborn)
read_only_for_good = _with_conduct(_Gloomy)


class _Terse(Fallbacks):
    """Knows no other mode than a summary."""

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        self._modes = dict.fromkeys(self._modes, self._summary)
        return await super().fall_back(halt, context)


only_a_summary = Parts(fallbacks=_Terse)


class _OneTry(Fallbacks):
    """Gives up when the first mode of degradation does not apply."""

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        modes = getattr(self._run.policy.degradation, halt.cause)[:1]
        for mode in modes:
            self._modes = {**dict.fromkeys(self._modes, self._summary), mode: self._modes[mode]}
        return await super().fall_back(halt, context)


one_mode_and_no_other = Parts(fallbacks=_OneTry)


class _Optimistic(Fallbacks):
    """Answers in one go from everything that came back, failures as well."""

    async def _single_turn(self, cause: str, context: Context) -> str | None:
        seen = [msgspec.structs.replace(one, status="ok", text=one.text) for one in context.observations]
        return await super()._single_turn(cause, msgspec.structs.replace(context, observations=seen))


failures_told_as_findings = Parts(fallbacks=_Optimistic)


class _FromNothing(Fallbacks):
    """Answers in one go, without what was found."""

    async def _single_turn(self, cause: str, context: Context) -> str | None:
        return await super()._single_turn(cause, msgspec.structs.replace(context, observations=[]))


answer_from_nothing = Parts(fallbacks=_FromNothing)


class _Reckless(Fallbacks):
    """Recommends to people also what a person has refused."""

    async def hand_over(self, summary: str, recommended: Iterable[Observation]) -> bool:
        every = [msgspec.structs.replace(one, status="failed") for one in recommended if one.status != "ok"]
        return await super().hand_over(summary, every)


refused_actions_are_recommended = Parts(fallbacks=_Reckless)


class _Neat(Fallbacks):
    """Recommends only what was tried."""

    async def hand_over(self, summary: str, recommended: Iterable[Observation]) -> bool:
        return await super().hand_over(summary, [one for one in recommended if one.status != "queued"])


waiting_actions_are_lost = Parts(fallbacks=_Neat)


class _Verbatim(Fallbacks):
    """Searches for the whole ask, however long it is."""

    def _search(self, tool: ToolSpec) -> Call:
        return msgspec.structs.replace(super()._search(tool), arguments={"query": self._run.ask.text})


search_is_too_long = Parts(fallbacks=_Verbatim)


class _Overspending(Fallbacks):
    """Falls back at any price."""

    async def fall_back(self, halt: Halt, context: Context) -> Outcome:
        self._run.meter.refuse = lambda *_args: None  # type: ignore[method-assign]
        return await super().fall_back(halt, context)


fallbacks_are_free = Parts(fallbacks=_Overspending)

DEFECTS = {
    "writes_go_on_after_an_unknown_outcome": Caught("nothing_new_on_unknown_ground", "R11"),
    "open_writes_are_never_settled": Caught("nothing_new_on_unknown_ground", "R11"),
    "read_only_for_good": Caught("nothing_new_on_unknown_ground", "R11"),
    "only_a_summary": Caught("degradation_is_a_policy", "R11"),
    "one_mode_and_no_other": Caught("degradation_is_a_policy", "R11"),
    "failures_told_as_findings": Caught("answer_in_one_go", "R11"),
    "answer_from_nothing": Caught("answer_in_one_go", "R11"),
    "refused_actions_are_recommended": Caught("loop_goes_to_people", "R11", "L7"),
    "waiting_actions_are_lost": Caught("loop_goes_to_people", "R11", "D6"),
    "search_is_too_long": Caught("search_for_the_ask", "R11"),
    "fallbacks_are_free": Caught("answer_in_one_go", "R11", "R9"),
}
