"""The simulated model at the boundary: tokens, price, pace and limits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Call, Delivery, Reply
from harness.planners import Context, Decision, ModelService, Prices, make_brain
from tests.planners.cases import CONTEXTS, GOT, READ, REFERENCE, context

BRAIN = make_brain("scripted", REFERENCE, {})


def delivery(seen: Context, model: str = "planner", number: int = 1, **arguments: Any) -> Delivery:
    """Return a model call as it arrives."""
    call = Call("model", model, arguments, "run-1", step=number, context=seen)
    return Delivery(call, f"run-1/model:{model}#{number}", {})


def answer(seen: Context, model: str = "planner", prices: Prices | None = None, **arguments: Any) -> Reply:
    """Return what the model says."""
    return ModelService({"run-1": BRAIN}, 0, prices).answer(delivery(seen, model, **arguments))


@given(CONTEXTS)
def test_a_model_says_what_its_brain_says(seen: Context) -> None:
    assert msgspec.convert(answer(seen).value, Decision) == BRAIN(seen)


@given(CONTEXTS, st.sampled_from(["planner", "small", "large", "gpt-4o-mini"]))
def test_usage_and_estimate_come_from_one_table(seen: Context, model: str) -> None:
    usage = answer(seen, model).usage
    assert usage is not None
    assert usage.tokens_in == seen.tokens
    assert usage.cost_usd == Prices().cost_usd(model, usage.tokens_in, usage.tokens_out)


def test_overrides_reach_the_account() -> None:
    usage = answer(context(READ), prices=Prices({"planner": {"usd_per_million_in": 0, "usd_per_million_out": 0}})).usage
    assert usage is not None
    assert usage.cost_usd == 0


@given(CONTEXTS, st.integers(0, 100))
def test_an_answer_is_never_longer_than_it_may_be(seen: Context, tokens_out_max: int) -> None:
    whole, cut = answer(seen), answer(seen, role="planner", tokens_out_max=tokens_out_max)
    assert whole.usage is not None
    assert cut.usage is not None
    assert cut.usage.tokens_out == min(whole.usage.tokens_out, tokens_out_max)


def test_an_answer_that_is_cut_breaks_its_contract() -> None:
    reply = answer(context(READ), tokens_out_max=10)
    assert reply.ok
    assert reply.value == '{"calls":[{"arguments":{"order_id":"O-1"'
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(reply.value, Decision)


def test_a_context_that_is_too_long_is_refused_for_good() -> None:
    reply = answer(context(READ, GOT), prices=Prices({"planner": {"tokens_in_max": 20}}))
    assert (reply.status, reply.error_type, reply.retryable) == ("failed", "validation", False)
    assert reply.message == f"{context(READ, GOT).tokens} tokens are more than planner reads: 20"


@given(st.integers(1, 10**6), st.sampled_from(["planner", "small", "large", "gpt-4o-mini"]))
def test_the_latency_is_round_the_mean_of_the_model(number: int, model: str) -> None:
    mean_s = Prices().latency_s(model)
    latency_s = ModelService({}, 0).latency_s(delivery(context(), model, number))
    assert 0.5 * mean_s <= latency_s < 1.5 * mean_s


def test_tiers_differ_in_pace() -> None:
    assert [Prices().latency_s(model) for model in ("small", "mid", "large")] == [0.4, 1.0, 2.5]


def test_the_brain_is_told_which_turn_it_is() -> None:
    def tell(seen: Context) -> Decision:
        return Decision(answer=str(seen.step))

    service = ModelService({"run-1": tell}, 0)
    assert service.answer(delivery(context(), number=7)).value == {"answer": "7"}


def test_each_run_has_its_own_brain() -> None:
    brains = {run: (lambda _seen, run=run: Decision(answer=run)) for run in ("run-1", "run-2")}
    assert ModelService(brains, 0).answer(delivery(context())).value == {"answer": "run-1"}
