"""A reference with a look-up, a draft and a payment, the tools that it takes, and contexts to decide on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from harness.boundary import Catalogue, ToolSpec
from harness.content import Ask, Reference
from harness.planners import Context, Decision, Observation, Planner, ToolRequest, observe


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Search(_Arguments):
    query: str


class Order(_Arguments):
    order_id: str


class Draft(_Arguments):
    order_id: str
    note: str
    tone: str | None = None


class Refund(_Arguments):
    order_id: str
    usd: float
    reason: Literal["damaged", "late", "other"] = "other"


TOOLS = (
    ToolSpec("search_kb", "Search.", Search, port="retrieval", untrusted=True),
    ToolSpec("get_order", "Look up.", Order, identity=("order_id",)),
    ToolSpec("draft_refund", "Draft.", Draft, effect="write", identity=("order_id",)),
    ToolSpec("refund", "Pay.", Refund, effect="irreversible", identity=("order_id",)),
)
CATALOGUE: Catalogue = {spec.name: spec for spec in TOOLS}
REFERENCE = Reference.model_validate(
    {
        "steps": [
            {"tool": "search_kb", "args": {"query": "refund of damaged goods"}},
            {"id": "order", "tool": "get_order", "args": {"order_id": "O-1"}},
            {"tool": "draft_refund", "args": {"order_id": "O-1", "note": "as the customer wishes"}},
            {"tool": "refund", "args": {"order_id": "O-1", "usd": "${order.total}", "reason": "damaged"}},
        ],
        "answer": "Refunded ${order.total}.",
    }
)
ASK = Ask(task_id="task", text="Refund O-1, please.", policy="Look everything up first.")
KB = ToolRequest("search_kb", {"query": "refund of damaged goods"}, "step-1")
ORDER = ToolRequest("get_order", {"order_id": "O-1"}, "step-2")
DRAFT = ToolRequest("draft_refund", {"order_id": "O-1", "note": "as the customer wishes"}, "step-3")
REFUND = ToolRequest("refund", {"order_id": "O-1", "usd": 40.0, "reason": "damaged"}, "step-4")
READ = observe(KB, "ok", {"documents": [{"id": "d-1", "text": "Damaged goods are refunded."}]})
GOT = observe(ORDER, "ok", {"order_id": "O-1", "total": 40.0})
DRAFTED = observe(DRAFT, "ok", {"draft_id": "D-1"})
PAID = observe(REFUND, "ok", {"refund_id": "R-1"})


def context(*seen: Observation, ask: Ask = ASK, **fields: Any) -> Context:
    """Return the context of a run that has seen so much."""
    return Context(ask, CATALOGUE, list(seen), **fields)


def played(planner: Planner, turns: int = 12, ask: Ask = ASK) -> Iterator[tuple[Context, Decision]]:
    """Let a planner play against tools that always work; yield each context with what was decided on it."""
    values = {"search_kb": READ.value, "get_order": GOT.value, "draft_refund": DRAFTED.value, "refund": PAID.value}
    seen: list[Observation] = []
    for _ in range(turns):
        decision = planner(context(*seen, ask=ask))
        yield context(*seen, ask=ask), decision
        if decision.answer is not None:
            return
        seen += [observe(request, "ok", values[request.tool]) for request in decision.calls]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["total", "order_id", "x"]), inner),
    max_leaves=6,
)
REQUESTS = st.one_of(
    st.sampled_from([KB, ORDER, DRAFT, REFUND]),
    st.builds(
        ToolRequest,
        st.sampled_from([*CATALOGUE, "made_up"]),
        st.dictionaries(st.sampled_from(["order_id", "note", "query"]), PLAIN, max_size=2),
        st.sampled_from(["", "step-1", "step-2", "step-3", "step-4", "answer", "step-2-check", "step-9"]),
    ),
)
OBSERVATIONS = st.builds(
    lambda request, status, value, retryable: observe(
        request,
        status,
        value if status == "ok" else None,
        error_type=None if status == "ok" else "conflict",
        message="it is so",
        retryable=retryable,
    ),
    REQUESTS,
    st.sampled_from(["ok", "ok", "ok", "failed", "unknown", "denied", "queued", "drafted"]),
    st.one_of(st.sampled_from([READ.value, GOT.value, DRAFTED.value, PAID.value]), PLAIN),
    st.booleans(),
)
CONTEXTS = st.builds(
    lambda seen, notes, policy: context(*seen, ask=ASK.model_copy(update={"policy": policy}), notes=notes),
    st.lists(OBSERVATIONS, max_size=8),
    st.sampled_from([(), ("try again",)]),
    st.sampled_from(["", "Look everything up first."]),
)
