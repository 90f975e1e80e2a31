"""What concurrent runs saw of one world has an explanation one call after the other, or it is told which calls have none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from harness.agents import Toolbox, ToolFailed
from harness.boundary import FaultPlan, PlannedFault
from harness.campaign import Linearization, RunSpec, TrialSpec, linearized, run_trial
from harness.content import AgentSpec, Ask, Domain, load_domain
from harness.history import Event, canonical_json
from harness.scoring import Record
from harness.simulation import Schedule
from harness.world import Ledger, ToolError, World, tool

DOSE, CANCEL, MAIL = "dose_by_each_run", "cancel_before_dispatch", "slip_in_the_contact_email"
FIRST, SECOND = "run-1/tool:dose[tank=T-2]#1", "run-2/tool:dose[tank=T-2]#1"
LOST: dict[str, Any] = {"kind": "timeout", "at": "tool:*", "when": {"nth": 1}, "options": {"effect": "after"}}
TWICE: dict[str, Any] = {"kind": "duplicate_delivery", "at": "tool:*"}
REFERENCE, WITHOUT_KEYS = AgentSpec(name="reference"), AgentSpec(name="w", without=("idempotency_keys",))
GAUGE = AgentSpec(name="gauge", agent="tests.campaign.test_linearizability:read_gauge")


def domain_of(task: str) -> Domain:
    return load_domain("support_desk" if task in (CANCEL, MAIL) else "limits")


def contended(
    *faults: dict[str, Any],
    task: str = DOSE,
    agent: AgentSpec = REFERENCE,
    seed: int = 0,
    starts_s: Sequence[float] = (0, 0),
    schedule: Schedule = "seeded",
    domain: Domain | None = None,
) -> Record:
    """Play runs with the same wish in one world."""
    plan = FaultPlan(id="plan", faults=tuple(PlannedFault.model_validate(one) for one in faults))
    runs = tuple(RunSpec(run_id=f"run-{number}", start_s=at) for number, at in enumerate(starts_s, 1))
    spec = TrialSpec(
        scenario="test",
        domain=domain_of(task).name,
        task_id=task,
        agent=agent,
        plan=plan,
        seed=seed,
        trial=0,
        runs=runs,
        schedule=schedule,
    )
    record = run_trial(spec, domain=domain).record
    assert not record.of("trial_aborted")
    return record


def explained(record: Record, task: str = DOSE) -> Linearization:
    """Judge a record by the tools as they should be, whatever it was played with."""
    return linearized(record, domain_of(task))


def told(record: Record) -> tuple[str | None, dict[str, Any]]:
    """Return what the history says."""
    [spoken] = [one for one in record.of("oracle_decided") if one.name == "linearizable"]
    return spoken.result, spoken.payload


def changed(record: Record, kind: str, change: Callable[[Event], Event | None], run_id: str = "run-1") -> Record:
    """Return the record with another event in the place of the one of a kind about the dose of a run, or without it."""
    [event] = [one for one in record.of(kind) if one.run_id == run_id and one.name == "dose"]
    instead = change(event)
    events = [instead if one is event else one for one in record.events]
    return replace(record, events=[one for one in events if one is not None])


def with_payload(**values: Any) -> Callable[[Event], Event]:
    return lambda event: msgspec.structs.replace(event, payload={**event.payload, **values})


# --- what holds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", [DOSE, CANCEL, MAIL])
@pytest.mark.parametrize("faults", [(), (LOST,), (TWICE,), (LOST, TWICE)], ids=["clean", "lost", "twice", "both"])
def test_whatever_gets_lost_or_arrives_twice_the_reference_leaves_an_explanation(
    task: str, faults: tuple[dict[str, Any], ...]
) -> None:
    for seed in range(3):
        record = contended(*faults, task=task, seed=seed)
        assert told(record) == ("true", {})
        found = explained(record, task)
        done = {one.address for one in record.of("effect_committed")}
        heard = {one.address for one in record.of("tool_call_completed") if one.port == "tool"}
        assert done | heard <= set(found.order or ())
        assert found == Linearization(order=found.order)
        assert found.holds is True


@pytest.mark.parametrize("seed", range(4))
def test_the_order_is_that_in_which_the_tank_was_filled(seed: int) -> None:
    record = contended(seed=seed)
    grams = {one.address: one.payload["value"]["chlorine_g"] for one in record.of("tool_call_completed")}
    assert [grams[str(one)] for one in explained(record).order or ()] == [20, 40]


@pytest.mark.parametrize(
    ("starts_s", "schedule", "is_told"),
    [((0, 0), "seeded", True), ((0, 0), "fifo", True), ((0,), "seeded", True), ((0,), "fifo", False)],
)
def test_who_plays_several_runs_or_a_seeded_schedule_is_told(
    starts_s: Sequence[float], schedule: Schedule, is_told: bool
) -> None:
    record = contended(starts_s=starts_s, schedule=schedule)
    assert [(one.name, one.result) for one in record.of("oracle_decided")] == [("linearizable", "true")] * is_told


def test_a_world_into_which_strangers_wrote_is_built_again() -> None:
    record = contended({"kind": "poisoned_text"}, task=CANCEL)
    assert record.before != domain_of(CANCEL).initial
    assert told(record) == ("true", {})


def test_a_refusal_that_a_fault_has_made_up_needs_no_explanation() -> None:
    """It is not the tool's word on its state."""
    gone = {"kind": "http_error", "at": "run-1/tool:dose", "when": {"nth": 1}, "options": {"status": 404}}
    record = contended(gone)
    assert "not_found" in {one.error_type for one in record.of("tool_call_failed")}
    assert told(record) == ("true", {})


