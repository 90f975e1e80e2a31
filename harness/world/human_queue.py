"""The people to whom an agent hands over what it can not or must not finish by itself."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.boundary import Delivery, Principal, Reply, failed, succeeded

QUEUE_NAME = "human_queue"
ACKNOWLEDGED_AFTER_S = 0.2


class HumanItem(msgspec.Struct, frozen=True):
    """What waits for a person: what it is about, the calls that the agent recommends, and for whom it acted."""

    summary: str
    recommended: tuple[dict[str, Any], ...]
    run_id: str
    principal: Principal


class HumanQueueService:
    """Answers calls at port ``user``: puts what is handed over at the end of the queue and says at which position.

    ``items`` is the queue; nobody works it off within a trial.
    """

    def __init__(self) -> None:
        self.items: list[HumanItem] = []

    def latency_s(self, _delivery: Delivery) -> float:
        """Acknowledge at once."""
        return ACKNOWLEDGED_AFTER_S

    def answer(self, delivery: Delivery) -> Reply:
        """Put the item into the queue; anything but a summary and recommended calls is refused."""
        call = delivery.call
        if call.name != QUEUE_NAME:
            return failed("not_found", f"nobody is called {call.name!r} here; known: {QUEUE_NAME}")
        try:
            item = msgspec.convert({**call.arguments, "run_id": call.run_id, "principal": call.principal}, HumanItem)
        except msgspec.ValidationError as error:
            return failed("validation", str(error))
        self.items.append(item)
        return succeeded({"position": len(self.items)})
