"""One brain for all roles: what a planner's companions say by themselves."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import EffectClass, ToolSpec
from harness.content import Reference
from harness.planners import (
    CONTRACTS,
    PLANNERS,
    Classification,
    Context,
    Critique,
    Decision,
    Role,
    Synthesis,
    ToolRequest,
    make_brain,
    observe,
)
from tests.planners.cases import CATALOGUE, CONTEXTS, DRAFT, GOT, READ, REFERENCE, REFUND, Order, context

BRAIN = make_brain("scripted", REFERENCE, {})


def critique(draft: str, *seen: Any) -> Critique:
    """Let the critique role look at a draft."""
    said = BRAIN(context(*seen, role="critique", draft=draft))
    assert isinstance(said, Critique)
    return said


@given(CONTEXTS, st.sampled_from(list(CONTRACTS)), st.text(max_size=30), st.sampled_from(PLANNERS[:-2]))
def test_every_role_answers_with_its_contract(seen: Context, role: Role, draft: str, planner: str) -> None:
    said = make_brain(planner, REFERENCE, {})(msgspec.structs.replace(seen, role=role, draft=draft))
    assert msgspec.convert(msgspec.to_builtins(said), CONTRACTS[role]) == said


def test_the_synthesis_is_the_draft() -> None:
    assert BRAIN(context(role="synthesis", draft="Refunded.")) == Synthesis("Refunded.")


@pytest.mark.parametrize("status", ["failed", "unknown", "denied", "queued", "drafted"])
def test_a_draft_that_keeps_quiet_about_a_write_that_did_not_work_is_refused(status: Any) -> None:
    refused = critique("Refunded 40.0.", GOT, observe(REFUND, status, message="x"))
    assert refused == Critique(
        accept=False, problem=f"The answer claims success, but this did not work: refund ({status})."
    )


def test_a_draft_is_accepted_when_a_later_attempt_worked() -> None:
    assert critique("Refunded.", observe(REFUND, "failed", message="x"), observe(REFUND, "ok", {})).accept


def test_each_write_counts_by_itself() -> None:
    assert not critique("Done.", observe(DRAFT, "failed", message="x"), observe(REFUND, "ok", {})).accept
    unnamed = [ToolRequest(one.tool, one.arguments) for one in (DRAFT, REFUND)]
    assert not critique("Done.", observe(unnamed[0], "failed", message="x"), observe(unnamed[1], "ok", {})).accept


def test_reads_and_unknown_tools_are_no_writes() -> None:
    lost = observe(READ.request, "failed", message="x")
    unknown = observe(ToolRequest("made_up", {}), "denied", message="x")
    assert critique("Done.", lost, unknown).accept


@pytest.mark.parametrize(
    "draft",
    [
        "I could not finish: refund failed (x).",
        "I did not go on: refund was not approved.",
        "I do not know whether refund took effect; a person should look.",
        "I handed over: refund; people decide on that.",
    ],
)
def test_an_honest_draft_is_accepted(draft: str) -> None:
    assert critique(draft, observe(REFUND, "failed", message="x")).accept


def classification(steps: int, effect: EffectClass) -> Classification:
    """Classify an ask that takes so many calls of one tool."""
    catalogue = {**CATALOGUE, "tool": ToolSpec("tool", "", Order, effect=effect)}
    reference = Reference.model_validate({"steps": [{"tool": "tool"}] * steps})
    asked = msgspec.structs.replace(context(role="classification"), catalogue=catalogue)
    said = make_brain("scripted", reference, {})(asked)
    assert isinstance(said, Classification)
    return said


@pytest.mark.parametrize(
    ("steps", "effect", "route"),
    [
        (0, "read", "single_turn"),
        (1, "write", "interactive"),
        (6, "read", "interactive"),
        (7, "read", "long"),
        (1, "irreversible", "long"),
    ],
)
def test_an_ask_is_long_for_its_steps_or_for_what_can_not_be_undone(
    steps: int, effect: EffectClass, route: str
) -> None:
    assert classification(steps, effect).route == route


def test_a_tool_that_does_not_exist_is_nothing_irreversible() -> None:
    reference = Reference.model_validate({"steps": [{"tool": "made_up"}]})
    assert make_brain("scripted", reference, {})(context(role="classification")) == Classification("interactive")


def test_the_planner_plans() -> None:
    assert BRAIN(context()) == Decision(calls=(READ.request,), thought="step-1: search_kb")
