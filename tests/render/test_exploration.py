"""The page of an exploration: every cell leads somewhere, what never fired is plain, and it stays small."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from harness.campaign import workers
from harness.content import AgentSpec, all_fault_kinds
from harness.exploration import (
    PRIMITIVES,
    Cell,
    Exploration,
    Failure,
    Findings,
    Fired,
    Memory,
    Outcome,
    PlanFound,
    Twin,
    bases_of,
    explore,
    findings,
)
from harness.exploration.case import Case
from harness.render import Asked, number, render_exploration, write_exploration
from harness.render.exploration import CARDS_SHOWN, MOST_CARDS
from tests.conftest import SHOP
from tests.render.test_report import HOSTILE, Page

ASKED = Asked("shop/refund_damaged", 1, 0, "harness explore shop/refund_damaged --depth 1 --seed 0")
AGENTS = (AgentSpec(name="reference"), AgentSpec(name="without_keys", without=("idempotency_keys",)))
KINDS = ("timeout", "http_error", "crash", "budget_cut", "clock_skew", "false_report", "poisoned_document")
IDS = re.compile(r' id="([^"]+)"')
LINKED_CELL = re.compile(r'<td class="cell is-(\w+)" title="([^"]*)"><a href="#([^"]+)">')
CARD = re.compile(r'<li class="finding" id="([^"]+)">(.*?)</li>', re.DOTALL)


@pytest.fixture(scope="module")
def explored() -> Iterator[Exploration]:
    """Explore two agents of the shop with a few kinds; its swarms are drawn anew for whoever looks at them."""
    with pytest.MonkeyPatch.context() as patch, workers(1) as spread:
        patch.chdir(SHOP)
        kinds = {name: all_fault_kinds()[name] for name in KINDS}
        yield explore(bases_of("shop/refund_damaged", AGENTS), Memory(spread).play, kinds, depth=0)


@pytest.fixture(scope="module")
def found(explored: Exploration) -> Findings:
    """Return what they come to."""
    return findings(explored)


@pytest.fixture(scope="module")
def html(found: Findings) -> str:
    """Return their page."""
    return render_exploration(found, Path("found"), ASKED)


def synthetic(  # one argument for each thing that can be many
    *,
    agents: Sequence[str] = ("agent",),
    places: Sequence[str] = ("tool:a",),
    kinds: Sequence[str] = ("timeout",),
    failures: int = 1,
    plans: int = 1,
    outcome: Outcome = "violated",
    fact: str = "violation duplicate_effect pay executed",
    task: str = "task",
) -> Findings:
    """Return findings of any size, in which every cell is as bad as ``outcome``."""
    ways = [
        Failure(
            agents[way % len(agents)],
            outcome,
            (fact, f"missed world: row {way}"),
            tuple(
                PlanFound(f"t{way}-{plan}", task, ("timeout (lost) at run-1/tool:a#1",) * 2) for plan in range(plans)
            ),
        )
        for way in range(failures)
    ]
    cells = [
        Cell(agent, place, f"of_{kind}", kind, {"recovered": 5, outcome: 2}, outcome, f"t{rank % max(1, failures)}-0")
        for agent in agents
        for rank, place in enumerate(places)
        for kind in kinds
    ]
    counts: dict[str, int] = {"recovered": 149_000, outcome: failures * plans}
    return Findings(
        trials=sum(counts.values()) + len(agents),
        histories=9,
        left_out=0,
        outcomes=counts,
        by_agent=dict.fromkeys(agents, counts),
        twins=tuple(Twin(agent, task, "recovered") for agent in agents),
        cells=tuple(cells),
        primitives=tuple(Fired(agent, name, 0) for agent in agents for name in PRIMITIVES),
        failures=tuple(ways),
    )


def rendered(some: Findings) -> str:
    """Return the page of some findings."""
    return render_exploration(some, Path("found"), ASKED)


def test_the_page_is_written_into_the_folder_and_every_tag_is_closed(found: Findings, tmp_path: Path) -> None:
    path = write_exploration(found, tmp_path, ASKED)
    assert path == tmp_path / "exploration.html"
    assert Page(path.read_text(encoding="utf-8")).open == []


def test_the_page_reaches_for_nothing_and_runs_nothing(html: str) -> None:
    page = Page(html)
    assert all(link.startswith("#") for link in page.links)
    assert not re.search(r"https?://|@import|url\((?!#)", html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "script-src 'none'" in page.policy
    assert not {name for _, names in page.tags for name in names if name == "style" or name.startswith("on")}


def test_every_link_leads_to_an_anchor_and_no_anchor_is_there_twice(html: str) -> None:
    ids = IDS.findall(html)
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in Page(html).links} <= set(ids)


def test_a_failing_cell_leads_to_the_way_in_which_it_fails(html: str, found: Findings) -> None:
    cards = dict(CARD.findall(html))
    linked = LINKED_CELL.findall(html)
    assert [worst for worst, told, _ in linked if told.startswith("timeout at tool:issue_refund: ")] == ["violated"]
    assert all(f"<b>{worst}</b>" in cards[anchor] for worst, _, anchor in linked)
    ending = {plan.trial_id for failure in found.failures for plan in failure.plans}
    assert len(linked) == sum(cell.trial_id in ending for cell in found.cells)


def test_a_cell_tells_how_often_each_outcome_came(html: str, found: Findings) -> None:
    several = [cell for cell in found.cells if len(cell.outcomes) > 1]
    assert several
    for cell in several:
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in cell.outcomes.items())
        assert f"{cell.kind.replace('_', ' ')} at {cell.place}: {told}" in html


def test_a_fault_that_reached_nothing_hides_no_outcome(explored: Exploration) -> None:
    [case, _] = explored.cases
    one = next(tried for tried in case.tried if tried.played.outcome == "recovered")
    missed = replace(one, played=msgspec.structs.replace(one.played, outcome="not_triggered"))
    [both] = findings(Exploration((Case(case.base, case.twin, [one, missed]),), 0)).cells
    assert (both.outcomes, both.worst) == ({"recovered": 1, "not_triggered": 1}, "recovered")
    [only] = findings(Exploration((Case(case.base, case.twin, [missed]),), 0)).cells
    assert only.worst == "not_triggered"


def test_places_stand_in_the_order_of_the_twin(found: Findings) -> None:
    """The world before all calls, the clock behind them, the model before the tools that it asks for."""
    places = list(dict.fromkeys(cell.place for cell in found.cells if cell.agent == "reference"))
    assert (places[0], places[-1]) == ("world", "clock")
    assert places.index("model:planner") < places.index("tool:get_order") < places.index("tool:issue_refund")


def test_families_of_one_kind_have_columns_of_their_own_under_one_heading(html: str, found: Findings) -> None:
    families = {cell.family for cell in found.cells if cell.kind == "http_error"}
    assert families == {"client_error", "rate_limit", "server_error"}
    assert '<th scope="colgroup" colspan="3"><span>http error</span></th>' in html
    head = html[html.index('<tr class="kinds">') :].partition("</tr>")[0]
    assert re.findall(r"<span>(\w+ \w+)</span>", head)[2:5] == ["client error", "rate limit", "server error"]


def test_what_was_never_at_work_is_told_from_what_was(html: str, found: Findings) -> None:
    section = html[html.index('<section id="primitives">') :].partition("</section>")[0]
    shown = re.findall(r'<li class="(\w+)"><span>([^<]*)</span> <b>([^<]*)</b></li>', section)
    wanted = [
        ("fired", one.primitive, number(one.trials)) if one.trials else ("never", one.primitive, "never")
        for one in found.primitives
    ]
    assert {state for state, _, _ in wanted} == {"fired", "never"}
    assert shown == [(state, name.replace("_", " "), count) for state, name, count in wanted]


def test_the_head_says_what_was_asked_and_what_came_of_it(html: str, found: Findings) -> None:
    head = html[html.index("<main>") :].partition("</section>")[0]
    for name, count in found.by_agent["without_keys"].items():
        assert f"<b>{number(count)}</b> {name.replace('_', ' ')}" in head
    assert f"{found.blamed} of {number(found.trials - 2)} plans make an agent fail by its own fault." in head
    assert ASKED.command in head


def test_an_agent_that_fails_without_any_fault_is_named_first() -> None:
    some = msgspec.structs.replace(synthetic(), twins=(Twin("agent", "task", "violated"),))
    assert "<b>agent</b> ends violated in task without any fault" in rendered(some)
    assert "without any fault" not in rendered(synthetic())


def test_ways_to_fail_come_by_blame_and_are_folded_after_the_first_ten() -> None:
    blamed, misled = synthetic(failures=CARDS_SHOWN + 3), synthetic(failures=1, outcome="misled")
    html = rendered(msgspec.structs.replace(blamed, failures=(*blamed.failures, *misled.failures)))
    before, _, after = html.partition('<details class="rest"><summary>3 more</summary>')
    folded, _, good_faith = after.partition("</details>")
    assert [len(CARD.findall(part)) for part in (before, folded, good_faith)] == [CARDS_SHOWN, 3, 1]
    assert "<b>misled</b>" in good_faith


def test_a_card_says_how_it_failed_under_what_and_how_to_shrink_it() -> None:
    html = rendered(synthetic(plans=3))
    [(_, card)] = CARD.findall(html)
    assert "<span>duplicate effect through pay</span><span>missed world: row 0</span>" in card
    assert card.count("<code>timeout (lost) at run-1/tool:a#1</code>") == 2
    assert "harness shrink found t0-0" in card
    assert "<b>3</b> plans" in card


def test_text_of_strangers_never_becomes_markup() -> None:
    plain = Page(rendered(synthetic()))
    for text in HOSTILE:
        some = synthetic(agents=(text,), places=(text,), kinds=(text,), task=text, fact=text)
        html = render_exploration(some, Path(text), Asked(text, 1, 0, text))
        page = Page(html)
        assert page.open == []
        assert {tag for tag, _ in page.tags} == {tag for tag, _ in plain.tags}
        assert {name for _, names in page.tags for name in names} == {name for _, names in plain.tags for name in names}
        assert all(link.startswith("#") for link in page.links)
        assert not set(html) & set("\u202e\u2066\x00\x1b")


def test_a_large_exploration_gives_a_small_page_in_seconds() -> None:
    """Three agents, 40 places, 30 kinds, more ways to fail than are shown, each with long words."""
    some = synthetic(
        agents=("one", "two", "three"),
        places=tuple(f"tool:place_{number}" for number in range(40)),
        kinds=tuple(f"kind_{number}" for number in range(30)),
        failures=MOST_CARDS + 200,
        plans=50,
        fact="missed answer: " + "x" * 5_000,
    )
    begin_s = time.perf_counter()
    html = rendered(some)
    assert time.perf_counter() - begin_s < 20
    assert len(html.encode()) < 2_000_000
    assert html.count('<li class="finding"') == MOST_CARDS
    assert "200 more ways to fail are in <code>exploration.json</code>" in html
    assert {link.removeprefix("#") for link in Page(html).links} <= set(IDS.findall(html))


def test_a_failing_cell_whose_card_is_not_shown_leads_nowhere() -> None:
    some = synthetic(failures=MOST_CARDS + 1)
    [cell] = some.cells
    last = some.failures[-1].plans[0].trial_id
    assert LINKED_CELL.search(rendered(some))
    assert not LINKED_CELL.search(
        rendered(msgspec.structs.replace(some, cells=(msgspec.structs.replace(cell, trial_id=last),)))
    )


def test_an_exploration_that_tried_nothing_is_still_a_page() -> None:
    none = msgspec.structs.replace(synthetic(failures=0), outcomes={}, by_agent={"agent": {}}, cells=())
    html = rendered(none)
    assert "Nothing was tried." in html
    assert "No fault was tried." in html
    assert Page(html).open == []
