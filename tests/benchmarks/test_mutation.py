"""Mutants that scenarios notice and those that they can not notice, and what counts as a mutant."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutation.judging import Court, survey
from benchmarks.mutation.mutant import Mutant
from benchmarks.mutation.share import wilson_lower

FOLDER = Path(__file__).parents[2] / "harness" / "orchestrator"


def changed(module: str, before: str, after: str) -> Mutant:
    """Return a module with one change that is made by hand."""
    path = FOLDER / f"{module}.py"
    source = path.read_text()
    assert source.count(before) == 1, f"{before!r} is in {path} {source.count(before)} times"
    line = source[: source.index(before)].count("\n") + 1
    return Mutant(f"{module}:1", path, line, f"- {before}\n+ {after}", source.replace(before, after), (line, line))


@pytest.fixture(scope="module")
def court() -> Court:
    return Court(survey(["breaker_for_each_tool", "deadlines"]), jobs=2)


def test_a_change_that_breaks_every_run_is_caught(court: Court) -> None:
    fatal = changed("budgets", "self.steps += 1", "self.steps += 1_000")
    assert court.judge(fatal).fate == "caught"


def test_a_threshold_that_is_off_by_one_is_caught_by_a_scenario_about_it(court: Court) -> None:
    judgement = court.judge(changed("breakers", "circuit.failures == self._policy", "circuit.failures > self._policy"))
    assert judgement.fate == "caught"
    assert "breaker" in judgement.by


def test_a_change_that_means_the_same_survives_and_is_not_visible(court: Court) -> None:
    same = changed("budgets", "return min(wanted_s, left_s)", "return min(left_s, wanted_s)")
    judgement = court.judge(same)
    assert judgement.fate == "survived"
    assert court.is_reached(same)
    assert not court.is_visible(judgement)


def test_a_change_that_ends_the_process_is_caught_and_told_apart(court: Court) -> None:
    deadly = changed("budgets", "self.steps += 1", "__import__('os')._exit(1)")
    assert court.judge(deadly).fate == "died"


def test_a_module_that_can_not_be_imported_is_no_mutant(court: Court) -> None:
    assert court.judge(changed("budgets", "class TenantSpend:", "class TenantSpend(1):")).fate == "stillborn"


def test_one_mutant_leaves_nothing_behind_for_the_next(court: Court) -> None:
    court.judge(changed("budgets", "self.steps += 1", "self.steps += 1_000"))
    assert court.judge(changed("budgets", "self.steps += 1", "self.steps += 1  # as before")).fate == "survived"


def test_the_lower_bound_is_the_one_of_the_textbook() -> None:
    assert wilson_lower(81, 263) == pytest.approx(0.2553, abs=5e-5)  # Newcombe 1998, table I
    assert wilson_lower(15, 148) == pytest.approx(0.0624, abs=5e-5)
    assert wilson_lower(0, 20) == 0
    assert wilson_lower(0, 0) == 0


def test_every_mutant_is_another_program_that_python_can_read() -> None:
    mutants = pytest.importorskip("benchmarks.mutation.mutants", reason="needs the dependency group `mutation`")
    for site in mutants.sites_of(FOLDER / "keys.py"):
        mutant = site.mutant()
        assert mutant.source != mutant.path.read_text()
        compile(mutant.source, str(mutant.path), "exec", dont_inherit=True)


def test_what_has_no_behaviour_is_not_changed() -> None:
    mutants = pytest.importorskip("benchmarks.mutation.mutants", reason="needs the dependency group `mutation`")
    assert mutants.sites_of(FOLDER / "__init__.py") == []
    lines = (FOLDER / "run_log.py").read_text().splitlines()
    changed_lines = {lines[site.lines[0] - 1] for site in mutants.sites_of(FOLDER / "run_log.py")}
    assert changed_lines
    assert not [line for line in changed_lines if "_database" in line or "(Protocol)" in line or "import" in line]


def test_functions_with_a_decorator_are_changed_as_well() -> None:
    mutants = pytest.importorskip("benchmarks.mutation.mutants", reason="needs the dependency group `mutation`")
    line = (FOLDER / "budgets.py").read_text().splitlines().index("        return self._started_at_s + self.deadline_s")
    changes = [site for site in mutants.sites_of(FOLDER / "budgets.py") if site.lines[0] == line + 1]
    assert [site.mutant().diff.splitlines()[1] for site in changes] == ["+ return self._started_at_s - self.deadline_s"]
