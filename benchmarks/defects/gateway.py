"""The way of a request to its tool, with one check missing or wrong: the list, the types, the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import ValidationError, create_model

from benchmarks.defects.caught import Caught
from harness.boundary import Catalogue, Reply, ToolSpec, argument_problems
from harness.history import canonical_json
from harness.orchestrator import Parts, Policy, parts_without, rules_of
from harness.orchestrator.carrier import Carrier
from harness.orchestrator.derivations import NoDerivations, TrustedDerivations
from harness.orchestrator.gateway import Conduct, Gateway
from harness.orchestrator.reach import allowed_tools
from harness.orchestrator.rules import CedarRules, Question, Ruling, _context
from harness.orchestrator.run import Run
from harness.orchestrator.validation import TypedArguments
from harness.planners import Observation, ToolRequest, observe


def _everything(_policy: Policy, catalogue: Catalogue) -> Catalogue:
    return catalogue


no_allowlist = Parts(reach=_everything)


class _LateGateway(Gateway):
    """Looks at the allowlist when a request comes, after the planner has seen every tool there is."""

    async def execute(self, request: ToolRequest, confidence: float, step: int) -> Observation:
        allowed = self._run.policy.allowlist
        if allowed is not None and request.tool not in allowed:
            return self._refuse(request, step, "allowlist", "this tool is not on the allowlist")
        return await super().execute(request, confidence, step)


catalogue_shown_in_full = Parts(reach=_everything, gateway=_LateGateway)


def _as_one_tool(policy: Policy, catalogue: Catalogue) -> Catalogue:
    """Let every tool take the fields of all of them, as if they were one."""
    allowed = allowed_tools(policy, catalogue)
    every = {
        name: (field.annotation, None)
        for spec in allowed.values()
        for name, field in spec.parameters.model_fields.items()
    }
    return {name: _widened(spec, every) for name, spec in allowed.items()}


def _widened(spec: ToolSpec, every: dict[str, Any]) -> ToolSpec:
    return msgspec.structs.replace(spec, parameters=create_model(spec.name, __base__=spec.parameters, **every))


every_tool_takes_every_field = Parts(reach=_as_one_tool)

no_validation = parts_without(["validation"])


class _LenientTypes(TypedArguments):
    """Takes what can be read as the declared type."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        try:
            spec.parameters.model_validate(arguments, strict=False)
        except ValidationError as error:
            return argument_problems(error)
        return None


types_are_guessed = Parts(validation=_LenientTypes)


