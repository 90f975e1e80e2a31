"""Bad content is refused with file, line, key, value and cure, all problems of a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign import find_scenario
from harness.content import find_packs
from harness.errors import ContentError, PackError, UsageError
from harness.history import EVENT_KINDS
from harness.scoring import METRICS
from tests.content.conftest import domain_problems, edit, scenario_problems

SCENARIO_BREAKS = {
    "unknown key": ("domain: shop", "domain: shop\ntrails: 3", "lost.yaml:3: trails: unknown key 'trails'; remove it"),
    "unknown domain": ("domain: shop", "domain: shap", "lost.yaml:2: domain: domain 'shap' does not exist"),
    "unknown agent": ("- reference", "- referense", "lost.yaml:4: agents.0: there is no agent 'referense'"),
    "unknown planner": (
        "planner: gullible",
        "planner: guru",
        "lost.yaml:5: agents.1: agent 'gullible': there is no planner",
    ),
    "unknown part": (
        "[idempotency_keys]",
        "[keys]",
        "lost.yaml:6: agents.2: agent 'without_keys': there is no part 'keys' to leave out",
    ),
    "unknown module": (
        "- reference",
        "- nowhere:agent",
        "lost.yaml:4: agents.0: agent 'nowhere:agent': module 'nowhere'",
    ),
    "unknown fault": (
        "kind: http_error",
        "kind: ratelimit",
        "lost.yaml:15: faults.busy.faults.0.kind: there is no fault 'ratelimit'; known:",
    ),
    "unknown option": (
        "retry_after_s: 7",
        "retry_after: 7",
        "lost.yaml:15: faults.busy.faults.0.options.retry_after: Extra inputs",
    ),
    "unknown tool": (
        'at: "tool:get_order"',
        'at: "tool:get_ordr"',
        "there is no tool 'get_ordr' in shop; known: retrieval:search_kb, tool:add_note",
    ),
    "unknown injection": (
        "pay_the_attacker",
        "pay_me",
        "there is no injection 'pay_me' in shop; known: pay_the_attacker",
    ),
    "bad trigger": ("when: {first: 2}", "when: {first: 2, nth: 1}", "give exactly one of nth, first"),
    "unknown identity": (
        'at: "tool:get_order"',
        'at: "tool:get_order[order=O-1]"',
        "[order=O-1] names no identity of get_order; it has: order_id=…",
    ),
    "bad selector": (
        'at: "tool:get_order"',
        'at: "a/b/c"',
        "lost.yaml:15: faults.busy.faults.0.at: 'a/b/c' is not a selector",
    ),
    "not YAML": ("domain: shop", "domain: [shop", "not valid YAML"),
    "a key twice": ("domain: shop", "domain: shop\ndomain: shop", "lost.yaml:3: domain: this key is given twice"),
    "two agents of one name": ("- reference", "- {name: gullible}", "two agents have the same name: gullible"),
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("case", SCENARIO_BREAKS)
def test_a_broken_scenario_says_where_and_what(case: str) -> None:
    """One line, with the place."""
    old, new, expected = SCENARIO_BREAKS[case]
    edit(Path("scenarios/lost.yaml"), old, new)
    assert any(expected in problem for problem in scenario_problems()), scenario_problems()


@pytest.mark.usefixtures("project")
def test_all_problems_of_a_scenario_are_reported_together() -> None:
    """An unknown agent, an unknown fault and an unknown tool."""
    for case in ("unknown agent", "unknown fault", "unknown tool"):
        old, new, _ = SCENARIO_BREAKS[case]
        edit(Path("scenarios/lost.yaml"), old, new)
    assert len(scenario_problems()) == 3


@pytest.mark.usefixtures("project")
def test_of_many_scenarios_those_are_named_that_are_most_like_the_missing_one() -> None:
    """The pack of the project stands beside that of the product."""
    message = r"there is no scenario 'retry_afer', neither a file nor one of \d+, such as: retry_after(, \w+){9}$"
    with pytest.raises(ContentError, match=message):
        find_scenario("retry_afer")


TASK_BREAKS = {
    "unknown tool in the reference": (
        "tool: search_kb",
        "tool: search",
        "orders.yaml:7: tasks.0.reference.steps.0.tool",
    ),
    "unknown argument": ("args: {query: damaged refund}", "args: {q: x}", "tool search_kb takes no argument 'q'"),
    "unknown key": ("    family: refunds", "    familie: refunds", "orders.yaml:3: tasks.0.familie: unknown key"),
    "no ask": ('    ask: "Where is order O-2?"\n', "", "tasks.1.ask: missing; add 'ask'"),
    "an id twice": ("id: order_status", "id: refund_damaged", "task 'refund_damaged' exists already"),
    "two comparisons": ("{close_to: 40.0}", "{close_to: 40.0, equals: 4}", "give exactly one comparison"),
    "a circle": (
        "        steps: 3\n        required:\n          - {tool: issue_refund,",
        "        order: [[a, a]]\n        required:\n          - {id: a, tool: issue_refund,",
        "order: the edges form a circle",
    ),
    "a binding to nothing": (
        '"${order.total_usd}"',
        '"${ordr.total_usd}"',
        "${ordr…} names no earlier step; known: order, step-1",
    ),
    "an answer that binds nothing": ("${refund.amount_usd} USD", "${refnd.amount_usd} USD", "${refnd…} names no step"),
    "no JMESPath": ('"refunds | values(@)[].order_id"', '"refunds | values(@"', "not a JMESPath expression"),
    "a budget of nothing": ("    family: refunds", "    budget: {max_steps: 0}", "tasks.0.budget.max_steps"),
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("case", TASK_BREAKS)
def test_a_broken_task_says_where_and_what(case: str) -> None:
    """One line, with the place."""
    old, new, expected = TASK_BREAKS[case]
    edit(Path("golden/shop/tasks/orders.yaml"), old, new)
    assert any(expected in problem for problem in domain_problems()), domain_problems()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "from typing import",
            "from typng import",
            "tools.py:5: does not import: ModuleNotFoundError: No module named",
        ),
        ("def get_order(", "def get_order((", "tools.py:2"),
        (
            'identity=("order_id",))\ndef get_order',
            'identity=("order",))\ndef get_order',
            "tool get_order: identity names",
        ),
    ],
)
def test_a_broken_tools_module_says_where_and_what(old: str, new: str, expected: str) -> None:
    """File, line and the error of Python."""
    edit(Path("golden/shop/tools.py"), old, new)
    [problem] = domain_problems()
    assert expected in problem


def test_a_pyproject_with_an_unknown_key_is_refused(project: Path) -> None:
    """Rather than half understood."""
    (project / "pyproject.toml").write_text('[tool.harness]\npacks = "shop"\n')
    with pytest.raises(PackError, match="takes one key"):
        find_packs()


def test_a_folder_without_the_table_is_no_pack(project: Path) -> None:
    """A user's own scenarios/ is never guessed to be ours."""
    (project / "pyproject.toml").write_text('[project]\nname = "mine"\n')
    assert list(find_packs()) == ["core"]


