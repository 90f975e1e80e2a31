"""What models cost, how long they take and how much they can read; one table for estimates and for accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from harness.errors import AgentError


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The facts of one model; the latency is a mean."""

    usd_per_million_in: float
    usd_per_million_out: float
    latency_s: float = 1.0
    tokens_in_max: float = 200_000


SIMULATED_MODELS: Mapping[str, ModelCard] = {
    "planner": ModelCard(3.0, 15.0),
    "small": ModelCard(0.15, 0.6, latency_s=0.4, tokens_in_max=128_000),
    "mid": ModelCard(3.0, 15.0),
    "large": ModelCard(15.0, 75.0, latency_s=2.5),
}
_LISTED = ModelCard(0.0, 0.0)  # for models of the list, of which only the price is known


class Prices(msgspec.Struct, frozen=True):
    """The price table: the simulated models, overrides by name, and for every other name the list of genai-prices.

    An override is a mapping with the fields of ``ModelCard``; for a model that is not simulated it gives both prices.
    """

    overrides: Mapping[str, Mapping[str, float]] = {}

    def __post_init__(self) -> None:
        for model in self.overrides:
            self._card(model)

    def cost_usd(self, model: str, tokens_in: int, tokens_out: int) -> float:
        """Return what a call costs; raises AgentError for a model without a known price."""
        card = self._card(model)
        if card is None:
            return _listed_usd(model, tokens_in, tokens_out)
        return (tokens_in * card.usd_per_million_in + tokens_out * card.usd_per_million_out) / 1e6

    def latency_s(self, model: str) -> float:
        """Return the mean time to answer of a model, when it is simulated."""
        return (self._card(model) or _LISTED).latency_s

    def tokens_in_max(self, model: str) -> float:
        """Return how many tokens a model can read at once, when it is simulated."""
        return (self._card(model) or _LISTED).tokens_in_max

    def check(self, models: Iterable[str]) -> None:
        """Raise AgentError when one of ``models`` has no known price; loads the list, should it be needed."""
        for model in models:
            self.cost_usd(model, 1, 1)

    def _card(self, model: str) -> ModelCard | None:
        known, given = SIMULATED_MODELS.get(model), self.overrides.get(model)
        if given is None:
            return known
        facts = {**(msgspec.structs.asdict(known) if known else {}), **given}
        try:
            card = msgspec.convert(facts, ModelCard)
        except msgspec.ValidationError as error:
            raise AgentError(f"prices of {model!r}: {error}; {_CURE}") from error
        if not all(fact >= 0 for fact in msgspec.structs.astuple(card)):
            raise AgentError(f"prices of {model!r}: below zero, or no numbers; {_CURE}")
        return card


_CURE = "give {usd_per_million_in: 3, usd_per_million_out: 15}, and latency_s or tokens_in_max where they matter"


def _listed_usd(model: str, tokens_in: int, tokens_out: int) -> float:
    # Imported late: the list is large, and whoever plays simulated models does not need it.
    from genai_prices import Usage, calc_price  # noqa: PLC0415

    try:
        priced = calc_price(Usage(input_tokens=tokens_in, output_tokens=tokens_out), model_ref=model)
    except LookupError as error:
        known = ", ".join(SIMULATED_MODELS)
        msg = f"no price is known of the model {model!r}; simulated are: {known}; for another one, {_CURE}"
        raise AgentError(msg) from error
    return float(priced.total_price)
