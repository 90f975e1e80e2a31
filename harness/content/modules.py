"""What the Python modules of a pack have to hold: ``TOOLS``, ``inject`` and ``VECTORS``, ``KINDS``."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel

from harness.boundary import CallFault, FaultKind, Port, Seeding, SimulationFault
from harness.content.located import shorten
from harness.errors import ContentError
from harness.world import Inject, Tool, no_vectors


def listed_tools(module: ModuleType) -> dict[str, Tool]:
    """Return the tools in ``TOOLS`` by name; raises ContentError that says what is in there instead."""
    return _listed(module, "TOOLS", "a tool", _tool_problem, lambda one: str(one.spec.name))


def listed_kinds(module: ModuleType) -> dict[str, FaultKind]:
    """Return the fault kinds in ``KINDS`` by name; raises ContentError that says what is in there instead."""
    return _listed(module, "KINDS", "a fault kind", _kind_problem, lambda one: str(one.name))


def injector(module: ModuleType) -> Inject:
    """Return the function ``inject`` of a tools module, if there is one; raises ContentError for anything else."""
    inject: Any = getattr(module, "inject", no_vectors)
    problem = _call_problem(inject, 3)
    if problem:
        where = _where(module, "inject")
        raise ContentError([f"{where}: inject {problem}; write it as: def inject(state, vector, text)"])
    return inject  # type: ignore[no-any-return]  # checked above


def vectors(module: ModuleType) -> tuple[str, ...]:
    """Return the names in ``VECTORS`` of a tools module, if there are any; raises ContentError for anything else."""
    named: Any = getattr(module, "VECTORS", ())
    if isinstance(named, Mapping | tuple | list) and all(isinstance(one, str) for one in named):
        return tuple(named)
    where = _where(module, "VECTORS")
    raise ContentError(
        [f'{where}: VECTORS is {shorten(named)}; write the names of places: VECTORS = ("note", "letter")']
    )


def _listed(
    module: ModuleType,
    name: str,
    what: str,
    problem_of: Callable[[Any], str],
    name_of: Callable[[Any], str],
) -> dict[str, Any]:
    listed = getattr(module, name, None)
    if not isinstance(listed, tuple | list):
        found = f"is {shorten(listed)}" if hasattr(module, name) else "is missing"
        problems = [f" {found}; end the module with {name} = (one, another)"]
    elif not listed:
        problems = [f" is empty; list {what} at least"]
    else:
        problems = [f"[{index}] {found}" for index, one in enumerate(listed) if (found := problem_of(one))]
        problems = problems or [f" lists {one!r} twice; remove one" for one in _twice(map(name_of, listed))]
    if problems:
        where = _where(module, name)
        raise ContentError([f"{where}: {name}{problem}" for problem in problems])
    return {name_of(one): one for one in listed}  # type: ignore[union-attr]  # a problem otherwise


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def _tool_problem(one: Any) -> str:
    if isinstance(one, Tool):
        return ""
    if inspect.isfunction(one):
        return f"is the plain function {one.__name__}; put @tool(…) above it"
    return f"is no tool but {shorten(one)}; list functions that are decorated with @tool(…)"


def _kind_problem(one: Any) -> str:
    if not isinstance(one, CallFault | Seeding | SimulationFault):
        return f"is no fault kind but {shorten(one)}; list CallFault, Seeding or SimulationFault"
    return next(_kind_problems(one), "")


def _kind_problems(kind: FaultKind) -> Iterator[str]:
    if not isinstance(kind.name, str) or not kind.name or ":" in kind.name:
        yield f"has the name {kind.name!r}; use text without a colon"
    if not isinstance(kind.options, type) or not issubclass(kind.options, BaseModel):
        yield f"({kind.name}): options is {shorten(kind.options)}; give a model, a subclass of Frozen"
    if isinstance(kind, CallFault):
        if unknown := [port for port in kind.ports if port not in get_args(Port)]:
            yield f"({kind.name}): there is no port {unknown[0]!r}; known: {', '.join(get_args(Port))}"
        function: Any = kind.inject
    else:
        function = kind.seed if isinstance(kind, Seeding) else kind.act
    if problem := _call_problem(function, 2):
        yield f"({kind.name}): its function {problem}; it takes the options and what they act on"


def _call_problem(function: Any, arguments: int) -> str:
    if not callable(function):
        return f"is {shorten(function)}, which is no function"
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError as error:
        return f"can not be called with {arguments} arguments: {error}"
    except ValueError:
        return ""  # built in, and silent about what it takes
    return ""


def _where(module: ModuleType, name: str) -> str:
    """Return ``file:line`` of the top-level ``name``, or of the file's begin."""
    path = Path(str(module.__file__))
    text = path.read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"^(?:def |async def )?{name}\b", text, re.MULTILINE)
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1 if found else 1}"
