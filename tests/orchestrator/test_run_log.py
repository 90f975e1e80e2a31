"""The run log keeps what was written, and the run record is a fold over it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Reply, Usage, failed, succeeded
from harness.orchestrator import Entry, MemoryRunLog, RunLog, SqliteRunLog, run_record

REPLIES = st.sampled_from([succeeded({"a": [1]}, Usage(3, 4, 0.5)), failed("timeout", "slow", retry_after_s=2.0)])
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["begun", "sent", "answered", "emitted"]),
    st.floats(0, 1e9),
    key=st.text(max_size=9),
    reply=st.none() | REPLIES,
    fields=st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
MakeLog = Callable[[], RunLog]


@pytest.fixture(params=["memory", "sqlite"])
def make_log(request: pytest.FixtureRequest, tmp_path: Path) -> MakeLog:
    """Return a maker of one kind of log; two logs of the second kind share their file."""
    return MemoryRunLog if request.param == "memory" else lambda: SqliteRunLog(tmp_path / "runs.db")


@given(entries=st.lists(ENTRIES))
def test_what_was_written_is_read_back_in_order(entries: list[Entry]) -> None:
    log = MemoryRunLog()
    for entry in entries:
        log.append("run-1", entry)
    assert log.entries("run-1") == entries


def test_runs_do_not_see_each_other(make_log: MakeLog) -> None:
    log = make_log()
    log.append("run-1", Entry("begun", 1.0))
    log.append("run-2", Entry("begun", 2.0))
    assert [entry.at_s for entry in log.entries("run-2")] == [2.0]
    assert log.entries("run-3") == []


def test_what_stands_above_a_loss_is_gone(make_log: MakeLog) -> None:
    log = make_log()
    for kind in ("begun", "lost", "begun", "sent"):
        log.append("run-1", Entry(kind, 1.0))
    assert [entry.kind for entry in log.entries("run-1")] == ["begun", "sent"]


def test_a_log_on_disk_outlives_its_process(tmp_path: Path) -> None:
    first = SqliteRunLog(tmp_path / "runs.db")
    first.append("run-1", Entry("begun", 1.0, reply=succeeded({"x": 1})))
    first.close()
    second = SqliteRunLog(tmp_path / "runs.db")
    assert [entry.reply for entry in second.entries("run-1")] == [succeeded({"x": 1})]
    assert second.run_ids() == ["run-1"]
    second.append("run-1", Entry("sent", 2.0))
    assert len(second.entries("run-1")) == 2


def test_two_processes_can_not_drive_one_run(tmp_path: Path) -> None:
    """Both have read the log up to the same line; the second one to write finds it taken."""
    logs = [SqliteRunLog(tmp_path / "runs.db") for _ in range(2)]
    for log in logs:
        log.entries("run-1")
    logs[0].append("run-1", Entry("begun", 1.0))
    with pytest.raises(sqlite3.IntegrityError):
        logs[1].append("run-1", Entry("begun", 1.0))


def test_the_record_tells_where_a_run_stands() -> None:
    """At any time: here after a step that cost something, a failure, and a wait."""
    log = MemoryRunLog()
    started = {"user": "ann", "tenant": "north", "mode": "queued", "max_steps": 8, "deadline_at_s": 99.0}
    log.append("run-1", Entry("begun", 1.0))
    log.append("run-1", Entry("emitted", 1.0, event="run_started", fields={"payload": started}))
    log.append("run-1", answered("planner", "model", succeeded({}, Usage(100, 10, 0.5)), step=1))
    log.append("run-1", answered("pay", "tool", failed("timeout", "slow"), step=2))
    record = run_record(log, "run-1")
    assert record is not None
    assert (record.user, record.tenant, record.mode, record.max_steps, record.deadline_at_s) == (
        "ann",
        "north",
        "queued",
        8,
        99.0,
    )
    assert (record.state, record.step, record.cost_usd, record.tokens_in, record.tokens_out) == (
        "running",
        2,
        0.5,
        100,
        10,
    )
    assert (record.tools_called, record.last_error, record.outcome) == (("pay",), "pay: timeout: slow", None)


def answered(name: str, port: str, reply: Reply, step: int) -> Entry:
    """Build the line of one answered call."""
    return Entry("answered", 2.0, key=name, port=port, name=name, step=step, reply=reply)


@pytest.mark.parametrize(
    ("event", "fields", "state"),
    [
        ("run_parked", {"payload": {"parked_s": 60.0}}, "parked"),
        ("run_completed", {"result": "halted", "payload": {"answer": "I stopped."}}, "halted"),
    ],
)
def test_the_record_knows_parked_and_ended_runs(event: str, fields: dict[str, object], state: str) -> None:
    log = MemoryRunLog()
    log.append("run-1", Entry("emitted", 1.0, event=event, fields=fields))
    record = run_record(log, "run-1")
    assert record is not None
    assert record.state == state


def test_a_run_that_never_began_has_no_record() -> None:
    assert run_record(MemoryRunLog(), "run-1") is None
