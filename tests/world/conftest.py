"""The bank, a project whose domain has access rules, and an agent that makes the calls that a test gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.agents import Toolbox
from harness.boundary import Call, Reply
from harness.content import Ask
from harness.scoring import Record
from tests.conftest import Play

BANK = Path(__file__).parent / "bank"
Script = Callable[["Hand"], Any]
PlayScript = Callable[..., Record]


class Hand:
    """A hand on the session of a run: it sends what the boundary takes, not only what a toolbox would send."""

    def __init__(self, tools: Toolbox) -> None:
        self.tools = tools
        self.session = tools._session

    def call(self, name: str, arguments: dict[str, Any], **fields: Any) -> Call:
        """Build a call with a credential of its own, unless ``fields`` say otherwise."""
        spec = self.session.catalogue.get(name)
        made = Call(spec.port if spec else "tool", name, arguments, self.session.run_id, self.session.principal)
        made = msgspec.structs.replace(made, credential=self.session.credential("hand", name, 60.0))
        return msgspec.structs.replace(made, **fields)

    async def send(self, name: str, arguments: dict[str, Any], **fields: Any) -> Reply:
        """Send a call and return its reply."""
        return await self.session.send(self.call(name, arguments, **fields))


class Stage:
    """The script of the test that runs, and what failed in it: a trial would record that, and go on."""

    script: Script
    failures: list[Exception]


async def scripted(_ask: Ask, tools: Toolbox) -> str:
    """Follow the script of the test that runs."""
    try:
        await Stage.script(Hand(tools))
    except Exception as error:
        Stage.failures.append(error)
        raise
    return "done"


@pytest.fixture
def bank(play: Play, monkeypatch: pytest.MonkeyPatch) -> PlayScript:
    """Return a function that plays one trial of the bank, with a script in the agent's place."""
    monkeypatch.chdir(BANK)
    agent = {"name": "scripted", "agent": "tests.world.conftest:scripted"}

    def played(script: Script, *faults: dict[str, Any], task: str = "pay", **options: Any) -> Record:
        Stage.script, Stage.failures = staticmethod(script), []
        record = play(*faults, agent=agent, domain="bank", task=task, **options).record
        for failure in Stage.failures:
            raise failure
        return record

    return played
