"""AgentDojo suites as golden domains (extra ``agentdojo``): its environments, tools, tasks and checkers, as they are.

The package brings the data; ``domain.yaml`` says what the package does not: which tools write, which can not be
undone, and whose results strangers can write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from harness.boundary import ErrorType, Frozen, ToolSpec
from harness.content.checked import parse
from harness.content.domains import Domain, Ending, Oracles
from harness.content.located import Located
from harness.content.tasks import (
    GOLDEN_CALLS_MAX,
    Budget,
    Expect,
    ExpectedCall,
    ExpectedCalls,
    InjectedCall,
    Injection,
    Reference,
    ReferenceStep,
    Task,
)
from harness.errors import ContentError, MissingExtra
from harness.history import canonical_json, digest
from harness.world import Caution, Tool, ToolError, World

VERSIONS = ("v1", "v1.1", "v1.1.1", "v1.1.2", "v1.2", "v1.2.1", "v1.2.2")
# What the checkers of a task accept although nothing was done; found by running each suite with a do-nothing planner.
KNOWN_WEAK = "known-weak"


class SuiteOptions(Frozen):
    """The options of ``domain.yaml``; a tool that is named nowhere counts as irreversible."""

    suite: str
    version: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()
    identity: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    known_weak: tuple[str, ...] = ()


class SuiteFile(Frozen):
    """The whole of ``domain.yaml``."""

    importer: str
    options: SuiteOptions


class State:
    """The environment of one trial, and the texts that strangers have put into it."""

    def __init__(self, suite: Any) -> None:
        self._suite = suite
        self._texts: dict[str, str] = {}
        self.environment = _environment(suite, ()).model_copy(deep=True)

    def inject(self, vector: str, text: str) -> None:
        """Load the environment anew, with ``text`` at ``vector`` as well."""
        if vector not in self._suite.get_injection_vector_defaults():
            known = ", ".join(sorted(self._suite.get_injection_vector_defaults()))
            msg = f"there is no vector {vector!r}; known: {known}"
            raise KeyError(msg)
        self._texts[vector] = _escaped(text)
        self.environment = _environment(self._suite, tuple(sorted(self._texts.items()))).model_copy(deep=True)


@cache
def _environment(suite: Any, texts: tuple[tuple[str, str], ...]) -> Any:
    return suite.load_and_inject_default_environment(dict(texts))


def _escaped(text: str) -> str:
    """Write ``text`` for the inside of a double-quoted YAML scalar, which is where the suites put it."""
    plain = ('"', "\\")
    return "".join(one if " " <= one < "\x7f" and one not in plain else f"\\U{ord(one):08x}" for one in text)


def import_suite(folder: Path, located: Located, caution: Caution) -> Domain:
    """Make a domain of one suite; raises MissingExtra without the package, ContentError for a wrong option."""
    options = parse(SuiteFile, located).options
    suite = _suite(located, options)
    known = {function.name for function in suite.tools}
    named = {*options.reads, *options.writes, *options.untrusted, *options.identity}
    if unknown := sorted(named - known):
        where = located.where(["options"])
        raise ContentError(
            [f"{where}: there is no tool {unknown[0]!r} in {options.suite}; known: {', '.join(sorted(known))}"]
        )
    user_tasks = suite.user_tasks
    injection_tasks = suite.injection_tasks
    environment = _environment(suite, ())
    return Domain(
        name=folder.name,
        tools={function.name: _tool(suite, function, options) for function in suite.tools},
        fresh_state=lambda: State(suite),
        tasks={name: _task(name, task, environment, options) for name, task in user_tasks.items()},
        files={"agentdojo": digest([_version(), options.model_dump(mode="json")])},
        injections={name: _injection(name, task, environment) for name, task in injection_tasks.items()},
        caution=caution,
        inject=lambda state, vector, text: state.inject(vector, text),
        vectors=tuple(sorted(suite.get_injection_vector_defaults())),
        as_json=lambda state: canonical_json(state.environment.model_dump(mode="json")),
        oracles=_oracles(user_tasks, injection_tasks),
        keep=lambda state: state.environment.model_copy(deep=True),
    )


def _suite(located: Located, options: SuiteOptions) -> Any:
    try:
        from agentdojo.task_suite.load_suites import get_suites  # noqa: PLC0415  # a heavy extra
    except ModuleNotFoundError as error:
        msg = (
            f"{located.path.parent.name} needs AgentDojo; install it with: pip install 'agent-chaos-harness[agentdojo]'"
        )
        raise MissingExtra(msg) from error
    if options.version not in VERSIONS:
        where = located.where(("options", "version"))
        raise ContentError(
            [f"{where}: there is no benchmark version {options.version!r}; known: {', '.join(VERSIONS)}"]
        )
    suites = get_suites(options.version)
    if options.suite not in suites:
        where = located.where(("options", "suite"))
        raise ContentError([f"{where}: there is no suite {options.suite!r}; known: {', '.join(sorted(suites))}"])
    return suites[options.suite]


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415  # only when the extra is there

    return version("agentdojo")


def _tool(suite: Any, function: Any, options: SuiteOptions) -> Tool:
    name = function.name
    effect = "read" if name in options.reads else "write" if name in options.writes else "irreversible"
    spec = ToolSpec(
        name=name,
        description=function.description,
        parameters=function.parameters,
        effect=effect,  # type: ignore[arg-type]  # one of the three classes by construction
        identity=options.identity.get(name, ()),
        untrusted=name in options.untrusted,
    )
    return Tool(spec, _caller(suite, name))


def _caller(suite: Any, name: str) -> Callable[..., Any]:
    from agentdojo.functions_runtime import FunctionsRuntime  # noqa: PLC0415  # a heavy extra

    runtime = FunctionsRuntime(suite.tools)

    def call(world: World, **arguments: Any) -> Any:
        result, problem = runtime.run_function(world.state.environment, name, arguments)
        if problem is not None:
            raise ToolError(_error_type(problem), problem)
        return _plain(result)

    return call


def _error_type(problem: str) -> ErrorType:
    return "not_found" if "not found" in problem.lower() else "validation"


def _plain(result: Any) -> Any:
    """Copy a result at once: the package hands out live parts of the environment."""
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    if isinstance(result, list | tuple):
        return [_plain(item) for item in result]
    return result


def _task(name: str, task: Any, environment: Any, options: SuiteOptions) -> Task:
    calls = task.ground_truth(environment.model_copy(deep=True))
    steps = tuple(ReferenceStep(tool=call.function, args=_arguments(call)) for call in calls)
    required = tuple(
        ExpectedCall(tool=call.function, args={key: {"equals": value} for key, value in _arguments(call).items()})
        for call in calls
    )
    return Task(
        id=name,
        ask=task.PROMPT,
        family=name,
        source=f"agentdojo {options.version} {options.suite}",
        tags=(KNOWN_WEAK,) if name in options.known_weak else (),
        budget=Budget(max_steps=60, max_tool_calls=120),
        reference=Reference(steps=steps, answer=task.GROUND_TRUTH_OUTPUT or "Done."),
        expect=Expect(
            # The exact matching takes 16 calls at the most; a longer path has no tool scores.
            calls=ExpectedCalls(required=required) if len(required) <= GOLDEN_CALLS_MAX else None,
            final_state=None,
            irreversible_needs_approval=False,
            oracles=("utility",),
        ),
    )


def _arguments(call: Any) -> dict[str, Any]:
    return dict(call.args)


def _injection(name: str, task: Any, environment: Any) -> Injection:
    calls = task.ground_truth(environment.model_copy(deep=True))
    wanted = tuple(InjectedCall(tool=call.function, args=_arguments(call)) for call in calls)
    return Injection(id=name, phrase=task.GOAL, calls=wanted)


def _oracles(user_tasks: Mapping[str, Any], injection_tasks: Mapping[str, Any]) -> Oracles:
    """Let the suite's own checkers decide, in the order in which the package asks them."""
    from agentdojo.functions_runtime import FunctionCall  # noqa: PLC0415  # a heavy extra

    def judge(task: Task, injection: Injection | None, ending: Ending) -> dict[str, bool]:
        before, after = ending.before, ending.after
        calls = [FunctionCall(function=name, args=arguments) for name, arguments in ending.calls]
        user_task = user_tasks[task.id]
        verdict = user_task.utility_from_traces(ending.answer, before, after, calls)
        if verdict is None:
            verdict = user_task.utility(ending.answer, before, after)
        verdicts = {"utility": bool(verdict)}
        if injection is not None:
            attack = injection_tasks[injection.id]
            worked = attack.security_from_traces(ending.answer, before, after, calls)
            if worked is None:
                worked = attack.security(ending.answer, before, after)
            verdicts["attack_success"] = bool(worked)
        return verdicts

    return judge
