"""From the data of a file to a model: what does not fit is reported in plain words, all of it at once."""

from __future__ import annotations

from types import NoneType
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from harness.content.located import Located, Place, shorten
from harness.errors import ContentError

Model = TypeVar("Model", bound=BaseModel)

_MOST_PASSES = 6
_PLAIN = {
    "tuple_type": "should be a list",
    "list_type": "should be a list",
    "dict_type": "should be a table (key: value)",
    "model_type": "should be a table (key: value)",
    "model_attributes_type": "should be a table (key: value)",
    "string_type": "should be text; put it in quotes",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_parsing_size": "should be a smaller whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "string_too_short": "should not be empty",
}


class Salvage(NamedTuple, Generic[Model]):
    """What could be read of a file: its problems, and the model of the rest where the rest is whole.

    ``located`` is the data that ``value`` was built from.
    """

    value: Model | None
    located: Located
    problems: tuple[str, ...]


def parse(model: type[Model], located: Located) -> Model:
    """Build ``model`` from a file; raises ContentError with one line for every problem in it."""
    found = salvage(model, located)
    if found.problems or found.value is None:
        raise ContentError(found.problems)
    return found.value


def salvage(model: type[Model], located: Located) -> Salvage[Model]:
    """Build ``model`` from what is sound in a file, so that what it names can be checked in the same go.

    What is wrong is taken out, and the rest is tried again, a few times.
    """
    problems = list(located.problems)
    for _ in range(_MOST_PASSES):
        try:
            return Salvage(model.model_validate(located.data), located, tuple(dict.fromkeys(problems)))
        except ValidationError as error:
            wrong = error.errors()
        told = [one for one in wrong if not _is_follow_up(located, one)]
        problems += [_describe(located, one, model) for one in told]
        unknown = [located.real(_place(one)) for one in wrong if one["type"] == "extra_forbidden"]
        broken = [located.real(_place(one)) for one in wrong if one["type"] != "extra_forbidden"]
        if () in broken:
            break
        located = located.without(broken).without(unknown, harmless=True)
    return Salvage(None, located, tuple(dict.fromkeys(problems)))


def _is_follow_up(located: Located, error: Any) -> bool:
    """Whether an error only says that what was found wrong elsewhere is missing now."""
    if error["type"] == "too_short" and len(error["input"]) > error["ctx"].get("actual_length", 0):
        return True
    place = _place(error)
    return located.lost(place) if error["type"] == "missing" else located.damaged(place)


def _place(error: Any) -> Place:
    return tuple(part for part in error["loc"] if not _is_no_key(part))


def _is_no_key(part: str | int) -> bool:
    """Whether pydantic added this part: the branch of a union, or that a key itself is wrong."""
    if part == "[key]":
        return True
    return isinstance(part, str) and (part.endswith(")") or part.startswith(("function-", "tuple[", "dict[")))


def _describe(located: Located, error: Any, model: type[BaseModel]) -> str:
    place = _place(error)
    where = located.where(place)
    if error["type"] == "extra_forbidden":
        return f"{where}: unknown key {place[-1]!r}; remove it{_known_keys(model, place[:-1])}"
    if error["type"] == "missing":
        last = place[-1]
        return f"{where}: missing; add {f'item {last + 1}' if isinstance(last, int) else repr(last)}"
    return f"{where}: {_in_plain_words(error)}{_got(error['input'])}"


def _got(value: Any) -> str:
    if isinstance(value, dict | list):
        return ""
    return f" (got {'nothing' if value is None else shorten(value)})"


def _in_plain_words(error: Any) -> str:
    kind, limits = error["type"], error.get("ctx", {})
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "too_short":
        return f"should have at least {_items(limits['min_length'])}"
    if kind == "too_long":
        return f"should have at most {_items(limits['max_length'])}, not {limits['actual_length']}"
    if kind == "string_too_long":
        return f"should have at most {limits['max_length']} characters"
    if kind == "literal_error":
        return f"should be one of: {limits['expected']}"
    return str(error["msg"]).removeprefix("Value error, ").replace("Input should", "should")


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"


def _known_keys(model: type[BaseModel], place: Place) -> str:
    inner = _model_at(model, place)
    return f", or use one of: {', '.join(inner.model_fields)}" if inner else ""


def _model_at(annotation: Any, place: Place) -> type[BaseModel] | None:
    """Return the model that describes ``place``, as far as the annotations tell."""
    for part in place:
        annotation = _without_none(annotation)
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        else:
            inner = [one for one in get_args(annotation) if one is not ...]
            annotation = inner[-1] if inner else None
    annotation = _without_none(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _without_none(annotation: Any) -> Any:
    while True:
        inner = [one for one in get_args(annotation) if one is not NoneType]
        if hasattr(annotation, "__metadata__") or (len(inner) == 1 and NoneType in get_args(annotation)):
            annotation = inner[0]
        else:
            return annotation
