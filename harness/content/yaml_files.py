"""YAML files read with the line of every key, so that an error can point at its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.errors import ContentError

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]


class Located:
    """The data of one YAML file, and the line of each of its places (line 1 is the first)."""

    def __init__(self, path: Path, data: Any, lines: dict[Place, int]) -> None:
        self.path = path
        self.data = data
        self._lines = lines

    def where(self, place: Sequence[str | int]) -> str:
        """Return ``file:line: dotted.key`` of the nearest place that the file really has.

        A part that the file leaves out, because a model takes a shorter form, is passed over.
        """
        known: Place = ()
        for part in place:
            if (*known, part) in self._lines:
                known = (*known, part)
        dotted = ".".join(str(part) for part in place)
        return f"{self.path}:{self._lines.get(known, 1)}: {dotted or 'the file'}"


def read_yaml(path: Path) -> Located:
    """Read one YAML document; raises ContentError with file and line when it is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError([f"{path}: can not be read: {error}"]) from error
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        lines: dict[Place, int] = {}
        problems = list(_note_lines(path, node, (), lines))
        data = yaml.load(text, Loader=yaml.CSafeLoader)  # the safe loader, in C
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise ContentError([f"{path}:{line}: not valid YAML: {problem}"]) from error
    if problems:
        raise ContentError(problems)
    return Located(path, data, lines)


def _note_lines(path: Path, node: Any, place: Place, lines: dict[Place, int]) -> Iterable[str]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = (*place, key.value)
            if key.value in seen:
                dotted = ".".join(map(str, inner))
                yield f"{path}:{key.start_mark.line + 1}: {dotted}: this key is given twice; remove one"
            seen.add(key.value)
            lines[inner] = key.start_mark.line + 1
            yield from _note_lines(path, value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*place, index)] = value.start_mark.line + 1
            yield from _note_lines(path, value, (*place, index), lines)


def parse(model: type[Model], located: Located) -> Model:
    """Build ``model`` from a file; raises ContentError with one line for every problem in it."""
    try:
        return model.model_validate(located.data if located.data is not None else {})
    except ValidationError as error:
        raise ContentError([_describe(located, one, model) for one in error.errors()]) from error


def _describe(located: Located, error: Any, model: type[BaseModel]) -> str:
    place = tuple(part for part in error["loc"] if not _is_union_tag(part))
    where = located.where(place)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {place[-1]!r}; remove it{_known_keys(model, place[:-1])}"
    if error["type"] == "missing":
        return f"{where}: missing; add {place[-1]!r}"
    message = error["msg"].removeprefix("Value error, ")
    value = "" if isinstance(error["input"], dict | list) else f" (got {error['input']!r})"
    return f"{where}: {message}{value}"


def _is_union_tag(part: str | int) -> bool:
    return isinstance(part, str) and (part.endswith(")") or part.startswith(("function-", "tuple[", "dict[")))


def _known_keys(model: type[BaseModel], place: Place) -> str:
    if place:
        return ""
    return f", or use one of: {', '.join(model.model_fields)}"
