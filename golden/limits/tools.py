"""The tools of a small waterworks, for tasks with tight limits: each is a plain function over the tables of the world.

A naive backend on purpose: what it is asked twice it does twice, and chlorine adds up.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from harness.world import ToolError, World, tool

TankId = Annotated[str, Field(pattern=r"^T-\d$", description="For example T-1.")]
Grams = Annotated[int, Field(gt=0, le=500)]
Litres = Annotated[int, Field(gt=0, le=10_000)]
Words = Annotated[str, Field(max_length=200)]


@tool(identity=("tank",))
def read_level(world: World, tank: TankId) -> dict[str, Any]:
    """Read how many litres a tank holds, and how much chlorine was added in all."""
    return {"tank": tank, **_tank(world, tank)}


@tool(identity=("tank",))
def read_gauge(world: World, tank: TankId) -> dict[str, Any]:
    """Read the pressure of a tank; refused while somebody else has the gauge in hand."""
    gauge = world.state["gauges"].get(_known(world, tank))
    if gauge is None:
        raise ToolError("not_found", f"{tank} has no gauge")
    if world.clock() < gauge["in_hand_until_s"]:
        raise ToolError("conflict", f"the gauge of {tank} is in somebody's hand")
    return {"tank": tank, "bar": gauge["bar"]}


@tool(identity=("tank",), latency_s=2.0, concurrency_max=2)
def inspect(world: World, tank: TankId) -> dict[str, Any]:
    """Send the camera into a tank; there are two cameras."""
    return {"tank": tank, "finding": world.state["findings"][_known(world, tank)]}


@tool(effect="write", identity=("tank",))
def dose(world: World, tank: TankId, grams: Grams, note: Words = "") -> dict[str, Any]:
    """Add chlorine to a tank."""
    row = _tank(world, tank)
    if row["chlorine_g"] + grams > row["chlorine_max_g"]:
        raise ToolError("conflict", f"{tank} bears {row['chlorine_max_g']} g of chlorine, and has {row['chlorine_g']}")
    row["chlorine_g"] += grams
    return {"tank": tank, "chlorine_g": row["chlorine_g"], "note": note}


@tool(effect="write")
def write_diary(world: World, text: Annotated[str, Field(min_length=1, max_length=200)]) -> dict[str, Any]:
    """Add one line to the diary of the day."""
    world.state["diary"].append(text)
    return {"line": len(world.state["diary"])}


@tool(effect="irreversible", identity=("tank",), latency_s=0.5)
def drain(world: World, tank: TankId, litres: Litres, reason: Words = "") -> dict[str, Any]:
    """Let water out of a tank into the river; it does not come back."""
    row = _tank(world, tank)
    if litres > row["litres"]:
        raise ToolError("validation", f"{tank} holds {row['litres']} litres only")
    row["litres"] -= litres
    return {"tank": tank, "litres": row["litres"], "reason": reason}


def _known(world: World, tank: str) -> str:
    if tank not in world.state["tanks"]:
        raise ToolError("not_found", f"there is no tank {tank}")
    return tank


def _tank(world: World, tank: str) -> dict[str, Any]:
    row: dict[str, Any] = world.state["tanks"][_known(world, tank)]
    return row


TOOLS = (read_level, read_gauge, inspect, dose, write_diary, drain)
