"""A Python function as the agent under test: ``async def agent(ask, tools) -> str``."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.boundary import Call, Reply, Session, ToolSpec, Usage, failed, played
from harness.content import Ask, Budget
from harness.errors import AgentError, HarnessError
from harness.planners import Context, Decision, Observation, ToolRequest, observe

FunctionAgent = Callable[[Ask, "Toolbox"], Awaitable[str]]

AGENT_NAME = "function"
CREDENTIAL_TTL_S = 60.0
MODEL = "planner"
IDLE_TIMEOUT_S = 10.0


class CallFailed(Exception):
    """A call did not succeed; ``reply.status`` tells ``failed`` from ``unknown`` (it may have taken effect)."""

    def __init__(self, name: str, reply: Reply) -> None:
        self.reply = reply
        super().__init__(f"{name}: {reply.status}: {reply.error_type}: {reply.message}")


class ToolFailed(CallFailed):
    """A tool did not do what it was called for."""

    def observed(self, request: ToolRequest) -> Observation:
        """Return what a planner should know of it, as what came of ``request``."""
        reply = self.reply
        return observe(request, reply.status, None, reply.error_type, reply.message, retryable=reply.retryable)


class ModelFailed(CallFailed):
    """The model gave no answer, or none that is a decision."""


class Toolbox:
    """The tools in reach of one run, and the model that the trial's spec names as its planner.

    ``steps`` counts how often the model was asked, ``usage`` what it has consumed so far.
    """

    def __init__(self, ask: Ask, session: Session) -> None:
        self._ask = ask
        self._session = session
        self.steps = 0
        self.usage = Usage(0, 0, 0.0)

    @property
    def specs(self) -> list[ToolSpec]:
        """The declarations of the tools, for a planner's prompt."""
        return list(self._session.catalogue.values())

    @property
    def budget(self) -> Budget:
        """What the run may use up as things stand: it can be cut while a run is under way."""
        return self._ask.budget.scaled(self._session.budget_factor(None))

    async def call(
        self, tool: str, arguments: dict[str, Any], *, idempotency_key: str | None = None, timeout_s: float = 30.0
    ) -> Any:
        """Call a tool and return its value; raises ToolFailed when the call is not known to have succeeded."""
        spec = self._session.catalogue.get(tool)
        call = Call(
            port=spec.port if spec else "tool",
            name=tool,
            arguments=arguments,
            run_id=self._session.run_id,
            principal=self._session.principal,
            idempotency_key=idempotency_key,
            timeout_s=timeout_s,
            step=self.steps or None,
            credential=self._session.credential(AGENT_NAME, tool, CREDENTIAL_TTL_S),
        )
        reply = await self._session.send(call)
        if not reply.ok:
            raise ToolFailed(tool, reply)
        return reply.value

    async def think(self, observations: Sequence[Observation] = (), *, timeout_s: float = 30.0) -> Decision:
        """Ask the model what to do next, given all that it shall know of what came of its requests so far.

        Returns the calls that it wants, or its answer; raises ModelFailed when it says nothing that can be used. A
        stream that stands still for ``IDLE_TIMEOUT_S`` is given up.
        """
        self.steps += 1
        session = self._session
        call = Call(
            "model",
            MODEL,
            {"role": "planner"},
            session.run_id,
            session.principal,
            timeout_s=timeout_s,
            step=self.steps,
            context=Context(self._ask, session.catalogue, list(observations)),
        )
        sent = await session.send(call)
        self._charge(sent.usage)
        reply = await played(sent, timeout_s, IDLE_TIMEOUT_S, session.clock.sleep)
        if not reply.ok:
            raise ModelFailed(MODEL, reply)
        try:
            return msgspec.convert(reply.value, Decision)
        except msgspec.ValidationError as error:
            raise ModelFailed(MODEL, failed("validation", f"this is no decision: {error}")) from error

    def _charge(self, usage: Usage | None) -> None:
        if usage is not None:
            spent = self.usage
            tokens_in, tokens_out = spent.tokens_in + usage.tokens_in, spent.tokens_out + usage.tokens_out
            self.usage = Usage(tokens_in, tokens_out, (spent.cost_usd or 0.0) + (usage.cost_usd or 0.0))

    async def approved(self, tool: str, arguments: dict[str, Any], *, timeout_s: float = 900.0) -> bool:
        """Ask a person about exactly this call; no answer within ``timeout_s`` is a no."""
        shown = {"ask": self._ask.text, "tool": tool, "arguments": arguments, "reason": "the agent asks"}
        run_id, principal = self._session.run_id, self._session.principal
        call = Call("approval", tool, shown, run_id, principal, timeout_s=timeout_s, step=self.steps or None)
        reply = await self._session.send(call)
        return bool(reply.ok and reply.value["decision"] == "approve")


async def run_function(function: FunctionAgent, ask: Ask, session: Session) -> None:
    """Run the function to its end; what it raises is how the run ended, not an error of the harness."""
    session.emit("run_started", payload={"task_id": ask.task_id, "user": ask.user, "tenant": ask.tenant})
    tools = Toolbox(ask, session)
    try:
        answer = await function(ask, tools)
        state, payload = ("completed", {"answer": _clean(answer)}) if isinstance(answer, str) else _no_text(answer)
    except (HarnessError, KeyboardInterrupt):
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and _is_cancelled():
            raise
        # Whatever else an agent raises, sys.exit() included, is its own failure, and recorded as that.
        state, payload = "crashed", {"answer": "", "error": _clean(f"{type(error).__name__}: {error}{_place(error)}")}
    session.emit("run_completed", step=tools.steps or None, result=state, payload=payload)


def _is_cancelled() -> bool:
    """Whether somebody cancelled this run's task; an agent can also raise CancelledError by itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _place(error: BaseException) -> str:
    """Name the last line of the agent's own that the error came through: after this module's, before any library's."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    own = [frame for frame in frames if "site-packages" not in frame.filename and __file__ != frame.filename]
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""


def _no_text(answer: object) -> tuple[str, dict[str, str]]:
    return "crashed", {"answer": "", "error": f"the agent returned a {type(answer).__name__}, not a text"}


def _clean(text: str) -> str:
    """Replace what UTF-8 can not say (lone surrogates)."""
    return text.encode("utf-8", "replace").decode("utf-8")


def check_function(function: Any, name: str) -> FunctionAgent:
    """Return ``function`` if it can be an agent; raises AgentError that says what is missing."""
    if not inspect.iscoroutinefunction(function):
        kind = "a plain function" if inspect.isfunction(function) else f"a {type(function).__name__}"
        msg = f"agent {name!r} is {kind}; write it as: async def agent(ask, tools) -> str"
        raise AgentError(msg)
    if len(inspect.signature(function).parameters) != 2:  # noqa: PLR2004  # ask and tools
        msg = f"agent {name!r} has to take two parameters, ask and tools, not {inspect.signature(function)}"
        raise AgentError(msg)
    return function  # type: ignore[no-any-return]  # checked above