async def read_gauge(_ask: Ask, tools: Toolbox) -> str:
    """Read a gauge that is in somebody's hand for the first seconds."""
    with suppress(ToolFailed):
        await tools.call("read_gauge", {"tank": "T-2"})
    return "read"


def test_what_a_tool_says_of_the_time_is_judged_by_the_time_at_which_it_said_so() -> None:
    record = contended(agent=GAUGE, starts_s=(0, 100))
    assert [one.error_type for one in record.of("tool_call_failed", "tool_call_completed")] == ["conflict", None]
    assert told(record) == ("true", {})


# --- what faults and broken worlds do ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ({"kind": "false_report", "options": {"says": "done"}}, "it was acknowledged, and nothing happened"),
        ({"kind": "false_report", "options": {"says": "failed"}}, "it was reported as failed, and took effect"),
        ({"kind": "duplicate_delivery"}, "one call took effect 2 times"),
    ],
)
def test_a_tool_that_does_not_do_what_it_says_is_told_with_the_call(fault: dict[str, Any], problem: str) -> None:
    record = contended({**fault, "at": "run-1/tool:dose", "when": {"nth": 1}}, agent=WITHOUT_KEYS)
    assert told(record) == ("false", {"problems": [f"{FIRST}: {problem}"]})
    assert explained(record).holds is False


def test_who_reads_an_old_state_after_a_change_was_acknowledged_is_told_what_it_should_have_read() -> None:
    """The run begins when the other has ended; had they overlapped, the same answer would be right."""
    stale = {"kind": "stale_answer", "at": "run-2/tool:get_order", "options": {"source": "replica"}}
    assert told(contended(stale, task=CANCEL)) == ("true", {})
    result, payload = told(contended(stale, task=CANCEL, starts_s=(0, 5000)))
    [problem] = payload["problems"]
    assert result == "false"
    assert problem.startswith("run-2/tool:get_order[order_id=O-1015]#1: no order of the calls explains it")
    assert "'status': 'processing'" in problem.partition(", where ")[0]
    assert "'status': 'cancelled'" in problem.partition(", where ")[2]


class _Forgetful(Ledger):
    """Remembers no key."""

    def _remember(self, call: Any, value: Any) -> None:
        del call, value


