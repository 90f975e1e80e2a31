"""Replay: recorded answers, given again in their order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.boundary import Call, Delivery, Reply
from harness.errors import AgentError, DatasetError
from harness.history import canonical_json, plain
from harness.planners import Brain, Classification, Context, Decision, ModelService, make_brain
from harness.planners.replayed import RecordingEnded
from harness.planners.simulated import simulated
from harness.planners.simulated_options import SimulatedOptions
from tests.analysis.datasets import event, write_by_hand
from tests.planners.cases import READ, REFERENCE, context, played

FIRST = {"calls": [{"tool": "get_order", "arguments": {"order_id": "O-1"}}]}
LAST = {"answer": "Done."}


def replay(run_id: str = "run-1", **options: Any) -> Brain:
    """Return a brain that repeats what was recorded."""
    return make_brain("replay", REFERENCE, {}, options, run_id=run_id)


def turn(step: int, *seen: Any, **fields: Any) -> Context:
    """Return the context of one turn."""
    return context(*seen, step=step, **fields)


def test_the_answers_come_in_their_order() -> None:
    brain = replay(answers=[FIRST, LAST])
    assert [brain(turn(1)), brain(turn(2, READ))] == [FIRST, LAST]


def test_a_question_that_is_asked_again_gets_the_same_answer_again() -> None:
    brain = replay(answers=[FIRST, LAST])
    assert [brain(turn(1)), brain(turn(1)), brain(turn(2, READ)), brain(turn(1))] == [FIRST, FIRST, LAST, FIRST]


@pytest.mark.parametrize(
    "another",
    [turn(2), turn(1, READ), turn(1, notes=("mend it",)), turn(1, draft="x")],
    ids=["step", "seen", "note", "draft"],
)
def test_another_question_gets_the_next_answer(another: Context) -> None:
    brain = replay(answers=[FIRST, LAST])
    assert [brain(turn(1)), brain(another)] == [FIRST, LAST]


def test_after_the_last_answer_the_recording_has_ended() -> None:
    brain = replay(answers=[LAST])
    brain(turn(1))
    with pytest.raises(RecordingEnded, match="the recording ends here: it holds 1 answers of the planner role"):
        brain(turn(2))


def test_a_model_whose_recording_has_ended_is_unavailable() -> None:
    call = Call("model", "planner", {}, "run-1", step=1, context=context())
    reply = ModelService({"run-1": replay(answers=[])}, 0).answer(Delivery(call, "run-1/model:planner#1", {}))
    assert reply == Reply(
        "failed",
        error_type="unavailable",
        message="the recording ends here: it holds 0 answers of the planner role",
        retryable=True,
    )


def test_an_answer_that_keeps_no_contract_is_repeated_as_it_is() -> None:
    call = Call("model", "planner", {}, "run-1", step=1, context=context())
    service = ModelService({"run-1": replay(answers=["Let me think."])}, 0)
    assert service.answer(Delivery(call, "run-1/model:planner#1", {})).value == "Let me think."


@given(st.integers(0, 2**32), st.lists(st.integers(1, 3), min_size=12, max_size=12))
@settings(max_examples=50)
def test_what_was_recorded_plays_again_however_often_a_turn_is_tried(seed: int, tries: list[int]) -> None:
    options = SimulatedOptions(version="v0", redundant_read=0.4, wrong_tool=0.1, premature_stop=0.1)
    before = list(played(simulated(REFERENCE, options, seed=seed)))
    brain = replay(answers=[msgspec.to_builtins(decision) for _, decision in before])
    for number, (seen, decision) in enumerate(before):
        asked = msgspec.structs.replace(seen, step=number + 1)
        for _ in range(tries[number]):
            assert msgspec.convert(brain(asked), Decision) == decision


def test_answers_can_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(canonical_json(FIRST) + b"\n\n" + canonical_json(LAST) + b"\n")
    brain = replay(file=str(path))
    assert [brain(turn(1)), brain(turn(2))] == [FIRST, LAST]


@pytest.mark.parametrize("content", [None, b"{", b"\xff"])
def test_a_file_that_holds_no_answers_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "answers.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        AgentError, match=r"answers\.jsonl: holds no recorded answers: .*; write one JSON object a line"
    ):
        replay(file=str(path))


def store(folder: Path, *calls: tuple[str, str, str | None, Any]) -> Path:
    """Write results in which trial ``t-1`` made these model calls: run, outcome, role, value; ``t-2`` made another."""
    events = [
        event("t-1", 100, "tool_call_started", run_id="run-1", port="tool"),
        event("t-2", 0, "model_call_started", run_id="run-1", port="model"),
        event("t-2", 1, "model_call_completed", {"call": 0, "value": "other"}, run_id="run-1", port="model"),
    ]
    for number, (run_id, outcome, role, value) in enumerate(calls):
        seq, told = 2 * number, {"arguments": {"role": role}} if role else {}
        events.append(event("t-1", seq, "model_call_started", told, run_id=run_id, port="model"))
        events.append(event("t-1", seq + 1, outcome, {"call": seq, "value": value}, run_id=run_id, port="model"))
    return write_by_hand(folder, events=events)


def test_answers_can_come_from_a_stored_trial(tmp_path: Path) -> None:
    store(
        tmp_path,
        ("run-1", "model_call_failed", "planner", None),
        ("run-1", "model_call_completed", "planner", FIRST),
        ("run-2", "model_call_completed", "planner", "of another run"),
        ("run-1", "model_call_completed", "critique", {"accept": True}),
        ("run-1", "model_call_completed", None, LAST),
    )
    brain = replay(run=str(tmp_path), trial_id="t-1")
    assert [brain(turn(1)), brain(turn(2))] == [FIRST, LAST]
    assert plain(brain(turn(2, role="critique", draft="Done."))) == {"accept": True}
    assert brain(turn(1, role="classification")) == Classification("long")


def test_a_run_of_which_nothing_was_recorded_ends_at_once(tmp_path: Path) -> None:
    store(tmp_path, ("run-1", "model_call_completed", "planner", LAST))
    with pytest.raises(RecordingEnded):
        replay("run-2", run=str(tmp_path), trial_id="t-1")(turn(1))


def test_a_trial_without_answered_model_calls_is_refused(tmp_path: Path) -> None:
    store(tmp_path, ("run-1", "model_call_failed", "planner", None))
    with pytest.raises(AgentError, match="no model call of trial 't-1' was answered there; look for the id"):
        replay(run=str(tmp_path), trial_id="t-1")


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no manifest"):
        replay(run=str(tmp_path), trial_id="t-1")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "give one of answers, file, and run with trial_id"),
        ({"answers": [], "file": "x"}, "give one of answers, file, and run with trial_id"),
        ({"run": "x"}, "run and trial_id go together"),
        ({"answers": [], "trial_id": "x"}, "run and trial_id go together"),
        ({"answer": []}, "answer: Extra inputs are not permitted"),
    ],
)
def test_a_recording_has_one_source(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(
        AgentError, match=f"planner_options of 'replay': .*{problem}.*; known: answers, file, run, trial_id"
    ):
        replay(**options)
