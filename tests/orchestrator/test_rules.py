"""The rules decide what an agent may do; what Cedar can not say, caps and approvals, is held to the same order."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import AgentError
from harness.orchestrator.policy import Policy
from harness.orchestrator.rules import STRICTNESS, CedarRules, NoRules, Question, Ruling, rules_of

ANYTHING = "(principal, action, resource)"
PAY = Question(
    agent="desk", user="C-101", tenant="fennel", tool="pay", effect="irreversible", port="tool", arguments={}
)


def ask(text: str, **changes: Any) -> Ruling:
    """Ask the rules of a text about a payment, or about something else."""
    return CedarRules(text).decide(msgspec.structs.replace(PAY, **changes))


def by_default(**changes: Any) -> Ruling:
    """Ask the default rules."""
    return rules_of(None).decide(msgspec.structs.replace(PAY, **changes))


# The default rules


@pytest.mark.parametrize("port", ["tool", "retrieval", "memory", "agent"])
def test_reads_are_allowed_whatever_was_read_before(port: str) -> None:
    ruling = by_default(effect="read", port=port, tainted_by=("browse",), ungrounded=("id",), read_only=True)
    assert (ruling.verdict, ruling.rule) == ("allow", "reads")


@pytest.mark.parametrize("port", ["tool", "memory", "agent"])
def test_writes_are_allowed_until_something_untrusted_was_read(port: str) -> None:
    """Into the world, into memory, and to another agent."""
    assert by_default(effect="write", port=port) == Ruling("allow", "writes")
    ruling = by_default(effect="write", port=port, tainted_by=("browse", "inbox"))
    assert ruling == Ruling("approval", "untrusted_content", "untrusted content from browse, inbox")


def test_irreversible_actions_need_approval() -> None:
    assert by_default() == Ruling("approval", "irreversible_actions", "irreversible")


@pytest.mark.parametrize("effect", ["write", "irreversible"])
def test_an_identifier_that_nobody_has_told_needs_approval(effect: str) -> None:
    """The reason says which, as a person has to look at it before anything else."""
    ruling = by_default(effect=effect, ungrounded=("order_id", "to"), tainted_by=("browse",))
    assert ruling == Ruling("approval", "ungrounded_identifiers", "ungrounded identifier: order_id, to")


@pytest.mark.parametrize("effect", ["write", "irreversible"])
def test_read_only_mode_forbids_every_change(effect: str) -> None:
    ruling = by_default(effect=effect, read_only=True)
    assert (ruling.verdict, ruling.rule) == ("deny", "read_only_mode")


def gated(effect: str, seen: tuple[str, ...]) -> tuple[str, str]:
    """Say what a gate does that knows effect classes and untrusted results, and nothing else."""
    if effect == "irreversible":
        return "approval", "irreversible"
    if effect == "write" and seen:
        return "approval", f"untrusted content from {', '.join(seen)}"
    return "allow", ""


NAMES = st.text(st.characters(codec="utf-8"), max_size=8)


@given(
    effect=st.sampled_from(["read", "write", "irreversible"]),
    seen=st.lists(st.sampled_from(["browse", "inbox", "search_kb"]), unique=True).map(tuple),
    tool=NAMES,
    agent=NAMES,
    port=st.sampled_from(["tool", "retrieval", "memory", "agent"]),
    arguments=st.dictionaries(NAMES, NAMES | st.floats() | st.integers() | st.booleans() | st.none(), max_size=3),
)
def test_grounded_calls_are_ruled_by_effect_class_and_untrusted_content_alone(
    effect: str, seen: tuple[str, ...], **call: Any
) -> None:
    """Whatever the tool is called, and whatever its arguments are."""
    ruling = by_default(effect=effect, tainted_by=seen, **call)
    assert (ruling.verdict, ruling.reason) == gated(effect, seen)


def test_one_parsed_set_serves_everybody() -> None:
    assert CedarRules.of(Policy()) is rules_of(None)
    text = f'@id("all") permit {ANYTHING};'
    assert CedarRules.of(Policy(rules=text)) is rules_of(text)
    assert rules_of(text).decide(PAY) == Ruling("allow", "all")


def test_an_empty_text_denies_everything() -> None:
    assert rules_of("").decide(PAY) == Ruling("deny", "no_rule", "no rule permits this")


def test_without_rules_everything_is_allowed() -> None:
    assert NoRules().decide(msgspec.structs.replace(PAY, read_only=True)) == Ruling("allow", "no_rules")


# What can be said in Cedar


def when(condition: str) -> str:
    """Return rules that deny where a condition holds."""
    return f'@id("all") permit {ANYTHING}; @id("not") @reason("no") forbid {ANYTHING} when {{ {condition} }};'


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ('principal == Agent::"triage"', {"agent": "triage"}),
        ('action == Action::"write"', {"effect": "write"}),
        ('resource == Tool::"send_email"', {"tool": "send_email"}),
        ('resource == Tool::"a \\"b\\"\\nc"', {"tool": 'a "b"\nc'}),
        ('context.user == "C-102"', {"user": "C-102"}),
        ('context.tenant == "quarry"', {"tenant": "quarry"}),
        ('context.port == "memory"', {"port": "memory"}),
        ("context.read_only", {"read_only": True}),
        ("context.confidence_percent < 70", {"confidence": 0.69}),
        ('context.tainted_by.contains("browse")', {"tainted_by": ("browse",)}),
        ('context.from_untrusted.contains("to")', {"from_untrusted": ("to",)}),
        ('context.ungrounded.contains("to")', {"ungrounded": ("to",)}),
        ('context.tools_used.contains("get_attachment")', {"tools_used": frozenset({"get_attachment", "get_order"})}),
        (
            'context.arguments has to && context.arguments.to like "*@mail.example"',
            {"arguments": {"to": "a@mail.example"}},
        ),
        ("context.arguments has urgent && context.arguments.urgent", {"arguments": {"urgent": True}}),
        ('context.arguments has to && context.arguments.to.contains("eve")', {"arguments": {"to": ["ann", "eve"]}}),
        ("context.hundredths has usd && context.hundredths.usd > 1999", {"arguments": {"usd": 19.995}}),
        ("context.hundredths has usd && context.hundredths.usd >= 9223372036854775807", {"arguments": {"usd": 1e300}}),
        ("context.hundredths has usd && context.hundredths.usd < 0", {"arguments": {"usd": -(10**30)}}),
    ],
)
def test_a_rule_can_speak_of(condition: str, changes: dict[str, Any]) -> None:
    assert ask(when(condition)).verdict == "allow"
    assert ask(when(condition), **changes) == Ruling("deny", "not", "no")


@pytest.mark.parametrize("value", [None, 3, 3.5, ["a", 1], {"a": "b"}, [["a"]]])
def test_arguments_hold_texts_truths_and_lists_of_texts_alone(value: Any) -> None:
    assert ask(when("context.arguments has x"), arguments={"x": value}).verdict == "allow"


@pytest.mark.parametrize("value", [None, True, "3", [3]])
def test_hundredths_hold_numbers_alone(value: Any) -> None:
    assert ask(when("context.hundredths has x"), arguments={"x": value}).verdict == "allow"


def test_a_denied_combination_of_tools_is_a_rule() -> None:
    """What was read from an attachment does not leave by mail."""
    text = f"""
        @id("all") permit {ANYTHING};
        @id("no_mail_after_attachments") @reason("attachments stay in the house")
        forbid (principal, action, resource == Tool::"send_email")
        when {{ context.tools_used.contains("get_attachment") }};
    """
    assert ask(text, tool="send_email").verdict == "allow"
    used = frozenset({"get_attachment"})
    assert ask(text, tool="get_order", tools_used=used).verdict == "allow"
    assert ask(text, tool="send_email", tools_used=used).rule == "no_mail_after_attachments"


def test_an_agent_gets_no_more_than_its_own_rules_permit() -> None:
    text = '@id("triage") permit (principal == Agent::"triage", action == Action::"read", resource);'
    assert ask(text, agent="triage", effect="read").rule == "triage"
    assert ask(text, agent="triage", effect="write").rule == "no_rule"
    assert ask(text, agent="desk", effect="read").rule == "no_rule"


def test_a_rule_that_can_not_be_evaluated_denies() -> None:
    """Cedar would pass over it, and allow what it was to forbid."""
    text = when("context.arguments.usd == 3")
    ruling = ask(text)
    assert (ruling.verdict, ruling.rule) == ("deny", "rule_error")
    assert "`not`" in ruling.reason
    assert "`usd`" in ruling.reason


def test_of_several_broken_rules_the_same_one_is_named_every_time() -> None:
    broken = (f'@id("{name}") permit {ANYTHING} when {{ context.arguments.usd == 3 }};' for name in "edcba")
    assert "`a`" in ask("".join(broken)).reason


def test_a_forbid_is_named_before_a_rule_that_can_not_be_evaluated() -> None:
    text = when("context.arguments.usd == 3") + f'@id("never") @reason("never") forbid {ANYTHING};'
    assert ask(text).rule == "never"


def test_arguments_that_cedar_can_not_read_are_denied() -> None:
    """A name that means something in Cedar's own JSON does not lead round the rules."""
    ruling = ask(f'@id("all") permit {ANYTHING};', arguments={"__expr": "1 + 1"})
    assert (ruling.verdict, ruling.rule) == ("deny", "rule_error")


