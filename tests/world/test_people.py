"""People: who decides what, how many decide at a time, and what is handed over to them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.boundary import Call, Delivery, Principal, Reply
from harness.simulation import simulate
from harness.world import ApprovalService, ApproverName, Caution, HumanItem, HumanQueueService, Services

CAUTION = Caution(wants={"pay": ("pay",)}, names={"to": r"account (\w+)"})
DECISION_S = 120.0


class Request(msgspec.Struct, frozen=True):
    """A request for approval: when it arrives, at which level, and how long its caller waits."""

    at_s: int
    level: int = 1
    patience_s: float = 1e6


class Answered(msgspec.Struct, frozen=True):
    """When a request was answered, with what."""

    at_s: float
    reply: Reply


def shown(level: int | None = None, ask: str = "Please pay account A", **arguments: Any) -> dict[str, Any]:
    """Return the arguments of an approval call."""
    told = {"ask": ask, "tool": "pay", "arguments": arguments, "reason": "irreversible"}
    return told if level is None else {**told, "level": level}


def answers(service: ApprovalService, requests: Sequence[Request]) -> list[Answered]:
    """Let the requests arrive in virtual time; return the answers in the order of the requests."""
    services = Services({"approval": service}, {})

    async def ask(number: int, request: Request) -> Answered:
        await asyncio.sleep(request.at_s)
        call = Call("approval", "pay", shown(request.level, to="A"), "run-1", timeout_s=request.patience_s)
        reply = await services.deliver(Delivery(call, f"run-1/approval:pay#{number}", {}))
        return Answered(asyncio.get_running_loop().time(), reply)

    async def play() -> list[Answered]:
        answered = await asyncio.gather(*(ask(number, request) for number, request in enumerate(requests)))
        await services.settle()
        return answered

    return simulate(play)


def decision(approver: ApproverName, arguments: dict[str, Any], caution: Caution = CAUTION) -> dict[str, Any]:
    """Return what one person answers to one request, without the length of the queue."""
    service = ApprovalService(approver, caution)

    async def play() -> Reply:
        call = Call("approval", "pay", arguments, "run-1", timeout_s=1e6)
        return await Services({"approval": service}, {}).deliver(Delivery(call, "run-1/approval:pay#1", {}))

    value: dict[str, Any] = simulate(play).value
    return {name: one for name, one in value.items() if name != "queue_length"}


times = st.integers(0, 600)
crowds = st.lists(st.builds(Request, times), max_size=12)


@given(crowd=crowds, reviewers=st.integers(1, 4))
def test_never_more_decisions_are_under_way_than_there_are_reviewers(crowd: list[Request], reviewers: int) -> None:
    ends = [one.at_s for one in answers(ApprovalService("always", CAUTION, reviewers=reviewers), crowd)]
    for end in ends:
        assert sum(end - DECISION_S < other <= end for other in ends) <= reviewers


@given(crowd=crowds, reviewers=st.integers(1, 4))
def test_requests_are_decided_in_the_order_of_their_arrival(crowd: list[Request], reviewers: int) -> None:
    answered = answers(ApprovalService("always", CAUTION, reviewers=reviewers), crowd)
    by_arrival = [one.at_s for _, one in sorted(zip(crowd, answered, strict=True), key=lambda pair: pair[0].at_s)]
    assert by_arrival == sorted(by_arrival)


@given(crowd=crowds, reviewers=st.integers(1, 4))
def test_nobody_waits_while_a_reviewer_is_free(crowd: list[Request], reviewers: int) -> None:
    """Each decision begins at the arrival, or when all are at work, at the end of another."""
    answered = answers(ApprovalService("always", CAUTION, reviewers=reviewers), crowd)
    ends = [one.at_s for one in answered]
    for request, end in zip(crowd, ends, strict=True):
        begun = end - DECISION_S
        at_work = sum(other - DECISION_S < begun <= other for other in ends)
        assert begun == request.at_s or (begun in ends and at_work >= reviewers)


@given(crowd=crowds)
def test_with_enough_reviewers_nobody_waits(crowd: list[Request]) -> None:
    answered = answers(ApprovalService("always", CAUTION), crowd)
    assert [one.at_s for one in answered] == [request.at_s + DECISION_S for request in crowd]


@given(crowd=crowds, reviewers=st.none() | st.integers(1, 4))
@example(crowd=[Request(0), Request(120)], reviewers=1)
def test_a_reply_says_how_many_were_before_it(crowd: list[Request], reviewers: int | None) -> None:
    """Waiting or in work, when the request arrived."""
    crowd = sorted(crowd, key=lambda request: request.at_s)
    answered = answers(ApprovalService("always", CAUTION, reviewers=reviewers), crowd)
    for number, request in enumerate(crowd):
        before = sum(other.at_s > request.at_s for other in answered[:number])
        assert answered[number].reply.value["queue_length"] == before


@given(crowd=crowds, reviewers=st.integers(1, 4), data=st.data())
def test_a_caller_that_gives_up_still_occupies_a_reviewer(
    crowd: list[Request], reviewers: int, data: st.DataObject
) -> None:
    """Whoever waits gets the same answer at the same time, whether or not others have gone."""
    is_gone = data.draw(st.lists(st.booleans(), min_size=len(crowd), max_size=len(crowd)))
    impatient = [
        msgspec.structs.replace(request, patience_s=1.0) if gone else request
        for request, gone in zip(crowd, is_gone, strict=True)
    ]
    patient_office, office = (ApprovalService("always", CAUTION, reviewers=reviewers) for _ in range(2))
    for patient, one, gone in zip(answers(patient_office, crowd), answers(office, impatient), is_gone, strict=True):
        assert one.reply.status == "unknown" if gone else one == patient


@given(crowd=crowds, supervised=crowds)
def test_supervisors_have_a_queue_of_their_own(crowd: list[Request], supervised: list[Request]) -> None:
    """Neither level waits for the other, nor counts it."""
    upper = [msgspec.structs.replace(request, level=2) for request in supervised]
    together = answers(ApprovalService("always", CAUTION, reviewers=1, supervisors=1), [*crowd, *upper])
    alone = answers(ApprovalService("always", CAUTION, reviewers=1), crowd)
    assert together == [*alone, *answers(ApprovalService("always", CAUTION, supervisors=1), upper)]


def test_a_request_without_a_level_goes_to_the_reviewers() -> None:
    assert decision("escalates", shown(to="A")) == {"decision": "escalate"}


@pytest.mark.parametrize(
    ("approver", "level", "to", "expected"),
    [
        ("always", 1, "B", "approve"),
        ("never", 2, "A", "deny"),
        ("careful", 1, "A", "approve"),
        ("careful", 1, "B", "deny"),
        ("slow", 1, "A", "approve"),
        ("slow", 1, "B", "deny"),
        ("escalates", 1, "A", "escalate"),
        ("escalates", 1, "B", "escalate"),
        ("escalates", 2, "A", "approve"),
        ("escalates", 2, "B", "deny"),
        ("modifies", 1, "B", "approve"),
    ],
)
def test_each_kind_of_person_decides_in_their_way(approver: ApproverName, level: int, to: str, expected: str) -> None:
    assert decision(approver, shown(level, to=to)) == {"decision": expected}


arguments = st.dictionaries(
    st.sampled_from(["amount", "amount_usd", "total_amount", "count", "to"]),
    st.integers(-100, 100) | st.floats(-100, 100) | st.booleans() | st.text("ab5", max_size=2),
)


@given(proposed=arguments, amount_max=st.integers(1, 60))
def test_whoever_modifies_cuts_amounts_and_nothing_else(proposed: dict[str, Any], amount_max: int) -> None:
    """A proposal without too high an amount is approved as it stands."""
    answer = decision("modifies", shown(**proposed), Caution(amount_max=amount_max))
    high = {
        name: value
        for name, value in proposed.items()
        if "amount" in name and type(value) in (int, float) and value > amount_max
    }
    if not high:
        assert answer == {"decision": "approve"}
    else:
        assert answer == {"decision": "modify", "arguments": proposed | dict.fromkeys(high, amount_max)}


def test_amounts_are_cut_to_25_unless_the_caution_says_otherwise() -> None:
    answer = decision("modifies", shown(amount_usd=40.5, tip_amount=30))
    assert answer["arguments"] == {"amount_usd": 25.0, "tip_amount": 25}
    assert {name: type(value) for name, value in answer["arguments"].items()} == {
        "amount_usd": float,
        "tip_amount": int,
    }


@pytest.mark.parametrize(("minutes_each", "answered_s"), [(None, 1800.0), (5.0, 300.0)])
def test_a_slow_person_takes_half_an_hour_unless_told_otherwise(minutes_each: float | None, answered_s: float) -> None:
    [answered] = answers(ApprovalService("slow", CAUTION, minutes_each=minutes_each), [Request(0)])
    assert answered.at_s == answered_s


def test_an_absent_person_answers_at_no_level() -> None:
    answered = answers(ApprovalService("absent", CAUTION), [Request(0, level, patience_s=9.0) for level in (1, 2)])
    assert [one.reply.status for one in answered] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("done_before", "ask", "expected"),
    [
        (0, "Please pay account A", "approve"),
        (1, "Please pay account A", "deny"),
        (1, "Please pay account A twice", "approve"),
    ],
)
def test_who_is_careful_lets_nothing_be_done_again_unless_the_ask_wants_it(
    done_before: int, ask: str, expected: str
) -> None:
    caution = Caution(wants=CAUTION.wants, names=CAUTION.names, repeats=("twice",))
    assert decision("careful", {**shown(ask=ask, to="A"), "done_before": done_before}, caution)["decision"] == expected


def hand_over(queue: HumanQueueService, run_id: str, name: str = "human_queue", **arguments: Any) -> Reply:
    """Hand one item over to people, on behalf of one user."""
    call = Call("user", name, arguments, run_id, Principal("ann", "acme"))

    async def play() -> Reply:
        return await Services({"user": queue}, {}).deliver(Delivery(call, f"{run_id}/user:{name}#1", {}))

    return simulate(play)


def test_what_is_handed_over_is_kept_in_order_and_acknowledged_with_its_position() -> None:
    queue = HumanQueueService()
    recommended = [{"tool": "pay", "arguments": {"to": "A"}}]
    replies = [hand_over(queue, run_id, summary=run_id, recommended=recommended) for run_id in ("run-1", "run-2")]
    assert [reply.value for reply in replies] == [{"position": 1}, {"position": 2}]
    assert queue.items == [
        HumanItem(run_id, tuple(recommended), run_id, Principal("ann", "acme")) for run_id in ("run-1", "run-2")
    ]


def test_people_acknowledge_at_once() -> None:
    delivery = Delivery(Call("user", "human_queue", {}, "run-1"), "", {})
    assert HumanQueueService().latency_s(delivery) == 0.2


def test_nobody_else_is_at_the_port_of_people() -> None:
    queue = HumanQueueService()
    reply = hand_over(queue, "run-1", "the_boss", summary="?", recommended=[])
    assert (reply.status, reply.error_type, queue.items) == ("failed", "not_found", [])


@pytest.mark.parametrize("arguments", [{}, {"summary": "?"}, {"summary": 1, "recommended": []}, {"recommended": "pay"}])
def test_what_says_nothing_to_people_is_refused(arguments: dict[str, Any]) -> None:
    queue = HumanQueueService()
    reply = hand_over(queue, "run-1", **arguments)
    assert (reply.status, reply.error_type, queue.items) == ("failed", "validation", [])
