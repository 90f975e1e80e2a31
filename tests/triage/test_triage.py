"""Triage of two sides and of one: clusters, what they have in common, and what their example tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.content import AgentSpec, Expectation
from harness.deciding import side
from harness.render.triage import code, render_triage
from harness.triage import Depth, Explained, Replays, Triage, triage, triage_one
from tests.triage.conftest import LOST, SCRIPTED, Store, like, trial

KEYLESS = like(without=("idempotency_keys",))
SLOW = {"kind": "slow", "at": "tool:get_order", "options": {"delay_s": 3.0}}
QUICK = Depth(branches=2)


def both(store: Store, agent: AgentSpec, *faults: dict[str, Any]) -> tuple[Path, Path]:
    plans = [(), faults] if faults else [()]
    return tuple(  # type: ignore[return-value]
        store(name, *(trial(*plan, agent=one, seed=seed, number=seed) for plan in plans for seed in range(3)))
        for name, one in (("before", SCRIPTED), ("after", agent))
    )


def triaged(folders: tuple[Path, Path], *, replays: bool = True) -> Triage:
    before, after = (side(str(folder)) for folder in folders)
    return triage(before, after, depth=QUICK, replays=Replays() if replays else None)


def only(found: Triage) -> Explained:
    (one,) = found.clusters
    return one


def test_trials_that_fail_in_the_same_way_are_one_cluster_with_its_share(store: Store) -> None:
    found = triaged(both(store, KEYLESS, LOST))
    cluster = only(found).cluster
    assert (cluster.failures, cluster.opportunities) == (3, 6)
    assert cluster.interval.low < 0.5 < cluster.interval.high
    assert (cluster.severity, cluster.fault_kinds, cluster.tasks) == ("critical", ("timeout",), ("refund_damaged",))
    assert "violation duplicate_effect issue_refund executed" in cluster.signature
    assert found.transitions["newly_failing"] == 3
    assert sum(found.transitions.values()) == found.trials == 6


def test_a_cluster_has_the_same_name_wherever_it_comes_up(store: Store) -> None:
    one, other = both(store, KEYLESS, LOST), (store("b", trial(LOST)), store("a", trial(LOST, agent=KEYLESS)))
    assert only(triaged(one)).cluster.id == only(triaged(other)).cluster.id


def test_the_example_is_attributed_shrunk_and_can_be_played_again(store: Store) -> None:
    one = only(triaged(both(store, KEYLESS, SLOW, LOST)))
    assert one.attribution is not None
    assert (one.attribution.axis, one.attribution.basis) == ("parts", "swap")
    assert one.reproduction is not None
    assert [fault["kind"] for fault in one.reproduction.faults] == ["timeout"]
    assert one.reproduction.planned == 2
    assert one.divergence is not None
    assert one.divergence.words.endswith("with no key")
    assert any(not line.same for line in one.lines)
    assert one.commands.bisect.startswith("git bisect run harness replay --bisect ")


def test_without_replays_the_same_cluster_is_found_and_nothing_is_played(store: Store) -> None:
    folders = both(store, KEYLESS, LOST)
    told, played = only(triaged(folders, replays=False)), only(triaged(folders))
    assert told.cluster == played.cluster
    assert told.divergence == played.divergence
    assert told.attribution is not None
    assert told.attribution.axis == "parts"
    assert (told.reproduction, told.causality) == (None, None)


def test_what_failing_trials_have_in_common_is_told_with_its_support(store: Store) -> None:
    found = triaged(both(store, KEYLESS, LOST), replays=False)
    told = {(one.what, one.name): (one.failing, one.passing) for one in found.enriched}
    assert told["fault kind", "timeout"] == (3, 0)
    assert ("tool", "issue_refund") not in told  # all of them call it


def test_equal_sides_have_nothing_to_triage(store: Store) -> None:
    found = triaged(both(store, SCRIPTED, LOST))
    assert found.clusters == ()
    assert found.transitions["unchanged"] == found.trials == 6


def test_a_trial_that_no_longer_fails_is_not_explained_by_replays(store: Store) -> None:
    folders = both(store, KEYLESS, LOST)
    replays = Replays()
    failed = side(str(folders[1])).results.by_id
    for spec in (trial(LOST, agent=KEYLESS, seed=seed, number=seed) for seed in range(3)):
        assert spec.trial_id in failed
        replays._known[spec.trial_id] = msgspec.structs.replace(replays(spec), state="good")
    before, after = (side(str(folder)) for folder in folders)
    one = only(triage(before, after, depth=QUICK, replays=replays))
    assert one.reproduction is None
    assert one.notes[0].startswith("played today, it does not fail in that way")


def test_a_verdict_that_changed_without_the_history_is_put_down_to_the_judgement(store: Store) -> None:
    before = trial(agent=like(planner="do_nothing"))
    done, failed = Expectation(verdict=("failed",)), Expectation(verdict=("passed",))
    folders = tuple(store(name, before._with(expect=one)) for name, one in (("before", done), ("after", failed)))
    one = only(triaged(folders))  # type: ignore[arg-type]  # two of them
    assert one.divergence is None
    assert "what is expected" in one.notes[0]


def test_one_side_is_held_against_its_twins_without_faults(store: Store) -> None:
    found = triage_one(side(str(both(store, KEYLESS, LOST)[1])), depth=QUICK, replays=Replays())
    one = only(found)
    assert found.transitions == {"failing": 3, "passing": 3, "invalid": 0}
    assert one.attribution is not None
    assert one.attribution.axis == "faults"


def test_a_twin_that_was_not_stored_is_played(store: Store) -> None:
    one = only(triage_one(side(str(store("x", trial(LOST, agent=KEYLESS)))), depth=QUICK, replays=Replays()))
    assert one.divergence is not None
    assert one.divergence.author == "faults"


def test_the_page_shows_the_fork_the_table_of_swaps_the_curve_and_the_commands(store: Store) -> None:
    found = triaged(both(store, KEYLESS, LOST))
    page = render_triage(found)
    one = only(found)
    assert one.cluster.id in page
    assert "| agent.without | bad |" in page
    assert "| before step 1 | 2 of 2 |" in page
    assert one.commands.replay in page
    assert "kind: timeout" in page


@pytest.mark.parametrize("text", ["`", "a ``` b", "![x](http://evil.example)", "</details>", "line\nbreak", "a | b"])
def test_text_of_a_tool_means_nothing_to_markdown(text: str) -> None:
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.endswith(fence)
    assert fence not in span[len(fence) : -len(fence)]
    assert "\n" not in span
