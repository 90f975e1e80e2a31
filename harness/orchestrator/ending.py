"""The ending of a run: the planner's answer, and beside it what it left open, whether the planner says so or not."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from harness.boundary import Catalogue, identity_of, identity_text
from harness.planners import Observation

LEFT_TO_PEOPLE = ("unknown", "drafted")


class Ending(msgspec.Struct, frozen=True):
    """What a run says at its end, and the writes of which a person has to take care."""

    answer: str
    open_ends: tuple[Observation, ...]


def honest(answer: str, observations: Iterable[Observation], catalogue: Catalogue) -> Ending:
    """Add to the answer each write that was not carried out, or of which nobody knows.

    What is left to people is settled by a later success, and by nothing else.
    """
    last = last_of_each(observations, catalogue)
    unsettled = [one for one in last.values() if one.status in ("failed", *LEFT_TO_PEOPLE)]
    if not unsettled:
        return Ending(answer, ())
    told = "; ".join(f"{one.request.tool}: {one.status} ({one.message})" for one in unsettled)
    open_ends = tuple(one for one in unsettled if one.status in LEFT_TO_PEOPLE)
    return Ending(f"{answer}\nNot done for certain: {told}.", open_ends)


def last_of_each(observations: Iterable[Observation], catalogue: Catalogue) -> dict[tuple[str, str], Observation]:
    """Return what became of each thing that was to be written: the last word, or the last that nobody has settled."""
    last: dict[tuple[str, str], Observation] = {}
    for one in observations:
        if _is_write(one, catalogue):
            thing = _thing(one, catalogue)
            is_open = thing in last and last[thing].status in LEFT_TO_PEOPLE
            if not is_open or one.status in ("ok", *LEFT_TO_PEOPLE):
                last[thing] = one
    return last


def _is_write(observation: Observation, catalogue: Catalogue) -> bool:
    spec = catalogue.get(observation.request.tool)
    return spec is not None and spec.effect != "read"


def _thing(observation: Observation, catalogue: Catalogue) -> tuple[str, str]:
    spec = catalogue[observation.request.tool]
    return spec.name, identity_text(identity_of(spec, observation.request.arguments))
