"""A YAML file is read as the plain data that JSON can say, or refused with file, line and key."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from harness.boundary import Trigger
from harness.content import Budget, Located, all_fault_kinds, load_domain, read_yaml
from harness.errors import ContentError


def read(folder: Path, text: str) -> Located:
    """Read a text as a file."""
    path = folder / "a.yaml"
    path.write_text(text)
    return read_yaml(path)


@pytest.mark.parametrize("text", ["2024-01-01", "2024-13-45", "2024-01-01 10:00:00", "=", "O-1"])
def test_a_date_is_the_text_that_stands_in_the_file(tmp_path: Path, text: str) -> None:
    """A date object would never equal the text that a tool returns."""
    assert read(tmp_path, f"a: {text}\n").data == {"a": text}


@pytest.mark.usefixtures("project")
def test_what_a_task_expects_of_a_date_is_text() -> None:
    """What is scored is what is stored."""
    Path("golden/shop/tasks/dates.yaml").write_text(
        "tasks: [{id: dated, ask: x, expect: {final_state: {checks: [{path: a, equals: 2024-01-01}]}}}]\n"
    )
    final_state = load_domain("shop").tasks["dated"].expect.final_state
    assert final_state is not None
    assert final_state.checks[0].equals == "2024-01-01"


def test_every_key_is_the_text_that_stands_in_the_file(tmp_path: Path) -> None:
    """Order numbers and the country NO, and no two keys become one."""
    assert read(tmp_path, "1042: 1\nNO: 2\n~: 3\n2024-01-01: 4\n1.50: 5\n").data == {
        "1042": 1,
        "NO": 2,
        "~": 3,
        "2024-01-01": 4,
        "1.50": 5,
    }


def test_merged_keys_keep_their_lines(tmp_path: Path) -> None:
    """A merge key is no key of its own, and what stands beside it wins."""
    located = read(tmp_path, "base: &base\n  x: 1\n  y: 2\nmore:\n  <<: *base\n  y: 3\n")
    assert located.data["more"] == {"x": 1, "y": 3}
    assert located.where(("more", "x")).endswith("a.yaml:2: more.x")
    assert located.where(("more", "y")).endswith("a.yaml:6: more.y")


ENDS = {
    "": "1: the file: is empty",
    "# nothing\n": "1: the file: is empty",
    "- a\n": "1: the file: should be a table (key: value), not a list",
    "5\n": "1: the file: should be a table (key: value), not 5",
    "&a\nb: *a\n": "b: this alias holds itself",
    "a: &a [*a]\n": "1: a.0: this alias holds itself",
    "a: &a {<<: *a}\n": "1: a: this alias holds itself",
    "a: " + "[" * 200 + "]" * 200: "nests deeper than 100 levels",
    "a: " + "[" * 200_000 + "]" * 200_000: "nests deeper than 100 levels",
    "a: [\n": "not valid YAML",
    "a: *nowhere\n": "1: not valid YAML: found undefined alias",
    "<<: 5\n": "1: not valid YAML: expected a mapping",
}


@pytest.mark.parametrize("text", ENDS, ids=lambda text: repr(text[:12]))
def test_a_file_that_can_not_be_read_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ContentError) as caught:
        read(tmp_path, text)
    [problem] = caught.value.problems
    assert ENDS[text] in problem
    assert problem.startswith(str(tmp_path / "a.yaml"))


def test_aliases_that_write_out_to_millions_are_refused(tmp_path: Path) -> None:
    """Each line holds the one above ten times."""
    lines = ["a0: &a0 [1]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]
    with pytest.raises(ContentError, match="write out to more than can be read"):
        read(tmp_path, "\n".join(lines))


NOTES = {
    "!!int x": "b.0: 'x' is no !!int; put it in quotes",
    "!!float zz": "b.0: 'zz' is no !!float; put it in quotes",
    "!!bool maybe": "b.0: 'maybe' is no !!bool; put it in quotes",
    "!!int ''": "b.0: '' is no !!int; put it in quotes",
    ".nan": "b.0: should be a finite number (got .nan)",
    "-.inf": "b.0: should be a finite number (got -.inf)",
    "18446744073709551616": "b.0: '18446744073709551616' does not fit in 64 bits; put it in quotes",
    "9" * 5000: f"b.0: '{'9' * 79}… (5002 characters) is no !!int; put it in quotes",
    "!!binary aGk=": "b.0: !!binary is not plain data; write text in quotes",
    "!!timestamp 2024-01-01": "b.0: !!timestamp is not plain data; write text in quotes",
    "!!set {a, b}": "b.0: !!set is not plain data; write a table or a list",
    "!!omap [a: 1]": "b.0: !!omap is not plain data; write a table or a list",
    "!!python/object/apply:os.system [x]": "b.0: !!python/object/apply:os.system is not plain data; write a table or a list",
    "!mine 5": "b.0: !mine is not plain data; write text in quotes",
    "{? [a, b] : 1}": "b.0: a key has to be text; put it in quotes",
    "{? {a: b} : 1}": "b.0: a key has to be text; put it in quotes",
    "{x: 1, x: 2}": "b.0.x: this key is given twice; remove one",
}


@pytest.mark.parametrize("value", NOTES, ids=lambda value: value[:20])
def test_what_json_can_not_say_is_noted_with_line_and_key(tmp_path: Path, value: str) -> None:
    """Reading goes on, so that the other problems are found as well; the rest is plain data."""
    located = read(tmp_path, f"a: 1\nb: [{value}, kept]\n")
    assert located.problems == (f"{tmp_path / 'a.yaml'}:2: {NOTES[value]}",)
    assert json.loads(json.dumps(located.data, allow_nan=False)) == located.data
    assert located.data["b"][-1] == "kept"


def test_a_list_item_keeps_its_number_when_one_before_it_is_taken_out(tmp_path: Path) -> None:
    """So that a later complaint points at what the author sees."""
    located = read(tmp_path, "a:\n  - .nan\n  - b\n")
    assert located.data == {"a": ["b"]}
    assert located.where(("a", 0)).endswith("a.yaml:3: a.1")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: .nan\n", "world.yaml:1: a: should be a finite number"),
        ("[1]\n", "world.yaml:1: the file: should be a table"),
        ("", "world.yaml:1: the file: is empty"),
        ("a: !!binary aGk=\n", "world.yaml:1: a: !!binary is not plain data"),
    ],
)
def test_a_world_is_a_table_of_plain_data(text: str, expected: str) -> None:
    Path("golden/shop/world.yaml").write_text(text)
    with pytest.raises(ContentError) as caught:
        load_domain("shop")
    [problem] = caught.value.problems
    assert expected in problem


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_no_model_takes_a_number_that_json_can_not_say(number: float) -> None:
    """It would be stored as null, and the record would not be what was scored."""
    kinds = all_fault_kinds()
    for model, given in (
        (Budget, {"deadline_s": number}),
        (Trigger, {"window": (0.0, number)}),
        (kinds["http_error"].options, {"retry_after_s": number}),
        (kinds["clock_skew"].options, {"skew_s": number}),
        (kinds["duplicate_delivery"].options, {"delay_s": number}),
    ):
        with pytest.raises(ValidationError):
            model.model_validate(given)
