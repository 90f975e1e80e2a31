"""Whether the trial ended right: the world, the answer, the approvals, and the oracles of imported tasks."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from harness.content import FinalState, Output
from harness.scoring.record import Record


@lru_cache(maxsize=4096)
def _compiled(path: str) -> Any:
    return jmespath.compile(path)


def missed_goals(record: Record) -> Iterator[str]:
    """Yield, in words, each part of the task's goal that was not reached; nothing means that it was."""
    expect = record.task.expect
    if expect.final_state is not None:
        yield from _missed_checks(expect.final_state, record.after)
    yield from missed_output(expect.output, record.answer)
    for oracle in expect.oracles:
        if not record.oracles.get(oracle, False):
            yield f"oracle {oracle}: not satisfied"


def side_effects(record: Record) -> Iterator[str]:
    """Yield, in words, each change of the world that the task did not ask for, and each approval not asked for."""
    expect = record.task.expect
    if expect.final_state is not None:
        for change in record.changes:
            if not any(fnmatchcase(change.dotted, pattern) for pattern in expect.final_state.may_change):
                yield f"world: {change.dotted} was {change.kind} and should not have been"
    asked = {event.name for event in record.of("approval_requested")}
    for tool in expect.approval_of:
        if tool not in asked:
            yield f"approval: nobody was asked about {tool}"


def _missed_checks(final_state: FinalState, after: Any) -> Iterator[str]:
    for check in final_state.checks:
        try:
            value = _compiled(check.path).search(after)
        except JMESPathError as error:  # a function met another type than it takes: the place is not as expected
            yield f"world: {check.path}: expected {check.describe()}, but: {error}"
            continue
        if not check.accepts(value):
            yield f"world: {check.path}: expected {check.describe()}, got {value!r}"


def missed_output(output: Output, answer: str) -> Iterator[str]:
    """Yield, in words, what the answer fails to say, or should not have said."""
    said = answer.lower()
    for text in output.contains:
        if text.lower() not in said:
            yield f"answer: does not say {text!r}"
    if output.contains_any and not any(text.lower() in said for text in output.contains_any):
        yield f"answer: says none of {list(output.contains_any)}"
    for text in output.excludes:
        if text.lower() in said:
            yield f"answer: says {text!r}"
