"""The calls of a run, and the selectors that pick each of them and no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import parse_selector
from harness.exploration.sites import Site, sites_of
from tests.conftest import Play

IDENTITIES = st.dictionaries(st.sampled_from(["order_id", "to"]), st.text("ab*?[]!-", min_size=1), min_size=1)


def test_every_call_is_a_site_in_the_order_of_the_history(play: Play) -> None:
    record = play().record
    sites = sites_of(record)
    started = [event for event in record.events if event.kind.endswith("_started") and event.port]
    asked = record.of("approval_requested")
    assert [site.seq for site in sites] == sorted(event.seq for event in (*started, *asked))
    assert [site.address for site in sites] == [record.events[site.seq].address for site in sites]


def test_a_site_knows_the_effect_of_its_tool_and_a_model_has_none(play: Play) -> None:
    effects = {(site.port, site.name): site.effect for site in sites_of(play().record)}
    assert effects["tool", "issue_refund"] == "irreversible"
    assert effects["tool", "get_order"] == "read"
    assert {effect for (port, _), effect in effects.items() if port in ("model", "approval")} == {None}


@given(own=IDENTITIES, other=IDENTITIES)
def test_the_selector_of_a_site_picks_its_identity_alone_whatever_characters_it_has(
    own: dict[str, str], other: dict[str, str]
) -> None:
    text = ",".join(f"{key}={value}" for key, value in own.items())
    site = Site("run-1", "tool", "send", text, 1, "write", 0, 0.0)
    selector = parse_selector(site.at)
    assert selector.picks("run-1", "tool", "send", own)
    assert selector.picks("run-1", "tool", "send", other) == (
        list(own.items()) == list(other.items()) or _text(other) == text
    )
    assert not selector.picks("run-2", "tool", "send", own)


def _text(identity: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in identity.items())
