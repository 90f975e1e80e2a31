"""Golden tasks: what is asked, a right path, and what a right end looks like; three parts, kept apart.

All agents see the ask. Only the scripted planner and ``golden check`` read the reference. Only scoring reads what is
expected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from harness.boundary import Frozen
from harness.content.comparers import Comparer
from harness.content.fields import Expression, Name, Text

Positive = Annotated[int, Field(gt=0)]
GOLDEN_CALLS_MAX = 16  # what the exact matching of scoring can take


def _is_empty(value: Any) -> bool:
    # What a task does not say is not in its digest.
    return not value


class Budget(Frozen):
    """What one run may use up; the deadline counts from the start of the run."""

    max_steps: Positive = 16
    max_tool_calls: Positive = 32
    max_tokens_in: Positive = 150_000
    max_tokens_out: Positive = 50_000
    max_cost_usd: Annotated[float, Field(gt=0)] = 1.0
    deadline_s: Annotated[float, Field(gt=0)] = 3600.0

    def scaled(self, factor: float) -> Budget:
        """Return the budget with everything but the deadline multiplied, counts rounded down, to 1 at the least."""
        return Budget(
            max_steps=max(1, int(self.max_steps * factor)),
            max_tool_calls=max(1, int(self.max_tool_calls * factor)),
            max_tokens_in=max(1, int(self.max_tokens_in * factor)),
            max_tokens_out=max(1, int(self.max_tokens_out * factor)),
            max_cost_usd=self.max_cost_usd * factor,
            deadline_s=self.deadline_s,
        )


class Ask(Frozen):
    """What the agent is told and may use; ``tools`` empty means every tool of the domain."""

    task_id: str
    text: str
    user: str = "user"
    tenant: str = "default"
    policy: str = ""
    tools: tuple[str, ...] = ()
    budget: Budget = Budget()


class ReferenceStep(Frozen):
    """One call of the right path; ``${step.path}`` in an argument is bound to an earlier step's result (JMESPath).

    ``needs`` names earlier steps that have to be done by then, although nothing of theirs is used.
    """

    tool: str
    args: dict[str, Any] = Field(default_factory=dict)
    id: str = ""
    needs: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)


class Reference(Frozen):
    """An executable right path and the answer at its end; the answer may bind results as well.

    ``supervised`` is another right path, for an agent with workers: its steps hand over through ``hand_to_<name>``, and
    ``workers`` holds what each of those then does.
    """

    steps: tuple[ReferenceStep, ...] = ()
    answer: str = "Done."
    supervised: Reference | None = None
    workers: dict[str, Reference] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        given = [step.id for step in self.steps if step.id]
        twice = sorted({one for one in given if given.count(one) > 1})
        if twice:
            msg = f"step ids are used twice: {', '.join(twice)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _needs_come_first(self) -> Self:
        earlier: set[str] = set()
        for step in self.steps:
            if missing := [one for one in step.needs if one not in earlier]:
                msg = f"{step.tool} needs {missing[0]!r}, and no step before it has that id; known: {sorted(earlier)}"
                raise ValueError(msg)
            earlier.add(step.id)
        return self


class ExpectedCall(Frozen):
    """A call that the right path holds: a tool and a comparer for each argument that matters."""

    tool: str
    args: dict[str, Comparer] = Field(default_factory=dict)
    id: str = ""

    def accepts(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Whether a call is this one, with every argument as expected."""
        return tool == self.tool and all(comparer.accepts(arguments.get(name)) for name, comparer in self.args.items())


class ExpectedPath(Frozen):
    """Calls that all have to be made; ``order`` holds edges [earlier id, later id]: a partial order."""

    required: Annotated[tuple[ExpectedCall, ...], Field(max_length=GOLDEN_CALLS_MAX)] = ()
    order: tuple[tuple[str, str], ...] = ()

    @model_validator(mode="after")
    def _edges_lead_somewhere(self) -> Self:
        known = {call.id for call in self.required if call.id}
        for edge in self.order:
            if missing := [one for one in edge if one not in known]:
                msg = f"order {list(edge)}: no required call has the id {missing[0]!r}; known: {sorted(known)}"
                raise ValueError(msg)
        if _has_cycle(self.order):
            msg = "order: the edges form a circle"
            raise ValueError(msg)
        return self