def test_every_refusal_is_a_usage_error() -> None:
    """So that the command line ends with exit code 2 and no traceback."""
    assert issubclass(ContentError, UsageError)
    assert issubclass(PackError, UsageError)


HEAD = "scenario: s\ndomain: shop\n"
METRIC_NAMES = ", ".join(metric.name for metric in METRICS)
REFUSED_SCENARIOS = {
    "no faults at all": ("faults: {}", "s.yaml:3: faults: should have at least 1 item"),
    "no tasks at all": ("tasks: []", "s.yaml:3: tasks: should have at least 1 item"),
    "no list": ("tasks: 5", "s.yaml:3: tasks: should be a list (got 5)"),
    "no table": ("faults: {a: 5}", "s.yaml:3: faults.a: should be a table (key: value) (got 5)"),
    "no number": ("trials: many", "s.yaml:3: trials: should be a whole number (got 'many')"),
    "an agent that is a number": ("agents: [5]", "s.yaml:3: agents.0: should be a table (key: value) (got 5)"),
    "an empty name": ("agents: [{name: ''}]", "s.yaml:3: agents.0.name: should not be empty (got '')"),
    "an endless name": (
        f"agents: [{{name: {'a' * 81}}}]",
        f"s.yaml:3: agents.0.name: should have at most 80 characters (got '{'a' * 79}… (83 characters))",
    ),
    "a line break in the name of a plan": (
        'faults: {"a\\nb": []}',
        "s.yaml:3: faults.'a\\nb': a name holds no line breaks and no control characters (got 'a\\nb')",
    ),
    "a vector that the domain does not have": (
        "faults: {p: [{kind: poisoned_text, options: {injection: pay_the_attacker, vectors: [nope]}}]}",
        "s.yaml:3: faults.p.faults.0: there is no vector 'nope'; known: order_note; poisoned_text can not be planted in shop",
    ),
    "a tool at another port": (
        'faults: {p: [{kind: timeout, at: "tool:search_kb"}]}',
        "s.yaml:3: faults.p.faults.0.at: search_kb is not at port 'tool'; write retrieval:search_kb",
    ),
    "a pattern that no tool matches": (
        'faults: {p: [{kind: timeout, at: "tool:cancel_*"}]}',
        "s.yaml:3: faults.p.faults.0.at: there is no tool 'cancel_*' in shop; known: retrieval:search_kb, tool:add_note, tool:get_order, tool:issue_refund",
    ),
    "a run that does not start": (
        'starts_s: [0, 5]\nfaults: {p: [{kind: timeout, at: "run-3/tool:*"}]}',
        "s.yaml:4: faults.p.faults.0.at: there is no run 'run-3'; known (one for each of starts_s): run-1, run-2",
    ),
    "a metric that there is not": (
        "expect: {metrics: {stepz: 3}}",
        "s.yaml:3: expect.metrics.stepz: there is no metric 'stepz'; known: " + METRIC_NAMES,
    ),
    "a metric of a plan that there is not": (
        "faults:\n  p:\n    expect:\n      metrics:\n        stepz: 3",
        "s.yaml:7: faults.p.expect.metrics.stepz: there is no metric 'stepz'; known: " + METRIC_NAMES,
    ),
    "a mean of what there is not": (
        "faults: {p: {expect_overall: {stepz: 3}}}",
        "s.yaml:3: faults.p.expect_overall.stepz: there is no metric 'stepz'; known: " + METRIC_NAMES,
    ),
    "an unknown key of what is expected": (
        "expect: {metric: {steps: 3}}",
        "s.yaml:3: expect.metric: unknown key 'metric'; remove it, or use one of: verdict, terminal_state, metrics, answer, events",
    ),
    "a verdict that there is not": (
        "expect: {verdict: pased}",
        "s.yaml:3: expect.verdict.0: should be one of: 'passed', 'failed', 'violated', 'not_triggered' or 'harness_error' (got 'pased')",
    ),
    "no verdict at all": ("expect: {verdict: []}", "s.yaml:3: expect.verdict: should have at least 1 item"),
    "a metric compared with no number": (
        "expect: {metrics: {steps: {at_mots: 3}}}",
        "s.yaml:3: expect.metrics.steps: compare with a number: 3, {at_most: 3}, {at_least: 3}, {close_to: 3} or {any_of: [3, 4]}",
    ),
    "a count that is no number": (
        "expect: {events: [{kind: handoff, count: once}]}",
        "s.yaml:3: expect.events.0.count: compare with a number: 3, {at_most: 3}, {at_least: 3}, {close_to: 3} or {any_of: [3, 4]} (got 'once')",
    ),
    "a place in a payload that is none": (
        "expect: {events: [{kind: handoff, where: {'a[': 1}}]}",
        "s.yaml:3: expect.events.0.where.a[: not a JMESPath expression: ",
    ),
    "nobody to ask": ("agents: [{name: a, reviewers: 0}]", "s.yaml:3: agents.0.reviewers: "),
    "a plan for tasks that are not picked": (
        "tasks: [order_status]\nfaults: {p: {tasks: [refund_damaged]}}",
        "s.yaml:4: faults.p.tasks: none of these is among the scenario's tasks; name one of: order_status",
    ),
}