@pytest.mark.parametrize("name", ["tainted_by", "from_untrusted", "ungrounded"])
def test_a_reason_names_what_it_is_about(name: str) -> None:
    text = f'@id("ask") @verdict("approval") @reason("look: {{{name}}}!") permit {ANYTHING};'
    assert ask(text, **{name: ("a", "b")}).reason == "look: a, b!"


# Caps

CREDIT = f'@id("credit") @verdict("allow_with_caps") @cap("usd") @most("25") permit {ANYTHING};'


@pytest.mark.parametrize(("spent", "amount"), [(0, 25), (24.7, 0.3), (0.0, 25.004), (20, -3), (0, 0)])
def test_below_its_cap_a_call_is_allowed(spent: float, amount: float) -> None:
    ruling = ask(CREDIT, arguments={"usd": amount}, spent={"usd": spent, "other": 99.0})
    assert ruling == Ruling("allow_with_caps", "credit", "", {"usd": 25.0})


@pytest.mark.parametrize("amount", [25.01, 26, float("inf"), float("nan"), 1e300, "1", None, True, [1]])
def test_beyond_its_cap_a_call_needs_approval(amount: Any) -> None:
    """What is no number can not be held against a cap."""
    assert ask(CREDIT, arguments={"usd": amount}) == Ruling("approval", "credit", "above the cap of 25")


