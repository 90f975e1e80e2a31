"""Kills a run with writes at each of its moments, one real process after the other, and resumes it in the next.

Run as a script with a folder; prints one JSON line for every kill point: what the bank did, and how the run ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field

from harness.boundary import Call, Principal, Reply, ToolSpec, succeeded
from harness.content import Ask, Reference, ReferenceStep
from harness.orchestrator import Entry, Orchestrator, Policy, RetryPolicy, SqliteRunLog, live_session
from harness.planners import make_brain

Amount = Annotated[int, Field(gt=0)]


class Account(BaseModel):
    account: str


class Payment(Account):
    amount: Amount


CATALOGUE = {
    "balance": ToolSpec("balance", "Look.", Account, identity=("account",)),
    "note": ToolSpec("note", "Write down.", Payment, effect="write", identity=("account",)),
    "pay": ToolSpec("pay", "Pay.", Payment, effect="irreversible", identity=("account",)),
}
# Two payments of the same amount to the same account: both are meant.
STEPS = ("balance", "note", "pay", "pay", "balance")
REFERENCE = Reference(
    steps=tuple(
        ReferenceStep(tool=tool, args={"account": "A"} | ({} if tool == "balance" else {"amount": 5})) for tool in STEPS
    )
)
INTENDED = {"note": 1, "pay": 2}
POLICY = Policy(retry=RetryPolicy(backoff_s=0.001, settle_s=0))


class Moments:
    """Counts the moments of a process, and ends it without warning at one of them."""

    def __init__(self, deadly: int) -> None:
        self.deadly = deadly
        self.count = 0

    def passes(self) -> None:
        self.count += 1
        if self.count == self.deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Bank:
    """A real store with real commits; it applies what it is asked for, once for each key."""

    def __init__(self, path: Path, moments: Moments) -> None:
        self._moments = moments
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("CREATE TABLE IF NOT EXISTS effects (tool TEXT, key TEXT)")

    def effects(self) -> dict[str, int]:
        return dict(self._database.execute("SELECT tool, COUNT(*) FROM effects GROUP BY tool").fetchall())

    async def apply(self, call: Call) -> Reply:
        self._moments.passes()
        if call.name != "balance" and not self._knows(call.idempotency_key):
            self._database.execute("INSERT INTO effects VALUES (?, ?)", (call.name, call.idempotency_key))
        self._moments.passes()
        return succeeded({"done": call.name})

    async def look_up(self, call: Call) -> Reply:
        return succeeded({"applied": self._knows(call.arguments["idempotency_key"]), "value": {"done": call.name}})

    def _knows(self, key: str | None) -> bool:
        return bool(self._database.execute("SELECT 1 FROM effects WHERE key = ?", (key,)).fetchall())


class MortalLog(SqliteRunLog):
    """A run log in whose neighbourhood a process can die: right before a line, and right after it."""

    def __init__(self, path: Path, moments: Moments) -> None:
        super().__init__(path)
        self._moments = moments

    def append(self, run_id: str, entry: Entry) -> None:
        self._moments.passes()
        super().append(run_id, entry)
        self._moments.passes()


def answering(value: Callable[[Call], Any], moments: Moments) -> Callable[[Call], Awaitable[Reply]]:
    """Return a handler that passes a moment before its answer and one after it."""

    async def answer(call: Call) -> Reply:
        moments.passes()
        reply = succeeded(value(call))
        moments.passes()
        return reply

    return answer


def live_one_life(folder: Path, deadly: int) -> tuple[dict[str, int], str, int]:
    """Drive the run from wherever it stands to its end, or to the deadly moment; return effects, ending, moments."""
    moments = Moments(deadly)
    bank = Bank(folder / "bank.db", moments)
    brain = make_brain("scripted", REFERENCE, {})
    session = live_session(
        "run-1",
        Principal(),
        CATALOGUE,
        {
            "tool": bank.apply,
            "store": bank.look_up,
            "model": answering(lambda call: msgspec.to_builtins(brain(call.context)), moments),
            "approval": answering(lambda _call: {"decision": "approve", "queue_length": 0}, moments),
        },
    )
    log = MortalLog(folder / "run.db", moments)
    outcome = asyncio.run(Orchestrator(POLICY, log=log).run(Ask(task_id="t", text="Pay A twice."), session))
    return bank.effects(), outcome.state, moments.count


def in_a_process(work: Callable[[], object]) -> int:
    """Do the work in a child of its own and return the signal that ended it, or 0."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001  # a child must not go on as its parent
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "a life ended in an error"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main(root: Path) -> None:
    whole = root / "whole"
    whole.mkdir()
    _, _, moments = live_one_life(whole, deadly=0)
    for deadly in range(1, moments + 1):
        folder = root / str(deadly)
        folder.mkdir()
        killed_by = in_a_process(lambda folder=folder, deadly=deadly: live_one_life(folder, deadly))  # type: ignore[misc]
        effects, ending, _ = live_one_life(folder, deadly=0)
        line = {"deadly": deadly, "of": moments, "killed_by": killed_by, "effects": effects, "ending": ending}
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
