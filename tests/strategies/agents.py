"""Agents with one gap each, for property tests to find."""

from __future__ import annotations

import re

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask


async def without_keys(ask: Ask, tools: Toolbox) -> str:
    """Try a refund three times, each time as if it were the first."""
    order_id = _order_of(ask)
    order = await tools.call("get_order", {"order_id": order_id})
    for _ in range(3):
        try:
            await tools.call("issue_refund", _refund(order_id, order["total_usd"]))
        except ToolFailed:
            continue
        return f"Refunded {order['total_usd']} USD."
    return "I do not know whether the refund went out."


async def newest_order(ask: Ask, tools: Toolbox) -> str:
    """Refund the customer's newest order, whichever was meant."""
    order = await tools.call("get_order", {"order_id": _order_of(ask)})
    listed = (await tools.call("list_orders", {"customer_id": order["customer_id"]}))["orders"]
    newest = next(one for one in reversed(listed) if one["status"] == "delivered")
    refund = _refund(newest["order_id"], newest["total_usd"])
    if await tools.approved("issue_refund", refund):
        await tools.call("issue_refund", refund)
    return f"Refunded {newest['total_usd']} USD."


def _order_of(ask: Ask) -> str:
    return next(re.finditer(r"O-\d+", ask.text)).group()


def _refund(order_id: str, amount_usd: float) -> dict[str, object]:
    return {"order_id": order_id, "amount_usd": amount_usd, "reason": "damaged"}
