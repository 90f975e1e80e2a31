"""The same orchestrator on the wall clock: real tools, a real model behind HTTP, a durable log, queued runs."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from pydantic import BaseModel

from harness.boundary import Call, Principal, Reply, Session, ToolSpec, succeeded
from harness.content import Ask, Budget
from harness.history import EventKind
from harness.orchestrator import (
    Handler,
    ModelPolicy,
    Orchestrator,
    Outcome,
    Policy,
    RunQueue,
    live_orchestrator,
    live_session,
)
from harness.planners import ChatModel, Decision, ToolRequest

ASK = Ask(task_id="t", text="What does Ann owe?")
URL = "https://models.example/v1"


class Person(BaseModel):
    name: str


CATALOGUE = {"debts": ToolSpec("debts", "What somebody owes.", Person)}


async def debts(call: Call) -> Reply:
    """Answer from a table."""
    return succeeded({"usd": {"Ann": 7}[call.arguments["name"]]})


async def planner(call: Call) -> Reply:
    """Look once, then answer."""
    seen = call.context.observations
    looking = Decision(calls=(ToolRequest("debts", {"name": "Ann"}),))
    decision = Decision(answer=f"Ann owes {seen[0].value['usd']} USD.") if seen else looking
    return succeeded(json.loads(json.dumps({"calls": [], **_plain(decision)})))


def _plain(decision: Decision) -> dict[str, Any]:
    if decision.answer is not None:
        return {"answer": decision.answer}
    return {"calls": [{"tool": one.tool, "arguments": one.arguments} for one in decision.calls]}


def session(run_id: str = "run-1", tool: Handler = debts, model: Handler = planner) -> Session:
    """Return the doors of one run to the real world."""
    return live_session(run_id, Principal("ann", "north"), CATALOGUE, {"tool": tool, "model": model})


def test_a_run_on_the_wall_clock_ends_as_it_does_in_virtual_time() -> None:
    assert asyncio.run(Orchestrator().run(ASK, session())) == Outcome("completed", "Ann owes 7 USD.")


def test_a_tool_that_hangs_is_left_at_its_timeout() -> None:
    async def hang(_call: Call) -> Reply:
        await asyncio.sleep(60)
        raise AssertionError

    policy = Policy.model_validate({"tool_timeout_s": 0.05, "retry": {"max_attempts": 2, "backoff_s": 0.01}})
    orchestrator = Orchestrator(policy)
    record = _record_after(orchestrator, session(tool=hang, model=_only_look))
    assert record.last_error == "debts: timeout: no answer within 0.05 s"


async def _only_look(call: Call) -> Reply:
    seen = call.context.observations
    return succeeded(
        _plain(Decision(answer="I do not know.") if seen else Decision(calls=(ToolRequest("debts", {"name": "Ann"}),)))
    )


def _record_after(orchestrator: Orchestrator, doors: Session) -> Any:
    asyncio.run(orchestrator.run(ASK, doors))
    return orchestrator.record(doors.run_id)


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    """Its id is known to the log, so its outcome comes from there, in another process as well."""

    async def never(_call: Call) -> Reply:
        raise AssertionError("nothing may go out")

    first = asyncio.run(live_orchestrator(run_log=tmp_path / "logs" / "runs.db").run(ASK, session()))
    again = live_orchestrator(run_log=tmp_path / "logs" / "runs.db")
    assert asyncio.run(again.run(ASK, session(tool=never, model=never))) == first


def test_the_end_of_a_run_that_leaves_its_log_behind_is_told(tmp_path: Path) -> None:
    """Its second life may do less than the first has done, so it ends before the end of the log, and says so."""
    told: list[str] = []

    async def dead(call: Call) -> Reply:
        if call.context.observations:
            raise asyncio.CancelledError
        return await planner(call)

    def listening(doors: Session) -> Session:
        def emit(kind: EventKind, **fields: Any) -> object:
            told.append(kind)
            return doors.emit(kind, **fields)

        return replace(doors, emit=emit)

    log = tmp_path / "runs.db"
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(live_orchestrator(run_log=log).run(ASK, session(model=dead)))
    told.clear()
    less = ASK.model_copy(update={"budget": Budget(max_tokens_in=1)})
    assert asyncio.run(live_orchestrator(run_log=log).run(less, listening(session()))).state == "halted"
    assert told == ["run_resumed", "budget_exceeded", "fallback_activated", "run_completed"]


def test_a_write_of_a_life_that_is_left_behind_is_told_at_the_end(tmp_path: Path) -> None:
    """The first life pays; the second one may not even begin, and knows of the payment by its log alone."""
    catalogue = {"pay": ToolSpec("pay", "Pay a debt.", Person, effect="write")}

    async def pay(_call: Call) -> Reply:
        return succeeded({"paid": True})

    async def dead(call: Call) -> Reply:
        if call.context.observations:
            raise asyncio.CancelledError
        return succeeded(_plain(Decision(calls=(ToolRequest("pay", {"name": "Ann"}),))))

    def doors() -> Session:
        return live_session("run-1", Principal("ann", "north"), catalogue, {"tool": pay, "model": dead})

    log = tmp_path / "runs.db"
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(live_orchestrator(run_log=log).run(ASK, doors()))
    less = ASK.model_copy(update={"budget": Budget(max_tokens_in=1)})
    outcome = asyncio.run(live_orchestrator(run_log=log).run(less, doors()))
    assert "Done: nothing." in outcome.answer
    assert outcome.answer.endswith("An earlier life of this run has made other calls of pay.")


def test_queued_runs_are_worked_off_by_so_many_workers_at_a_time() -> None:
    under_way: list[int] = [0]
    most: list[int] = []

    async def slow(call: Call) -> Reply:
        under_way[0] += 1
        most.append(under_way[0])
        await asyncio.sleep(0.01)
        under_way[0] -= 1
        return await debts(call)

    async def main() -> list[Outcome]:
        queue = RunQueue(Orchestrator(), workers=2)
        tasks = [queue.submit(ASK, session(f"run-{number}", tool=slow)) for number in range(6)]
        assert queue.submit(ASK, session("run-0", tool=slow)) is tasks[0]
        return await asyncio.gather(*tasks)

    assert {outcome.state for outcome in asyncio.run(main())} == {"completed"}
    assert max(most) == 2


@respx.mock
@pytest.mark.parametrize("hiccup", [None, httpx.Response(429, headers={"Retry-After": "0"})])
def test_a_real_model_behind_http_drives_the_run(hiccup: httpx.Response | None) -> None:
    """Function calls in, function results back, an answer out; a rate limit in between is waited out."""
    look = {"role": "assistant", "content": None, "tool_calls": [_tool_call("debts", {"name": "Ann"})]}
    told = {"role": "assistant", "content": "Ann owes 7 USD."}
    answers = [one for one in (hiccup, _completion(look), _completion(told)) if one is not None]
    route = respx.post(f"{URL}/chat/completions").mock(side_effect=answers)

    async def main() -> Outcome:
        async with httpx.AsyncClient() as client:
            model = ChatModel(URL, "secret", client=client)
            policy = Policy.model_validate({"models": ModelPolicy(planner=("gpt-4o",)), "retry": {"backoff_s": 0.01}})
            return await Orchestrator(policy).run(ASK, session(model=model.answer))

    assert asyncio.run(main()) == Outcome("completed", "Ann owes 7 USD.")
    assert '"usd":7' in route.calls.last.request.content.decode().replace("\\", "").replace(" ", "")


def _completion(message: dict[str, Any]) -> httpx.Response:
    body = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 5},
    }
    return httpx.Response(200, json=body)


def _tool_call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": "call-1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
