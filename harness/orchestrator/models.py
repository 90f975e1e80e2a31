"""The model layer: a role is answered by the first of its models that keeps the contract in time."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.boundary import Call
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.contracts import BrokenContract
from harness.orchestrator.halts import Halt
from harness.orchestrator.run import Run
from harness.planners import Context, Contract, Role


class NoAnswer(Exception):
    """One model gave no answer that could be used."""


class Models:
    """Asks models, by role."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        self._run = run
        self._policy = run.policy.models
        self._carrier = carrier

    def plays(self, role: Role) -> bool:
        """Whether the policy names a model for this role."""
        return bool(self._names(role))

    async def answer(self, role: Role, context: Context, step: int) -> Contract:
        """Return the contract of the role; raises Halt when none of its models can answer."""
        problem = f"no model is allowed to be {role}"
        for number, name in enumerate(self._names(role)):
            if number:
                payload = {"cause": "planner", "mode": "fallback_model", "model": name}
                self._run.session.emit("fallback_activated", step=step, payload=payload)
            try:
                return await self._answer_of(name, role, context, step)
            except NoAnswer as error:
                problem = str(error)
        raise Halt("planner", problem)

    def _names(self, role: Role) -> list[str]:
        names: tuple[str, ...] = getattr(self._policy, role)
        return [name for name in names if self._policy.allowed is None or name in self._policy.allowed]

    async def _answer_of(self, name: str, role: Role, context: Context, step: int) -> Contract:
        view = self._run.window.view(msgspec.structs.replace(context, role=role), step)
        problem = ""
        for _ in range(1 + self._policy.repairs):
            notes = (*view.notes, f"Your last answer broke its contract: {problem}") if problem else view.notes
            prompt = msgspec.structs.replace(view, notes=notes)
            reply = await self._carrier.carry(self._call(name, prompt, step), self._policy.timeout_s)
            if not reply.ok:
                raise NoAnswer(f"the model {name} could not be reached: {reply.message}")
            try:
                return self._run.contracts.read(role, reply.value)
            except BrokenContract as error:
                problem = str(error)
        raise NoAnswer(f"the model {name} does not keep the contract of {role}: {problem}")

    def _call(self, name: str, context: Context, step: int) -> Call:
        """Build the call; what its prompt holds beyond the ask and earlier results goes on record."""
        arguments: dict[str, Any] = {"role": context.role, "tokens_out_max": self._policy.tokens_out_max}
        prompted = {"notes": list(context.notes), "draft": context.draft, "recalled": list(context.recalled)}
        arguments |= {name: said for name, said in prompted.items() if said}
        session = self._run.session
        return Call("model", name, arguments, session.run_id, session.principal, step=step, context=context)
