"""Defects are found without a hand-written plan, random injection is what it says, and the page tells both."""

from __future__ import annotations

import re

import pytest

from benchmarks.defects import load_defects
from benchmarks.exploring.finding import Finding, Found, Injected, explored, injected
from benchmarks.exploring.injecting import Injection
from benchmarks.exploring.page import PAGE, page, summary
from benchmarks.exploring.subjects import Judge, Subject, changed, hand_written, subject_of
from harness.campaign import run_trial
from harness.content import all_fault_kinds
from harness.exploration.sites import sites_of

DEFECTS = load_defects()
KINDS = all_fault_kinds()
BUDGET = 40
TRIALS = 100


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Return a judge who remembers what sound agents do."""
    return Judge(KINDS)


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Return an agent that sends its writes without keys."""
    return subject_of(DEFECTS["no_keys"])


@pytest.mark.parametrize("name", ["no_keys", "silence_is_a_yes", "planner_is_believed", "log_is_not_read"])
def test_exploration_finds_a_defect_by_itself_with_one_fault(name: str, judge: Judge) -> None:
    found = explored(subject_of(DEFECTS[name]), judge, BUDGET)
    assert found is not None
    assert 1 < found.trials <= BUDGET
    assert len(found.faults) == 1


def test_a_defect_that_needs_no_fault_is_told_apart(judge: Judge) -> None:
    found = explored(subject_of(DEFECTS["escalation_is_a_yes"]), judge, BUDGET)
    assert found == Found(1, ())
    assert not Finding("escalation_is_a_yes", "some", found).is_revealed


def test_a_sound_agent_is_never_found_out(subject: Subject, judge: Judge) -> None:
    bases = [base.model_copy(update={"agent": subject.sound}) for base in subject.bases]
    assert explored(Subject(subject.defect, subject.sound, tuple(bases)), judge, BUDGET) is None


def test_harm_that_is_done_without_a_fault_as_well_shows_nothing(judge: Judge) -> None:
    """The second run of the task writes what the first one has written, unless a person keeps the sound agent from it."""
    twice = subject_of(DEFECTS["memories_are_facts"])
    [spec] = [one for one in hand_written(twice) if one.plan.faults]
    played = judge.play(spec)
    assert played.outcome == "violated"
    assert judge.play(changed(spec, agent=twice.sound)).outcome == "recovered"
    assert not judge.shows(twice, spec, played)


def test_random_injection_is_the_same_every_time(subject: Subject, judge: Judge) -> None:
    first, again = (injected(subject, Judge(KINDS), BUDGET, 0.3, 0) for _ in range(2))
    assert first == again is not None
    one, same, other = (Injection(subject.bases[0], 1.0, 0.3, KINDS).trial(5, series) for series in (0, 0, 1))
    assert judge.play(one) == judge.play(same)
    assert one.seed != other.seed


@pytest.mark.parametrize("rate", [0.1, 0.3])
def test_random_injection_hits_as_many_calls_as_it_says(rate: float, subject: Subject) -> None:
    """The first call of every trial is the same, so that its hits are draws of one probability."""
    injection = Injection(subject.bases[0], 1.0, rate, KINDS)
    records = [run_trial(injection.trial(number), KINDS).record for number in range(TRIALS)]
    [first] = {sites_of(record)[0].address for record in records}
    hit = sum(any(event.address == first for event in record.of("fault_injected")) for record in records)
    assert abs(hit - rate * TRIALS) < 3 * (rate * (1 - rate) * TRIALS) ** 0.5


def test_the_median_of_a_series_counts_what_was_not_found() -> None:
    assert Injected(0.1, (7, None, 9)).median == 9
    assert Injected(0.1, (7, None, None)).median is None
    assert Injected(0.1, (7,)).median == 7


def made(name: str, explored_after: int | None, later: int | None = None, drawn: int = 0) -> Finding:
    """Return a finding that two searches agree on and one misses."""
    found, late = (
        None if number is None else Found(number, ("slow (slow) at world",), drawn)
        for number in (explored_after, later)
    )
    series = (Injected(0.1, (4, 5, 6)), Injected(0.3, (None, None, 3)))
    return Finding(name, "deadlines", found, None, series, late)


def test_the_figures_are_those_of_the_findings() -> None:
    shown = [made("one", 3, drawn=12), made("two", 9), made("three", None, later=70)]
    findings = [*shown, Finding("bare", "deadlines", Found(1, ())), Finding("hidden", "deadlines", None)]
    lines = [re.split(r"\s{2,}", line.strip()) for line in summary(findings)]
    assert lines == [
        ["3 of 5 defects are revealed by faults"],
        ["search", "found", "missed", "median", "p95"],
        ["exploration", "2", "1", "9", "—"],
        ["random 0.1", "3", "0", "5", "5"],
        ["random 0.3", "0", "3", "—", "—"],
        ["1 of what exploration found was shown by a swarm first"],
    ]
    text = page(findings, 50)
    assert "| two | [deadlines](../scenarios/patterns/deadlines.yaml) | 9 | `slow (slow) at world` | 5 | — |" in text
    assert (
        "| one | [deadlines](../scenarios/patterns/deadlines.yaml) | 3 | swarm of 12: `slow (slow) at world` |" in text
    )
    assert "- three: found after 70 trials, `slow (slow) at world`" in text
    assert "1 of 5 defects show in a trial without a fault: bare." in text


def test_the_page_names_every_defect_and_its_links_lead_somewhere() -> None:
    text = PAGE.read_text(encoding="utf-8")
    links = set(re.findall(r"\]\(([^)]+)\)", text))
    assert links
    assert [one for one in links if not (PAGE.parent / one).is_file()] == []
    assert [name for name in DEFECTS if not re.search(rf"\b{name}\b", text)] == []


def test_what_the_page_says_of_quick_finds_is_so(judge: Judge) -> None:
    row = re.compile(r"^\| (\w+) \| \S+ \| (\d+) \| (.+?) \| \S+ \| \S+ \|$", re.MULTILINE)
    rows = {name: (int(trials), told) for name, trials, told in row.findall(PAGE.read_text(encoding="utf-8"))}
    for name in ("no_keys", "silence_is_a_yes"):
        found = explored(subject_of(DEFECTS[name]), judge, BUDGET)
        assert found is not None
        assert rows[name] == (found.trials, "<br>".join(f"`{fault}`" for fault in found.faults))
