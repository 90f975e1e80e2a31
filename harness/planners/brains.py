"""Planners by name, and the simulated model that speaks for them at the boundary."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from harness.boundary import Delivery, Reply, Usage, succeeded
from harness.content import Injection, Reference
from harness.errors import AgentError
from harness.history import canonical_json
from harness.planners.decisions import CHARACTERS_PER_TOKEN, Brain, Context
from harness.planners.gullible import gullible
from harness.planners.scripted import scripted
from harness.planners.weak import do_nothing, read_everything, write_everything, wrong_entity
from harness.simulation import draw

# What a simulated model costs, in USD per million tokens; a stand-in of the size of a mid-tier model's price.
USD_PER_MILLION_TOKENS_IN = 3.0
USD_PER_MILLION_TOKENS_OUT = 15.0
MEAN_LATENCY_S = 1.0

WEAK: Mapping[str, Callable[[Reference], Brain]] = {
    "do_nothing": do_nothing,
    "read_everything": read_everything,
    "write_everything": write_everything,
    "wrong_entity": wrong_entity,
}
PLANNERS = ("scripted", "gullible", *WEAK)


def make_brain(planner: str, reference: Reference, injections: Mapping[str, Injection]) -> Brain:
    """Return the brain of that name; raises AgentError that lists the known ones."""
    if planner == "gullible":
        return gullible(reference, injections)
    makers = {"scripted": scripted, **WEAK}
    if planner not in makers:
        msg = f"there is no planner {planner!r}; known: {', '.join(PLANNERS)}"
        raise AgentError(msg)
    return makers[planner](reference)


class ModelService:
    """Answers model calls with the decision of a brain, and accounts for tokens as a model would."""

    def __init__(self, brains: Mapping[str, Brain], seed: int) -> None:
        """``brains`` holds one brain for each run that has a simulated planner."""
        self._brains = brains
        self._seed = seed

    def latency_s(self, delivery: Delivery) -> float:
        """Between half and one and a half times the mean, drawn by address."""
        return MEAN_LATENCY_S * (0.5 + draw(self._seed, "latency", delivery.address))

    def answer(self, delivery: Delivery) -> Reply:
        """Let the brain decide on the context of the call."""
        context: Context = delivery.call.context
        decision = msgspec.to_builtins(self._brains[delivery.call.run_id](context))
        return succeeded(decision, _usage(context, decision))


def _usage(context: Context, decision: object) -> Usage:
    read = len(context.ask.text) + len(context.ask.policy)
    tokens_in = read // CHARACTERS_PER_TOKEN + sum(one.tokens for one in context.observations)
    tokens_out = len(canonical_json(decision)) // CHARACTERS_PER_TOKEN
    micro_usd = tokens_in * USD_PER_MILLION_TOKENS_IN + tokens_out * USD_PER_MILLION_TOKENS_OUT
    return Usage(tokens_in, tokens_out, micro_usd / 1e6)