class _Curt(TypedArguments):
    """Says that the arguments are wrong, and not what is wrong with them."""

    def problem(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> str | None:
        return super().problem(spec, arguments) and "invalid arguments"


refused_without_a_reason = Parts(validation=_Curt)


class _Trusting(TypedArguments):
    """Checks what goes out, and takes for a result whatever comes back."""

    def result_problem(self, _spec: ToolSpec, _value: Any) -> str | None:
        return None


any_answer_is_a_result = Parts(validation=_Trusting)


class _TextIsText(TypedArguments):
    """Knows an error when it is written as one, and takes a page for an object."""

    def result_problem(self, spec: ToolSpec, value: Any) -> str | None:
        return super().result_problem(spec, value) if isinstance(value, dict) else None


pages_pass_for_results = Parts(validation=_TextIsText)


class _PeopleFirst(Gateway):
    """Checks the types last, when a person has already looked at the call."""

    def _ill_typed(self, _request: ToolRequest, _spec: ToolSpec, _step: int) -> Observation | None:
        return None

    async def _call(self, request: ToolRequest, spec: ToolSpec, step: int) -> Observation:
        problem = super()._ill_typed(request, spec, step)
        return problem or await super()._call(request, spec, step)


types_checked_after_people = Parts(gateway=_PeopleFirst)


class _Prose(Gateway):
    """Hands a refusal of a tool to the planner as a text like any other result."""

    async def _observed(self, request: ToolRequest, spec: ToolSpec, reply: Reply) -> Observation:
        if reply.status == "failed":
            return observe(request, "ok", f"Error: {reply.message}")
        return await super()._observed(request, spec, reply)


errors_are_prose = Parts(gateway=_Prose)

derived_arguments_left_to_the_planner = Parts(derivations=lambda _policy, _catalogue: NoDerivations())


class _AnyThing(TrustedDerivations):
    """Takes the last result of a tool, whatever it is about."""

    def _about(self, source: str, _arguments: Mapping[str, Any]) -> list[Any]:
        return [value for _, value in self._results.get(source, [])]


derived_from_another_thing = Parts(derivations=_AnyThing)


class _AnySource(TrustedDerivations):
    """Takes what strangers have written for a fact."""

    def __init__(self, policy: Policy, catalogue: Catalogue) -> None:
        trusted = {name: msgspec.structs.replace(spec, untrusted=False) for name, spec in catalogue.items()}
        super().__init__(policy, trusted)


derived_from_strangers = Parts(derivations=_AnySource)

no_rules = parts_without(["approval_gate"])


class _Asked:
    """Sound rules, of which something else is asked, or of whose answer something else is made."""

    def __init__(self, policy: Policy) -> None:
        self._sound = rules_of(policy.rules)

    def decide(self, question: Question) -> Ruling:
        return self._taken(self._sound.decide(self._put(question)))

    def _put(self, question: Question) -> Question:
        return question

    def _taken(self, ruling: Ruling) -> Ruling:
        return ruling


class _Forgetful(_Asked):
    """Rules that never hear what the run has done before."""

    def _put(self, question: Question) -> Question:
        return msgspec.structs.replace(question, tools_used=frozenset())


denied_combinations_forgotten = Parts(rules=_Forgetful)


class _CallByCall(_Asked):
    """Rules that hold each call against the cap by itself."""

    def _put(self, question: Question) -> Question:
        return msgspec.structs.replace(question, spent={})


caps_for_each_call = Parts(rules=_CallByCall)


class _HopefulConduct(Conduct):
    """Holds only what is known to have taken effect against a cap."""

    def note(self, spec: ToolSpec, request: ToolRequest, reply: Reply) -> None:
        before = dict(self.spent[spec.name])
        super().note(spec, request, reply)
        if reply.status == "unknown":
            self.spent[spec.name] = before


class _HopefulGateway(Gateway):
    """Counts what nobody knows of as nothing."""

    def __init__(self, run: Run, carrier: Carrier) -> None:
        super().__init__(run, carrier)
        self._conduct = _HopefulConduct()


caps_forget_the_unknown = Parts(gateway=_HopefulGateway)


class _Unbroken(_Asked):
    """Passes over a rule that can not be evaluated, as if it were not there."""

    def _taken(self, ruling: Ruling) -> Ruling:
        return Ruling("allow", "passed_over") if ruling.rule == "rule_error" else ruling


broken_rules_are_passed_over = Parts(rules=_Unbroken)


class _Advisory(_Asked):
    """Takes a prohibition for advice."""

    def _taken(self, ruling: Ruling) -> Ruling:
        is_prohibition = ruling.verdict == "deny" and ruling.rule not in ("no_rule", "rule_error")
        return Ruling("allow", ruling.rule) if is_prohibition else ruling


prohibitions_are_advice = Parts(rules=_Advisory)


def _matching_anywhere(policy: Policy) -> CedarRules:
    """Look for the host anywhere in an address."""
    return rules_of(policy.rules and policy.rules.replace('like "https://', 'like "*'))


hosts_match_anywhere = Parts(rules=_matching_anywhere)


class _OpenWorld(_Asked):
    """Permits what no rule speaks of."""

    def _taken(self, ruling: Ruling) -> Ruling:
        return Ruling("allow", "no_rule") if ruling.rule == "no_rule" else ruling


what_no_rule_denies_is_allowed = Parts(rules=_OpenWorld)


class _FirstMatch(CedarRules):
    """Lets the first rule that applies decide."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy.rules or "")

    def decide(self, question: Question) -> Ruling:
        context = canonical_json(_context(question)).decode()
        rules, broken = self._found(question.agent, question.effect, question.tool, context)
        return next(iter([*(rule.ruling(question) for rule in rules), *broken]), super().decide(question))


first_rule_holds = Parts(rules=_FirstMatch)


class _Promising(Gateway):
    """Tells the planner that a refusal may pass."""

    def _refuse(self, request: ToolRequest, step: int, rule: str, message: str) -> Observation:
        super()._refuse(request, step, rule, message)
        return observe(request, "failed", error_type="unavailable", message=message, retryable=True)


refusals_look_like_outages = Parts(gateway=_Promising)

DEFECTS = {
    "no_allowlist": Caught("only_what_is_on_the_list", "L2", "R3", "D10"),
    "catalogue_shown_in_full": Caught("nothing_else_is_in_sight", "L2", "L12"),
    "every_tool_takes_every_field": Caught("mega_tool", "L21", "R4"),
    "any_answer_is_a_result": Caught("error_inside_ok", "R4"),
    "pages_pass_for_results": Caught("error_inside_ok", "R4"),
    "no_validation": Caught("arguments_are_checked", "L13", "R3", "R4"),
    "types_are_guessed": Caught("arguments_are_checked", "R4"),
    "refused_without_a_reason": Caught("arguments_are_checked", "R3"),
    "types_checked_after_people": Caught("arguments_are_checked", "R3", "L13"),
    "errors_are_prose": Caught("tools_answer_in_a_structure", "R3", "R4"),
    "derived_arguments_left_to_the_planner": Caught("amount_from_the_order", "L14"),
    "derived_from_another_thing": Caught("amount_from_the_order", "L14"),
    "derived_from_strangers": Caught("amount_from_the_order", "L14", "L13"),
    "no_rules": Caught("allow_caps_deny", "L24", "R16"),
    "denied_combinations_forgotten": Caught("tools_that_do_not_meet", "R16"),
    "caps_for_each_call": Caught("allow_caps_deny", "L24"),
    "caps_forget_the_unknown": Caught("cap_counts_what_may_have_happened", "L24", "R11"),
    "broken_rules_are_passed_over": Caught("broken_rule_denies", "R16"),
    "prohibitions_are_advice": Caught("egress_through_one_tool", "D10", "R16"),
    "hosts_match_anywhere": Caught("addresses_that_look_alike", "D10"),
    "what_no_rule_denies_is_allowed": Caught("strictest_rule_holds", "R16"),
    "first_rule_holds": Caught("strictest_rule_holds", "R16", "L24"),
    "refusals_look_like_outages": Caught("refusal_ends_the_walk", "L2", "R3"),
}
