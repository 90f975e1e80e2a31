"""Bad content is refused with file, line, key, value and cure, all problems of a file at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.campaign import find_scenario, load_scenario
from harness.content import find_packs, load_domain
from harness.errors import ContentError, PackError, UsageError
from tests.conftest import SHOP


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of the shop, under a name of its own, that a test may break."""
    folder = tmp_path / "project"
    shutil.copytree(SHOP, folder)
    name = f"shop_{abs(hash(str(tmp_path)))}"
    (folder / "pyproject.toml").write_text(f'[tool.harness]\npack = "{name}"\n')
    monkeypatch.chdir(folder)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that has to be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def scenario_problems() -> tuple[str, ...]:
    """Return what is wrong with the project's scenario."""
    with pytest.raises(ContentError) as caught:
        load_scenario(Path("scenarios/lost.yaml"))
    return caught.value.problems


def domain_problems() -> tuple[str, ...]:
    """Return what is wrong with the project's domain."""
    with pytest.raises(ContentError) as caught:
        load_domain("shop")
    return caught.value.problems


SCENARIO_BREAKS = {
    "unknown key": ("domain: shop", "domain: shop\ntrails: 3", "lost.yaml:3: trails: unknown key 'trails'; remove it"),
    "unknown domain": ("domain: shop", "domain: shap", "lost.yaml:2: domain: domain 'shap' does not exist"),
    "unknown agent": ("- reference", "- referense", "lost.yaml:4: agents.0: there is no agent 'referense'"),
    "unknown planner": (
        "planner: gullible",
        "planner: guru",
        "lost.yaml:5: agents.1: agent 'gullible': there is no planner",
    ),
    "unknown part": ("[idempotency_keys]", "[keys]", "lost.yaml:6: agents.2: there is no part 'keys' to leave out"),
    "unknown module": (
        "- reference",
        "- nowhere:agent",
        "lost.yaml:4: agents.0: agent 'nowhere:agent': module 'nowhere'",
    ),
    "unknown fault": (
        "kind: rate_limit",
        "kind: ratelimit",
        "faults.busy[0].kind: there is no fault 'ratelimit'; known:",
    ),
    "unknown option": ("retry_after_s: 7", "retry_after: 7", "faults.busy[0].options.retry_after: Extra inputs"),
    "unknown tool": (
        'at: "tool:get_order"',
        'at: "tool:get_ordr"',
        "there is no tool 'get_ordr' in shop; known: add_note",
    ),
    "unknown injection": (
        "pay_the_attacker",
        "pay_me",
        "there is no injection 'pay_me' in shop; known: pay_the_attacker",
    ),
    "bad trigger": ("when: {first: 2}", "when: {first: 2, nth: 1}", "give exactly one of nth, first"),
    "bad selector": (
        'at: "tool:get_order"',
        'at: "a/b/c"',
        "lost.yaml:15: faults.busy.faults.0.at: 'a/b/c' is not a selector",
    ),
    "not YAML": ("domain: shop", "domain: [shop", "not valid YAML"),
    "a key twice": ("domain: shop", "domain: shop\ndomain: shop", "lost.yaml:3: domain: this key is given twice"),
    "no agents": ("- reference", "- {name: gullible}", "two agents have the same name: gullible"),
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
def test_a_scenario_that_does_not_exist_lists_those_that_do() -> None:
    """By name."""
    with pytest.raises(ContentError, match=r"there is no scenario 'last', neither a file nor one of: .*lost"):
        find_scenario("last")


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
