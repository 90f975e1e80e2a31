"""A fault plan as data: which kind of fault, where, when, with which options."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.boundary.addresses import Selector, parse_selector
from harness.history import EVENT_KINDS, digest


class Frozen(BaseModel):
    """Data at an edge: immutable, an unknown key is an error, and so is a number that JSON can not say."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Trigger(Frozen):
    """When a fault hits the calls that its selector picks; exactly one way is given.

    ``nth`` and ``first`` count the arrivals at each address by itself. ``window`` is [from, to) in seconds since the
    trial began. ``probability`` draws by address. ``after`` waits until an event of that kind is in the history.
    """

    nth: Annotated[int, Field(ge=1)] | None = None
    first: Annotated[int, Field(ge=1)] | None = None
    window: tuple[float, float] | None = None
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    after: str | None = None
    every: bool = False

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        return ((name, getattr(self, name)) for name in type(self).model_fields if name in self.model_fields_set)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in ("nth", "first", "window", "probability", "after") if getattr(self, name) is not None]
        if len(given) + self.every != 1:
            msg = "give exactly one of nth, first, window, probability, after, every"
            raise ValueError(msg)
        return self

    @field_validator("window")
    @classmethod
    def _forwards(cls, window: tuple[float, float] | None) -> tuple[float, float] | None:
        if window is not None and not 0 <= window[0] < window[1]:
            msg = f"window {list(window)} is empty; give [from_s, to_s] with 0 <= from_s < to_s"
            raise ValueError(msg)
        return window

    @field_validator("after")
    @classmethod
    def _known_event(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in EVENT_KINDS:
            msg = f"{kind!r} is no event kind; known: {', '.join(sorted(EVENT_KINDS))}"
            raise ValueError(msg)
        return kind


class PlannedFault(Frozen):
    """One fault of a plan; ``options`` are checked against the kind's own model when the plan is loaded."""

    kind: str
    at: str = "*"
    when: Trigger = Trigger(nth=1)
    options: dict[str, Any] = Field(default_factory=dict)

    @field_validator("at")
    @classmethod
    def _is_selector(cls, text: str) -> str:
        parse_selector(text)
        return text

    @cached_property
    def selector(self) -> Selector:
        """The parsed ``at``."""
        return parse_selector(self.at)

    @cached_property
    def stream(self) -> str:
        """The random stream of this fault: its content, so that dropping another fault shifts no draw."""
        return "fault/" + digest(self.model_dump(mode="json"))[:16]


class FaultPlan(Frozen):
    """Some faults under one name; no faults means a clean trial."""

    id: str = "clean"
    faults: tuple[PlannedFault, ...] = ()
