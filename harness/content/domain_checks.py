"""What the files of a domain name, held against what there is: tools, arguments, earlier steps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.content.bindings import bound_steps
from harness.content.domains import Domain
from harness.content.tasks import Task
from harness.content.yaml_files import Located, Place, read_yaml

NamedTool = tuple[Place, str, Iterable[str]]


def domain_problems(domain: Domain, folder: Path) -> Iterable[str]:
    """Yield one line for everything that a file of the domain names and that is not there."""
    for path in sorted((folder / "tasks").glob("*.yaml")):
        located = read_yaml(path)
        for index, raw in enumerate(located.data["tasks"]):
            task = domain.tasks[raw["id"]]
            yield from _tool_problems(domain, located, ("tasks", index), _named_tools(task))
            yield from _binding_problems(located, ("tasks", index), task)
    if domain.injections:
        located = read_yaml(folder / "injections.yaml")
        for index, injection in enumerate(domain.injections.values()):
            named = [(("calls", number, "tool"), one.tool, one.args) for number, one in enumerate(injection.calls)]
            worked = [(("worked", number, "tool"), one.tool, one.args) for number, one in enumerate(injection.worked)]
            yield from _tool_problems(domain, located, ("injections", index), [*named, *worked])
    if domain.caution.wants:
        located = read_yaml(folder / "people.yaml")
        yield from _tool_problems(domain, located, ("wants",), [((name,), name, ()) for name in domain.caution.wants])


def _tool_problems(domain: Domain, located: Located, place: Place, named: Iterable[NamedTool]) -> Iterable[str]:
    known = ", ".join(sorted(domain.tools))
    for inner, name, arguments in named:
        if name not in domain.tools:
            yield f"{located.where((*place, *inner))}: there is no tool {name!r}; known: {known}"
            continue
        fields = domain.tools[name].spec.parameters.model_fields
        for argument in arguments:
            if argument not in fields:
                yield (
                    f"{located.where((*place, *inner))}: tool {name} takes no argument {argument!r}; "
                    f"it takes: {', '.join(fields)}"
                )


def _binding_problems(located: Located, place: Place, task: Task) -> Iterable[str]:
    """Yield what a ``${step.path}`` names that is no earlier step with an id."""
    known: set[str] = set()
    for index, step in enumerate(task.reference.steps):
        for name in sorted(bound_steps(step.args) - known):
            where = located.where((*place, "reference", "steps", index, "args"))
            yield f"{where}: ${{{name}…}} names no earlier step; known: {', '.join(sorted(known)) or 'none'}"
        known.add(step.id or f"step-{index + 1}")
    for name in sorted(bound_steps(task.reference.answer) - known):
        where = located.where((*place, "reference", "answer"))
        yield f"{where}: ${{{name}…}} names no step; known: {', '.join(sorted(known)) or 'none'}"


def _named_tools(task: Task) -> Iterable[NamedTool]:
    for index, name in enumerate(task.tools):
        yield ("tools", index), name, ()
    for index, step in enumerate(task.reference.steps):
        yield ("reference", "steps", index, "tool"), step.tool, step.args
    for index, name in enumerate(task.expect.approval_of):
        yield ("expect", "approval_of", index), name, ()
    calls = task.expect.calls
    if calls is None:
        return
    for index, call in enumerate(calls.required):
        yield ("expect", "calls", "required", index, "tool"), call.tool, call.args
    for number, path in enumerate(calls.any_of):
        for index, call in enumerate(path.required):
            yield ("expect", "calls", "any_of", number, "required", index, "tool"), call.tool, call.args
    for index, forbidden in enumerate(calls.forbidden):
        yield ("expect", "calls", "forbidden", index, "tool"), forbidden.tool, forbidden.where
    for name in (*calls.allowed, *calls.max_count):
        yield ("expect", "calls"), name, ()