def test_an_effect_applied_twice_for_one_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The acknowledgement of the first run is lost, and the tool does not know the key when it is asked for, or again."""
    with monkeypatch.context() as broken:
        broken.setattr("harness.world.world.Ledger", _Forgetful)
        records = [contended({**LOST, "at": "run-1/tool:dose"}, seed=seed) for seed in range(4)]
    asked_for = "run-1/store:dose#1: no order of the calls explains it; its caller was told {'applied': False"
    again = f"{FIRST[:-1]}2: no order of the calls explains it; it took effect 1 times, where 0 were due"
    assert {len(one.of("effect_committed")) for one in records} == {3}
    problems = [explained(one).problems for one in records]
    assert {len(one) for one in problems} == {1}
    assert {(line == again, line.startswith(asked_for)) for [line] in problems} == {(True, False), (False, True)}


def with_tools(*tools: Any) -> Domain:
    """Return the waterworks with other tools in the place of its own."""
    domain = load_domain("limits")
    return replace(domain, tools={**domain.tools, **{one.spec.name: one for one in tools}})


def losing_dose() -> Any:
    """Return a tool that adds to what it read before anybody had written."""
    kept: dict[str, int] = {}

    @tool(effect="write", identity=("tank",))
    def dose(world: World, tank: str, grams: int, note: str = "") -> dict[str, Any]:
        """Add chlorine to a tank."""
        row = world.state["tanks"][tank]
        row["chlorine_g"] = kept.setdefault(tank, row["chlorine_g"]) + grams
        return {"tank": tank, "chlorine_g": row["chlorine_g"], "note": note}

    return dose


@pytest.mark.parametrize("seed", range(3))
def test_a_lost_update_is_told_with_the_call_that_saw_too_little(seed: int) -> None:
    record = contended(domain=with_tools(losing_dose()), seed=seed)
    first, second = (str(one.address) for one in record.of("effect_committed"))
    assert {first, second} == {FIRST, SECOND}
    value, due = ({"chlorine_g": grams, "note": "", "tank": "T-2"} for grams in (20, 40))
    assert explained(record).problems == (
        f"{second}: no order of the calls explains it; its caller was told {value!r}, where {due!r} was due",
    )


@tool(effect="write", identity=("tank",))
def chatty_dose(world: World, tank: str, grams: int, note: str = "") -> dict[str, Any]:
    """Add chlorine to a tank, and say so in the diary."""
    row = world.state["tanks"][tank]
    row["chlorine_g"] += grams
    world.state["diary"].append("dosed")
    return {"tank": tank, "chlorine_g": row["chlorine_g"], "note": note}


def test_a_change_that_no_call_accounts_for_is_told_with_its_place() -> None:
    dose = msgspec.structs.replace(load_domain("limits").tools["dose"], function=chatty_dose.function)
    record = contended(domain=with_tools(dose))
    assert told(record) == ("true", {})  # by these tools, it is as it should be
    assert explained(record).problems == (
        "diary: it is ['dosed', 'dosed'] at the end, where [] was due by all replies",
    )


@tool(effect="irreversible", identity=("order_id",))
def cancel_order(world: World, order_id: str, reason: str) -> dict[str, Any]:
    """Refuse to cancel an order, whatever state it is in."""
    raise ToolError("conflict", f"{order_id} can not be cancelled ({reason}, {world.clock()})")


def test_a_refusal_for_which_there_is_no_reason_is_told() -> None:
    domain = load_domain("support_desk")
    wrong = replace(domain, tools={**domain.tools, "cancel_order": cancel_order})
    assert explained(contended(task=CANCEL, domain=wrong), CANCEL).problems == tuple(
        f"run-{number}/tool:cancel_order[order_id=O-1015]#1: no order of the calls explains it;"
        " it took effect 0 times, where 1 were due"
        for number in (1, 2)
    )


def test_a_refusal_for_another_reason_is_told() -> None:
    record = contended(task=CANCEL)
    [refused] = [one for one in record.of("tool_call_failed") if one.name == "cancel_order"]
    other = msgspec.structs.replace(refused, error_type="not_found")
    events = [other if one is refused else one for one in record.events]
    [problem] = explained(replace(record, events=events), CANCEL).problems
    assert problem.startswith(f"{refused.address}: no order of the calls explains it; its caller was told 'not_found'")


# --- records that were tampered with ----------------------------------------------------------------------------------


def with_answers_exchanged(record: Record) -> Record:
    """Return a record in which who was told of 20 g was told of 40 g, and the other way round."""
    twenty, forty = b'"chlorine_g":20', b'"chlorine_g":40'

    def exchanged(payload: dict[str, Any]) -> dict[str, Any]:
        parts = msgspec.json.encode(payload).split(twenty)
        decoded: dict[str, Any] = msgspec.json.decode(forty.join(part.replace(forty, twenty) for part in parts))
        return decoded

    events = [
        msgspec.structs.replace(one, payload=exchanged(one.payload)) if one.kind == "tool_call_completed" else one
        for one in record.events
    ]
    return replace(record, events=events)


@pytest.mark.parametrize("faults", [(), ({**LOST, "at": "tool:dose"},)], ids=["clean", "lost"])
def test_two_replies_may_be_exchanged_while_the_calls_overlap_and_not_otherwise(
    faults: tuple[dict[str, Any], ...],
) -> None:
    """With acknowledgements that get lost, it is only the repeats that tell which effect was the first."""
    for starts_s, holds in ((0, 0), True), ((0, 100), False):
        record = contended(*faults, starts_s=starts_s)
        assert len(record.of("effect_committed")) == 2
        assert explained(record).holds is True
        assert explained(with_answers_exchanged(record)).holds is holds


def test_what_nobody_heard_may_come_out_later() -> None:
    """Behind two unheard doses the tank is the same in either order, and the keys stand for other answers."""
    lost = [{**LOST, "at": f"run-{number}/tool:dose", "when": {"first": number}} for number in (1, 2)]
    winners = set()
    for seed in range(4):
        record = contended(*lost, seed=seed)
        winners.add(record.of("effect_committed")[0].run_id)
        assert explained(record).holds is True
        assert explained(with_answers_exchanged(record)).holds is True
    assert winners == {"run-1", "run-2"}


Tamper = Callable[[Event], Event | None]
TAMPERED: dict[str, tuple[str, Tamper, str]] = {
    "a reply that was never due": (
        "tool_call_completed",
        with_payload(value={"tank": "T-2", "chlorine_g": 60, "note": ""}),
        f"{FIRST}: no order of the calls explains it; its caller was told {{'tank': 'T-2', 'chlorine_g': 60",
    ),
    "an effect is gone": ("effect_committed", lambda _: None, f"{FIRST}: it was acknowledged, and nothing happened"),
    "an effect of another size": (
        "effect_committed",
        with_payload(arguments={"tank": "T-2", "grams": 21}),
        f"{FIRST}: it took effect with other arguments than it had",
    ),
    "an effect of nobody": (
        "effect_committed",
        lambda event: msgspec.structs.replace(event, address="run-3/tool:dose[tank=T-2]#1"),
        "run-3/tool:dose[tank=T-2]#1: an effect without a call",
    ),
    "an effect of the other run's": (
        "effect_committed",
        lambda event: msgspec.structs.replace(event, address=SECOND),
        f"{SECOND}: one call took effect 2 times",
    ),
    "an effect taken for a repeat": (
        "effect_committed",
        lambda event: msgspec.structs.replace(event, kind="effect_deduplicated"),
        f"{FIRST}: no order of the calls explains it; it took effect 0 times, where 1 were due",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_record_that_was_tampered_with_has_no_explanation(case: str) -> None:
    kind, change, problem = TAMPERED[case]
    record = contended()
    assert explained(record).holds is True
    found = explained(changed(record, kind, change))
    assert found.holds is False
    assert [line for line in found.problems if line.startswith(problem)]


def tank_two(record: Record, grams: int) -> Any:
    """Return the world at the end, with so much chlorine in the tank."""
    tanks = record.after["tanks"]
    return {**record.after, "tanks": {**tanks, "T-2": {**tanks["T-2"], "chlorine_g": grams}}}


@pytest.mark.parametrize("task", [DOSE, "capacity_of_a_tank"])
def test_another_state_at_the_end_has_no_explanation(task: str) -> None:
    """Not with the calls that there were, and not where there was none."""
    record = contended()
    if task != DOSE:
        events = [one for one in record.events if one.kind in ("run_started", "run_completed", "world_settled")]
        record = replace(record, events=events, after=record.before)
        assert explained(record) == Linearization(order=())
    [problem] = explained(replace(record, after=tank_two(record, 77))).problems
    assert problem.startswith("tanks.T-2.chlorine_g: it is 77 at the end, where ")


# --- what nobody can tell ---------------------------------------------------------------------------------------------


class _Rows:
    """A state that is no plain data."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = rows

    def __getitem__(self, table: str) -> Any:
        return self.rows[table]


