"""The simulated model behind the port ``model``: brains speak through it, at the price and the pace of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.boundary import Delivery, Reply, Usage, failed, succeeded
from harness.history import canonical_json
from harness.planners.decisions import CHARACTERS_PER_TOKEN, Brain, Context
from harness.planners.prices import Prices
from harness.planners.replayed import RecordingEnded
from harness.simulation import draw


class ModelService:
    """Answers model calls with what a brain says, and accounts for tokens as a model would."""

    def __init__(self, brains: Mapping[str, Brain], seed: int, prices: Prices | None = None) -> None:
        """``brains`` holds one brain for each run that has a simulated planner."""
        self._brains = brains
        self._seed = seed
        self._prices = prices or Prices()

    def latency_s(self, delivery: Delivery) -> float:
        """Between half and one and a half times the model's mean, drawn by address."""
        mean_s = self._prices.latency_s(delivery.call.name)
        return mean_s * (0.5 + draw(self._seed, "latency", delivery.address))

    def answer(self, delivery: Delivery) -> Reply:
        """Let the brain answer the call in its role; an answer that is too long is cut, and so breaks its contract."""
        call = delivery.call
        context: Context = msgspec.structs.replace(call.context, step=call.step)
        tokens_in, tokens_in_max = context.tokens, self._prices.tokens_in_max(call.name)
        if tokens_in > tokens_in_max:
            return failed("validation", f"{tokens_in} tokens are more than {call.name} reads: {tokens_in_max:g}")
        try:
            value = msgspec.to_builtins(self._brains[call.run_id](context))
        except RecordingEnded as error:
            return failed("unavailable", str(error))
        value, tokens_out = _cut(value, call.arguments.get("tokens_out_max"))
        return succeeded(value, Usage(tokens_in, tokens_out, self._prices.cost_usd(call.name, tokens_in, tokens_out)))


def _cut(value: Any, tokens_out_max: int | None) -> tuple[Any, int]:
    text = canonical_json(value)
    tokens_out = len(text) // CHARACTERS_PER_TOKEN
    if tokens_out_max is None or tokens_out <= tokens_out_max:
        return value, tokens_out
    return text[: tokens_out_max * CHARACTERS_PER_TOKEN].decode(errors="ignore"), tokens_out_max