def write_scenario(text: str) -> None:
    """Put a scenario in the place of the project's own, at ``s.yaml`` for short places."""
    Path("s.yaml").write_text(HEAD + text)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("case", REFUSED_SCENARIOS)
def test_a_scenario_that_can_not_mean_anything_gets_one_line_in_plain_words(case: str) -> None:
    """Also what only the domain knows, and no line that follows from another."""
    text, expected = REFUSED_SCENARIOS[case]
    write_scenario(text)
    [problem] = scenario_problems("s.yaml")
    assert problem.startswith(expected)
    assert problem == expected or expected.endswith(": ")


@pytest.mark.usefixtures("project")
def test_an_event_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    """With file, line and place, as everything else."""
    write_scenario("expect:\n  events:\n    - {kind: breaker_open, name: issue_refund}\n")
    [problem] = scenario_problems("s.yaml")
    assert problem.startswith("s.yaml:5: expect.events.0.kind: should be one of: ")
    assert all(f"'{kind}'" in problem for kind in EVENT_KINDS)


@pytest.mark.usefixtures("project")
def test_an_option_of_the_wrong_type_is_refused_before_a_trial() -> None:
    """A list for an injection's name once ended in a TypeError."""
    write_scenario("faults: {p: [{kind: poisoned_document, options: {injection: [1], title: t}}]}")
    [problem] = scenario_problems("s.yaml")
    assert problem.startswith("s.yaml:3: faults.p.faults.0.options.injection: ")