def test_of_a_world_that_can_not_be_built_again_nothing_is_said() -> None:
    domain = load_domain("support_desk")
    rows = replace(
        domain, fresh_state=lambda: _Rows(domain.fresh_state()), as_json=lambda state: canonical_json(state.rows)
    )
    why = {"undecided": "the world was changed before the trial began, and can not be built again"}
    assert told(contended(task=CANCEL, domain=rows)) == ("true", {})
    assert told(contended({"kind": "poisoned_text"}, task=CANCEL, domain=rows)) == ("unknown", why)


def test_of_a_tool_that_read_a_wrong_clock_nothing_is_said() -> None:
    skew = {"kind": "clock_skew", "when": {"window": [0, 50]}, "options": {"skew_s": 60}}
    assert told(contended(agent=GAUGE)) == ("true", {})
    why = "what clock_skew did behind the tools, as to their clock, is not on record"
    assert told(contended(skew, agent=GAUGE)) == ("unknown", {"undecided": why})
    assert told(contended(skew)) == ("true", {})  # whoever does not read it is not concerned


async def keeps_a_diary(_ask: Ask, tools: Toolbox) -> str:
    """Write eight lines at the same time, and hear of none."""

    async def write(number: int) -> None:
        with suppress(ToolFailed):
            await tools.call("write_diary", {"text": f"line {number}"})

    await asyncio.gather(*map(write, range(8)))
    return "written"


