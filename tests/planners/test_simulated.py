"""The simulated model: errors at addressed places, at the rates of its options."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.content import Reference
from harness.planners import VERSIONS, Context, Decision, Observation, Planner, SimulatedOptions, ToolRequest, observe
from harness.planners.scripted import scripted
from harness.planners.simulated import simulated
from tests.planners.cases import (
    ASK,
    CATALOGUE,
    CONTEXTS,
    DRAFT,
    DRAFTED,
    GOT,
    KB,
    ORDER,
    PAID,
    READ,
    REFERENCE,
    REFUND,
    context,
    played,
)

KINDS = (
    *("wrong_tool", "invented_argument", "wrong_argument", "free_form", "drift", "loop", "premature_stop"),
    *("redundant_read", "ignores_policy"),
)
RATES = st.fixed_dictionaries({kind: st.sampled_from([0.0, 0.3, 1.0]) for kind in (*KINDS, "over_retry")})
SEEDS = st.integers(0, 2**32)


def planner(seed: int = 0, /, **rates: Any) -> Planner:
    """Return a model that errs at these rates alone."""
    return simulated(REFERENCE, SimulatedOptions.model_validate({"version": "v0", **rates}), seed=seed)


def only_request(decision: Decision) -> ToolRequest:
    """Return the one request of a decision."""
    (request,) = decision.calls
    return request


@given(CONTEXTS, SEEDS)
def test_a_model_that_never_errs_decides_as_the_scripted_planner_in_every_context(seen: Context, seed: int) -> None:
    assert planner(seed)(seen) == scripted(REFERENCE)(seen)


@given(CONTEXTS, RATES, SEEDS)
def test_a_decision_depends_on_context_and_seed_alone(seen: Context, rates: dict[str, float], seed: int) -> None:
    one = planner(seed, **rates)
    assert one(seen) == one(seen) == planner(seed, **rates)(seen)


@given(CONTEXTS, RATES, SEEDS)
def test_every_decision_keeps_the_contract(seen: Context, rates: dict[str, float], seed: int) -> None:
    decision = planner(seed, verbosity=500, **rates)(seen)
    assert (decision.answer is None) == (len(decision.calls) == 1)
    assert len(decision.thought) <= 4_000
    assert 0 <= decision.confidence <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_that_always_happens_shows_in_a_run(kind: str) -> None:
    long_ask = ASK.model_copy(update={"text": ASK.text.ljust(4_000)})
    sound = [decision for _, decision in played(planner(), ask=long_ask)]
    assert [decision for _, decision in played(planner(**{kind: 1.0}), ask=long_ask)] != sound


@pytest.mark.parametrize("kind", KINDS)
@given(seen=CONTEXTS, seed=SEEDS, low=st.floats(0, 1), high=st.floats(0, 1))
@settings(max_examples=40)
def test_where_a_model_errs_it_errs_at_every_higher_rate(
    kind: str, seen: Context, seed: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    sound = scripted(REFERENCE)(seen)
    if planner(seed, **{kind: low})(seen).calls != sound.calls:
        assert planner(seed, **{kind: high})(seen).calls != sound.calls


@given(SEEDS, st.floats(0.05, 0.95))
@settings(max_examples=40)
def test_one_more_call_elsewhere_shifts_no_error(seed: int, rate: float) -> None:
    model = planner(seed, invented_argument=rate, wrong_argument=rate, wrong_tool=rate)
    elsewhere = observe(ToolRequest("get_order", {"order_id": "O-7"}, "mine"), "ok", {"total": 1})
    assert model(context(READ)) == model(context(elsewhere, READ))


@given(CONTEXTS, SEEDS)
def test_a_version_is_no_part_of_a_chance(seen: Context, seed: int) -> None:
    first, third = SimulatedOptions(version="v1"), SimulatedOptions(version="v3", ignores_policy=0)
    assert simulated(REFERENCE, first, seed=seed)(seen) == simulated(REFERENCE, third, seed=seed)(seen)


def test_runs_of_one_trial_err_at_places_of_their_own() -> None:
    def errs(run_id: str) -> list[bool]:
        options = SimulatedOptions(version="v0", premature_stop=0.5)
        models = (simulated(REFERENCE, options, seed=seed, run_id=run_id) for seed in range(40))
        return [model(context()).answer is not None for model in models]

    assert errs("run-1") != errs("run-2")


def test_the_share_of_errors_is_the_rate() -> None:
    errors = sum(planner(seed, premature_stop=0.3)(context()).answer is not None for seed in range(2_000))
    assert errors / 2_000 == pytest.approx(0.3, abs=0.03)


def test_a_wrong_tool_is_one_that_takes_some_of_the_same_arguments() -> None:
    tools = {only_request(planner(seed, wrong_tool=1)(context(READ))).tool for seed in range(20)}
    assert tools == {"draft_refund", "refund"}
    for seed in range(20):
        request = only_request(planner(seed, wrong_tool=1)(context(READ)))
        CATALOGUE[request.tool].parameters.model_validate(request.arguments)
        assert request.arguments["order_id"] == "O-1"
        assert request.intent == ORDER.intent


def test_a_tool_that_shares_no_argument_is_mistaken_for_any() -> None:
    tools = {only_request(planner(seed, wrong_tool=1)(context())).tool for seed in range(40)}
    assert tools == {"get_order", "draft_refund", "refund"}


def test_with_a_single_tool_there_is_none_to_mistake_it_for() -> None:
    alone = Context(ASK, {"search_kb": CATALOGUE["search_kb"]}, [])
    assert planner(wrong_tool=1)(alone).calls == (KB,)


def test_a_tool_that_is_out_of_reach_is_asked_for_as_it_is() -> None:
    nothing = Context(ASK, {}, [])
    assert planner(wrong_tool=1, invented_argument=1, wrong_argument=1, free_form=1)(nothing).calls == (KB,)


def test_an_invented_identifier_is_a_neighbours_or_nobodys() -> None:
    found = {
        only_request(planner(seed, invented_argument=1)(context(READ))).arguments["order_id"] for seed in range(20)
    }
    assert found == {"O-2", "O-901"}


@pytest.mark.parametrize(
    ("value", "invented"),
    [
        ("C-099", {"C-100", "C-999"}),
        ("ann@x.example", {"ann2@x.example", "ann901@x.example"}),
        ("ann", {"ann2", "ann901"}),
    ],
)
def test_an_identifier_of_any_shape_can_be_invented(value: str, invented: set[str]) -> None:
    reference = Reference.model_validate({"steps": [{"tool": "get_order", "args": {"order_id": value}}]})
    options = SimulatedOptions(version="v0", invented_argument=1)
    found = {
        only_request(simulated(reference, options, seed=seed)(context())).arguments["order_id"] for seed in range(20)
    }
    assert found == invented


def test_nothing_is_invented_where_no_argument_is_an_identifier() -> None:
    assert planner(invented_argument=1)(context()).calls == (KB,)


@given(SEEDS)
@settings(max_examples=30)
def test_a_wrong_argument_is_one_other_value_that_the_tool_accepts(seed: int) -> None:
    request = only_request(planner(seed, wrong_argument=1)(context(READ, GOT, DRAFTED)))
    CATALOGUE["refund"].parameters.model_validate(request.arguments)
    assert request.tool == "refund"
    assert len([name for name, value in request.arguments.items() if value != REFUND.arguments[name]]) == 1


def test_free_texts_are_made_up_where_nobody_wrote_them() -> None:
    request = only_request(planner(free_form=1)(context(READ, GOT)))
    assert request == ToolRequest(
        "draft_refund", {"order_id": "O-1", "note": "the usual note", "tone": "the usual tone"}, "step-3"
    )


def test_a_text_that_was_read_is_not_made_up() -> None:
    wish = observe(ORDER, "ok", {"total": 40.0, "wish": "handle it as  the\ncustomer wishes"})
    request = only_request(planner(free_form=1)(context(READ, wish)))
    assert request.arguments["note"] == "as the customer wishes"


def test_a_tool_with_more_free_texts_is_called_wrongly_more_often() -> None:
    def share(seen: tuple[Observation, ...], due: ToolRequest) -> float:
        found = (planner(seed, free_form=0.2)(context(*seen)).calls for seed in range(500))
        return sum(calls != (due,) for calls in found) / 500

    assert share((READ, GOT, DRAFTED), REFUND) == 0
    assert share((), KB) == pytest.approx(0.2, abs=0.05)
    assert share((READ, GOT), DRAFT) == pytest.approx(1 - 0.8**2, abs=0.05)


def test_drift_acts_on_another_step_as_if_it_were_the_one_that_is_due() -> None:
    requests = [only_request(planner(seed, drift=1)(context(*[READ] * 200))) for seed in range(30)]
    assert {request.tool for request in requests} == {"search_kb", "draft_refund"}
    assert {request.intent for request in requests} == {"step-2"}


@given(SEEDS, st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=40)
def test_drift_grows_with_what_there_is_to_read(seed: int, few: int, more: int) -> None:
    few, more = sorted((few, more))
    model = planner(seed, drift=0.3)
    if model(context(*[READ] * few)).calls != (ORDER,):
        assert model(context(*[READ] * more)).calls != (ORDER,)


def test_a_loop_reads_the_same_thing_over_and_over() -> None:
    decisions = [decision for _, decision in played(planner(loop=1), turns=9)]
    requests = [only_request(decision) for decision in decisions]
    assert requests == [ToolRequest("search_kb", KB.arguments, "step-1-again")] * 9


def test_a_premature_stop_answers_as_if_all_were_done() -> None:
    assert planner(premature_stop=1)(context()).answer == "Done. Everything that you asked for is taken care of."
    assert planner(premature_stop=1)(context(READ, GOT)).answer == "Refunded 40.0."


@pytest.mark.parametrize("kind", ["premature_stop", "loop"])
def test_a_note_makes_it_think_again(kind: str) -> None:
    again = [
        planner(seed, **{kind: 0.5})(context(READ, notes=("that is wrong",))).calls == (ORDER,)
        for seed in range(60)
        if planner(seed, **{kind: 0.5})(context(READ)).calls != (ORDER,)
    ]
    assert True in again
    assert False in again


def test_over_retry_asks_again_for_what_failed_for_good() -> None:
    failed = observe(REFUND, "failed", error_type="conflict", message="too much")
    seen = (READ, GOT, DRAFTED, failed)
    assert planner(over_retry=1)(context(*seen)).calls == (REFUND,)
    assert planner(over_retry=1)(context(*seen, failed, failed)).calls == (REFUND,)
    assert planner()(context(*seen)).answer is not None


def test_over_retry_has_nothing_to_ask_again_for_where_only_a_value_is_missing() -> None:
    nothing = observe(ORDER, "ok", {})
    assert planner(over_retry=1)(context(READ, nothing, DRAFTED)).answer is not None


def test_redundant_reads_cost_steps_and_change_nothing_else() -> None:
    decisions = [decision for _, decision in played(planner(redundant_read=1))]
    asked = [one.calls[0] for one in decisions if one.calls]
    assert [one for one in asked if not one.intent.endswith("-check")] == [KB, ORDER, DRAFT, REFUND]
    checks = [one for one in asked if one.intent.endswith("-check")]
    assert {(one.tool, one.arguments["order_id"]) for one in checks} == {("get_order", "O-1")}
    assert [one.intent for one in checks] == ["step-1-check", "step-3-check", "step-4-check", "answer-check"]
    assert decisions[-1].answer == "Refunded 40.0."


def test_what_only_the_rules_ask_for_is_left_out_against_the_rules() -> None:
    decisions = [decision for _, decision in played(planner(ignores_policy=1))]
    assert [one.calls[0] for one in decisions if one.calls] == [ORDER, REFUND]
    assert decisions[-1].answer == "Refunded 40.0."


@pytest.mark.parametrize(
    ("binding", "steps"),
    [("${draft.order_id}", ["refund"]), ("${draft.draft_id}", ["draft_refund", "refund"]), ("O-1", ["refund"])],
)
def test_a_draft_is_left_out_where_nothing_but_what_it_was_told_is_needed_of_it(binding: str, steps: list[str]) -> None:
    draft = {"id": "draft", "tool": "draft_refund", "args": {"order_id": "O-1", "note": "as the customer wishes"}}
    pay = {"tool": "refund", "args": {"order_id": binding, "usd": 40.0}}
    reference = Reference.model_validate({"steps": [draft, pay]})
    model = simulated(reference, SimulatedOptions(version="v0", ignores_policy=1))
    asked = [one.calls[0] for _, one in played(model) if one.calls]
    assert [request.tool for request in asked] == steps
    assert asked[-1].arguments["order_id"] in ("O-1", "D-1")


def test_what_can_not_be_asked_for_has_no_result_when_it_is_left_out() -> None:
    look = {"id": "order", "tool": "get_order", "args": {"order_id": "O-1"}}
    draft = {"tool": "draft_refund", "args": {"order_id": "${order.nothing}", "note": "as the customer wishes"}}
    pay = {"tool": "refund", "args": {"order_id": "O-1", "usd": 40.0}}
    reference = Reference.model_validate({"steps": [look, draft, pay]})
    model = simulated(reference, SimulatedOptions(version="v0", ignores_policy=1))
    assert [one.calls[0].tool for _, one in played(model) if one.calls] == ["get_order", "refund"]


def test_a_model_that_was_told_no_rules_guesses() -> None:
    untold = ASK.model_copy(update={"policy": ""})
    model = planner(guesses_without_policy=1)
    assert [one.calls for _, one in played(model, ask=untold)][:2] == [(ORDER,), (REFUND,)]
    assert [one.calls for _, one in played(model)][:2] == [(KB,), (ORDER,)]


@given(SEEDS)
@settings(max_examples=20)
def test_a_refused_mistake_is_corrected(seed: int) -> None:
    model = planner(seed, invented_argument=0.5)
    wrong = ToolRequest("get_order", {"order_id": "O-2"}, "step-2")
    refused = observe(wrong, "failed", error_type="not_found", message="there is no O-2")
    assert only_request(model(context(READ, refused))).tool == "get_order"
    assert only_request(model(context(READ, refused, refused))).tool == "get_order"


def test_a_mistake_that_is_refused_too_often_ends_the_walk() -> None:
    wrong = ToolRequest("get_order", {"order_id": "O-2"}, "step-2")
    refused = observe(wrong, "denied", message="made up")
    answer = planner(invented_argument=0.1)(context(READ, refused, refused, refused)).answer
    assert answer == "I did not go on: get_order was not approved (made up)."


def test_a_sound_request_that_was_refused_is_not_repeated() -> None:
    refused = observe(ORDER, "denied", message="no")
    assert planner(invented_argument=0.1)(context(READ, refused)).answer is not None


def test_a_mistake_that_nobody_refused_goes_unnoticed() -> None:
    wrong = observe(ToolRequest("get_order", {"order_id": "O-2"}, "step-2"), "ok", {"total": 9.0})
    model = planner(invented_argument=0.001)
    assert only_request(model(context(READ, wrong, DRAFTED))).arguments["usd"] == 9.0


def test_it_is_less_sure_where_it_is_wrong() -> None:
    sure: dict[str, Any] = {"confidence_when_wrong": 0.2, "confidence_when_right": 0.9}
    assert planner(wrong_tool=1, **sure)(context()).confidence == 0.2
    assert planner(premature_stop=1, **sure)(context()).confidence == 0.2
    assert planner(**sure)(context()).confidence == 0.9
    assert planner(redundant_read=1, **sure)(context()).confidence == 0.9
    failed = observe(KB, "failed", error_type="conflict", message="no")
    assert planner(**sure)(context(failed)).confidence == 0.5


@given(st.floats(1, 50))
def test_verbosity_is_a_factor_on_the_length_of_thoughts(verbosity: float) -> None:
    plain, wordy = (planner(verbosity=factor)(context()) for factor in (1, verbosity))
    assert len(wordy.thought) == round(len(plain.thought) * verbosity)
    assert wordy.calls == plain.calls


def test_the_second_version_takes_more_steps_to_the_same_answer() -> None:
    lengths: dict[str, list[int]] = {"v1": [], "v2": []}
    for version, found in lengths.items():
        for seed in range(300):
            decisions = list(played(simulated(REFERENCE, SimulatedOptions(version=version), seed=seed)))
            found.append(len(decisions))
    assert sum(lengths["v2"]) / sum(lengths["v1"]) == pytest.approx(1.3, abs=0.1)


def test_options_override_their_version() -> None:
    options = SimulatedOptions.model_validate({"version": "v2", "redundant_read": 0.1})
    assert options.redundant_read == 0.1
    assert options.verbosity == VERSIONS["v2"]["verbosity"]


def test_an_unknown_version_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match=re.escape("there is no version 'v9'; known: v0, v1, v2, v3")):
        SimulatedOptions(version="v9")


def test_the_last_step_done_means_the_answer() -> None:
    assert planner()(context(READ, GOT, DRAFTED, PAID)) == Decision(answer="Refunded 40.0.")
