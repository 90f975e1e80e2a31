from __future__ import annotations

from pathlib import Path

import pytest

from harness.deciding import GateFile, parse_gate_file, read_gate_file
from harness.errors import ContentError

ROOT = Path(__file__).parents[2]
METRIC = '[[metric]]\nname = "success"\nkind = "rate"\nbetter = "higher"\nmargin = 0.03\n'

WRONG = {
    "no TOML": ("schema = = 1", "gate.toml: is no TOML"),
    "no schema": (METRIC, "gate.toml: schema: is missing"),
    "another schema": ("schema = 2\n", "gate.toml: schema: Input should be 1; got 2"),
    "a key that there is not": (
        "schema = 1\nmargins = 3\n",
        "gate.toml: margins: Extra inputs are not permitted; got 3",
    ),
    "a metric that there is not": (
        f"schema = 1\n{METRIC}".replace("success", "sucess"),
        "metric[1].name: there is no metric 'sucess'; known: success",
    ),
    "a metric twice": (f"schema = 1\n{METRIC}{METRIC}", "metric[2].name: 'success' stands there twice"),
    "no margin": (
        f"schema = 1\n{METRIC}".replace("margin = 0.03\n", ""),
        "metric[1]: margin: is missing; say how much worse success may be",
    ),
    "a ratio's margin below one": (
        f"schema = 1\n{METRIC}".replace("rate", "ratio"),
        "metric[1]: margin: a ratio's margin is above 1",
    ),
    "a rate's margin above one": (
        f"schema = 1\n{METRIC}".replace("0.03", "3"),
        "metric[1]: margin: a rate's margin is below 1",
    ),
    "a margin that is none": (f"schema = 1\n{METRIC}".replace("0.03", "nan"), "metric[1].margin: "),
    "a floor for a mean": (
        f"schema = 1\n{METRIC}floor = 0.9\n".replace('"rate"', '"mean"'),
        "metric[1]: floor: only a rate has a floor",
    ),
    "a worst within the margin": (
        f"schema = 1\n{METRIC}worst = 0.02\n",
        "metric[1]: worst: what a family can lose at most",
    ),
    "nothing that decides": (f"schema = 1\n{METRIC}gate = false\n", "metric: none of them decides"),
    "looks that go back": (
        "schema = 1\n[statistics]\nlooks = [8, 4]\n",
        "statistics: looks: numbers of trials that grow",
    ),
    "more spent early than there is": (
        "schema = 1\n[statistics]\nalpha = 0.01\n",
        "statistics: alpha_fail_fast: is spent out of alpha",
    ),
    "a quarantine without an owner": (
        'schema = 1\n[[quarantine]]\ntask = "a"\nexpires = 2027-01-31\nreason = "r"\n',
        "quarantine[1].owner: Field required",
    ),
    "a quarantine without an end": (
        'schema = 1\n[[quarantine]]\ntask = "a"\nowner = "@x"\nreason = "r"\n',
        "quarantine[1].expires: Field required",
    ),
    "a floor for what is better the lower": (
        f"schema = 1\n{METRIC}floor = 0.9\n".replace("success", "runaway_loop").replace("higher", "lower"),
        "metric[1]: floor: runaway_loop is better the lower it is",
    ),
    "a direction that lets every loss pass": (
        f"schema = 1\n{METRIC}".replace("higher", "lower"),
        'metric[1]: better: more of success is better; write better = "higher"',
    ),
    "a number that is none": (
        f"schema = 1\n{METRIC}".replace("success", "pass_hat_²"),
        "metric[1].name: there is no metric 'pass_hat_²'",
    ),
    "an owner of blanks": (
        'schema = 1\n[[quarantine]]\ntask = "a"\nowner = " "\nexpires = 2027-01-31\nreason = "r"\n',
        "quarantine[1].owner: ",
    ),
    "an axis that there is not": ('schema = 1\n[slices]\nby = ["colour"]\n', "slices.by[1]: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_malformed_gate_file_is_refused_with_its_key_and_the_cure(case: str) -> None:
    text, said = WRONG[case]
    with pytest.raises(ContentError) as refused:
        parse_gate_file(text, "gate.toml")
    assert said in str(refused.value)
    assert all(line.startswith("gate.toml: ") for line in refused.value.problems)


def test_all_problems_of_a_gate_file_are_told_together() -> None:
    with pytest.raises(ContentError) as refused:
        parse_gate_file("schema = 1\nmargins = 3\n[statistics]\nmin_clusters = 0\n", "gate.toml")
    assert len(refused.value.problems) == 2


def test_a_gate_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="can not be read"):
        read_gate_file(tmp_path / "gate.toml")


def test_the_gate_file_of_this_project_and_the_default_one_are_sound() -> None:
    assert [rule.name for rule in read_gate_file(ROOT / "gate.toml").metric][:1] == ["success"]
    assert any(rule.gate for rule in GateFile().metric)