def test_where_an_order_is_not_found_in_time_nothing_is_said() -> None:
    """One that hardly differs from what happened is found."""
    agent = AgentSpec(name="diary", agent="tests.campaign.test_linearizability:keeps_a_diary")
    record = contended({**LOST, "when": {"every": True}}, agent=agent, starts_s=(0,))
    lines = record.after["diary"]

    def with_diary(*lines: str) -> Linearization:
        return explained(replace(record, after={**record.after, "diary": list(lines)}))

    assert len(with_diary(*lines).order or ()) == 8
    assert with_diary(*lines[:5], lines[6], lines[5], lines[7]).holds is True
    assert with_diary(*lines[::-1]) == Linearization(undecided="too many orders are possible")


@tool(effect="write")
def write_diary(world: World, text: str) -> dict[str, Any]:
    """Add one line to the diary; break where it begins with the wrong one."""
    if text == "second":
        assert world.state["diary"][0] == "first"
    world.state["diary"].append(text)
    return {"line": len(world.state["diary"])}


async def writes_two_lines(_ask: Ask, tools: Toolbox) -> str:
    """Write two lines, the second while the first is under way."""
    await asyncio.gather(*(tools.call("write_diary", {"text": text}) for text in ("first", "second")))
    return "written"


def test_a_tool_that_breaks_in_an_order_that_never_was_voids_nothing() -> None:
    agent = AgentSpec(name="two", agent="tests.campaign.test_linearizability:writes_two_lines")
    domain = with_tools(write_diary)
    record = contended(agent=agent, starts_s=(0,), seed=2, domain=domain)  # here, the first line arrives first
    assert linearized(record, domain).holds is True
    found = linearized(replace(record, after={**record.after, "diary": ["second", "first"]}), domain)
    assert found.holds is False
