"""Whatever an agent does, its trial ends in the record, what it did is known, and the campaign goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.agents import Toolbox, ToolFailed
from harness.content import Ask
from harness.scoring import Record, score
from tests.conftest import Play

REFUND = {"order_id": "O-1", "amount_usd": 10.0, "reason": "damaged"}


def played(play: Play, name: str, *faults: dict[str, Any], task: str = "refund_damaged", runs: int = 1) -> Record:
    """Play a trial of an agent of this module."""
    domain = "rough" if task == "look_around" else "shop"
    agent = {"name": name, "agent": f"tests.campaign.test_hostile_agents:{name}"}
    return play(*faults, agent=agent, task=task, starts_s=(0.0,) * runs, domain=domain).record


async def changes_what_it_was_given(_ask: Ask, tools: Toolbox) -> str:
    """Scribble over a reply."""
    order = await tools.call("get_order", {"order_id": "O-2"})
    order["total_usd"] = 9999
    order["self"] = order
    return "delivered"


def test_no_agent_can_change_what_was_recorded(play: Play) -> None:
    [end] = played(play, "changes_what_it_was_given", task="order_status").of("tool_call_completed")
    assert end.payload["value"] == {"order_id": "O-2", "total_usd": 15.5, "status": "delivered", "notes": []}


async def exits(_ask: Ask, _tools: Toolbox) -> str:
    """Leave as scripts do."""
    sys.exit(0)


async def cancels_itself(_ask: Ask, _tools: Toolbox) -> str:
    """Raise what only a loop should raise."""
    raise asyncio.CancelledError


async def says_what_utf8_can_not(_ask: Ask, _tools: Toolbox) -> str:
    """Return half a character, and raise."""
    raise RuntimeError("bad \ud800 text: delivered")


async def says_nothing(_ask: Ask, _tools: Toolbox) -> Any:
    """Forget to answer."""
    return


@pytest.mark.parametrize("name", ["exits", "cancels_itself", "says_what_utf8_can_not", "says_nothing"])
def test_an_agent_that_crashes_has_failed_and_its_last_words_are_no_answer(play: Play, name: str) -> None:
    record = played(play, name, task="order_status")
    [end] = record.of("run_completed")
    assert (end.result, record.answer, score(record).outcome) == ("crashed", "", "failed")
    assert end.payload["error"]


async def cancels_everything(_ask: Ask, _tools: Toolbox) -> str:
    """Cancel every task that there is."""
    for task in asyncio.all_tasks():
        task.cancel()
    return "delivered"


def test_an_agent_that_cancels_everything_has_failed(play: Play) -> None:
    assert score(played(play, "cancels_everything", task="order_status", runs=2)).outcome == "failed"


async def answers_before_its_call_arrives(_ask: Ask, tools: Toolbox) -> str:
    """Start a refund and do not wait for it."""
    tools_call = asyncio.create_task(tools.call("issue_refund", REFUND))
    await asyncio.sleep(0)
    return f"refunded 40 {tools_call.done()}"


def test_a_call_that_is_under_way_when_the_agent_answers_arrives_and_counts(play: Play) -> None:
    record = played(play, "answers_before_its_call_arrives")
    assert [event.kind for event in record.events][-2:] == ["effect_committed", "world_settled"]
    assert score(record).verdict == "violated"


async def goes_on_behind_its_answer(_ask: Ask, tools: Toolbox) -> str:
    """Plan a refund for later."""

    async def later() -> None:
        await asyncio.sleep(20)
        await tools.call("issue_refund", REFUND)

    goes_on_behind_its_answer.task = asyncio.create_task(later())  # type: ignore[attr-defined]  # keeps it alive
    return "delivered"


@pytest.mark.parametrize("faults", [[], [{"kind": "duplicate_delivery", "at": "tool", "options": {"delay_s": 60}}]])
def test_a_run_is_over_when_it_has_answered(play: Play, faults: list[dict[str, Any]]) -> None:
    assert played(play, "goes_on_behind_its_answer", *faults).of("tool_call_started") == []


async def reaches_further(_ask: Ask, tools: Toolbox) -> str:
    """Call a tool that the task does not give."""
    with suppress(ToolFailed):
        await tools.call("take", {})
    return "here"


def test_a_tool_that_is_not_in_reach_is_not_there(play: Play) -> None:
    record = played(play, "reaches_further", task="look_around")
    [end] = record.of("tool_call_failed")
    assert (end.error_type, record.of("effect_committed")) == ("not_found", [])


async def swallows_everything(_ask: Ask, tools: Toolbox) -> str:
    """Go on whatever happens."""
    with suppress(Exception):
        await tools.call("broken", {})
    return "delivered"


def test_a_bug_in_a_tool_voids_the_trial_whatever_the_agent_makes_of_it(play: Play) -> None:
    record = played(play, "swallows_everything", task="look_around")
    [end] = record.of("trial_aborted")
    assert (end.result, end.payload["error"]) == ("harness_error", "ZeroDivisionError")
    assert score(record).verdict == "harness_error"


async def writes_and_then_spins(_ask: Ask, tools: Toolbox) -> str:
    """Leave a note on the wrong order and never come to an end."""
    await tools.call("add_note", {"order_id": "O-9", "note": "hello"})
    while True:  # noqa: ASYNC110  # spins on purpose
        await asyncio.sleep(0)


def test_an_aborted_trial_knows_what_was_changed_by_then(play: Play) -> None:
    card = score(played(play, "writes_and_then_spins", task="order_status"))
    assert (card.terminal_state, card.value("success")) == ("StepLimit", 0.0)
    assert "world: orders.O-9.notes was changed and should not have been" in card.reasons


async def floods(_ask: Ask, tools: Toolbox) -> str:
    """Call for ever, whatever happens."""
    while True:
        with suppress(Exception):
            await tools.call("get_order", {"order_id": "O-2"})


def test_an_agent_that_calls_without_end_is_ended(play: Play) -> None:
    record = played(play, "floods", task="order_status")
    card = score(record)
    assert (card.outcome, card.terminal_state, len(record.of("tool_call_started"))) == ("failed", "StepLimit", 5000)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_duplicate_is_delivered_although_the_acknowledgement_is_lost(play: Play, order: tuple[int, int]) -> None:
    faults: list[dict[str, Any]] = [
        {"kind": "duplicate_delivery", "at": "tool:issue_refund"},
        {"kind": "timeout", "at": "tool:issue_refund", "options": {"effect": "after"}},
    ]
    record = played(play, "refunds_once", *(faults[index] for index in order))
    assert [effect.payload["copy"] for effect in record.of("effect_committed")] == [1, 2]


async def refunds_once(_ask: Ask, tools: Toolbox) -> str:
    """Try a refund."""
    with suppress(ToolFailed):
        await tools.call("issue_refund", REFUND)
    return "done"


AGENT_MODULE = """
import random, subprocess
subprocess.run(["true"], check=True)
drawn = random.random()