def test_a_capped_call_without_the_argument_needs_approval() -> None:
    assert ask(CREDIT).verdict == "approval"


@given(amounts=st.lists(st.integers(1, 1000), min_size=1, max_size=12))
def test_the_sum_of_a_run_stays_under_the_cap(amounts: list[int]) -> None:
    """In cents; also where floats do not add up."""
    rules, spent_cents, spent_usd = rules_of(CREDIT), 0, 0.0
    for cents in amounts:
        question = msgspec.structs.replace(PAY, arguments={"usd": cents / 100}, spent={"usd": spent_usd})
        allowed = rules.decide(question).verdict == "allow_with_caps"
        assert allowed == (spent_cents + cents <= 2500)
        if allowed:
            spent_cents, spent_usd = spent_cents + cents, spent_usd + cents / 100


def test_of_two_caps_both_hold() -> None:
    lower = CREDIT.replace('"credit"', '"less"').replace("25", "10")
    other = CREDIT.replace('"credit"', '"fee"').replace('"usd"', '"fee"')
    text = CREDIT + lower + other
    assert ask(text, arguments={"usd": 9, "fee": 9}).caps == {"usd": 10.0, "fee": 25.0}
    assert ask(text, arguments={"usd": 11, "fee": 9}) == Ruling("approval", "less", "above the cap of 10")


def test_a_cap_is_stricter_than_no_cap_and_an_approval_stricter_than_a_cap() -> None:
    free = f'@id("free") permit {ANYTHING};'
    person = f'@id("person") @verdict("approval") @reason("look") permit {ANYTHING};'
    assert ask(free + CREDIT, arguments={"usd": 1}).rule == "credit"
    assert ask(free + CREDIT + person, arguments={"usd": 1}) == Ruling("approval", "person", "look")


def test_a_reason_may_go_with_a_cap() -> None:
    text = CREDIT.replace("@cap", '@reason("goodwill") @cap')
    assert ask(text, arguments={"usd": 1}).reason == "goodwill"


