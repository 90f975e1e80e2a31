"""Streams that break: no half answer is taken for a whole one, and what was said is paid for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Reply, StreamEnding, Usage, played, streamed, succeeded
from harness.content import all_fault_kinds
from harness.history import Event
from harness.orchestrator import SqliteRunLog
from harness.orchestrator.run_log import Entry
from harness.scoring import Record, score
from tests.conftest import Play

KIND = all_fault_kinds()["broken_stream"]
USAGE = Usage(100, 20, 0.01)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Naps:
    """Sleeps in no time and remembers how long."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def __call__(self, seconds: float) -> None:
        self.seconds += seconds


def put_together(reply: Reply, first_timeout_s: float = 10.0, idle_timeout_s: float = 5.0) -> tuple[Reply, float]:
    """Play a reply; return what it comes to, and after how long."""
    naps = Naps()
    return asyncio.run(played(reply, first_timeout_s, idle_timeout_s, naps)), naps.seconds


@given(JSON, st.integers(1, 9), st.floats(0, 10))
def test_a_whole_stream_is_the_answer(value: Any, parts: int, delay_s: float) -> None:
    stream = streamed(succeeded(value, USAGE), parts, delay_s)
    assert 1 <= len(stream.parts) <= parts
    assert put_together(stream) == (succeeded(value, USAGE), delay_s)


@given(st.dictionaries(st.text(max_size=5), JSON), st.integers(1, 9), st.data())
def test_a_stream_without_its_end_is_no_answer_and_is_paid_for(value: Any, parts: int, data: st.DataObject) -> None:
    stream = streamed(succeeded(value, USAGE), parts)
    some = data.draw(st.integers(1, len(stream.parts)))
    endings: tuple[StreamEnding, ...] = ("cut", "stalled")
    ending = data.draw(st.sampled_from(endings))
    reply, waited_s = put_together(Reply("ok", usage=USAGE, parts=stream.parts[:some], ending=ending))
    assert (reply.status, reply.usage, reply.value, reply.retryable) == ("failed", USAGE, None, True)
    assert (reply.error_type, waited_s) == (("transient_upstream", 0.0) if ending == "cut" else ("timeout", 5.0))


def test_a_reply_that_is_no_stream_stays_as_it_is() -> None:
    reply = succeeded({"answer": "Done."}, USAGE)
    assert put_together(reply) == (reply, 0.0)


@pytest.mark.parametrize(("delays_s", "waited_s"), [((10.001, 0), 10.0), ((0, 5.001), 5.0), ((9, 5.5), 14.0)], ids=str)
def test_a_stream_that_stands_still_is_given_up(delays_s: tuple[float, ...], waited_s: float) -> None:
    parts = tuple(zip(delays_s, ('{"answer":', '"Done."}'), strict=True))
    reply, slept_s = put_together(Reply("ok", parts=parts))
    assert reply.error_type == "timeout"
    assert slept_s == pytest.approx(waited_s)


def hurt(play: Play, variant: str, **spec: Any) -> Record:
    """Play a trial in which the first answer of the planner breaks."""
    fault = {"kind": "broken_stream", "at": "model:planner", "options": dict(KIND.variants[variant])}
    return play(fault, **spec).record


def model_ends(record: Record) -> list[Event]:
    """Return the ends of all model calls."""
    return record.of("model_call_completed", "model_call_failed")


def cost_usd(record: Record) -> float:
    """Return what a trial has cost."""
    return score(record).value("cost_usd") or 0.0


@pytest.mark.parametrize("variant", KIND.variants)
def test_the_model_is_asked_again_and_both_answers_are_paid_for(play: Play, variant: str) -> None:
    record, clean = hurt(play, variant), play().record
    assert score(record).outcome == "passed"
    assert len(model_ends(record)) == len(model_ends(clean)) + 1
    first, again = model_ends(record)[:2]
    assert (first.tokens_out, first.cost_usd) == (again.tokens_out, again.cost_usd)
    assert cost_usd(record) == pytest.approx(cost_usd(clean) + (first.cost_usd or 0.0))
    [retry] = record.of("retry_scheduled")
    assert retry.error_type == ("timeout" if variant in ("slow first token", "stall") else "transient_upstream")


def test_the_record_holds_the_parts_and_no_value(play: Play) -> None:
    first = model_ends(hurt(play, "cut"))[0]
    assert "value" not in first.payload
    assert first.payload["ending"] == "cut"
    assert len(first.payload["parts"]) == 2


def test_a_policy_can_have_more_patience(play: Play) -> None:
    patient = {"name": "patient", "policy": {"models": {"first_part_timeout_s": 16}}}
    record = hurt(play, "slow first token", agent=patient)
    assert not record.of("retry_scheduled")
    assert len(model_ends(record)) == len(model_ends(play().record))


def test_no_half_answer_is_taken_when_nothing_else_comes(play: Play) -> None:
    fault = {"kind": "broken_stream", "at": "model:planner", "when": {"every": True}, "options": {"ending": "cut"}}
    record = play(fault).record
    assert record.of("run_completed")[0].result == "failed"
    assert not score(record).violations
    assert not any(one.port == "tool" for one in record.of("tool_call_started"))


@pytest.mark.parametrize(
    ("task", "budget"), [("dose_in_1054_tokens_out", "max_tokens_out"), ("dose_for_16_thousandths", "max_cost_usd")]
)
def test_what_a_broken_answer_has_cost_is_taken_off_the_budget(play: Play, task: str, budget: str) -> None:
    """A clean run needs all that there is; with one answer more there is no room for the worst case of the last."""
    assert play(domain="limits", task=task).record.of("run_completed")[0].result == "completed"
    record = hurt(play, "cut", domain="limits", task=task)
    assert record.of("budget_exceeded")[0].payload["budget"] == budget
    assert not score(record).violations


def test_a_stream_is_broken_once_where_two_faults_want_to(play: Play) -> None:
    fault = {"kind": "broken_stream", "at": "model:planner", "options": {"ending": "cut"}}
    record = play(fault, fault).record
    assert [receipt.times for receipt in record.receipts] == [1, 1]
    assert score(record).outcome == "passed"


@pytest.mark.parametrize("variant", ["slow first token", "cut"])
def test_a_run_that_crashes_goes_on_behind_a_broken_stream(play: Play, variant: str) -> None:
    """The stream is played from the log, at the times of the log, and paid for once."""
    stream = {"kind": "broken_stream", "at": "model:planner", "options": dict(KIND.variants[variant])}
    crash = {"kind": "crash", "at": "tool:get_order"}
    record, whole = play(stream, crash).record, play(stream).record
    assert record.of("run_resumed")
    assert score(record).outcome == "passed"
    assert len(model_ends(record)) == len(model_ends(whole))


def test_a_log_on_the_disk_gives_a_stream_back_as_it_came(tmp_path: Path) -> None:
    stream = streamed(succeeded({"answer": "Done."}, USAGE), 3, 0.25)
    log = SqliteRunLog(tmp_path / "log.sqlite")
    log.append("run-1", Entry("answered", 0.0, key="k", reply=stream))
    assert log.entries("run-1")[0].reply == stream
    log.close()
