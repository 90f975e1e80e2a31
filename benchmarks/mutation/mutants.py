"""The mutants: every small change that mutmut's operators can make to the orchestrator, each as a source text."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
import libcst.matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from benchmarks.mutation.mutant import Mutant, Span

# The door to the real world: no simulated scenario can go through it.
REAL_MODULES = ("live", "run_queue")
REAL_CLASSES = ("SqliteRunLog",)

_TYPE_ALIAS = m.Assign(value=m.Subscript(value=m.Name("Annotated") | m.Name("Literal") | m.Name("Callable")))
_EXPORTS = m.Assign(targets=[m.AssignTarget(target=m.Name("__all__"))])
_STUBS = m.ClassDef(bases=[m.ZeroOrMore(), m.Arg(value=m.Name("Protocol")), m.ZeroOrMore()])
_LEFT_OUT = _TYPE_ALIAS | _EXPORTS | _STUBS | m.OneOf(*(m.ClassDef(name=m.Name(name)) for name in REAL_CLASSES))
_STATEMENT = (
    m.SimpleStatementLine() | m.ClassDef() | m.FunctionDef() | m.If() | m.For() | m.While() | m.With() | m.Try()
)


class _Visitor(MutationVisitor):  # type: ignore[misc]  # mutmut is installed by `make mutation` alone
    """mutmut's visitor without its switches: decorated functions change as well, as whole files are replaced here."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        if m.matches(node, _LEFT_OUT):
            return False
        return isinstance(node, cst.FunctionDef) or super().on_visit(node)


@dataclass(frozen=True)
class Site:
    """One change that can be made to a module."""

    name: str
    path: Path
    tree: cst.Module
    mutation: Mutation
    lines: Span

    def mutant(self) -> Mutant:
        """Make the change."""
        changed = deep_replace(self.tree, self.mutation.original_node, self.mutation.mutated_node)
        assert isinstance(changed, cst.Module)
        line, diff = _difference(self.tree.code, changed.code)
        inside = isinstance(self.mutation.contained_by_top_level_function, cst.FunctionDef)
        return Mutant(self.name, self.path, line, diff, changed.code, self.lines if inside else None)


def module_paths(root: Path) -> list[Path]:
    """Return the modules that can be mutated."""
    return [path for path in sorted(root.glob("harness/orchestrator/*.py")) if path.stem not in REAL_MODULES]


def sites_of(path: Path) -> list[Site]:
    """Return every change that can be made to a module, in the order of the text."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    visitor = _Visitor(mutation_operators, IgnoredCode(set(), set(), set()))
    tree = wrapper.visit(visitor)
    parents, positions = wrapper.resolve(ParentNodeProvider), wrapper.resolve(PositionProvider)
    return [
        Site(f"{path.stem}:{number}", path, tree, mutation, _span(mutation.original_node, parents, positions))
        for number, mutation in enumerate(visitor.mutations, 1)
    ]


def _span(
    node: cst.CSTNode, parents: Mapping[cst.CSTNode, cst.CSTNode], positions: Mapping[cst.CSTNode, CodeRange]
) -> Span:
    """Return the lines of the statement around a node, of a compound one those of its head."""
    while not m.matches(node, _STATEMENT):
        node = parents[node]
    last = positions[node].end.line
    body = getattr(node, "body", None)
    if isinstance(body, cst.IndentedBlock):
        last = max(positions[node].start.line, positions[body].start.line - 1)
    return positions[node].start.line, last


def _difference(before: str, after: str) -> tuple[int, str]:
    """Return the first line that differs, and all of them."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
    line = int(lines[0].split()[1].lstrip("-").partition(",")[0])
    return line, "\n".join(_changed(lines))


def _changed(lines: list[str]) -> Iterator[str]:
    yield from (f"{one[0]} {one[1:].strip()}" for one in lines if not one.startswith("@@"))
