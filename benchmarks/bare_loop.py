"""The floor: the same eleven calls as one episode, in a bare Python loop, and 28 JSON lines of the same payload.

No clock, no boundary, no faults, no scores; a fresh world, six planner turns, five tool calls, an open file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from harness.content import Domain, Task
from harness.history import History
from harness.planners import Context, Decision, make_brain, observe
from harness.world import World


def bare_episode(domain: Domain, task: Task, lines: Sequence[dict[str, Any]], log: TextIO) -> str:
    """Play one episode and append ``lines`` to ``log``; return the answer."""
    world = World(domain.fresh_state(), corpus=domain.corpus, history=History(lambda: 0.0), clock=lambda: 0.0)
    brain = make_brain("scripted", task.reference, {})
    context = Context(domain.ask(task), domain.catalogue, [])
    while True:
        decision = brain(context)
        assert isinstance(decision, Decision)
        if decision.answer is not None:
            break
        for request in decision.calls:
            value = domain.tools[request.tool].function(world, **request.arguments)
            context.observations.append(observe(request, "ok", value))
    log.writelines(json.dumps(line) + "\n" for line in lines)
    return decision.answer
