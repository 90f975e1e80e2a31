"""Running rule-based state machines, and showing that one can fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

_SEARCH = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=300,
    stateful_step_count=25,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def holds(machine: type[RuleBasedStateMachine]) -> None:
    """Run a machine that has to find nothing."""
    run_state_machine_as_test(machine, settings=_SEARCH)


def finds(machine: type[RuleBasedStateMachine], **subject: Any) -> None:
    """Run a machine on another subject, in which it has to find a bug."""
    mutated = type(f"{machine.__name__}OfAMutant", (machine,), subject)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(mutated, settings=settings(_SEARCH, phases=[Phase.generate], print_blob=False))
