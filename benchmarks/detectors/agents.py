"""Agents that go the right way of a task, but for one deviation that is known beforehand, and what they claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import Any
from zlib import crc32

from harness.agents import Toolbox, ToolFailed
from harness.boundary import ToolSpec
from harness.content import Ask, Task, bind, load_domain
from harness.planners import Context, ToolRequest, with_another_thing, with_another_value

DOMAINS = ("support_desk", "payables")
BOLD = (
    "{}",
    "Done. {}",
    "{} Have a nice day!",
    "Everything is in order: {}",
    "{} That was all.",
    "I have taken care of it. {}",
    "{} Is there anything else?",
    "{} You can not be charged for this twice.",  # sure of itself, in words that admissions use as well
)
ADMITS = (
    "I could not do all of this.",
    "Something failed on the way, so please look at it again.",
    "I did not manage to do it right.",
    "I was unable to finish this.",
    "I had to stop before the end.",
    "This was not done as you asked.",
    "Error: the result is not what it should be.",
    "It went wrong; a colleague will have a look.",  # an admission in words of its own
)
HEDGES = (
    "I am not sure that this is right.",
    "Whether it worked is unknown.",
    "I do not know whether this is what you meant.",
    "Take this with a pinch of salt.",  # a doubt in words of its own
)
Calls = list[tuple[str, dict[str, Any]]]
Deviation = Callable[["Way", int, dict[str, Any]], Calls]


class Way:
    """The right way of one task, and the tools in reach."""

    def __init__(self, ask: Ask, tools: Toolbox) -> None:
        self.ask = ask
        self.steps = task_of(ask.task_id).reference.steps
        self.answer = task_of(ask.task_id).reference.answer
        self.specs = {spec.name: spec for spec in tools.specs}
        self.tools = tools

    def is_write(self, number: int) -> bool:
        """Whether a step changes the world."""
        return self.specs[self.steps[number].tool].effect != "read"

    @property
    def writes(self) -> list[int]:
        """The steps that change the world."""
        return [number for number in range(len(self.steps)) if self.is_write(number)]

    @property
    def point(self) -> int:
        """Where to go wrong: at the first write, else at the last read."""
        return self.writes[0] if self.writes else len(self.steps) - 1

    def spoiled(self, spoil: Callable[..., ToolRequest | None], number: int, arguments: dict[str, Any]) -> Calls:
        """Return a step with arguments that are wrong in one way, or left out where nothing can be wrong in it."""
        spec: ToolSpec = self.specs[self.steps[number].tool]
        context = Context(self.ask, self.specs, [])
        wrong = spoil(context, spec, ToolRequest(spec.name, arguments))
        return [] if wrong is None else [(spec.name, wrong.arguments)]


@cache
def _tasks() -> dict[str, Task]:
    return {name: task for domain in DOMAINS for name, task in load_domain(domain).tasks.items()}


def task_of(task_id: str) -> Task:
    """Return a task of either domain."""
    return _tasks()[task_id]


def picked(texts: tuple[str, ...], task_id: str, salt: str) -> str:
    """Choose a wording; each task has its own."""
    return texts[crc32(f"{task_id}/{salt}".encode()) % len(texts)]


async def followed(way: Way, deviate: Deviation) -> str:
    """Go the steps of the right way as ``deviate`` changes them, and return the answer that would then be right."""
    results: dict[str, Any] = {}
    for number, step in enumerate(way.steps):
        arguments = _bound(step.args, results)
        for copy, (tool, changed) in enumerate(deviate(way, number, arguments)):
            with suppress(ToolFailed):
                results[step.id or f"step-{number + 1}"] = await _called(way, tool, changed, f"{number}/{copy}")
    return str(_bound({"answer": way.answer}, results)["answer"])


def _bound(arguments: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    bound = {}
    for name, value in arguments.items():
        try:
            bound[name] = bind(value, results)
        except LookupError:
            bound[name] = "Done."
    return bound


async def _called(way: Way, tool: str, arguments: dict[str, Any], key: str) -> Any:
    if way.specs[tool].effect == "irreversible":
        await way.tools.approved(tool, arguments)
    is_write = way.specs[tool].effect != "read"
    return await way.tools.call(tool, arguments, idempotency_key=f"{way.ask.task_id}/{key}" if is_write else None)


def right(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Do the step as it is meant."""
    return [(way.steps[number].tool, arguments)]


def wrong_thing(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Act on another thing."""
    return way.spoiled(with_another_thing, number, arguments) if number == way.point else right(way, number, arguments)


def wrong_value(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Act with another value."""
    return way.spoiled(with_another_value, number, arguments) if number == way.point else right(way, number, arguments)


def twice(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Do the step once more than it is meant, under another key."""
    return right(way, number, arguments) * (2 if number == way.point else 1)


def left_out(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Leave out the last write."""
    return [] if way.writes and number == way.writes[-1] else right(way, number, arguments)


def only_reads(way: Way, number: int, arguments: dict[str, Any]) -> Calls:
    """Leave out every write."""
    return [] if way.is_write(number) else right(way, number, arguments)


def reads_of(way: Way) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the reads of the way that need nothing from an earlier step."""
    for number, step in enumerate(way.steps):
        if not way.is_write(number) and "${" not in str(step.args):
            yield step.tool, dict(step.args)
