"""A pack that holds something else than it should is refused with the file and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.content import Injection, all_fault_kinds, find_packs, load_domain
from harness.errors import ContentError, PackError
from tests.content.conftest import domain_problems

TOOL = "from harness.world import tool\n\n@tool()\ndef look(world, at: str):\n    return 1\n\n"
TOOLS = {
    "nothing": ("x = 1\n", ["tools.py:1: TOOLS is missing; end the module with TOOLS = (one, another)"]),
    "a number": ("\nTOOLS = 5\n", ["tools.py:2: TOOLS is 5; end the module"]),
    "a table": ("TOOLS = {'a': 1}\n", ["tools.py:1: TOOLS is {'a': 1}; end the module"]),
    "no tool": ("TOOLS = ()\n", ["tools.py:1: TOOLS is empty; list a tool at least"]),
    "numbers": ("TOOLS = [1, 2]\n", ["tools.py:1: TOOLS[0] is no tool but 1", "tools.py:1: TOOLS[1] is no tool but 2"]),
    "a plain function": ("def f(w): ...\nTOOLS = [f]\n", ["TOOLS[0] is the plain function f; put @tool(…) above it"]),
    "a tool twice": (TOOL + "TOOLS = (look, look)\n", ["tools.py:7: TOOLS lists 'look' twice; remove one"]),
    "no injector": ("TOOLS = ()\ninject = 5\n", ["TOOLS is empty", "tools.py:2: inject is 5, which is no function"]),
    "a short injector": (
        TOOL + "def inject(state): ...\nTOOLS = (look,)\n",
        ["tools.py:7: inject can not be called with 3 arguments: too many positional arguments; write it as: def"],
    ),
    "places that are no names": (
        TOOL + "VECTORS = 5\nTOOLS = (look,)\n",
        ['tools.py:7: VECTORS is 5; write the names of places: VECTORS = ("note", "letter")'],
    ),
    "an exit": ("import sys\nsys.exit(0)\n", ["tools.py:2: does not import: SystemExit: 0; mend this module"]),
    "an error": ("1 / 0\n", ["tools.py:1: does not import: ZeroDivisionError: division by zero; mend this module"]),
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("case", TOOLS)
def test_a_tools_module_with_something_else_in_it_is_refused(case: str) -> None:
    text, expected = TOOLS[case]
    Path("golden/shop/tools.py").write_text(text)
    problems = domain_problems()
    assert len(problems) == len(expected)
    for problem, part in zip(problems, expected, strict=True):
        assert part in problem


@pytest.mark.usefixtures("project")
def test_a_domain_without_tools_module_is_told_to_write_it() -> None:
    Path("golden/shop/tools.py").unlink()
    [problem] = domain_problems()
    assert problem.endswith("golden/shop/tools.py: is missing; write this module")


KIND = "from harness.boundary import CallFault, Frozen\nasync def f(options, exchange): ...\n"
KINDS = {
    "nothing": ("x = 1\n", "f.py:1: KINDS is missing"),
    "a number": ("KINDS = 5\n", "f.py:1: KINDS is 5"),
    "numbers": ("KINDS = [1]\n", "f.py:1: KINDS[0] is no fault kind but 1"),
    "an exit": ("raise SystemExit\n", "f.py:1: does not import: SystemExit"),
    "no options": (KIND + "KINDS = [CallFault('a', 'b', 5, ('tool',), f)]\n", "f.py:3: KINDS[0] (a): options is 5"),
    "no port": (KIND + "KINDS = [CallFault('a', 'b', Frozen, ('tol',), f)]\n", "(a): there is no port 'tol'; known:"),
    "no function": (KIND + "KINDS = [CallFault('a', 'b', Frozen, (), 5)]\n", "(a): its function is 5, which is no"),
    "a colon": (KIND + "KINDS = [CallFault('a:b', 'b', Frozen, (), f)]\n", "has the name 'a:b'; use text without"),
    "a kind twice": (KIND + "KINDS = [CallFault('a', 'b', Frozen, (), f)] * 2\n", "KINDS lists 'a' twice; remove one"),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_fault_module_with_something_else_in_it_is_refused(project: Path, case: str) -> None:
    text, expected = KINDS[case]
    (project / "fault_injectors").mkdir()
    (project / "fault_injectors" / "f.py").write_text(text)
    with pytest.raises(ContentError) as caught:
        all_fault_kinds()
    [problem] = caught.value.problems
    assert expected in problem


def test_two_fault_modules_can_not_list_the_same_kind(project: Path) -> None:
    """One would silently stand for both."""
    (project / "fault_injectors").mkdir()
    for name in ("f.py", "g.py"):
        (project / "fault_injectors" / name).write_text(KIND + "KINDS = [CallFault('a', 'b', Frozen, (), f)]\n")
    with pytest.raises(ContentError, match=r"g\.py: the kind 'a' is listed twice in this pack"):
        all_fault_kinds()


FILES: dict[str, tuple[str, str | bytes, str]] = {
    "a binary policy": ("policy.md", b"\xff\xfe", "policy.md: is not text in UTF-8: invalid start byte; save it as UTF-8"),
    "a binary document": ("corpus/b.md", b"\xff", "corpus/b.md: is not text in UTF-8"),
    "an empty document": ("corpus/b.md", "\n", "corpus/b.md: is empty; write a title and a text"),
    "a binary task file": ("tasks/b.yaml", b"\xff", "tasks/b.yaml: is not text in UTF-8"),
    "no pattern in wants": ("people.yaml", "wants: {add_note: ['/[/']}\n", "people.yaml:1: wants.add_note.0: not a regular"),
    "no word in wants": ("people.yaml", "wants: {add_note: ['']}\n", "people.yaml:1: wants.add_note.0: should not be empty"),
    "no pattern in names": ("people.yaml", "names: {order_id: '['}\n", "people.yaml:1: names.order_id: not a regular"),
    "a monstrous pattern": ("people.yaml", "names: {order_id: 'a{99999999999}'}\n", "names.order_id: not a regular"),
    "an unknown argument": ("people.yaml", "names: {zork: a}\n", "people.yaml:1: names.zork: no tool takes an argument 'zork'; known: amount_usd"),
    "an unknown argument of a tool": ("people.yaml", "names: {add_note.zork: a}\n", "names.add_note.zork: tool add_note takes no argument 'zork'"),
    "an argument of an unknown tool": ("people.yaml", "names: {zork.note: a}\n", "names.zork.note: there is no tool 'zork'"),
    "an injection twice": ("injections.yaml", "injections:\n- {id: a, phrase: x}\n- {id: a, phrase: y}\n", "injections.yaml:3: injections.1.id: injection 'a' exists already, at"),
    "no phrase": ("injections.yaml", "injections: [{id: a, phrase: ''}]\n", "injections.0.phrase: should not be empty (got '')"),
    "no id": ("tasks/b.yaml", "tasks: [{id: '', ask: x}]\n", "tasks.0.id: should not be empty (got '')"),
    "an unknown tool after unless_after": ("tasks/b.yaml", "tasks: [{id: b, ask: x, expect: {calls: {forbidden: [{tool: add_note, unless_after: nope}]}}}]\n", "forbidden.0.unless_after: there is no tool 'nope'"),
    "no pattern in a comparison": ("tasks/b.yaml", "tasks: [{id: b, ask: x, expect: {calls: {forbidden: [{tool: add_note, where: {note: {matches: '['}}}]}}}]\n", "forbidden.0.where.note.matches: not a regular expression"),
    "no pattern in a check": ("tasks/b.yaml", "tasks: [{id: b, ask: x, expect: {final_state: {checks: [{path: a, matches: '['}]}}}]\n", "checks.0.matches: not a regular expression"),
    "an unknown function": ("tasks/b.yaml", "tasks: [{id: b, ask: x, expect: {final_state: {checks: [{path: 'nofunc(@)', equals: 1}]}}}]\n", "checks.0.path: not a JMESPath expression: there is no function nofunc(); known: abs"),
    "a broken binding": ("tasks/b.yaml", "tasks: [{id: b, ask: x, reference: {answer: '${a[}'}}]\n", "tasks.0.reference.answer: ${a[}: not a JMESPath expression"),
    "an open binding": ("tasks/b.yaml", "tasks: [{id: b, ask: x, reference: {steps: [{tool: get_order, args: {order_id: '${a'}}]}}]\n", "steps.0.args: a ${ is not closed"),
}  # fmt: skip


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("case", FILES)
def test_a_broken_file_of_a_domain_gets_one_line(case: str) -> None:
    name, content, expected = FILES[case]
    path = Path("golden/shop", name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [problem] = domain_problems()
    assert expected in problem


def test_documents_without_a_word_to_search_for_are_refused(project: Path) -> None:
    """An index needs a word."""
    for path in (project / "golden/shop/corpus").iterdir():
        path.write_text("# -\n!\n")
    [problem] = domain_problems()
    assert problem.endswith("golden/shop/corpus: no document holds a word to search for; write some, or remove them")


@pytest.mark.usefixtures("project")
def test_an_injection_worked_when_exactly_its_calls_were_made() -> None:
    """Unless it says what else counts; what is stored stays what was given."""
    given = {"id": "a", "phrase": "x", "calls": [{"tool": "add_note", "args": {"note": {"contains": "y"}}}]}
    injection = Injection.model_validate(given)
    [worked] = injection.worked
    assert worked.accepts("add_note", {"note": {"contains": "y"}, "order_id": "O-1"})
    assert not worked.accepts("add_note", {"note": "yes"})
    assert injection.model_dump(mode="json", exclude_unset=True) == given
    assert Injection.model_validate({**given, "worked": []}).worked == ()
    [stated] = load_domain("shop").injections["pay_the_attacker"].worked
    assert set(stated.args) == {"order_id"}


PROJECTS = {
    "tool = 5\n": "tool = 5 should be a table",
    "[tool]\nharness = 5\n": "takes one key",
    '[tool.harness]\npack = ["a"]\n': r"tool\.harness\.pack: \['a'\] is no name for a pack",
    '[tool.harness]\npack = "a.b"\n': "'a.b' is no name for a pack",
    '[tool.harness]\npack = ""\n': "'' is no name for a pack",
    '[tool.harness]\npack = "core"\n': "two packs are called 'core'",
    "[[[": "not valid TOML",
}


@pytest.mark.parametrize("text", PROJECTS)
def test_a_pyproject_that_names_no_pack_is_refused(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(text)
    with pytest.raises(PackError, match=PROJECTS[text]):
        find_packs()
