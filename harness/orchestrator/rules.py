"""What an agent may do, as Cedar policies: every tool call is a question, and every ruling names the rule that made it.

A rule is a Cedar policy with annotations. ``@id`` names it. ``@reason`` is what people and planners read; in it,
``{tainted_by}``, ``{from_untrusted}`` and ``{ungrounded}`` are filled in. ``@verdict`` of a permit is ``allow`` (where
there is none), ``approval``, or ``allow_with_caps`` together with ``@cap("amount_usd") @most("25")``: over the run's
calls of the tool, that argument may come to 25; beyond that, a call needs approval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeGuard, cast

import cedarpy
import msgspec

from harness.boundary import EffectClass
from harness.errors import AgentError
from harness.history import canonical_json
from harness.orchestrator.policy import Policy

Verdict = Literal["allow", "allow_with_caps", "approval", "deny"]
STRICTNESS: tuple[Verdict, ...] = ("allow", "allow_with_caps", "approval", "deny")
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
DECISIONS_KEPT = 4096
Words = Annotated[str, msgspec.Meta(min_length=1)]


class Question(msgspec.Struct, frozen=True):
    """Whether an agent may make a call now.

    A rule sees ``agent``, ``effect`` and ``tool`` as principal, action and resource, and the rest in its context under
    the same names, with three differences. ``confidence`` is ``confidence_percent``. ``arguments`` holds texts, truths
    and lists of texts (as sets); each number x among the arguments is the whole number round(x * 100) in
    ``hundredths``, under its own name; all else is left out. ``spent``, what each argument of this tool came to in this
    run, is for caps alone. An argument may be absent, so a rule asks ``context.arguments has order_id`` first.
    """

    agent: str
    user: str
    tenant: str
    tool: str
    effect: EffectClass
    port: str
    arguments: Mapping[str, Any]
    tainted_by: tuple[str, ...] = ()
    from_untrusted: tuple[str, ...] = ()
    ungrounded: tuple[str, ...] = ()
    confidence: float = 1.0
    tools_used: frozenset[str] = frozenset()
    read_only: bool = False
    spent: Mapping[str, float] = {}


class Ruling(msgspec.Struct, frozen=True):
    """The answer, the id of the rule that made it, why, and the caps under which it holds."""

    verdict: Verdict
    rule: str
    reason: str = ""
    caps: Mapping[str, float] = {}


class Rules(Protocol):
    """Decides on calls."""

    def decide(self, question: Question) -> Ruling:
        """Return the ruling on one call."""


class CedarRules:
    """Cedar decides: a forbid always wins, and what no rule permits is denied.

    Of the permits that apply the strictest holds, in the order approval, allow_with_caps, allow; of equally strict
    rules the first in the text. A rule that can not be evaluated denies: Cedar would pass over it, even over a forbid.
    """

    def __init__(self, text: str) -> None:
        """Parse the text; raises AgentError for what is no rule."""
        self._rules, policies = _parsed(text)
        self._policies = cedarpy.PolicySet.from_json_str(policies)
        self._found = lru_cache(DECISIONS_KEPT)(self._ask_cedar)

    @classmethod
    def of(cls, policy: Policy) -> CedarRules:
        """Return the rules that a policy names."""
        return rules_of(policy.rules)

    def decide(self, question: Question) -> Ruling:
        """Ask Cedar, the same thing only once, and choose among the rules that apply."""
        context = canonical_json(_context(question)).decode()
        rules, broken = self._found(question.agent, question.effect, question.tool, context)
        rulings = [*(rule.ruling(question) for rule in rules), *broken]
        if not rulings:
            return Ruling("deny", "no_rule", "no rule permits this")
        strictest = max(rulings, key=lambda ruling: STRICTNESS.index(ruling.verdict))
        return msgspec.structs.replace(strictest, caps=_lowest(rulings)) if strictest.caps else strictest

    def _ask_cedar(self, agent: str, effect: str, tool: str, context: str) -> tuple[list[_Rule], list[Ruling]]:
        """Return the rules that apply, in the order of the text, and a denial for each that can not be evaluated."""
        request = {
            "principal": {"type": "Agent", "id": agent},
            "action": {"type": "Action", "id": effect},
            "resource": {"type": "Tool", "id": tool},
            "context": context,
        }
        found = cedarpy.is_authorized(request, self._policies, "[]").diagnostics
        applying = [rule for rule in self._rules if rule.id in found.reasons]
        return applying, [Ruling("deny", "rule_error", error) for error in sorted(found.errors)]


class NoRules:
    """Lets every call through."""

    def decide(self, _question: Question) -> Ruling:
        """Allow."""
        return Ruling("allow", "no_rules")


@lru_cache
def rules_of(text: str | None) -> CedarRules:
    """Return the rules of a Cedar text, None for the default ones; all orchestrators share one parsed set."""
    return CedarRules(Path(__file__).with_name("default.cedar").read_text(encoding="utf-8") if text is None else text)


def _context(question: Question) -> dict[str, Any]:
    arguments = question.arguments
    return {
        "user": question.user,
        "tenant": question.tenant,
        "port": question.port,
        "arguments": {name: value for name, value in arguments.items() if _is_comparable(value)},
        "hundredths": {name: _hundredths(value) for name, value in arguments.items() if _is_number(value)},
        "tainted_by": question.tainted_by,
        "from_untrusted": question.from_untrusted,
        "ungrounded": question.ungrounded,
        "confidence_percent": _hundredths(question.confidence),
        "tools_used": question.tools_used,
        "read_only": question.read_only,
    }


def _is_comparable(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str | bool)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hundredths(number: float) -> int:
    """Return a number in whole hundredths, cut to the 64 bits that Cedar has; what is no number is the largest."""
    return round(max(LONG_MIN, min(LONG_MAX, number * 100)))


def _lowest(rulings: Iterable[Ruling]) -> dict[str, float]:
    caps: dict[str, float] = {}
    for ruling in rulings:
        caps |= {name: min(most, caps.get(name, most)) for name, most in ruling.caps.items()}
    return caps


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    verdict: ClassVar[Verdict]
    id: Words
    reason: str = ""

    def ruling(self, question: Question) -> Ruling:
        """Return what this rule alone says."""
        reason = self.reason
        for name in ("tainted_by", "from_untrusted", "ungrounded"):
            reason = reason.replace(f"{{{name}}}", ", ".join(getattr(question, name)))
        return Ruling(self.verdict, self.id, reason)


class _Allow(_Rule, frozen=True, tag_field="verdict", tag="allow"):
    verdict = "allow"


class _Approval(_Rule, frozen=True, kw_only=True, tag_field="verdict", tag="approval"):
    verdict = "approval"
    reason: Words


class _Capped(_Rule, frozen=True, kw_only=True, tag_field="verdict", tag="allow_with_caps"):
    verdict = "allow_with_caps"
    cap: Words
    most: Annotated[float, msgspec.Meta(ge=0, le=1e12)]

    def ruling(self, question: Question) -> Ruling:
        """Beyond the cap a person decides, and where there is no number to hold against it."""
        value = question.arguments.get(self.cap)
        if not _is_number(value) or _hundredths(question.spent.get(self.cap, 0.0) + value) > _hundredths(self.most):
            return Ruling("approval", self.id, f"above the cap of {self.most:g}")
        return msgspec.structs.replace(super().ruling(question), caps={self.cap: self.most})


class _Forbid(_Rule, frozen=True, kw_only=True):
    verdict = "deny"
    reason: Words


_RULE_TEXT = re.compile(r'(?:"(?:\\.|[^"\\])*"|//[^\n]*|[^;])*(?:;|\Z)')  # a quoted or commented semicolon ends nothing
_LEADING = re.compile(r"(?:\s|//[^\n]*)*")
_ID = re.compile(r'@id\s*\("([^"]*)"\)')
CURE = (
    'write @id("…") @reason("…") permit or forbid (principal, action, resource) when { … }; where a permit may have '
    '@verdict("allow"), ("approval"), or ("allow_with_caps") with @cap("…") @most("…")'
)


def _parsed(text: str) -> tuple[list[_Rule], str]:
    """Return the rules of a text, and Cedar's own form of them under their ids."""
    rules: list[_Rule] = []
    policies: dict[str, Any] = {}
    for line, source in _sources(text):
        try:
            policy = _policy(source)
            rule = _annotated(policy)
        except (ValueError, msgspec.ValidationError) as error:
            raise AgentError(_told(line, source, str(error))) from error
        if rule.id in policies:
            raise AgentError(_told(line, source, "another rule has this id already"))
        rules.append(rule)
        policies[rule.id] = policy
    return rules, canonical_json({"templates": {}, "staticPolicies": policies, "templateLinks": []}).decode()


def _sources(text: str) -> Iterator[tuple[int, str]]:
    """Yield each rule with the line that it begins in."""
    for match in _RULE_TEXT.finditer(text):
        source = _LEADING.sub("", match[0], count=1)
        if source:
            yield text.count("\n", 0, match.end() - len(source)) + 1, source


def _policy(source: str) -> dict[str, Any]:
    policies = list(msgspec.json.decode(cedarpy.policies_to_json_str(source))["staticPolicies"].values())
    if not policies:
        raise ValueError("a slot such as ?principal has no meaning here; name the entity")
    return cast("dict[str, Any]", policies[0])


def _annotated(policy: Mapping[str, Any]) -> _Rule:
    annotations = policy.get("annotations", {})
    if policy["effect"] == "forbid":
        return msgspec.convert(annotations, _Forbid, strict=False)
    return msgspec.convert({"verdict": "allow", **annotations}, _Allow | _Approval | _Capped, strict=False)


def _told(line: int, source: str, problem: str) -> str:
    named = _ID.search(source)
    return f"rules, line {line}{f', rule {named[1]!r}' if named else ''}: {problem}; {CURE}"
