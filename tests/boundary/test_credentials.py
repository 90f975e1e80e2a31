"""A credential is a right of one principal to one tool for a short while, and nobody but the mint can make one."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import Call, Credential, Mint, Principal, Reply, Session, failed
from harness.errors import HarnessError
from harness.history import History, canonical_json
from harness.simulation import VirtualClock

MINT = Mint(b"secret")
names = st.text("ab*/. ", max_size=4)
principals = st.builds(Principal, user=names, tenant=names)
instants = st.floats(0, 2e9) | st.integers(0, 2_000_000_000)
credentials = st.builds(MINT.issue, principals, names, names, instants)


@given(credential=credentials, tool=names, now_s=instants)
def test_a_credential_opens_its_own_tool_until_it_expires_and_nothing_else(
    credential: Credential, tool: str, now_s: float
) -> None:
    opens = MINT.problem(credential, tool, now_s) is None
    assert opens == (tool == credential.tool and now_s < credential.expires_at_s)


@given(credential=credentials, claimed=principals)
def test_a_credential_opens_nothing_for_another_principal(credential: Credential, claimed: Principal) -> None:
    call = Call("tool", credential.tool, {}, "run-1", claimed, credential=credential)
    assert (MINT.refusal(call, -1.0) is None) == (claimed == credential.principal)


@given(credential=credentials, other=credentials)
def test_a_credential_with_the_signature_of_another_one_is_forged(credential: Credential, other: Credential) -> None:
    mixed = msgspec.structs.replace(credential, signature=other.signature)
    forged = MINT.problem(mixed, credential.tool, -1.0) == "the credential is forged"
    assert forged == (credential != other)


@given(credential=credentials, secret=st.binary(), signature=st.text(max_size=3))
def test_only_the_mint_can_sign(credential: Credential, secret: bytes, signature: str) -> None:
    foreign = Mint(b"other" + secret).issue(credential.principal, credential.agent, credential.tool, 2e9)
    unsigned = msgspec.structs.replace(credential, signature=signature)
    for one in (foreign, unsigned):
        assert MINT.problem(one, one.tool, -1.0) == "the credential is forged"


@given(credential=credentials)
def test_a_credential_survives_a_way_over_the_wire(credential: Credential) -> None:
    read = msgspec.json.decode(canonical_json(credential), type=Credential)
    assert MINT.problem(read, credential.tool, -1.0) is None


def test_each_problem_is_told_in_words() -> None:
    credential = MINT.issue(Principal("ann", "north"), "agent", "pay", 10.0)
    assert MINT.problem(None, "pay", 0.0) == "the call carries no credential"
    assert MINT.problem(credential, "refund", 0.0) == "the credential is for pay, not for refund"
    assert MINT.problem(credential, "pay", 10.0) == "the credential has expired"
    call = Call("tool", "pay", {}, "run-1", Principal("bob", "north"), credential=credential)
    assert MINT.refusal(call, 0.0) == "the credential is for ann of north, the call for bob of north"


def test_a_session_without_a_mint_says_so() -> None:
    async def send(_call: Call) -> Reply:
        return failed("unavailable", "")

    session = Session(
        run_id="run-1",
        principal=Principal(),
        catalogue={},
        send=send,
        clock=VirtualClock(),
        emit=History(lambda: 0.0).append,
        chance=lambda _address: 0.0,
    )
    with pytest.raises(HarnessError, match="agent wants a credential for pay, and this session has none to give"):
        session.credential("agent", "pay", 60.0)
