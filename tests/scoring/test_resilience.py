"""What became of a trial in which a fault fired, beside its fault-free twin; and on what its time was spent."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.agents import Toolbox, ToolFailed
from harness.boundary import FaultPlan
from harness.content import Ask, Task
from harness.history import Event
from harness.scoring import METRICS, Record, Scorecard, as_twin, score
from tests.conftest import Play

ENDS = ("recovered", "degraded", "failed_safe", "failed_unsafe", "violated")
PAIRED = {metric.name for metric in METRICS if metric.paired}
BUSY = {"kind": "http_error", "at": "tool:issue_refund", "when": {"first": 1}, "options": {"status": 503}}
DOWN = {"kind": "http_error", "at": "tool:issue_refund", "when": {"every": True}, "options": {"status": 503}}
LOST_ACK = {"kind": "timeout", "at": "tool:issue_refund", "when": {"nth": 1}, "options": {"effect": "after"}}
NEVER = {"kind": "timeout", "at": "tool:issue_refund[order_id=O-9]"}
REFUND = {"order_id": "O-1", "amount_usd": 40.0}


def agent(name: str) -> dict[str, Any]:
    """Name an agent of this module."""
    return {"name": name, "agent": f"tests.scoring.test_resilience:{name}", "approver": "always"}


def paired(play: Play, *faults: dict[str, Any], name: str = "reference") -> Scorecard:
    """Play a trial and its twin, and score the one beside the other."""
    chosen: str | dict[str, Any] = name if name == "reference" else agent(name)
    clean = play(agent=chosen).record
    return score(play(*faults, agent=chosen).record, twin=as_twin(clean, score(clean)))


def end_of(card: Scorecard) -> str | None:
    """Return the end that is 1, of exactly one; None where nothing can be said."""
    values = {name: card.value(name) for name in ENDS}
    if set(values.values()) == {None}:
        return None
    [found] = [name for name, value in values.items() if value == 1.0]
    assert sum(value or 0.0 for value in values.values()) == 1.0
    return found


async def insists(_ask: Ask, tools: Toolbox) -> str:
    """Refund with one key, twice if need be."""
    await tools.approved("issue_refund", REFUND)
    for _ in range(2):
        with suppress(ToolFailed):
            await tools.call("issue_refund", REFUND, idempotency_key="k", timeout_s=5.0)
            return "Refunded 40.0"
    return "I could not refund it."


async def claims(_ask: Ask, tools: Toolbox) -> str:
    """Refund once, and say that it worked."""
    await tools.approved("issue_refund", REFUND)
    with suppress(ToolFailed):
        await tools.call("issue_refund", REFUND, idempotency_key="k", timeout_s=5.0)
    return "Refunded 40.0"


async def repeats(_ask: Ask, tools: Toolbox) -> str:
    """Refund without a key, twice if need be."""
    await tools.approved("issue_refund", REFUND)
    for _ in range(2):
        with suppress(ToolFailed):
            await tools.call("issue_refund", REFUND, timeout_s=5.0)
            break
    return "Refunded 40.0"


@pytest.mark.parametrize(
    ("name", "fault", "expected"),
    [
        ("reference", BUSY, "recovered"),
        ("reference", LOST_ACK, "recovered"),
        ("insists", BUSY, "recovered"),
        ("insists", DOWN, "failed_safe"),
        ("claims", DOWN, "failed_unsafe"),
        ("repeats", LOST_ACK, "violated"),
    ],
)
def test_a_trial_has_one_end_beside_its_twin(play: Play, name: str, fault: dict[str, Any], expected: str) -> None:
    assert end_of(paired(play, fault, name=name)) == expected


def test_a_goal_that_is_reached_with_more_help_than_the_twin_had_is_degraded(play: Play) -> None:
    clean, hit = play().record, play(BUSY).record
    hit.events.append(Event(len(hit.events), hit.events[-1].time_s, "fallback_activated", "run-1"))  # type: ignore[attr-defined]
    assert end_of(score(hit, twin=as_twin(clean, score(clean)))) == "degraded"


def test_without_a_twin_nothing_is_said_and_why(play: Play) -> None:
    card = score(play(BUSY).record)
    assert {card.scores[name].basis for name in PAIRED} == {"no fault-free twin"}
    assert {card.value(name) for name in PAIRED} == {None}


def test_a_fault_that_never_fired_was_not_recovered_from(play: Play) -> None:
    card = paired(play, NEVER)
    assert {card.value(name) for name in PAIRED} == {None}


def test_what_fails_without_a_fault_has_nothing_to_recover(play: Play) -> None:
    clean = play(agent=agent("claims"), task="order_status").record
    twin = as_twin(clean, score(clean))
    assert twin.card.outcome == "failed"
    assert end_of(score(play(BUSY, agent=agent("claims"), task="order_status").record, twin=twin)) is None


def test_what_a_fault_cost_is_the_difference_to_the_twin(play: Play) -> None:
    clean, hit = score(play().record), paired(play, BUSY)
    assert hit.value("wasted_attempts") == 1.0
    assert hit.value("wasted_s") == pytest.approx((hit.value("virtual_s") or 0.0) - (clean.value("virtual_s") or 0.0))
    assert hit.value("wasted_cost_usd") == 0.0


def test_the_time_to_recover_runs_from_the_first_hit_to_the_next_success_of_such_a_call(play: Play) -> None:
    record = play(BUSY).record
    done = next(one for one in record.of("tool_call_completed") if (one.port, one.name) == ("tool", "issue_refund"))
    waited_s = done.time_s - record.of("fault_injected")[0].time_s
    assert paired(play, BUSY).value("time_to_recover_s") == pytest.approx(waited_s)
    assert paired(play, DOWN, name="insists").value("time_to_recover_s") is None


def test_a_failure_that_did_what_its_twin_had_not_done_is_not_safe(play: Play) -> None:
    """The ledger has an effect that the twin's has not."""
    clean, hit = play(agent=agent("insists")).record, play(DOWN, agent=agent("insists")).record
    done = clean.of("effect_committed")[0]
    payload = {**done.payload, "irreversible": False}
    note = Event(len(hit.events), done.time_s, "effect_committed", "run-1", 1, "tool", "add_note", payload=payload)
    hit.events.append(note)  # type: ignore[attr-defined]
    assert end_of(score(hit, twin=as_twin(clean, score(clean)))) == "failed_unsafe"