# Any rules at all

CONDITIONS: dict[str, Callable[[Question], bool]] = {
    "true": lambda _question: True,
    "false": lambda _question: False,
    "context.tainted_by.isEmpty()": lambda question: not question.tainted_by,
    "context.read_only": lambda question: question.read_only,
    'context.tools_used.contains("read")': lambda question: "read" in question.tools_used,
    'context.arguments has to && context.arguments.to == "eve"': lambda question: question.arguments.get("to") == "eve",
    "context.hundredths has usd && context.hundredths.usd > 1000": lambda question: question.arguments["usd"] > 10,
}
Drawn = tuple[str, str]  # a verdict, and the condition under which it holds


def written(drawn: list[Drawn], first: int = 0) -> str:
    """Return the text of drawn rules."""
    return "\n".join(_written(f"rule {first + index}", *one) for index, one in enumerate(drawn))


def _written(name: str, verdict: str, condition: str) -> str:
    annotations = f'@id("{name}") @reason("because of {name}")'
    if verdict == "deny":
        return f"{annotations} forbid {ANYTHING} when {{ {condition} }};"
    cap = '@cap("usd") @most("99")' if verdict == "allow_with_caps" else ""
    return f'{annotations} @verdict("{verdict}") {cap} permit {ANYTHING} when {{ {condition} }};'


def verdicts(*among: str) -> st.SearchStrategy[list[Drawn]]:
    """Draw rules with some of the verdicts."""
    return st.lists(st.tuples(st.sampled_from(among), st.sampled_from(sorted(CONDITIONS))), max_size=5)


RULES = verdicts(*STRICTNESS)
PERMITS = verdicts(*STRICTNESS[:-1])
QUESTIONS = st.builds(
    Question,
    agent=st.just("desk"),
    user=st.just("C-101"),
    tenant=st.just("fennel"),
    tool=st.sampled_from(["pay", "read"]),
    effect=st.sampled_from(["read", "write", "irreversible"]),
    port=st.just("tool"),
    arguments=st.fixed_dictionaries({"usd": st.integers(0, 20)}, optional={"to": st.sampled_from(["ann", "eve"])}),
    tainted_by=st.sampled_from([(), ("browse",)]),
    tools_used=st.sampled_from([frozenset(), frozenset({"read"}), frozenset({"read", "pay", "browse"})]),
    read_only=st.booleans(),
)


@given(drawn=RULES, question=QUESTIONS)
def test_the_first_of_the_strictest_rules_that_apply_decides(drawn: list[Drawn], question: Question) -> None:
    """Forbids before approvals, approvals before caps, caps before plain permits, and nothing without a permit."""
    ruling = CedarRules(written(drawn)).decide(question)
    applying = [(verdict, index) for index, (verdict, on) in enumerate(drawn) if CONDITIONS[on](question)]
    strictest = max(applying, key=lambda one: (STRICTNESS.index(one[0]), -one[1]), default=None)
    if strictest is None:
        assert (ruling.verdict, ruling.rule) == ("deny", "no_rule")
    else:
        verdict, index = strictest
        assert (ruling.verdict, ruling.rule, ruling.reason) == (verdict, f"rule {index}", f"because of rule {index}")


@given(drawn=RULES, more=RULES, question=QUESTIONS)
def test_a_forbid_wins_wherever_it_stands(drawn: list[Drawn], more: list[Drawn], question: Question) -> None:
    text = "\n".join([written(drawn), _written("never", "deny", "true"), written(more, first=len(drawn))])
    assert CedarRules(text).decide(question).verdict == "deny"


@given(drawn=RULES, permits=PERMITS, question=QUESTIONS)
def test_no_further_permit_opens_what_a_forbid_has_closed(
    drawn: list[Drawn], permits: list[Drawn], question: Question
) -> None:
    before = CedarRules(written(drawn)).decide(question)
    after = CedarRules("\n".join([written(permits, first=len(drawn)), written(drawn)])).decide(question)
    if before.verdict == "deny" and before.rule != "no_rule":
        assert after == before


@given(drawn=RULES, more=RULES, question=QUESTIONS)
def test_further_rules_make_a_permitted_call_no_freer(
    drawn: list[Drawn], more: list[Drawn], question: Question
) -> None:
    before = CedarRules(written(drawn)).decide(question)
    after = CedarRules(written(drawn) + written(more, first=len(drawn))).decide(question)
    if before.verdict != "deny":
        assert STRICTNESS.index(after.verdict) >= STRICTNESS.index(before.verdict)


