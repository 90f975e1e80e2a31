"""Fault plans under a name: found in packs, written out in scenarios, and complained of with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.campaign import expand, load_scenario, run_trial
from harness.content import all_profiles
from harness.errors import ContentError
from harness.scoring import score
from tests.content.conftest import scenario_problems

NAMES = ["flaky-network", "provider-brownout", "at-least-once", "poisoned-kb", "bad-friday"]
OWN = "profiles:\n  wet: {description: It rains., faults: [{kind: slow, at: tool, options: {delay_s: 3}}]}\n"
HEAD = "scenario: s\ndomain: shop\n"
ROOT = Path(__file__).parents[2]


def write_profiles(project: Path, text: str) -> None:
    """Put a file of profiles into a project."""
    (project / "fault_injectors").mkdir()
    (project / "fault_injectors" / "profiles.yaml").write_text(text)


def write_scenario(text: str) -> None:
    """Write a scenario of the shop at ``s.yaml``."""
    Path("s.yaml").write_text(HEAD + text)


def profile_problems() -> tuple[str, ...]:
    """Return what is wrong with the profiles of all packs."""
    with pytest.raises(ContentError) as caught:
        all_profiles()
    return caught.value.problems


def test_the_reference_pack_has_the_profiles_that_it_promises() -> None:
    assert [name for name in all_profiles() if ":" not in name] == NAMES


def test_a_profile_stands_before_the_faults_of_its_own_plan(project: Path) -> None:
    write_profiles(project, OWN)
    write_scenario("faults: {rain: {profile: wet, faults: [{kind: timeout, at: tool}]}}\n")
    for spec in expand(load_scenario(Path("s.yaml"))):
        assert [fault.kind for fault in spec.plan.faults] == ["slow", "timeout"]
        assert spec.plan.id == "rain"


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_of_the_reference_pack_holds_for_a_domain_that_it_has_never_seen(project: Path, name: str) -> None:
    del project
    write_scenario(f"tasks: [refund_damaged]\nfaults: {{a: {{profile: {name}}}, b: {{profile: core:{name}}}}}\n")
    first, second = expand(load_scenario(Path("s.yaml")))
    assert first.plan.faults == second.plan.faults
    card = score(run_trial(first).record)
    assert not card.violations
    assert card.verdict in ("passed", "failed", "not_triggered")


PROFILE_BREAKS = {
    "no table": ("profiles: 5\n", "profiles.yaml:1: profiles: should be a table"),
    "no description": (
        "profiles:\n  a: {faults: [{kind: timeout}]}\n",
        "profiles.yaml:2: profiles.a.description: missing",
    ),
    "no faults": (
        "profiles:\n  a: {description: d, faults: []}\n",
        "profiles.yaml:2: profiles.a.faults: should have at",
    ),
    "unknown kind": (
        "profiles:\n  a:\n    description: d\n    faults:\n      - {kind: timeouts}\n",
        "profiles.yaml:5: profiles.a.faults.0.kind: there is no fault 'timeouts'",
    ),
    "unknown option": (
        "profiles:\n  a:\n    description: d\n    faults:\n      - {kind: timeout, options: {when: 1}}\n",
        "profiles.yaml:5: profiles.a.faults.0.options.when: Extra inputs are not permitted; timeout takes: effect",
    ),
    "bad trigger": (
        "profiles:\n  a: {description: d, faults: [{kind: timeout, when: {nth: 1, every: true}}]}\n",
        "profiles.yaml:2: profiles.a.faults.0.when: give exactly one of",
    ),
}


@pytest.mark.parametrize("case", PROFILE_BREAKS)
def test_a_broken_profile_says_where_and_what(project: Path, case: str) -> None:
    text, expected = PROFILE_BREAKS[case]
    write_profiles(project, text)
    [problem] = profile_problems()
    assert expected in problem


def test_a_scenario_hears_of_the_profiles_that_it_wants_to_use(project: Path) -> None:
    write_profiles(project, PROFILE_BREAKS["unknown kind"][0])
    write_scenario("faults: {x: {profile: a}}\n")
    [problem] = scenario_problems("s.yaml")
    assert "profiles.yaml:5: profiles.a.faults.0.kind" in problem


def test_a_scenario_that_names_no_profile_does_not_care(project: Path) -> None:
    write_profiles(project, "profiles: 5\n")
    write_scenario("faults: {x: [{kind: timeout}]}\n")
    assert load_scenario(Path("s.yaml")).faults["x"].faults


@pytest.mark.usefixtures("project")
def test_an_unknown_profile_is_told_which_there_are() -> None:
    write_scenario("faults:\n  x:\n    profile: bad-monday\n")
    assert scenario_problems("s.yaml") == (
        f"s.yaml:5: faults.x.profile: there is no profile 'bad-monday'; known: {', '.join(NAMES)}",
    )


def test_the_scenario_of_all_profiles_holds() -> None:
    scenario = load_scenario(ROOT / "scenarios" / "profiles.yaml")
    assert len(scenario.faults) == len(NAMES)
    for spec in expand(scenario, trials=1):
        assert score(run_trial(spec).record, spec.expect).unmet == (), spec.plan.id