async def agent(ask, tools):
    order = await tools.call("get_order", {"order_id": f"O-{random.random()}"}) if drawn < 0 else None
    try:
        await tools.call("get_order", {"order_id": f"O-{random.random()}"})
    except Exception:
        pass
    return "delivered"
"""


def test_what_an_agents_module_does_when_it_is_imported_is_no_part_of_a_trial(tmp_path: Path, shop: Path) -> None:
    (tmp_path / "imported.py").write_text(AGENT_MODULE)
    del shop
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pathlib import Path\n"
        "from harness.campaign import expand, load_scenario, run_campaign\n"
        "from harness.content import AgentSpec\n"
        "from harness.store import read_table\n"
        "if __name__ == '__main__':\n"
        "    agent = AgentSpec(name='imported', agent='imported:agent')\n"
        "    specs = expand(load_scenario(Path('scenarios/lost.yaml')), trials=8, agents=[agent])\n"
        "    found = []\n"
        "    for jobs in (1, 2):\n"
        "        out = Path(sys.argv[1]) / str(jobs)\n"
        "        run_campaign(specs, out, jobs=jobs)\n"
        "        table = read_table(out, 'trials')\n"
        "        assert set(table['outcome'].to_pylist()) <= {'passed', 'failed'}\n"
        "        found.append(dict(zip(table['trial_id'].to_pylist(), table['history_digest'].to_pylist())))\n"
        "    assert found[0] == found[1] and len(found[0]) == 112\n"
    )
    script = tmp_path / "both.py"
    script.write_text(code)
    subprocess.run([sys.executable, str(script), str(tmp_path / "out")], check=True, timeout=120)
