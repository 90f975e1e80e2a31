"""HTTP errors: the reply is what a transport makes of the answer, and no effect comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boundary import family_of, http_body, http_refusal
from harness.content import all_fault_kinds
from harness.history import Event
from harness.scoring import Record
from tests.conftest import Play

KIND = all_fault_kinds()["http_error"]
REPLIES = {
    400: ("validation", False, "400: Bad Request"),
    401: ("authorization", False, "401: Unauthorized"),
    403: ("authorization", False, "403: Forbidden"),
    404: ("not_found", False, "404: Not Found"),
    408: ("transient_upstream", True, "408: Request Timeout"),
    409: ("conflict", False, "409: Conflict"),
    410: ("not_found", False, "410: Gone"),
    422: ("validation", False, None),
    425: ("transient_upstream", True, "425: Too Early"),
    429: ("rate_limit", True, "429: Too Many Requests"),
    500: ("transient_upstream", True, "500: Internal Server Error"),
    503: ("transient_upstream", True, "503: Service Unavailable"),
    529: ("transient_upstream", True, "529: Overloaded"),
    599: ("transient_upstream", True, "599: Error"),
}


def refused(play: Play, *others: dict[str, Any], **options: Any) -> tuple[Record, Event]:
    """Play a trial in which one look-up is refused, and return the record with the end of that call."""
    record = play({"kind": "http_error", "at": "tool:get_order", "options": options}, *others).record
    [end, *_] = record.of("tool_call_failed")
    return record, end


@pytest.mark.parametrize("status", REPLIES)
def test_each_status_has_its_reply(play: Play, status: int) -> None:
    _, end = refused(play, status=status)
    error_type, retryable, message = REPLIES[status]
    assert (end.result, end.error_type, end.retryable) == ("failed", error_type, retryable)
    assert message is None or end.payload["message"] == message


@pytest.mark.parametrize(("status", "family"), [(429, "rate_limit"), (500, "server_error"), (404, "client_error")])
def test_the_family_is_that_of_the_status(play: Play, status: int, family: str) -> None:
    record, _ = refused(play, status=status)
    assert record.receipts[0].family == family
    assert family_of(KIND, KIND.options.model_validate({"status": status})) == family


@pytest.mark.parametrize("status", [409, 429, 500])
def test_nothing_has_happened_behind_a_status(play: Play, status: int) -> None:
    fault = {"kind": "http_error", "at": "tool:issue_refund", "when": {"every": True}, "options": {"status": status}}
    assert not play(fault).record.of("effect_committed")


def next_wait_s(record: Record, end: Event) -> float:
    """Return the seconds between a refusal and the next attempt."""
    again = next(one for one in record.of("tool_call_started") if one.name == end.name and one.seq > end.seq)
    return again.time_s - end.time_s


def test_a_wait_in_seconds_is_told_to_the_fraction(play: Play) -> None:
    record, end = refused(play, status=429, retry_after_s=12.25)
    assert end.payload["retry_after_s"] == 12.25
    assert next_wait_s(record, end) == pytest.approx(12.25)


def test_a_wait_as_a_date_comes_in_whole_seconds_and_is_not_too_short(play: Play) -> None:
    record, end = refused(play, status=429, retry_after_s=12.25, retry_after_as="date")
    assert 12.25 <= end.payload["retry_after_s"] < 13.25
    assert (end.time_s + end.payload["retry_after_s"]) % 1 == pytest.approx(0, abs=0.06)  # the reply took 0.05 s
    assert next_wait_s(record, end) == pytest.approx(end.payload["retry_after_s"])


def test_a_date_misleads_a_caller_whose_clock_is_wrong(play: Play) -> None:
    ahead = {"kind": "clock_skew", "when": {"window": [0, 500]}, "options": {"skew_s": 60}}
    _, end = refused(play, ahead, status=429, retry_after_s=12.0, retry_after_as="date")
    assert end.payload["retry_after_s"] == 0.0


def test_no_waiting_helps_a_quota_and_nobody_tries(play: Play) -> None:
    record, end = refused(play, status=429, code="insufficient_quota")
    assert (end.error_type, end.retryable) == ("rate_limit", False)
    assert not record.of("retry_scheduled")


def test_a_page_for_people_is_shown_as_it_is(play: Play) -> None:
    _, end = refused(play, status=502, body="html")
    assert end.payload["message"].startswith("502: <html><head><title>502 Bad Gateway</title>")
    assert end.retryable


@pytest.mark.parametrize("status", [200, 302, 399, 600])
def test_a_status_that_is_no_error_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="status"):
        KIND.options.model_validate({"status": status})


@given(st.integers(400, 599), st.sampled_from(["json", "text", "html"]), st.text(max_size=20))
def test_a_reply_to_what_servers_write_names_the_status(status: int, form: Any, code: str) -> None:
    reply = http_refusal(status, None, http_body(status, form, code), 0.0)
    assert reply.status == "failed"
    assert reply.message.startswith(f"{status}: ")
    assert reply.retry_after_s is None


@given(st.integers(400, 599), st.text(max_size=20) | st.none(), st.binary(max_size=400))
def test_whatever_a_server_writes_there_is_a_reply(status: int, header: str | None, body: bytes) -> None:
    reply = http_refusal(status, header, body, 0.0)
    assert reply.error_type is not None
    assert len(reply.message) <= 300
