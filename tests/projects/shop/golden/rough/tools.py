"""A domain with a bug, for trials that have to be void."""

from __future__ import annotations

from typing import Any

from harness.world import World, tool


@tool()
def look(world: World) -> dict[str, Any]:
    """Look at everything."""
    return dict(world.state)


@tool(effect="irreversible")
def take(world: World) -> dict[str, Any]:
    """Take a thing."""
    world.state["things"]["one"] = "taken"
    return {"taken": True}


@tool()
def broken(world: World) -> float:
    """Have a bug."""
    return len(world.state["things"]) / 0


TOOLS = (look, take, broken)