@given(drawn=RULES, questions=st.lists(QUESTIONS, min_size=1, max_size=5))
def test_what_was_asked_before_makes_no_difference(drawn: list[Drawn], questions: list[Question]) -> None:
    asked_often = CedarRules(written(drawn))
    for question in [*questions, *questions]:
        assert asked_often.decide(question) == CedarRules(written(drawn)).decide(question)


def test_a_remembered_decision_is_at_least_five_times_as_fast() -> None:
    rules = rules_of(None)
    body = "The refund for your bowls is on its way. " * 20

    def seconds(subject: str) -> float:
        question = msgspec.structs.replace(PAY, arguments={"to": "a@b.example", "subject": subject, "body": body})
        began = time.perf_counter()
        rules.decide(question)
        return time.perf_counter() - began

    first = min(seconds(f"Refund {number}") for number in range(200))
    again = min(seconds("Refund 1") for _ in range(200))
    assert again * 5 <= first


# Texts that are no rules


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'\n@id("late")\npermit {ANYTHING}', "line 2, rule 'late': unexpected end of input"),
        ('@id("a") permit (principal, action resource);', "line 1, rule 'a': unexpected token `resource`"),
        (f'@id("a") permit {ANYTHING} when {{ contxt.x }};', "line 1, rule 'a': .*contxt"),
        (
            f'@id("a") permit {ANYTHING};\n\n// of payments\n@id("b")\nforbid {ANYTHING};',
            "line 4, rule 'b': .*`reason`",
        ),
        (f"// no name\npermit {ANYTHING};", "line 2: .*`id`"),
        (f'@id("") permit {ANYTHING};', "line 1, rule '': .*id"),
        (f"@id permit {ANYTHING};", "line 1: .*id"),
        (f'@id("a") permit {ANYTHING};\n@id("a") permit {ANYTHING};', "line 2, rule 'a': another rule has this id"),
        (f'@id("a") @verdict("maybe") permit {ANYTHING};', "line 1, rule 'a': .*'maybe'"),
        (f'@id("a") @verdict("deny") permit {ANYTHING};', "line 1, rule 'a': .*'deny'"),
        (f'@id("a") @verdit("approval") permit {ANYTHING};', "line 1, rule 'a': .*`verdit`"),
        (f'@id("a") @verdict("approval") permit {ANYTHING};', "line 1, rule 'a': .*`reason`"),
        (f'@id("a") @reason("no") @verdict("approval") forbid {ANYTHING};', "line 1, rule 'a': .*`verdict`"),
        (f'@id("a") @cap("usd") @most("25") permit {ANYTHING};', "line 1, rule 'a': .*`cap`"),
        (f'@id("a") @verdict("allow_with_caps") @cap("usd") permit {ANYTHING};', "line 1, rule 'a': .*`most`"),
        (CREDIT.replace("25", "much"), "line 1, rule 'credit': .*most"),
        (CREDIT.replace("25", "-1"), "line 1, rule 'credit': .*most"),
        (CREDIT.replace("25", "nan"), "line 1, rule 'credit': .*most"),
        (CREDIT.replace("25", "inf"), "line 1, rule 'credit': .*most"),
        ('@id("a") permit (principal == ?principal, action, resource);', "line 1, rule 'a': a slot"),
        (f'@id("a") permit {ANYTHING};\n;', "line 2: unexpected token `;`"),
        (f'@id("a") permit {ANYTHING};\n"', "line 2: invalid token"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_line_rule_and_cure(text: str, said: str) -> None:
    with pytest.raises(AgentError, match=rf"rules, {said}.*; write @id"):
        CedarRules(text)


def test_semicolons_in_quotes_and_comments_end_no_rule() -> None:
    text = (
        f'@id("a;\\"b") permit {ANYTHING}; // it\'s "; all\n@id("c") @reason("x;//") forbid {ANYTHING}; // end; of "it'
    )
    assert ask(text) == Ruling("deny", "c", "x;//")
    assert ask(text.split("\n", maxsplit=1)[0]).rule == 'a;"b'