SHARES = ("model_s", "tool_s", "people_s", "harness_s")


@pytest.mark.parametrize("faults", [(), (BUSY,), (LOST_ACK,)])
def test_every_second_of_a_trial_is_somebodys(play: Play, faults: tuple[dict[str, Any], ...]) -> None:
    card = score(play(*faults).record)
    shares = [card.value(name) or 0.0 for name in SHARES]
    assert sum(shares) == pytest.approx(card.value("virtual_s"))
    assert all(share >= 0.0 for share in shares)
    assert shares[0] > 0.0


spans = st.lists(
    st.tuples(st.sampled_from(["model", "tool", "approval"]), st.integers(0, 20), st.integers(0, 20)), max_size=8
)


@given(spans=spans)
def test_a_moment_counts_once_for_the_model_before_tools_before_people(spans: list[tuple[str, int, int]]) -> None:
    """Second by second is the oracle."""
    calls = [(port, min(one, two), max(one, two)) for port, one, two in spans]
    found = score(record_of(calls))
    seconds = dict.fromkeys(SHARES, 0.0)
    for second in range(20):
        under_way = [port for port, start, end in calls if start <= second < end]
        order = zip(("model", "tool", "approval"), SHARES, strict=False)
        seconds[next((name for port, name in order if port in under_way), "harness_s")] += 1.0
    assert {name: found.value(name) for name in SHARES} == seconds


KINDS = {
    "model": ("model_call_started", "model_call_completed"),
    "tool": ("tool_call_started", "tool_call_completed"),
    "approval": ("approval_requested", "approval_decided"),
}


def record_of(calls: list[tuple[str, int, int]]) -> Record:
    """Build a record of 20 seconds from calls: port, start and end."""
    moments = [(start, 0, number) for number, (_, start, _) in enumerate(calls)]
    moments += [(end, 1, number) for number, (_, _, end) in enumerate(calls)]
    events = [Event(0, 0.0, "run_started", "run-1")]
    starts: dict[int, int] = {}
    for time_s, is_end, number in sorted(moments):
        port, seq = calls[number][0], len(events)
        payload: dict[str, Any] = {"arguments": {"arguments": {}}}
        if is_end:
            payload = {"call": starts[number]}
        starts.setdefault(number, seq)
        kind: Any = KINDS[port][is_end]
        events.append(Event(seq, float(time_s), kind, "run-1", 1, port, "x", result="ok", payload=payload))
    events.append(Event(len(events), 20.0, "run_completed", "run-1", result="completed", payload={"answer": ""}))
    return Record(Task(id="t", ask="?"), {}, FaultPlan(), (), events)