@pytest.mark.usefixtures("project")
def test_what_a_file_says_wrong_and_what_it_names_wrong_are_reported_together() -> None:
    """A key twice, an unknown key, a wrong type, and an unknown agent, task and fault."""
    write_scenario(
        "foo: 1\ntrials: -1\ntrials: 2\nstarts_s: [.nan]\nagents: [5, nobody]\ntasks: [nope]\nfaults: {a: [{kind: nokind}]}\n"
    )
    found = [problem.split(": ")[:2] for problem in scenario_problems("s.yaml")]
    assert sorted(found) == [
        ["s.yaml:3", "foo"],
        ["s.yaml:4", "trials"],
        ["s.yaml:5", "trials"],
        ["s.yaml:6", "starts_s.0"],
        ["s.yaml:7", "agents.0"],
        ["s.yaml:7", "agents.1"],
        ["s.yaml:8", "tasks.0"],
        ["s.yaml:9", "faults.a.faults.0.kind"],
    ]


@pytest.mark.usefixtures("project")
def test_what_was_taken_out_is_not_missed() -> None:
    """A fault whose options are no table lacks no option; one without its trigger lacks no window."""
    write_scenario(
        "faults: {p: [{kind: poisoned_text, options: 5}, {kind: clock_skew, when: 5, options: {skew_s: 5}}]}"
    )
    assert [problem.split(": ")[1] for problem in scenario_problems("s.yaml")] == [
        "faults.p.faults.0.options",
        "faults.p.faults.1.when",
    ]


@pytest.mark.usefixtures("project")
def test_an_agent_with_two_faults_has_both_named() -> None:
    """An unknown planner and an unknown part."""
    write_scenario("agents: [{name: a, planner: guru, without: [keys]}]")
    [problem] = scenario_problems("s.yaml")
    assert "there is no planner 'guru'" in problem
    assert "there is no part 'keys'" in problem


@pytest.mark.usefixtures("project")
def test_an_unknown_key_of_a_task_hides_no_unknown_tool() -> None:
    """All problems of all files of a domain at once."""
    Path("golden/shop/tasks/more.yaml").write_text("tasks:\n  - {id: a, ask: x, foo: 1, tools: [nope]}\n  - {id: b}\n")
    edit(Path("golden/shop/people.yaml"), "add_note: [note]", "ad_note: [note]")
    edit(Path("golden/shop/injections.yaml"), "order_id: O-9, amount", "order: O-9, amount")
    problems = domain_problems()
    parts = (
        "more.yaml:2: tasks.0.foo: unknown key 'foo'",
        "more.yaml:3: tasks.1.ask: missing; add 'ask'",
        "more.yaml:2: tasks.0.tools.0: there is no tool 'nope'",
        "injections.yaml:5: injections.0.calls.0.tool: tool issue_refund takes no argument 'order'",
        "people.yaml:3: wants.ad_note: there is no tool 'ad_note'",
    )
    assert len(problems) == len(parts)
    for problem, part in zip(problems, parts, strict=True):
        assert part in problem
