"""A trial told step by step: what was decided, what was executed, and where it broke."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.analysis import Results, storyline
from harness.history import EVENT_KINDS, Event


def history(*events: dict[str, Any]) -> list[Event]:
    """Return events of one run, in order."""
    return [Event(seq, float(seq), **{"run_id": "run-1", **one}) for seq, one in enumerate(events)]


def decided(value: Any, step: int = 1) -> dict[str, Any]:
    """Return what a model said."""
    return {
        "kind": "model_call_completed",
        "port": "model",
        "name": "planner",
        "step": step,
        "payload": {"value": value},
    }


def started(step: int = 1, port: str = "tool", **arguments: Any) -> dict[str, Any]:
    """Return the beginning of a call."""
    return {"kind": "tool_call_started", "port": port, "name": "pay", "step": step, "payload": {"arguments": arguments}}


def ended(call: int, step: int = 1, **fields: Any) -> dict[str, Any]:
    """Return the end of a call."""
    kind = "tool_call_completed" if "value" in fields else "tool_call_failed"
    payload: dict[str, Any] = {key: fields.pop(key) for key in ("value", "message") if key in fields}
    payload["call"] = call
    result = "ok" if "value" in payload else fields.pop("result", "failed")
    return {"kind": kind, "port": "tool", "name": "pay", "step": step, "result": result, "payload": payload, **fields}


def test_a_decision_is_told_as_thought_wishes_and_answer() -> None:
    value = {"calls": [{"tool": "pay", "arguments": {"usd": 5}}], "thought": "It is due."}
    first, second = storyline(history(decided(value), decided({"answer": "Paid."}, step=2)))
    assert first.decided == ("thinks: It is due.", 'wants pay {"usd":5}')
    assert (second.step, second.decided) == (2, ("answers: Paid.",))


def test_what_is_no_decision_is_shown_as_it_is() -> None:
    for value, words in (({"calls": "all"}, '{"calls":"all"}'), ("what?", "what?"), (None, "null")):
        [row] = storyline(history(decided(value)))
        assert row.decided == (words,)


def test_of_a_stream_the_story_says_how_it_ended() -> None:
    begun = {**decided(None), "payload": {"parts": [[0.0, '{"answer":']], "ending": "cut"}}
    [row] = storyline(history(begun))
    assert row.decided == ("begins to speak: cut",)


def test_attempts_at_the_same_call_stand_in_one_line() -> None:
    [row] = storyline(
        history(
            started(usd=5),
            ended(0, result="unknown", error_type="timeout", message="no answer within 5 s"),
            started(usd=5),
            ended(2, value={"paid": True}),
            started(usd=6),
        )
    )
    assert row.executed == (
        'pay {"usd":5}: unknown timeout, then ok {"paid":true}',
        'pay {"usd":6}: never answered',
    )
    assert row.broke == ("failed: pay, timeout, no answer within 5 s",)


def test_a_call_that_is_not_of_a_tool_names_its_port() -> None:
    [row] = storyline(history(started(port="store", idempotency_key="k"), ended(0, value={"applied": True})))
    assert row.executed == ('store:pay {"idempotency_key":"k"}: ok {"applied":true}',)


def test_what_took_effect_is_told_beside_what_the_agent_saw() -> None:
    effect = {"name": "pay", "address": "run-1/tool:pay[id=T-1]#2", "step": 1}
    [row] = storyline(history({"kind": "effect_committed", **effect}, {"kind": "effect_deduplicated", **effect}))
    assert row.executed == ("pay[id=T-1]: took effect", "pay[id=T-1]: recognised as a repeat, no effect")


def test_a_question_to_a_person_is_told_with_the_action_that_it_is_about() -> None:
    asked = {"ask": "Pay him.", "tool": "pay", "arguments": {"usd": 5}}
    about = {"port": "approval", "name": "pay", "step": 1}

    def answered(**payload: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
        request = {"kind": "approval_requested", **about, "payload": {"arguments": asked}}
        answer = {"kind": "approval_decided", **about, "result": "ok", "payload": {"call": 0, **payload}}
        [row] = storyline(history(request, answer))
        return row.executed, row.broke

    assert answered(value={"decision": "approve"}) == (('approval:pay {"usd":5}: ok {"decision":"approve"}',), ())
    assert answered(value={"decision": "modify"})[1] == ()
    assert answered(value={"decision": "deny"})[1] == ("no approval: pay, deny",)
    assert answered(message="no answer")[1] == ("no approval: pay, no answer",)


def test_where_it_broke_is_told_with_the_reason() -> None:
    [row] = storyline(
        history(
            {"kind": "fault_injected", "address": "run-1/tool:pay#1", "payload": {"kind": "timeout", "fault": 0}},
            {"kind": "policy_denied", "name": "pay", "payload": {"rule": "allowlist", "message": "not yours"}},
            {"kind": "breaker_opened", "name": "pay", "payload": {"failures": 5}},
            {"kind": "budget_exceeded", "payload": {"budget": "max_steps", "limit": 3}},
            {"kind": "fallback_activated", "payload": {"mode": "summary", "cause": "budget"}},
            {"kind": "kill_switch_tripped"},
        )
    )
    assert row.broke == (
        "fault: run-1/tool:pay#1, timeout",
        "denied: pay, allowlist, not yours",
        "breaker opened: pay",
        "out of budget: max_steps",
        "fell back: summary, budget",
        "kill switch",
    )


def test_what_names_no_step_belongs_to_the_step_before_it() -> None:
    events = history(
        {"kind": "run_started"}, decided({"answer": "a"}, step=2), {"kind": "loop_detected", "name": "look"}
    )
    [row] = storyline(events)
    assert (row.step, row.broke) == (2, ("loop: look",))


def test_runs_are_told_one_after_the_other_and_the_whole_trial_last() -> None:
    events = [
        {"kind": "trial_aborted", "run_id": None, "payload": {"error": "Deadlock"}},
        decided({"answer": "b"}) | {"run_id": "run-2"},
        decided({"answer": "a"}) | {"run_id": "run-1"},
        {"kind": "run_completed", "run_id": "run-2", "step": 1, "result": "completed"},
    ]
    rows = storyline(history(*events))
    assert [(row.run_id, row.step) for row in rows] == [("run-2", 1), ("run-1", 1), ("", 0)]
    assert rows[0].executed == ("the run ended: completed",)
    assert rows[2].broke == ("aborted: Deadlock",)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["calls", "answer", "tool", "a"]), inner)
    ),
    max_leaves=8,
)
ANY_EVENT = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(sorted(EVENT_KINDS)),
        "step": st.none() | st.integers(1, 4),
        "name": st.sampled_from(["pay"]),
    },
    optional={
        "payload": st.fixed_dictionaries({}, optional={"call": st.integers(0, 9), "value": PLAIN, "message": PLAIN})
    },
)


@given(events=st.lists(ANY_EVENT, max_size=12))
def test_whatever_a_model_or_a_tool_says_can_be_told(events: list[dict[str, Any]]) -> None:
    rows = storyline(history(*events))
    assert [row.step for row in rows] == sorted({row.step for row in rows})


def test_every_step_of_a_real_trial_is_told(lost: Results) -> None:
    """Here a refund whose acknowledgement is lost, and that is made twice."""
    trial = next(one for one in lost.trials if (one.agent, one.fault_plan_id) == ("without_keys", "lost_ack"))
    rows = storyline(lost.events([trial.trial_id])[trial.trial_id])
    assert [row.step for row in rows] == [1, 2, 3, 4]
    assert [line for line in rows[2].executed if "took effect" in line] == [
        "issue_refund[order_id=O-1]: took effect"
    ] * 2
    assert any(line.startswith("fault: ") for line in rows[2].broke)
