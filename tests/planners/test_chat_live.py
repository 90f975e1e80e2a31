"""A run on the wall clock: the orchestrator, a real model over HTTP, and tools that are plain functions."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import respx

from harness.boundary import Call, Port, Principal, Reply, ToolSpec, succeeded
from harness.orchestrator import Handler, Orchestrator, Outcome, Policy, live_session
from harness.planners import ChatModel, Prices
from tests.planners.cases import ASK, Order
from tests.planners.test_chat import BASE_URL, KEY, TLS, URL, completion, tool_call

LOOK_UP = ToolSpec("get_order", "Look up.", Order, identity=("order_id",))
PRICES = {"our-own": {"usd_per_million_in": 1.0, "usd_per_million_out": 2.0}}
POLICY = Policy.model_validate({"models": {"planner": ["our-own"], "prices": PRICES}, "retry": {"backoff_s": 0.01}})


def endpoint(request: httpx.Request) -> httpx.Response:
    """Ask for the order, and answer with what came of it."""
    messages = msgspec.json.decode(request.content)["messages"]
    results = [message["content"] for message in messages if message["role"] == "tool"]
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    if not results:
        call = tool_call("get_order", '{"order_id": "O-1", "_confidence": 0.9}')
        return httpx.Response(200, json=completion(usage, "tool_calls", tool_calls=[call]))
    return httpx.Response(200, json=completion(usage, content="It is shipped." if "shipped" in results[0] else "No."))


async def look_up(call: Call) -> Reply:
    """Find every order on its way."""
    return succeeded({**call.arguments, "status": "shipped"})


async def work() -> Outcome:
    """Run one ask to its end."""
    async with httpx.AsyncClient(verify=TLS) as client:
        model = ChatModel(BASE_URL, KEY, Prices(PRICES), client)
        handlers: dict[Port, Handler] = {"model": model.answer, "tool": look_up}
        session = live_session("run-1", Principal(), {"get_order": LOOK_UP}, handlers)
        return await Orchestrator(POLICY).run(ASK, session)


def test_a_real_model_can_drive_the_orchestrator() -> None:
    with respx.mock:
        respx.post(URL).mock(side_effect=endpoint)
        assert asyncio.run(work()) == Outcome("completed", "It is shipped.")


def test_a_busy_model_is_asked_again() -> None:
    answers = [httpx.Response(429, headers={"Retry-After": "0.01"}), httpx.Response(502, text="<html>")]

    def busy_at_first(request: httpx.Request) -> httpx.Response:
        return answers.pop() if answers else endpoint(request)

    with respx.mock:
        respx.post(URL).mock(side_effect=busy_at_first)
        assert asyncio.run(work()).answer == "It is shipped."


def test_a_model_that_does_not_keep_its_contract_is_asked_to_mend_it() -> None:
    answers = [httpx.Response(200, json=completion(finish_reason="length", content="It is sh"))]

    def cut_at_first(request: httpx.Request) -> httpx.Response:
        return answers.pop() if answers else endpoint(request)

    with respx.mock:
        route = respx.post(URL).mock(side_effect=cut_at_first)
        assert asyncio.run(work()).answer == "It is shipped."
    last = msgspec.json.decode(route.calls[1].request.content)["messages"][-1]["content"]
    assert last.startswith("The control program says: Your last answer broke its contract: ")
