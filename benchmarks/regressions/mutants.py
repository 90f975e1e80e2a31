"""The changes: one place in the syntax tree of a planner, each a source text of its own."""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

PLANNERS = Path(__file__).parents[2] / "harness" / "planners"
MODULES = ("scripted", "simulated", "mistakes", "gullible")
Change = Callable[[Any], Iterator[ast.AST]]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    """A planner's module with one line changed."""

    module: str
    number: int
    line: int
    diff: str
    source: str

    @property
    def name(self) -> str:
        """The module and the number of the change."""
        return f"{self.module}:{self.number}"

    @cached_property
    def held_out(self) -> bool:
        """Whether it was kept back while triage was developed: half of all changes are, by a hash of the change."""
        return blake2b(f"{self.module}{self.diff}".encode(), digest_size=1).digest()[0] % 2 == 1


def all_mutants() -> list[Mutant]:
    """Return every change of one line to a planner, in the order of the texts."""
    return [mutant for module in MODULES for mutant in _mutants(module)]


def _mutants(module: str) -> Iterator[Mutant]:
    tree = ast.parse((PLANNERS / f"{module}.py").read_text(encoding="utf-8"))
    before = ast.unparse(tree)
    changes = list(_changes(tree))
    for number, (position, replacement) in enumerate(changes, 1):
        changed = copy.deepcopy(tree)
        after = ast.unparse(ast.fix_missing_locations(_Replaced(position, replacement).visit(changed)))
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
        told = [f"{one[0]} {one[1:].strip()}" for one in lines if not one.startswith("@@")]
        if len(told) == 2:  # noqa: PLR2004  # one line before, one after
            node = _node_at(tree, position)
            yield Mutant(module, number, node.lineno, "\n".join(told), after)


def _node_at(tree: ast.AST, position: int) -> Any:
    return list(ast.walk(tree))[position]


def _changes(tree: ast.AST) -> Iterator[tuple[int, ast.AST]]:
    """Yield the place of a node in the walk of the tree, and what to put there; inside of functions only."""
    nodes = list(ast.walk(tree))
    inside = {
        id(one) for node in nodes if isinstance(node, ast.FunctionDef) for part in node.body for one in ast.walk(part)
    }
    texts = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for position, node in enumerate(nodes):
        if id(node) in inside and id(node) not in texts:
            for change in _OPERATORS.get(type(node), ()):
                yield from ((position, replacement) for replacement in change(node))


class _Replaced(ast.NodeTransformer):
    """Puts another node in one place of a tree."""

    def __init__(self, position: int, replacement: ast.AST) -> None:
        self._position = position
        self._replacement = replacement

    def visit(self, tree: ast.AST) -> ast.AST:
        self._target = _node_at(tree, self._position)
        return self._put(tree)

    def _put(self, node: ast.AST) -> ast.AST:
        if node is self._target:
            return ast.copy_location(self._replacement, node)
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, [self._put(one) if isinstance(one, ast.AST) else one for one in value])
            elif isinstance(value, ast.AST):
                setattr(node, name, self._put(value))
        return node


def _compared(node: ast.Compare) -> Iterator[ast.AST]:
    other = _COMPARISONS[type(node.ops[0])]()
    yield ast.Compare(node.left, [other, *node.ops[1:]], node.comparators)


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(value + 1), ast.Constant(value - 1))
    elif isinstance(value, float):
        yield ast.Constant(round(value / 2 + 0.05, 3))
    elif isinstance(value, str) and value:
        yield ast.Constant(f"{value} else")


def _joined(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    yield node.values[0]


def _negated(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _summed(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _SUMS:
        yield ast.BinOp(node.left, _SUMS[type(node.op)](), node.right)


def _branched(node: ast.If | ast.IfExp) -> Iterator[ast.AST]:
    test = ast.UnaryOp(ast.Not(), node.test)
    yield ast.If(test, node.body, node.orelse) if isinstance(node, ast.If) else ast.IfExp(test, node.body, node.orelse)


def _called(node: ast.Call) -> Iterator[ast.AST]:
    """Swap the first two arguments, or give one keyword less."""
    if len(node.args) > 1:
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)
    for index in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, [*node.keywords[:index], *node.keywords[index + 1 :]])


def _returned(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None:
        yield ast.Return(ast.Constant(None))


_OPERATORS: dict[type[ast.AST], tuple[Change, ...]] = {
    ast.Compare: (_compared,),
    ast.Constant: (_constant,),
    ast.BoolOp: (_joined,),
    ast.UnaryOp: (_negated,),
    ast.BinOp: (_summed,),
    ast.If: (_branched,),
    ast.IfExp: (_branched,),
    ast.Call: (_called,),
    ast.Return: (_returned,),
}
