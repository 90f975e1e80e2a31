"""The model layer with one thing wrong: who is asked, how often, and what is taken for an answer."""

from __future__ import annotations

from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from harness.boundary import Call
from harness.content import Ask
from harness.orchestrator import Parts, Policy
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.contracts import BrokenContract, StrictContracts
from harness.orchestrator.durable import Durable
from harness.orchestrator.models import Models
from harness.orchestrator.parts import Shared
from harness.orchestrator.run import Run
from harness.planners import Context, Contract, Decision, Role, Synthesis


class _NoRepair(Models):
    """Gives up on a model at the first broken answer."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        super().__init__(run, carrier)
        self._policy = self._policy.model_copy(update={"repairs": 0})


no_repair = Parts(models=_NoRepair)


class _SilentRepair(Models):
    """Asks again after a broken answer, and does not say what was wrong with it."""

    def _call(self, name: str, context: Context, step: int) -> Call:
        told = tuple(note for note in context.notes if not note.startswith("Your last answer broke"))
        return super()._call(name, msgspec.structs.replace(context, notes=told), step)


silent_repair = Parts(models=_SilentRepair)


class _LenientContracts(StrictContracts):
    """Makes an answer out of whatever it gets."""

    def read(self, role: Role, value: Any) -> Contract:
        try:
            return super().read(role, value)
        except BrokenContract:
            return Decision(answer=str(value)) if role == "planner" else Synthesis(str(value))


any_answer_will_do = Parts(contracts=_LenientContracts)


class _SalvagingContracts(StrictContracts):
    """Drops the fields of a broken answer that it does not like, and takes the rest."""

    def read(self, role: Role, value: Any) -> Contract:
        known = {"calls", "answer", "thought"}
        if role == "planner" and isinstance(value, dict) and value.get("calls"):
            value = {name: one for name, one in value.items() if name in known - {"answer"}}
        return super().read(role, value)


half_an_answer_will_do = Parts(contracts=_SalvagingContracts)


class _FirstModelOnly(Models):
    """Knows no second model."""

    def _names(self, role: Role) -> list[str]:
        return super()._names(role)[:1]


no_fallback_model = Parts(models=_FirstModelOnly)


class _ForgivesNothing(Models):
    """Stays with the next model once the first has failed, for the whole run."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        super().__init__(run, carrier)
        self._failed: set[str] = set()

    async def _answer_of(self, name: str, role: Role, context: Context, step: int) -> Contract:
        try:
            return await super()._answer_of(name, role, context, step)
        except Exception:
            self._failed.add(name)
            raise

    def _names(self, role: Role) -> list[str]:
        names = super()._names(role)
        return [name for name in names if name not in self._failed] or names


demoted_for_good = Parts(models=_ForgivesNothing)


class _DearestModel(Models):
    """Sends every role to the dearest model."""

    def _names(self, role: Role) -> list[str]:
        return ["large"] if super()._names(role) else []


dearest_model_in_every_role = Parts(models=_DearestModel)


class _OneModel(Models):
    """Sends every role to the model of the planner."""

    def _names(self, role: Role) -> list[str]:
        return super()._names("planner") if super()._names(role) else []


one_model_for_all_roles = Parts(models=_OneModel)


class _AnyModel(Models):
    """Does not look at the list of allowed models."""

    def _names(self, role: Role) -> list[str]:
        return list(getattr(self._policy, role))


models_off_the_list = Parts(models=_AnyModel)


class _ThinksTwice(Models):
    """Asks the planner twice at every step and takes the second answer."""

    async def answer(self, role: Role, context: Context, step: int) -> Contract:
        if role == "planner":
            await super().answer(role, context, step)
        return await super().answer(role, context, step)


thinks_twice = Parts(models=_ThinksTwice)


class _NoCritic(Models):
    """Lets no critic look at a draft."""

    def plays(self, role: Role) -> bool:
        return role != "critique" and super().plays(role)


no_critique = Parts(models=_NoCritic)


class _DeafPlanner(Models):
    """Keeps from the planner what a critic found."""

    async def answer(self, role: Role, context: Context, step: int) -> Contract:
        heard = msgspec.structs.replace(context, notes=()) if role == "planner" else context
        return await super().answer(role, heard, step)


critique_without_an_echo = Parts(models=_DeafPlanner)


class _DraftlessModels(Models):
    """Shows critics and writers everything but the draft."""

    async def answer(self, role: Role, context: Context, step: int) -> Contract:
        return await super().answer(role, msgspec.structs.replace(context, draft=""), step)


nobody_sees_the_draft = Parts(models=_DraftlessModels)


class _EndlessCritique(Parts):
    """Has no bound on the reviews of a draft."""

    def run(self, policy: Policy, ask: Ask, life: Durable, shared: Shared, *, driven_before: bool) -> Run:
        models = policy.models.model_copy(update={"reviews": 10_000})
        unbounded = policy.model_copy(update={"models": models})
        return super().run(unbounded, ask, life, shared, driven_before=driven_before)


critique_without_end = _EndlessCritique()


class _PatientModels(Models):
    """Waits for a model as long as the run may take."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        super().__init__(run, carrier)
        self._policy = self._policy.model_copy(update={"timeout_s": run.meter.deadline_s})


no_timeout_for_models = Parts(models=_PatientModels)


class _BottomlessModels(Models):
    """Sets no limit on the length of an answer."""

    def _call(self, name: str, context: Context, step: int) -> Call:
        call = super()._call(name, context, step)
        return msgspec.structs.replace(call, arguments={**call.arguments, "tokens_out_max": None})


answers_of_any_length = Parts(models=_BottomlessModels)

DEFECTS = {
    "no_repair": Caught("answer_is_a_contract", "D5"),
    "silent_repair": Caught("answer_out_of_bounds", "D5", "D8"),
    "any_answer_will_do": Caught("answer_is_a_contract", "D5", "D3"),
    "half_an_answer_will_do": Caught("answer_out_of_bounds", "D5", "R4"),
    "no_fallback_model": Caught("answer_is_a_contract", "D5", "R11"),
    "demoted_for_good": Caught("answer_is_a_contract", "R10"),
    "dearest_model_in_every_role": Caught("dearest_model_without_caps", "L27", "R10"),
    "one_model_for_all_roles": Caught("tiers_by_role", "R10"),
    "models_off_the_list": Caught("models_on_the_list", "R9", "R10"),
    "thinks_twice": Caught("cost_and_steps_tell_first", "L15", "R14", "R18"),
    "no_critique": Caught("critique_sends_back", "R10", "D2"),
    "critique_without_an_echo": Caught("critique_sends_back", "R10"),
    "nobody_sees_the_draft": Caught("tiers_by_role", "R10"),
    "critique_without_end": Caught("critique_is_bounded", "R10", "D1"),
    "no_timeout_for_models": Caught("planner_is_down", "R8"),
    "answers_of_any_length": Caught("answer_too_long", "D5", "R9"),
}
