"""A small bank with rules: an account is open to its owner, and to the auditor of its tenant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from harness.boundary import Principal, ToolSpec
from harness.world import World, tool


@tool(identity=("account",))
def get_balance(world: World, account: str) -> dict[str, Any]:
    """Look up what is on an account."""
    return {"balance_usd": world.state["accounts"][account]["balance_usd"]}


@tool(effect="irreversible", identity=("account", "to"))
def transfer(world: World, account: str, to: str, amount_usd: Annotated[float, Field(gt=0)]) -> dict[str, Any]:
    """Move money from one account to another."""
    accounts = world.state["accounts"]
    accounts[account]["balance_usd"] -= amount_usd
    accounts[to]["balance_usd"] += amount_usd
    return {"left_usd": accounts[account]["balance_usd"]}


@tool(latency_s=1.0, concurrency_max=2)
def statement(world: World, account: str) -> dict[str, Any]:
    """Print a statement; only two printers stand there."""
    return {"printed": account, "of": len(world.state["accounts"])}


def authorize(state: Any, spec: ToolSpec, arguments: Mapping[str, Any], principal: Principal) -> str | None:
    """Let owners do everything with their own accounts, and the auditor of a tenant read."""
    account = state["accounts"][arguments["account"]]
    if account["tenant"] == principal.tenant and principal.user in (account["user"], "auditor"):
        return None if principal.user != "auditor" or spec.effect == "read" else "an auditor only reads"
    return f"{principal.user} of {principal.tenant} has no right to {arguments['account']}"


TOOLS = (get_balance, transfer, statement)
