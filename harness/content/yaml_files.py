"""YAML files read with the line of every key, so that an error can point at its place."""

from __future__ import annotations

import math
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from harness.content.located import Located, Place, dotted, shorten
from harness.errors import ContentError

_TAG = "tag:yaml.org,2002:"
_SCALARS = frozenset(_TAG + name for name in ("null", "bool", "int", "float", "str"))
_MERGE = _TAG + "merge"
_DEEPEST = 100
_MOST_PLACES = 1_000_000
_SUSPICIOUS = 10_000  # so many brackets or dashes could nest deeper than the C parser's stack


class _Loader(yaml.CSafeLoader):
    """The safe loader, in C, without dates: what JSON can not say would be scored as one thing and stored as another.

    ``2024-01-01`` and ``=`` stay the texts that they look like.
    """


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_TAG + "timestamp", _TAG + "value")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_text(path: Path) -> str:
    """Read a text file; raises ContentError when it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContentError([f"{path}: is not text in UTF-8: {error.reason}; save it as UTF-8"]) from error
    except OSError as error:
        raise ContentError([f"{path}: can not be read: {error.strerror}"]) from error


def read_yaml(path: Path) -> Located:
    """Read a YAML document that holds a table; raises ContentError with file and line when it is none.

    What is wrong with single keys and values is kept in ``problems``, for the check of the rest to add to.
    """
    text = read_text(path)
    if _nests_too_deep(text):
        raise ContentError([f"{path}:1: the file: nests deeper than {_DEEPEST} levels; write it flatter"])
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            notes = _Notes(path, loader)
            notes.take(node)
            data = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise ContentError([f"{path}:{line}: not valid YAML: {' '.join(problem.split())}"]) from error
    if data is None:
        raise ContentError([f"{path}:1: the file: is empty; write a table (key: value), or remove the file"])
    if not isinstance(data, dict):
        found = "a list" if isinstance(data, list) else shorten(data)
        raise ContentError([f"{path}:1: the file: should be a table (key: value), not {found}"])
    located = Located(path, data, notes.lines).without(notes.refused)
    located.problems = tuple(notes.problems)
    return located


def _nests_too_deep(text: str) -> bool:
    """Whether a file nests so deep that the C parser's recursion would end the process."""
    if sum(text.count(mark) for mark in "[{-?") < _SUSPICIOUS:
        return False
    try:
        steps = (_step(event) for event in yaml.parse(text, Loader=yaml.CSafeLoader))
        return any(depth > _DEEPEST for depth in accumulate(steps))
    except yaml.YAMLError:
        return False  # reading it will say what is wrong


def _step(event: Any) -> int:
    opens = isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
    return opens - isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)


class _Notes:
    """A walk over the nodes of a document: the line of every place, and what no JSON can say."""

    def __init__(self, path: Path, loader: _Loader) -> None:
        self.lines: dict[Place, tuple[int, Place]] = {}
        self.refused: list[Place] = []
        self.problems: list[str] = []
        self._path = path
        self._loader = loader
        self._around: list[int] = []
        self._refused: list[Any] = []

    def take(self, node: Any, place: Place = ()) -> None:
        """Note a node and everything in it; raises ContentError where there is no end to it."""
        if id(node) in self._around:
            self._stop(node, place, "this alias holds itself; write the value out")
        if len(self._around) > _DEEPEST:
            self._stop(node, place, f"nests deeper than {_DEEPEST} levels; write it flatter")
        if len(self.lines) > _MOST_PLACES:
            self._stop(node, place, "the aliases write out to more than can be read; repeat less")
        self._around.append(id(node))
        if isinstance(node, yaml.MappingNode):
            self._take_table(node, place)
        elif isinstance(node, yaml.SequenceNode):
            self._take_list(node, place)
        elif isinstance(node, yaml.ScalarNode):
            self._take_scalar(node, place)
        self._around.pop()

    def _take_table(self, node: yaml.MappingNode, place: Place) -> None:
        if node.tag != _TAG + "map":
            self._refuse(node, place, _TAG + "map", f"{_short(node.tag)} is not plain data; write a table or a list")
        seen: set[str] = set()
        pairs = []
        for key, value in node.value:
            if key.tag == _MERGE:
                self._take_merged(value, place)
                pairs.append((key, value))
            elif not isinstance(key, yaml.ScalarNode) or key.tag not in _SCALARS:
                self._complain(key, place, "a key has to be text; put it in quotes")
            else:
                inner = (*place, key.value)
                if key.value in seen:
                    self._complain(key, inner, "this key is given twice; remove one")
                    continue
                seen.add(key.value)
                self.lines[inner] = key.start_mark.line + 1, inner
                # JSON knows text keys only, and an order number or the country NO is meant as written: so every key
                # is the text that stands in the file.
                pairs.append((yaml.ScalarNode(_TAG + "str", key.value, key.start_mark, key.end_mark), value))
                self.take(value, inner)
        node.value = pairs

    def _take_merged(self, value: Any, place: Place) -> None:
        own = dict(self.lines)
        for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            self.take(one, place)
        self.lines.update(own)

    def _take_list(self, node: yaml.SequenceNode, place: Place) -> None:
        if node.tag != _TAG + "seq":
            self._refuse(node, place, _TAG + "seq", f"{_short(node.tag)} is not plain data; write a table or a list")
        for index, value in enumerate(node.value):
            inner = (*place, index)
            self.lines[inner] = value.start_mark.line + 1, inner
            self.take(value, inner)

    def _take_scalar(self, node: yaml.ScalarNode, place: Place) -> None:
        if node in self._refused:
            self.refused.append(place)
            return
        if node.tag not in _SCALARS:
            self._refuse(node, place, _TAG + "null", f"{_short(node.tag)} is not plain data; write text in quotes")
            return
        if node.tag == _TAG + "str":
            return
        try:
            value = self._loader.yaml_constructors[node.tag](self._loader, node)
        except (ValueError, KeyError, IndexError):
            self._refuse(
                node, place, _TAG + "null", f"{shorten(node.value)} is no {_short(node.tag)}; put it in quotes"
            )
            return
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(node, place, _TAG + "null", f"should be a finite number (got {node.value})")
        elif isinstance(value, int) and not -(2**63) <= value < 2**64:
            self._refuse(node, place, _TAG + "null", f"{shorten(node.value)} does not fit in 64 bits; put it in quotes")

    def _refuse(self, node: Any, place: Place, tag: str, problem: str) -> None:
        self._complain(node, place, problem)
        self.refused.append(place)
        self._refused.append(node)
        node.tag = tag
        if tag == _TAG + "null":
            node.value = ""

    def _complain(self, node: Any, place: Place, problem: str) -> None:
        self.problems.append(f"{self._line(node)}: {dotted(place)}: {problem}")

    def _stop(self, node: Any, place: Place, problem: str) -> None:
        raise ContentError([*self.problems, f"{self._line(node)}: {dotted(place)}: {problem}"])

    def _line(self, node: Any) -> str:
        return f"{self._path}:{node.start_mark.line + 1}"


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")
