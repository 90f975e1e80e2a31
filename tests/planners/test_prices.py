"""Prices: one table for estimates before a spend and for the account after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import AgentError
from harness.planners import SIMULATED_MODELS, Prices

TOKENS = st.integers(0, 10**7)
MODELS = st.sampled_from([*SIMULATED_MODELS, "gpt-4o-mini"])


@pytest.mark.parametrize(
    ("model", "cost_usd"), [("planner", 0.0105), ("small", 0.00045), ("mid", 0.0105), ("large", 0.0525)]
)
def test_a_simulated_model_has_the_price_of_its_tier(model: str, cost_usd: float) -> None:
    assert Prices().cost_usd(model, 1_000, 500) == pytest.approx(cost_usd)


def test_any_other_model_has_the_price_of_the_maintained_list() -> None:
    assert Prices().cost_usd("gpt-4o-mini", 1_000_000, 0) == pytest.approx(0.15)


@given(MODELS, TOKENS, TOKENS, TOKENS)
def test_more_tokens_never_cost_less(model: str, tokens_in: int, tokens_out: int, more: int) -> None:
    cost_usd = Prices().cost_usd(model, tokens_in, tokens_out)
    assert 0 <= cost_usd <= Prices().cost_usd(model, tokens_in + more, tokens_out)
    assert cost_usd <= Prices().cost_usd(model, tokens_in, tokens_out + more)


@given(st.sampled_from([*SIMULATED_MODELS, "gpt-4o-mini", "our-own"]), TOKENS, TOKENS)
def test_an_override_goes_before_every_list(model: str, tokens_in: int, tokens_out: int) -> None:
    prices = Prices({model: {"usd_per_million_in": 1.0, "usd_per_million_out": 2.0}})
    assert prices.cost_usd(model, tokens_in, tokens_out) == pytest.approx((tokens_in + 2 * tokens_out) / 1e6)


def test_an_override_of_a_simulated_model_may_be_partial() -> None:
    prices = Prices({"small": {"latency_s": 9.0, "tokens_in_max": 10}})
    assert (prices.latency_s("small"), prices.tokens_in_max("small")) == (9.0, 10)
    assert prices.cost_usd("small", 10, 10) == Prices().cost_usd("small", 10, 10)


def test_a_model_of_the_list_is_simulated_at_a_usual_pace() -> None:
    assert Prices().latency_s("gpt-4o-mini") == Prices().latency_s("mid") == 1.0
    assert Prices().tokens_in_max("gpt-4o-mini") == 200_000


def test_an_unknown_model_is_refused_with_the_way_to_price_it() -> None:
    with pytest.raises(AgentError, match=r"'our-own'; simulated are: planner, .* give {usd_per_million_in: 3, "):
        Prices().check(["planner", "our-own"])


def test_known_models_pass_the_check() -> None:
    Prices({"our-own": {"usd_per_million_in": 0, "usd_per_million_out": 0}}).check(["our-own", "large", "gpt-4o-mini"])


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ({"our-own": {"usd_per_million_in": 1.0}}, "usd_per_million_out"),
        ({"planner": {"usd_in": 1.0}}, "unknown field `usd_in`"),
        ({"planner": {"usd_per_million_in": -1.0}}, "below zero"),
        ({"planner": {"usd_per_million_in": float("nan")}}, "no numbers"),
    ],
)
def test_an_override_that_means_nothing_is_refused(override: dict[str, dict[str, float]], problem: str) -> None:
    with pytest.raises(AgentError, match=problem):
        Prices(override)


def test_equal_overrides_are_equal_prices() -> None:
    assert Prices({"small": {"latency_s": 1.0}}) == Prices({"small": {"latency_s": 1.0}})
