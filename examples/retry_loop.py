"""A plain agent: ask the model, call the tools, and when something goes wrong, try again.

It does what it is asked for while all goes well. Play it under faults to see what "try again" does to things that can
not be taken back:

    harness run demo --agent examples.retry_loop:agent
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from harness.agents import Toolbox
from harness.content import Ask
from harness.planners import Observation, observe

T = TypeVar("T")

ATTEMPTS = 5
PAUSE_S = 1.0


async def agent(_ask: Ask, tools: Toolbox) -> str:
    """Do what the user asks for, and start all over when that does not work."""
    return await again(conversation, tools)


async def conversation(tools: Toolbox) -> str:
    """Let the model call tools until it has an answer."""
    seen: list[Observation] = []
    while True:
        decision = await again(tools.think, seen)
        if decision.answer is not None:
            return decision.answer
        for request in decision.calls:
            value = await again(tools.call, request.tool, request.arguments)
            seen.append(observe(request, "ok", value))


async def again(action: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Try it up to ``ATTEMPTS`` times, with a pause after each failure."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await action(*arguments)
        except Exception:  # noqa: BLE001  # whatever it was, it may work the next time
            await asyncio.sleep(PAUSE_S)
    return await action(*arguments)