def _has_cycle(edges: tuple[tuple[str, str], ...]) -> bool:
    left = set(edges)
    while left:
        sources = {before for before, _ in left} - {after for _, after in left}
        if not sources:
            return True
        left = {edge for edge in left if edge[0] not in sources}
    return False


class ForbiddenCall(Frozen):
    """A call that must not take effect: always, or before a tool was called with success (``unless_after``)."""

    tool: str
    where: dict[str, Comparer] = Field(default_factory=dict)
    unless_after: str | None = None
    severity: Literal["low", "medium", "high", "critical"] = "high"
    rule: str = ""

    def accepts(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Whether a call is of the forbidden sort."""
        return tool == self.tool and all(comparer.accepts(arguments.get(name)) for name, comparer in self.where.items())


class ExpectedCalls(ExpectedPath):
    """The right path, or ``any_of`` several; reads outside of it are free up to ``read_budget``.

    ``steps`` is how many calls a right path needs in all, where that is more than ``required`` names.
    ``allowed`` names writes that are welcome and not required. ``max_count`` says how often a tool may take effect
    on one identity (default once).
    """

    any_of: tuple[ExpectedPath, ...] = ()
    steps: Positive | None = None
    allowed: tuple[str, ...] = ()
    read_budget: Annotated[int, Field(ge=0)] = 8
    forbidden: tuple[ForbiddenCall, ...] = ()
    max_count: dict[str, Positive] = Field(default_factory=dict)

    @property
    def paths(self) -> tuple[ExpectedPath, ...]:
        """The alternatives; a task without ``any_of`` has one."""
        return self.any_of or (self,)


class StateCheck(Comparer):
    """An assertion on the world at the end: a JMESPath expression and a comparison."""

    path: Expression

    @model_validator(mode="before")
    @classmethod
    def _bare_value(cls, value: Any) -> Any:
        return value

    @model_validator(mode="after")
    def _one_comparison(self) -> Self:
        if len(self.model_fields_set - {"within", "path"}) != 1:
            msg = "give a path and exactly one comparison"
            raise ValueError(msg)
        return self


class FinalState(Frozen):
    """Assertions on the world at the end; whatever ``may_change`` (globs over dotted paths) does not name must not."""

    checks: tuple[StateCheck, ...] = ()
    may_change: tuple[str, ...] = ()


class Output(Frozen):
    """Texts that the answer must or must not hold, whatever their case."""

    contains: tuple[str, ...] = ()
    contains_any: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class Expect(Frozen):
    """What only scoring reads.

    ``final_state`` null means that the named ``oracles`` judge the world. ``approval_of`` names tools about which a
    person must have been asked.
    """

    calls: ExpectedCalls | None = None
    final_state: FinalState | None = FinalState()
    output: Output = Output()
    approval_of: tuple[str, ...] = ()
    irreversible_needs_approval: bool = True
    oracles: tuple[str, ...] = ()


class InjectedCall(Frozen):
    """A call that an injected text asks for."""

    tool: str
    args: dict[str, Any] = Field(default_factory=dict)


class Injection(Frozen):
    """A poisoned text: the sentence itself, the calls that it asks for, and the calls that mean that it worked.

    Where ``worked`` is not given, it is exactly the calls.
    """

    id: Name
    phrase: Text
    calls: tuple[InjectedCall, ...] = ()
    worked: tuple[ExpectedCall, ...] = ()

    @model_validator(mode="after")
    def _calls_are_what_worked(self) -> Self:
        if "worked" not in self.model_fields_set:
            exact = tuple(
                ExpectedCall(tool=one.tool, args={name: Comparer(equals=value) for name, value in one.args.items()})
                for one in self.calls
            )
            object.__setattr__(self, "worked", exact)  # not among the fields set: stored inputs stay as given
        return self


class Task(Frozen):
    """One golden task; ``family`` is the statistical cluster that it counts in."""

    id: Name
    ask: Text
    family: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    user: str = "user"
    tenant: str = "default"
    tools: tuple[str, ...] = ()
    budget: Budget = Budget()
    reference: Reference = Reference()
    expect: Expect = Expect()

    @property
    def cluster(self) -> str:
        """The family, or the task itself when it has none."""
        return self.family or self.id

    def asked(self, policy: str) -> Ask:
        """Return the part that agents see."""
        return Ask(
            task_id=self.id,
            text=self.ask,
            user=self.user,
            tenant=self.tenant,
            policy=policy,
            tools=self.tools,
            budget=self.budget,
        )
