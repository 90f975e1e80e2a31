"""A domain with access rules asks every call who makes it, for whom, and by what right."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.boundary import Credential, Mint, Principal
from harness.content import load_domain
from harness.errors import ContentError
from harness.simulation import EPOCH_S
from tests.conftest import Play
from tests.world.conftest import BANK, Hand, PlayScript

OWN, FOREIGN = {"account": "A-1", "to": "A-2", "amount_usd": 1.0}, {"account": "A-2", "to": "A-1", "amount_usd": 1.0}
ANN = Principal("ann", "north")


def foreign_credentials() -> Iterator[tuple[str, Any]]:
    """Yield what is no right to a transfer from one's own account."""
    yield "carries no credential", lambda _hand: None
    yield "is for get_balance, not", lambda hand: hand.session.credential("hand", "get_balance", 60.0)
    yield "has expired", lambda hand: hand.session.credential("hand", "transfer", 0.0)
    yield "is forged", lambda hand: Mint(b"guess").issue(ANN, "hand", "transfer", hand.session.clock.now() + 60)
    yield (
        "is forged",
        lambda hand: msgspec.structs.replace(
            hand.call("transfer", OWN).credential, principal=Principal("bob", "north")
        ),
    )


@pytest.mark.parametrize(("expected", "credential"), [*foreign_credentials()])
def test_a_call_without_its_own_right_is_refused_and_nothing_happens(
    bank: PlayScript, expected: str, credential: Any
) -> None:
    async def script(hand: Hand) -> None:
        reply = await hand.send("transfer", OWN, credential=credential(hand))
        assert (reply.status, reply.error_type) == ("failed", "authorization")
        assert expected in reply.message

    assert bank(script).changes == []


def test_a_principal_reaches_what_the_rules_leave_to_it_and_no_more(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send("transfer", OWN)).ok
        refused = await hand.send("transfer", FOREIGN)
        assert (refused.error_type, refused.message) == ("authorization", "ann of north has no right to A-2")

    record = bank(script)
    assert [effect.payload["identity"] for effect in record.of("effect_committed")] == [{"account": "A-1", "to": "A-2"}]


def test_a_call_in_the_name_of_somebody_else_is_refused_whatever_right_it_carries(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        reply = await hand.send("transfer", FOREIGN, principal=Principal("bob", "north"))
        assert reply.message == "the credential is for ann of north, the call for bob of north"

    assert bank(script).changes == []


def test_a_credential_that_expires_on_the_way_opens_nothing(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        reply = await hand.send("transfer", OWN, credential=hand.session.credential("hand", "transfer", 0.01))
        assert reply.message == "the credential has expired"

    assert bank(script).changes == []


def test_a_right_is_asked_for_before_an_earlier_answer_is_given_again(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send("transfer", OWN, idempotency_key="k")).ok
        assert (await hand.send("transfer", OWN, idempotency_key="k", credential=None)).error_type == "authorization"

    assert bank(script).of("effect_deduplicated") == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tool=st.sampled_from(["transfer", "get_balance", "statement"]), owner=st.sampled_from(["A-1", "A-2", "A-3"]))
def test_an_agent_can_not_mint_for_anybody_but_its_own_principal(bank: PlayScript, tool: str, owner: str) -> None:
    async def script(hand: Hand) -> None:
        credential: Credential = hand.session.credential("auditor", tool, 60.0)
        assert credential.principal == hand.session.principal == ANN
        arguments = {"account": owner} | ({"to": "A-2", "amount_usd": 1.0} if tool == "transfer" else {})
        assert (await hand.send(tool, arguments, credential=credential)).ok == (owner == "A-1")

    bank(script)


def test_calls_say_who_made_them_for_whom_and_until_when(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        await hand.send("get_balance", {"account": "A-1"})
        await hand.send("get_balance", {"account": "A-1"}, credential=None)

    signed, bare = (event.payload for event in bank(script).of("tool_call_started"))
    assert (signed["principal"], signed["agent"]) == ({"user": "ann", "tenant": "north"}, "hand")
    assert signed["expires_at_s"] > 0
    assert bare["principal"] == signed["principal"]
    assert not {"agent", "expires_at_s"} & bare.keys()


def test_people_are_not_shown_who_asks(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        await hand.tools.approved("transfer", OWN)

    [request] = bank(script).of("approval_requested")
    assert request.payload.keys() == {"arguments"}


def test_a_toolbox_sends_a_credential_of_a_minute_with_every_call(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert await hand.tools.call("get_balance", {"account": "A-1"}) == {"balance_usd": 100.0}

    [start] = bank(script).of("tool_call_started")
    assert (start.payload["agent"], start.payload["expires_at_s"]) == ("function", EPOCH_S + 60.0)


def test_a_domain_without_rules_records_nobody(play: Play) -> None:
    record = play(agent={"name": "wrong", "agent": "tests.world.test_world:wrong_tool"}).record
    assert all(event.payload.keys() == {"arguments"} for event in record.of("tool_call_started"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("authorize = 5", "authorize is 5, which is no function"), ("def authorize(state): ...", "4 arguments")],
)
def test_rules_that_can_not_be_asked_are_refused_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    shutil.copytree(BANK, tmp_path / "bank")
    monkeypatch.chdir(tmp_path / "bank")
    Path("pyproject.toml").write_text(f'[tool.harness]\npack = "bank_{len(text)}"\n')
    with Path("golden/bank/tools.py").open("a") as tools:
        tools.write(f"\n{text}\n")
    with pytest.raises(ContentError) as caught:
        load_domain("bank")
    [problem] = caught.value.problems
    assert "tools.py:" in problem
    assert expected in problem


def test_a_tool_bears_no_more_calls_at_one_time_than_it_says(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        replies = await asyncio.gather(*(hand.send("statement", {"account": "A-1"}) for _ in range(4)))
        assert [(reply.status, reply.error_type) for reply in replies] == [
            *[("ok", None)] * 2,
            *[("failed", "rate_limit")] * 2,
        ]
        assert (await hand.send("statement", {"account": "A-1"})).ok

    record = bank(script)
    assert {event.latency_s for event in record.of("tool_call_failed")} == {0.05}


def test_a_call_whose_caller_is_gone_is_still_under_way(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        given_up = [hand.send("statement", {"account": "A-1"}, timeout_s=0.01) for _ in range(2)]
        await asyncio.gather(*given_up)
        assert (await hand.send("statement", {"account": "A-1"})).error_type == "rate_limit"
        await asyncio.sleep(2)
        assert (await hand.send("statement", {"account": "A-1"})).ok

    bank(script)


def test_a_port_where_nobody_answers_is_unavailable_and_no_faster_than_the_network(bank: PlayScript) -> None:
    async def script(hand: Hand) -> None:
        assert (await hand.send("somebody", {}, port="agent")).error_type == "unavailable"

    [end] = bank(script).of("tool_call_failed")
    assert end.latency_s == 0.05
