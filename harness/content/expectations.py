"""What a scenario expects of its trials: when it holds, beyond a verdict of passed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from harness.boundary import ErrorType, Frozen, Port
from harness.content.comparers import Comparer
from harness.content.fields import Expression, Text
from harness.content.tasks import Output
from harness.history import EventKind

Verdict = Literal["passed", "failed", "violated", "not_triggered", "harness_error"]


def _about_a_number(comparer: Comparer) -> Comparer:
    if isinstance(comparer.equals, str | dict | list):
        msg = "compare with a number: 3, {at_most: 3}, {at_least: 3}, {close_to: 3} or {any_of: [3, 4]}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic adds the place to this one
    return comparer


Quantity = Annotated[Comparer, AfterValidator(_about_a_number)]
Quantities = dict[str, Quantity]


class ExpectedEvent(Frozen):
    """How often events of one sort are in the history, by default at least once.

    ``where`` holds JMESPath expressions into the payload, each with what is found there.
    """

    kind: EventKind
    name: Text | None = None
    port: Port | None = None
    result: Text | None = None
    error_type: ErrorType | None = None
    where: dict[Expression, Comparer] = Field(default_factory=dict)
    count: Quantity = Comparer(at_least=1)


class Expectation(Frozen):
    """What is expected of each trial; a verdict or a terminal state may be one of several.

    ``metrics`` names metrics of scoring. Where nothing is said of the verdict, it has to be ``passed``; where nothing
    is said of the terminal state, any will do.
    """

    verdict: Annotated[tuple[Verdict, ...], Field(min_length=1)] = ("passed",)
    terminal_state: tuple[Text, ...] = ()
    metrics: Quantities = Field(default_factory=dict)
    answer: Output = Output()
    events: tuple[ExpectedEvent, ...] = ()

    @field_validator("verdict", "terminal_state", mode="before")
    @classmethod
    def _one_of_one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value
