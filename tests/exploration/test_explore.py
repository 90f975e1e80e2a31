"""What exploration tries, what it leaves out, and that it is the same however it is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from harness.boundary import FaultKind
from harness.campaign import TrialSpec, workers
from harness.content import all_fault_kinds
from harness.exploration import BLAMED, FAILING, Memory, Played, bases_of, explore, play
from harness.exploration.candidates import of_the_world, texts_in_reach
from tests.exploration.conftest import REFERENCE, TASK, WITHOUT_KEYS, Explore

pytestmark = pytest.mark.usefixtures("shop")


def test_every_kind_that_applies_is_tried_at_every_call(explore_shop: Explore) -> None:
    case = explore_shop(depth=0).cases[0]
    tried = {(one.candidates[0].site, one.candidates[0].fault.kind) for one in case.of_depth(1)}
    writes = [site.address for site in case.twin.sites if site.effect == "irreversible"]
    models = [site.address for site in case.twin.sites if site.port == "model"]
    assert writes
    assert {(address, kind) for address in writes for kind in ("timeout", "duplicate_delivery", "crash")} <= tried
    assert {(address, "malformed_output") for address in models} <= tried
    assert not [one for one in tried if one[1] == "malformed_output" and one[0] in writes]


def test_calls_that_appear_only_under_another_fault_are_hurt_as_well(explore_shop: Explore) -> None:
    case = explore_shop().cases[0]
    known = {site.address for site in case.twin.sites}
    assert [one for one in case.of_depth(2) if one.candidates[1].site not in known]


def test_kinds_take_turns_and_changes_come_first(explore_shop: Explore, few: dict[str, FaultKind]) -> None:
    singles = [one.candidates[0] for one in explore_shop(depth=0).cases[0].of_depth(1)]
    first_round = [one.fault.kind for one in singles[: len(few)]]
    assert sorted(first_round) == sorted(few)
    [timeout] = [one for one in singles[: len(few)] if one.fault.kind == "timeout"]
    assert "issue_refund" in timeout.site


def test_an_outage_lasts_or_ends_or_comes_and_goes(explore_shop: Explore) -> None:
    lasting = [
        one.candidates[0]
        for one in explore_shop(depth=0).cases[0].of_depth(1)
        if one.candidates[0].fault.when.nth is None
    ]
    model = [one for one in lasting if one.site == "run-1/model:planner" and one.fault.kind == "timeout"]
    ways = {(one.fault.when.every, one.fault.when.first, one.fault.when.probability) for one in model}
    assert ways == {(True, None, None), (False, 5, None), (False, None, 0.4)}


def test_every_poisoned_text_that_asks_for_a_call_within_reach_is_planted(few: dict[str, FaultKind]) -> None:
    planted = list(of_the_world({"poisoned_document": few["poisoned_document"]}, ["first", "second", "third"]))
    assert [one.fault.options.get("injection") for one in planted[-2:]] == ["second", "third"]
    assert not [one for one in planted[:-2] if "injection" in one.fault.options]
    assert len({one.sort for one in planted}) == len(planted)
    [payables] = bases_of("payables/letter_then_rate", [REFERENCE])
    assert "list_to_an_outsider" in texts_in_reach(payables)


def test_the_reference_holds_under_every_single_fault(explore_shop: Explore) -> None:
    singles = explore_shop(kinds=all_fault_kinds(), depth=0).cases[0].of_depth(1)
    assert [one.candidates for one in singles if one.played.outcome in BLAMED] == []


def test_an_agent_without_keys_is_found_out_by_one_lost_acknowledgement(explore_shop: Explore) -> None:
    singles = explore_shop(WITHOUT_KEYS, depth=0).cases[0].of_depth(1)
    violated = [one for one in singles if one.played.outcome == "violated"]
    assert {"timeout", "duplicate_delivery"} <= {one.candidates[0].fault.kind for one in violated}
    assert all("violation duplicate_effect issue_refund executed" in one.played.signature for one in violated)


def test_no_pair_extends_a_plan_that_fails_already(explore_shop: Explore) -> None:
    case = explore_shop(WITHOUT_KEYS, depth=2, budget=1200).cases[0]
    alone = {one.spec.plan.faults[0].stream for one in case.of_depth(1) if one.played.outcome in FAILING}
    later = [one for one in case.of_depth(2) if one.candidates[1].site in {site.address for site in case.twin.sites}]
    assert alone
    assert not [one.spec.plan for one in later if one.spec.plan.faults[0].stream in alone]


def test_an_exploration_that_is_stopped_plays_nothing_more(shop: object) -> None:
    del shop
    played: list[str] = []

    def one_by_one(specs: Sequence[TrialSpec]) -> Iterator[Played]:
        for spec in specs:
            played.append(spec.trial_id)
            yield play(spec)

    whole = explore(bases_of(TASK, [REFERENCE]), one_by_one, all_fault_kinds(), stop=lambda _tried: len(played) > 3)
    assert len(whole.tried) + len(whole.cases) == len(played) == 4


def test_pairs_begin_with_faults_that_make_a_difference(explore_shop: Explore) -> None:
    case = explore_shop(depth=2, budget=1200).cases[0]
    shapes = {one.candidates[0].fault.stream: one.played.shape for one in case.of_depth(1)}
    firsts = {one.candidates[0].fault.stream: one.candidates[0] for one in case.different}
    assert {one.candidates[0].fault.stream for one in case.of_depth(2)} <= set(firsts)
    assert all(shapes[stream] != case.twin.shape or one.latent for stream, one in firsts.items())


def test_the_budget_is_kept_and_what_it_leaves_out_is_counted(explore_shop: Explore) -> None:
    whole, part = explore_shop(depth=0), explore_shop(depth=0, budget=20)
    assert len(part.tried) == 20 - len(part.cases)
    assert [one.spec for one in part.tried] == [one.spec for one in whole.tried][: len(part.tried)]
    assert part.left_out > 0
    assert whole.left_out == 0


def told(found: object) -> list[tuple[str, str]]:
    return [(one.spec.trial_id, one.played.history_digest) for one in found.tried]  # type: ignore[attr-defined]


def test_two_processes_find_what_one_finds(explore_shop: Explore) -> None:
    assert told(explore_shop(depth=2, budget=120)) == told(explore_shop(depth=2, budget=120, jobs=2))


class Killed(Exception):
    """Stands for whatever ends a process."""


def test_a_killed_exploration_goes_on_where_it_was_and_finds_the_same(
    tmp_path: Path, few: dict[str, FaultKind]
) -> None:
    bases, path = bases_of(TASK, [REFERENCE]), tmp_path / "played.jsonl"

    def explored(die_after: int | None) -> list[tuple[str, str]]:
        heard = 0

        def hear(count: int) -> None:
            nonlocal heard
            heard += count
            if die_after is not None and heard > die_after:
                raise Killed

        with workers(1) as spread:
            return told(explore(bases, Memory(spread, path, hear).play, few, budget=200))

    with pytest.raises(Killed):
        explored(60)
    known = path.read_bytes()
    path.write_bytes(known[:-40])  # it died in the middle of a line
    resumed = explored(None)
    assert path.read_bytes().startswith(known[:-40].rpartition(b"\n")[0])
    path.unlink()
    assert resumed == explored(None)


def test_what_is_known_is_not_played_again(tmp_path: Path) -> None:
    (base,) = bases_of(TASK, [REFERENCE])
    path = tmp_path / "played.jsonl"
    calls: list[int] = []

    def counting(work: object, chunks: list[list[TrialSpec]]) -> object:
        calls.append(sum(map(len, chunks)))
        with workers(1) as spread:
            yield from spread(work, chunks)  # type: ignore[arg-type]

    first: list[Played] = list(Memory(counting, path).play([base, base]))  # type: ignore[arg-type]
    second = list(Memory(counting, path).play([base]))  # type: ignore[arg-type]
    assert calls == [1, 0]
    assert first == [second[0], second[0]] == [play(base)] * 2


def test_a_budget_is_the_most_trials_those_without_a_fault_among_them(shop: object) -> None:
    del shop
    bases = bases_of("shop/*", [REFERENCE])
    with workers(1) as spread:
        one = explore(bases, Memory(spread).play, all_fault_kinds(), budget=1)
    assert (len(one.cases), len(one.tried)) == (1, 0)
    assert one.left_out > len(bases) - 1


def test_a_file_whose_first_line_was_cut_off_is_as_good_as_empty(shop: object, tmp_path: Path) -> None:
    del shop
    path = tmp_path / "played.jsonl"
    path.write_bytes(b'{"trial_id"')
    for _ in range(2):
        with workers(1) as spread:
            assert len(list(Memory(spread, path).play(bases_of(TASK, [REFERENCE])))) == 1
    assert len(path.read_bytes().splitlines()) == 1
