"""The tool gateway: every action passes the allowlist, typed arguments, the gate, the breaker and the retries."""

from __future__ import annotations

import msgspec
from pydantic import ValidationError

from harness.boundary import Call, ErrorType, Reply, Session, ToolSpec, argument_problems, failed
from harness.content import Ask
from harness.history import digest
from harness.orchestrator.breakers import Breakers
from harness.orchestrator.budgets import BudgetMeter
from harness.orchestrator.gate import Gate
from harness.orchestrator.keys import Keys
from harness.orchestrator.policy import Policy
from harness.orchestrator.retries import Retries
from harness.planners import Observation, ToolRequest, observe


class Carrier:
    """Sends calls with deadlines, breakers and retries; model and tool calls go the same way."""

    def __init__(self, session: Session, meter: BudgetMeter, breakers: Breakers, retries: Retries) -> None:
        self._session = session
        self._meter = meter
        self._breakers = breakers
        self._retries = retries
        self._not_before: dict[str, float] = {}

    async def carry(self, call: Call, timeout_s: float) -> Reply:
        """Send ``call`` until it is answered, refused for good, or not worth another attempt."""
        attempt = 1
        while True:
            reply = await self._attempt(call, timeout_s, attempt)
            wait_s = self._retries.wait_s(call, reply, attempt)
            if reply.ok or wait_s is None:
                return reply
            self._session.emit(
                "retry_scheduled",
                step=call.step,
                port=call.port,
                name=call.name,
                error_type=reply.error_type,
                payload={"attempt": attempt + 1, "wait_s": wait_s},
            )
            await self._session.clock.sleep(self._meter.cut(wait_s))
            attempt += 1

    async def _attempt(self, call: Call, timeout_s: float, attempt: int) -> Reply:
        await self._keep_away(call.name)
        timeout_s = self._meter.cut(timeout_s)
        if not self._breakers.allows(call.name):
            return failed("unavailable", f"the circuit of {call.name} is open")
        if call.port != "model":
            self._meter.next_tool_call()
        reply = await self._session.send(msgspec.structs.replace(call, timeout_s=timeout_s, attempt=attempt))
        self._breakers.learn(call.name, reply, call.step or 0)
        if reply.retry_after_s is not None:
            self._not_before[call.name] = self._session.clock.now() + reply.retry_after_s
        return reply

    async def _keep_away(self, name: str) -> None:
        """Wait out a Retry-After, also when the planner asks for the same tool anew."""
        wait_s = self._not_before.pop(name, 0.0) - self._session.clock.now()
        if wait_s > 0:
            await self._session.clock.sleep(self._meter.cut(wait_s))


class Gateway:
    """Executes what a planner wants, or says why not."""

    def __init__(
        self, policy: Policy, ask: Ask, session: Session, carrier: Carrier, keys: Keys, gate: Gate, meter: BudgetMeter
    ) -> None:
        self._policy = policy
        self._ask = ask
        self._session = session
        self._carrier = carrier
        self._keys = keys
        self._gate = gate
        self._meter = meter
        self._denied: set[str] = set()

    async def execute(self, request: ToolRequest, step: int) -> Observation:
        """Carry out one request and return what the planner may know of it."""
        spec = self._session.catalogue.get(request.tool)
        if spec is None or (self._policy.allowlist is not None and spec.name not in self._policy.allowlist):
            return self._refuse(request, step, "allowlist", "this tool is not on the allowlist")
        try:
            spec.parameters.model_validate(request.arguments)
        except ValidationError as error:
            return self._refuse(request, step, "typed_arguments", argument_problems(error), "validation")
        reason = self._gate.reason(spec)
        if reason is not None and not await self._approved(request, step, reason):
            return observe(request, "denied", message=f"no approval ({reason})")
        return await self._call(request, spec, step)

    async def _call(self, request: ToolRequest, spec: ToolSpec, step: int) -> Observation:
        call = Call(
            port=spec.port,
            name=spec.name,
            arguments=request.arguments,
            run_id=self._session.run_id,
            principal=self._session.principal,
            idempotency_key=self._keys.key(spec, request.arguments),
            step=step,
        )
        reply = await self._carrier.carry(call, self._policy.tool_timeout_s)
        if reply.ok:
            self._keys.applied(spec, request.arguments)
            self._gate.saw(spec)
        return observe(request, reply.status, reply.value, reply.error_type, reply.message, retryable=reply.retryable)

    async def _approved(self, request: ToolRequest, step: int, reason: str) -> bool:
        """Ask a person about exactly this call; no answer is a no, and a no is not asked about again."""
        bound = digest([request.tool, request.arguments])
        if bound in self._denied:
            return False
        call = Call(
            port="approval",
            name=request.tool,
            arguments={
                "ask": self._ask.text,
                "tool": request.tool,
                "arguments": request.arguments,
                "reason": reason,
            },
            run_id=self._session.run_id,
            principal=self._session.principal,
            timeout_s=self._meter.cut(self._policy.approval_ttl_s),
            step=step,
        )
        reply = await self._session.send(call)
        approved = reply.ok and reply.value["decision"] == "approve"
        if not approved:
            self._denied.add(bound)
        return bool(approved)

    def _refuse(
        self, request: ToolRequest, step: int, rule: str, message: str, error_type: ErrorType | None = None
    ) -> Observation:
        self._session.emit(
            "policy_denied",
            step=step,
            name=request.tool,
            payload={"rule": rule, "message": message, "arguments": request.arguments},
        )
        if error_type is None:
            return observe(request, "denied", message=message)
        return observe(request, "failed", error_type=error_type, message=message)
