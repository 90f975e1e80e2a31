"""The reference orchestrator on its own: a session, a model and tools are all that it needs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from harness.boundary import Call, Credential, Principal, Reply, Session, ToolSpec, Usage, failed, succeeded, unanswered
from harness.content import Ask, Budget
from harness.history import Event, History
from harness.orchestrator import BreakerPolicy, Orchestrator, Outcome, Parts, Policy, RetryPolicy, parts_without
from harness.orchestrator.keys import IntentKeys
from harness.orchestrator.retries import Backoff
from harness.planners import Decision, ToolRequest
from harness.simulation import EPOCH_S, VirtualClock, draw, elapsed_s, simulate


class PayArguments(BaseModel):
    """Whom to pay, and how much."""

    to: str
    usd: Annotated[float, Field(le=100)]


class ReadArguments(BaseModel):
    """What to look for."""

    query: str


CATALOGUE = {
    "pay": ToolSpec("pay", "Pay.", PayArguments, "irreversible", ("to",)),
    "note": ToolSpec("note", "Note.", ReadArguments, "write", ("query",)),
    "look": ToolSpec("look", "Look.", ReadArguments, "read"),
    "browse": ToolSpec("browse", "Browse.", ReadArguments, "read", untrusted=True),
}
PAY = ToolRequest("pay", {"to": "Ann", "usd": 5.0})
LOOK = ToolRequest("look", {"query": "x"})
Answer = Callable[[Call], Reply]


class Bench:
    """A run of the orchestrator against answers that the test gives."""

    def __init__(self, *plan: ToolRequest, tool: Answer | None = None, person: str = "approve") -> None:
        self.plan = plan
        self.tool = tool or (lambda _call: succeeded({"done": True}))
        self.person = person
        self.calls: list[Call] = []
        self.times: list[float] = []
        self.history = History(elapsed_s)

    async def send(self, call: Call) -> Reply:
        """Answer as the model, the person or the tool."""
        self.calls.append(call)
        self.times.append(elapsed_s())
        if call.port == "model":
            return self._decide(call)
        if call.port == "approval":
            return unanswered(call.timeout_s) if self.person == "absent" else succeeded({"decision": self.person})
        if call.port == "store":
            return succeeded({"applied": False, "value": None})
        return failed("unavailable", "nobody is there") if call.port == "user" else self.tool(call)

    def _decide(self, call: Call) -> Reply:
        turn = len(call.context.observations)
        done = turn >= len(self.plan)
        decision = Decision(answer="All done.") if done else Decision(calls=(self.plan[turn],))
        return succeeded(msgspec.to_builtins(decision), Usage(1000, 100, 0.01))

    def run(self, policy: Policy | None = None, parts: Parts | None = None, **budget: Any) -> Outcome:
        """Run to the end in virtual time."""
        ask = Ask(task_id="t", text="Pay Ann.", budget=Budget(**budget))

        async def main() -> Outcome:
            session = Session(
                run_id="run-1",
                principal=Principal(),
                catalogue=CATALOGUE,
                send=self.send,
                clock=VirtualClock(EPOCH_S),
                emit=lambda kind, step=None, **fields: self.history.append(kind, step=step, **fields),
                chance=lambda _address: 0.0,
                credential=lambda agent, tool, ttl_s: Credential(Principal(), agent, tool, ttl_s),
            )
            return await Orchestrator(policy, parts).run(ask, session)

        return simulate(main)

    def sent(self, name: str) -> list[Call]:
        """Return the calls of one tool."""
        return [call for call in self.calls if call.name == name and call.port == "tool"]

    def events(self, kind: str) -> list[Event]:
        """Return the events of one kind."""
        return [event for event in self.history if event.kind == kind]


def in_turn(*replies: Reply) -> Answer:
    """Answer with one reply after the other, and with the last for ever."""
    left = list(replies)
    return lambda _call: left.pop(0) if len(left) > 1 else left[0]


BUSY = failed("rate_limit", "429")
DOWN = failed("transient_upstream", "503")
LOST = unanswered(10.0)
DONE = succeeded({"done": True})


def test_a_run_ends_with_the_planners_answer() -> None:
    """Started and completed are both in the log."""
    bench = Bench(LOOK)
    assert bench.run() == Outcome("completed", "All done.")
    assert [event.result for event in bench.events("run_completed")] == ["completed"]


@pytest.mark.parametrize(
    ("budget", "plan"),
    [
        ({"max_steps": 2}, [LOOK] * 9),
        ({"max_tool_calls": 2}, [LOOK] * 9),
        ({"max_tokens_in": 2000}, [LOOK] * 9),
        ({"max_cost_usd": 0.03}, [LOOK] * 9),
    ],
)
def test_a_budget_halts_the_run_with_a_summary(budget: dict[str, Any], plan: list[ToolRequest]) -> None:
    """Before the spend that would overshoot, not after it."""
    bench = Bench(*plan)
    outcome = bench.run(**budget)
    [name] = budget
    assert (outcome.state, name in outcome.answer) == ("halted", True)
    assert len(bench.sent("look")) == 2
    assert [event.payload["budget"] for event in bench.events("budget_exceeded")] == [name]
    assert [event.payload["mode"] for event in bench.events("fallback_activated")] == ["summary"]


def test_the_deadline_cuts_every_timeout_below_it() -> None:
    """No call may wait longer than what is left of the run."""
    bench = Bench(LOOK)
    bench.run(deadline_s=4.0)
    assert {call.timeout_s for call in bench.calls} == {4.0}


def test_a_wait_that_passes_the_deadline_ends_the_run_at_once() -> None:
    """Nobody has to wait for an end that is certain."""
    bench = Bench(LOOK, tool=in_turn(failed("rate_limit", "429", retry_after_s=500.0)))
    assert bench.run(deadline_s=60.0).state == "halted"
    assert bench.history.events[-1].time_s == 0.0


def test_a_tool_that_is_not_on_the_allowlist_is_not_called() -> None:
    """The refusal goes back to the planner and into the log."""
    bench = Bench(LOOK)
    assert bench.run(Policy(allowlist=frozenset({"pay"}))).state == "completed"
    assert not bench.sent("look")
    assert [event.payload["rule"] for event in bench.events("policy_denied")] == ["allowlist"]


def test_arguments_are_checked_before_the_call() -> None:
    """A wrong type or a value out of bounds never leaves the house."""
    bench = Bench(ToolRequest("pay", {"to": "Ann", "usd": 5000.0}))
    bench.run()
    assert not bench.sent("pay")
    assert [event.payload["rule"] for event in bench.events("policy_denied")] == ["typed_arguments"]


def test_transient_failures_are_tried_again_with_growing_waits() -> None:
    """1 s, then 2 s."""
    bench = Bench(LOOK, tool=in_turn(DOWN, BUSY, DONE))
    bench.run()
    assert [event.payload["wait_s"] for event in bench.events("retry_scheduled")] == [1.0, 2.0]
    assert [call.attempt for call in bench.sent("look")] == [1, 2, 3]


def test_permanent_failures_are_not_tried_again() -> None:
    """Nothing that is wrong gets right by asking twice."""
    bench = Bench(LOOK, tool=in_turn(failed("validation", "no")))
    bench.run()
    assert len(bench.sent("look")) == 1


@given(retry_after_s=st.floats(0.1, 600))
def test_a_retry_after_is_never_undercut(retry_after_s: float) -> None:
    """Whatever the backoff would have been."""
    bench = Bench(LOOK, tool=in_turn(failed("rate_limit", "429", retry_after_s=retry_after_s), DONE))
    bench.run()
    first, second = (at for call, at in zip(bench.calls, bench.times, strict=True) if call.name == "look")
    assert second - first >= retry_after_s - 1e-6


def test_a_retry_after_holds_for_the_planners_next_try_as_well() -> None:
    """Whoever asks, the tool said when."""
    bench = Bench(LOOK, LOOK, tool=in_turn(failed("rate_limit", "429", retry_after_s=60.0)))
    bench.run()
    times = [at for call, at in zip(bench.calls, bench.times, strict=True) if call.name == "look"]
    assert all(later - former >= 60.0 for former, later in pairwise(times))


@given(step=st.integers(1, 99), attempt=st.integers(1, 3))
def test_the_jitter_of_a_backoff_does_not_depend_on_the_step(step: int, attempt: int) -> None:
    """One more turn elsewhere shifts no draw."""
    backoff = Backoff(Policy(), lambda address: draw(7, "agent", address))
    call = Call("tool", "look", {"query": "x"}, "run-1", step=1)
    moved = Call("tool", "look", {"query": "x"}, "run-1", step=step)
    assert backoff.wait_s(call, BUSY, attempt, read=True) == backoff.wait_s(moved, BUSY, attempt, read=True)


def test_tools_without_identity_have_keys_of_their_arguments() -> None:
    """A mail to Bob is not a repeat of the mail to Ann."""
    spec = ToolSpec("mail", "Mail.", ReadArguments, "irreversible")
    keys = IntentKeys("run-1")
    ann, bob = (ToolRequest("mail", {"query": one}) for one in ("Ann", "Bob"))
    assert keys.key(spec, ann, 0.0) != keys.key(spec, bob, 0.0)


def test_without_budgets_not_even_the_deadline_halts_a_run() -> None:
    """The part is left out as a whole."""
    bench = Bench(LOOK, tool=in_turn(failed("rate_limit", "429", retry_after_s=500.0), DONE))
    assert bench.run(parts=parts_without(["budgets"]), deadline_s=60.0).state == "completed"


def test_a_repeat_after_an_unknown_outcome_keeps_its_key() -> None:
    """Also when the planner plans the same action again, in other words."""
    reworded = ToolRequest("pay", {"to": "Ann", "usd": 5.01})
    bench = Bench(PAY, reworded, tool=in_turn(LOST, LOST, LOST, LOST, DONE))
    bench.run()
    assert {call.idempotency_key for call in bench.sent("pay")} == {'run-1:pay:{"to":"Ann"}:1'}


def test_a_second_intended_effect_has_its_own_key() -> None:
    """The first ended ok, so another intent is another effect."""
    first, second = (ToolRequest("pay", PAY.arguments, intent) for intent in ("goods", "freight"))
    bench = Bench(first, second)
    bench.run()
    assert [call.idempotency_key for call in bench.sent("pay")] == [
        'run-1:pay:{"to":"Ann"}:1',
        'run-1:pay:{"to":"Ann"}:2',
    ]


@pytest.mark.parametrize("intent", ["", "goods"])
def test_the_same_intent_planned_again_keeps_its_key(intent: str) -> None:
    """After a context reset the planner does not know that it is done; the tool does."""
    bench = Bench(*[ToolRequest("pay", PAY.arguments, intent)] * 2)
    bench.run(Policy(retry=RetryPolicy(look_up=())))
    assert [call.idempotency_key for call in bench.sent("pay")] == ['run-1:pay:{"to":"Ann"}:1'] * 2


def test_people_are_told_how_often_the_same_was_done_before() -> None:
    """Another intent, or another amount, to the same thing."""
    pays = [ToolRequest("pay", {"to": to, "usd": usd}) for to, usd in (("Ann", 5.0), ("Bob", 5.0), ("Ann", 6.0))]
    bench = Bench(*pays)
    bench.run()
    asked = [call.arguments["done_before"] for call in bench.calls if call.port == "approval"]
    assert asked == [0, 0, 1]


def test_what_is_known_to_be_applied_is_not_sent_again() -> None:
    """The tool may have lost its keys by then."""
    bench = Bench(PAY, PAY)
    assert bench.run().state == "completed"
    assert len(bench.sent("pay")) == 1
    assert [event.payload["rule"] for event in bench.events("policy_allowed")][-1] == "already_applied"


def test_reads_carry_no_key() -> None:
    """There is nothing to apply twice."""
    bench = Bench(LOOK)
    bench.run()
    assert [call.idempotency_key for call in bench.sent("look")] == [None]


def test_the_breaker_opens_after_failures_in_a_row_and_spares_the_tool() -> None:
    """Threshold 3: three attempts reach the tool, then none."""
    bench = Bench(LOOK, LOOK, tool=in_turn(DOWN))
    bench.run(Policy(breaker=BreakerPolicy(threshold=3)))
    assert len(bench.sent("look")) == 3
    assert len(bench.events("breaker_opened")) == 1


def test_an_open_breaker_lets_one_probe_through_and_closes_on_success() -> None:
    """Open, half open, closed."""
    policy = Policy(breaker=BreakerPolicy(threshold=2, cooldown_s=1.0), retry=RetryPolicy(backoff_s=2.0))
    bench = Bench(LOOK, tool=in_turn(DOWN, DOWN, DONE))
    bench.run(policy)
    kinds = [event.kind for event in bench.history if event.kind.startswith("breaker")]
    assert kinds == ["breaker_opened", "breaker_half_opened", "breaker_closed"]


def test_a_breaker_poisons_no_other_tool() -> None:
    """One circuit a tool."""
    bench = Bench(LOOK, ToolRequest("note", {"query": "x"}), tool=lambda call: DOWN if call.name == "look" else DONE)
    bench.run(Policy(breaker=BreakerPolicy(threshold=1)))
    assert len(bench.sent("note")) == 1


def test_an_irreversible_action_is_shown_to_a_person_first() -> None:
    """With the ask, the tool, the exact arguments and the reason."""
    bench = Bench(PAY)
    bench.run()
    [asked] = [call for call in bench.calls if call.port == "approval"]
    shown = {
        "ask": "Pay Ann.",
        "tool": "pay",
        "arguments": {"to": "Ann", "usd": 5.0},
        "reason": "irreversible",
        "done_before": 0,
        "level": 1,
    }
    assert asked.arguments == shown


@pytest.mark.parametrize("person", ["deny", "absent"])
def test_without_a_yes_nothing_is_done(person: str) -> None:
    """No answer is a no, and the planner hears of it."""
    bench = Bench(PAY, person=person)
    assert bench.run().state == "completed"
    assert not bench.sent("pay")


def test_a_no_is_not_asked_about_again() -> None:
    """The same call; another one is another question."""
    other = ToolRequest("pay", {"to": "Bob", "usd": 5.0})
    bench = Bench(PAY, PAY, other, person="deny")
    bench.run()
    assert len([call for call in bench.calls if call.port == "approval"]) == 2


def test_after_untrusted_content_every_write_needs_approval() -> None:
    """Before it, a write that can be undone needs none."""
    note, browse = ToolRequest("note", {"query": "Ann"}), ToolRequest("browse", {"query": "x"})
    bench = Bench(note, browse, note, LOOK)
    bench.run()
    reasons = [call.arguments["reason"] for call in bench.calls if call.port == "approval"]
    assert reasons == ["untrusted content from browse"]


def test_a_planner_that_can_not_be_reached_ends_in_a_summary() -> None:
    """Not in an exception."""
    bench = Bench(LOOK)
    bench._decide = lambda _call: DOWN  # type: ignore[method-assign, assignment]  # the model is down
    outcome = bench.run()
    assert (outcome.state, "could not be reached" in outcome.answer) == ("failed", True)


def test_an_answer_that_is_no_decision_ends_in_a_summary() -> None:
    """Structured output is a contract."""
    bench = Bench(LOOK)
    bench._decide = lambda _call: succeeded({"calls": "rm -rf"})  # type: ignore[method-assign, assignment]  # the model babbles
    assert bench.run().state == "failed"


@pytest.mark.parametrize(
    ("part", "effects"),
    [("idempotency_keys", [None]), ("approval_gate", ['run-1:pay:{"to":"Ann"}:1'])],
)
def test_a_part_can_be_left_out(part: str, effects: list[str | None]) -> None:
    """No key, or nobody asked."""
    bench = Bench(PAY)
    bench.run(parts=parts_without([part]))
    assert [call.idempotency_key for call in bench.sent("pay")] == effects
    assert any(call.port == "approval" for call in bench.calls) is (part != "approval_gate")
