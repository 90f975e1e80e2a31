"""The changes: one place in the syntax tree of a planner, each a source text of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from hashlib import blake2b
from itertools import zip_longest
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


@cache
def all_mutants() -> tuple[Mutant, ...]:
    """Return every change of one line to a planner, in the order of the texts."""
    return tuple(mutant for module in MODULES for mutant in _mutants(module))


def _mutants(module: str) -> Iterator[Mutant]:
    tree = ast.parse((PLANNERS / f"{module}.py").read_text(encoding="utf-8"))
    parts = [ast.unparse(one) for one in tree.body]
    number = 0
    for index, part in enumerate(tree.body):
        for line, text in _changed_texts(part):
            number += 1
            before, after = parts[index].splitlines(), text.splitlines()
            lines = [pair for pair in zip_longest(before, after) if pair[0] != pair[1]]
            if len(lines) == 1:
                diff = "\n".join(f"{sign} {text.strip()}" for sign, text in zip("-+", lines[0], strict=True))
                yield Mutant(module, number, line, diff, "\n".join([*parts[:index], text, *parts[index + 1 :]]))


def _changed_texts(part: ast.stmt) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every change to what stands in the bodies of functions."""
    nodes = list(ast.walk(part))
    bodies = (one for node in nodes if isinstance(node, ast.FunctionDef) for one in node.body)
    inside = {id(one) for body in bodies for one in ast.walk(body)}
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node, put in _places(part):
        if id(node) in inside and id(node) not in docstrings:
            for change in _OPERATORS.get(type(node), ()):
                for replacement in change(node):
                    put(ast.fix_missing_locations(ast.copy_location(replacement, node)))
                    yield node.lineno, ast.unparse(part)
            put(node)


def _places(tree: ast.AST) -> Iterator[tuple[Any, Callable[[ast.AST], None]]]:
    """Yield every node below a tree with what puts another one in its place."""
    for parent in list(ast.walk(tree)):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                places = [(one, partial(value.__setitem__, at)) for at, one in enumerate(value)]
            else:
                places = [(value, partial(setattr, parent, name))]
            yield from (place for place in places if isinstance(place[0], ast.AST))


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
