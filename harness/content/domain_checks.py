"""What the files of a domain name, held against what there is: tools, arguments, earlier steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.boundary import Catalogue
from harness.content.bindings import bound_steps, broken_bindings
from harness.content.located import Located, Place
from harness.content.tasks import ExpectedCalls, Injection, Task
from harness.world import Caution

NamedTool = tuple[Place, str, Iterable[str]]


def task_problems(tools: Catalogue, located: Located, tasks: Sequence[Task]) -> Iterator[str]:
    """Yield one line for everything that the tasks of a file name and that is not there."""
    for index, task in enumerate(tasks):
        place = ("tasks", index)
        yield from _tool_problems(tools, located, place, _named_tools(task))
        yield from _binding_problems(located, place, task)


def injection_problems(tools: Catalogue, located: Located, injections: Sequence[Injection]) -> Iterator[str]:
    """Yield one line for every tool and argument that an injection names and that is not there."""
    for index, injection in enumerate(injections):
        named = [(("calls", number, "tool"), one.tool, one.args) for number, one in enumerate(injection.calls)]
        if "worked" in injection.model_fields_set:
            named += [(("worked", number, "tool"), one.tool, one.args) for number, one in enumerate(injection.worked)]
        yield from _tool_problems(tools, located, ("injections", index), named)


def people_problems(tools: Catalogue, located: Located, caution: Caution) -> Iterator[str]:
    """Yield one line for every tool and argument that the people are told of and that is not there."""
    yield from _tool_problems(tools, located, ("wants",), [((name,), name, ()) for name in caution.wants])
    for name in caution.names:
        tool, dot, argument = name.rpartition(".")
        if dot:
            yield from _tool_problems(tools, located, ("names",), [((name,), tool, (argument,))])
        elif not any(argument in one.parameters.model_fields for one in tools.values()):
            taken = sorted({field for one in tools.values() for field in one.parameters.model_fields})
            yield f"{located.where(('names', name))}: no tool takes an argument {name!r}; known: {', '.join(taken)}"


def _tool_problems(tools: Catalogue, located: Located, place: Place, named: Iterable[NamedTool]) -> Iterator[str]:
    known = ", ".join(sorted(tools))
    for inner, name, arguments in named:
        if name not in tools:
            yield f"{located.where((*place, *inner))}: there is no tool {name!r}; known: {known}"
            continue
        fields = tools[name].parameters.model_fields
        for argument in arguments:
            if argument not in fields:
                yield (
                    f"{located.where((*place, *inner))}: tool {name} takes no argument {argument!r}; "
                    f"it takes: {', '.join(fields) or 'none'}"
                )


def _binding_problems(located: Located, place: Place, task: Task) -> Iterator[str]:
    """Yield what is wrong with each ``${step.path}``: its shape, or that it names no earlier step with an id."""
    known: set[str] = set()
    whole = not located.damaged(place)  # a step that was taken out can not be named
    for index, step in enumerate(task.reference.steps):
        where = located.where((*place, "reference", "steps", index, "args"))
        yield from (f"{where}: {problem}" for problem in broken_bindings(step.args))
        for name in sorted(bound_steps(step.args) - known) if whole else ():
            yield f"{where}: ${{{name}…}} names no earlier step; known: {', '.join(sorted(known)) or 'none'}"
        known.add(step.id or f"step-{index + 1}")
    where = located.where((*place, "reference", "answer"))
    yield from (f"{where}: {problem}" for problem in broken_bindings(task.reference.answer))
    for name in sorted(bound_steps(task.reference.answer) - known) if whole else ():
        yield f"{where}: ${{{name}…}} names no step; known: {', '.join(sorted(known)) or 'none'}"


def _named_tools(task: Task) -> Iterator[NamedTool]:
    for index, name in enumerate(task.tools):
        yield ("tools", index), name, ()
    for index, step in enumerate(task.reference.steps):
        yield ("reference", "steps", index, "tool"), step.tool, step.args
    for worker, path in task.reference.workers.items():
        for index, step in enumerate(path.steps):
            yield ("reference", "workers", worker, "steps", index, "tool"), step.tool, step.args
    for index, name in enumerate(task.expect.approval_of):
        yield ("expect", "approval_of", index), name, ()
    if task.expect.calls is not None:
        yield from _expected_tools(task.expect.calls)


def _expected_tools(calls: ExpectedCalls) -> Iterator[NamedTool]:
    for index, call in enumerate(calls.required):
        yield ("expect", "calls", "required", index, "tool"), call.tool, call.args
    for number, path in enumerate(calls.any_of):
        for index, call in enumerate(path.required):
            yield ("expect", "calls", "any_of", number, "required", index, "tool"), call.tool, call.args
    for index, forbidden in enumerate(calls.forbidden):
        yield ("expect", "calls", "forbidden", index, "tool"), forbidden.tool, forbidden.where
        if forbidden.unless_after is not None:
            yield ("expect", "calls", "forbidden", index, "unless_after"), forbidden.unless_after, ()
    for index, name in enumerate(calls.allowed):
        yield ("expect", "calls", "allowed", index), name, ()
    for name in calls.max_count:
        yield ("expect", "calls", "max_count", name), name, ()
