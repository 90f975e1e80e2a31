"""A real model over HTTP: whatever the endpoint does, the answer is a reply."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest
import respx
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.boundary import Call, Reply, Usage, retry_after_s
from harness.errors import AgentError
from harness.history import canonical_json
from harness.planners import CONTRACTS, ChatModel, Context, Decision, Prices, Role, ToolRequest
from harness.planners.chat import ChatOptions
from tests.planners.cases import GOT, READ, context

BASE_URL = "https://models.example/v1"
URL = f"{BASE_URL}/chat/completions"
KEY = "sk-very-secret"
TLS = ssl.create_default_context()  # slow to make
CALL = Call("model", "gpt-4o-mini", {"role": "planner", "tokens_out_max": 400}, "run-1", context=context(READ))


def completion(usage: Any = None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """Return the body of an answer."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}
    return {"id": "c-1", "object": "chat.completion", "choices": [choice], "usage": usage}


def tool_call(name: str, arguments: Any) -> dict[str, Any]:
    """Return one call of a function as endpoints write it."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def asked(call: Call = CALL, **options: Any) -> Reply:
    """Ask a model once."""

    async def ask() -> Reply:
        async with httpx.AsyncClient(verify=TLS) as client:
            return await ChatModel(BASE_URL, KEY, client=client, **options).answer(call)

    return asyncio.run(ask())


def answered(call: Call = CALL, status: int = 200, headers: Any = None, **answer: Any) -> Reply:
    """Ask a model whose endpoint gives this answer."""
    with respx.mock:
        respx.post(URL).respond(status, headers=headers, **answer)
        return asked(call)


def in_role(role: Role) -> Call:
    """Return a call of a role."""
    return msgspec.structs.replace(CALL, context=context(READ, role=role, draft="Done."))


def test_a_request_names_the_model_and_carries_the_key_in_its_header() -> None:
    with respx.mock:
        route = respx.post(URL).respond(json=completion(content="Done."))
        asked()
    request = route.calls.last.request
    body = msgspec.json.decode(request.content)
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["max_tokens"]) == ("gpt-4o-mini", 400)
    assert KEY not in request.content.decode()


def test_an_endpoint_without_a_key_is_sent_none() -> None:
    with respx.mock:
        route = respx.post("http://localhost:8000/v1/chat/completions").respond(json=completion(content="Done."))

        async def ask() -> Reply:
            async with ChatModel("http://localhost:8000/v1/") as model:
                return await model.answer(CALL)

        assert asyncio.run(ask()).ok
    assert "Authorization" not in route.calls.last.request.headers


def test_calls_of_functions_are_requests() -> None:
    message: dict[str, Any] = {
        "content": "Let me look.",
        "tool_calls": [
            tool_call("get_order", '{"order_id": "O-1", "_intent": "look", "_confidence": 0.8}'),
            tool_call("search_kb", {"query": "x"}),
            tool_call("list_all", ""),
        ],
    }
    decision = msgspec.convert(answered(json=completion(**message)).value, Decision)
    assert decision == Decision(
        (
            ToolRequest("get_order", {"order_id": "O-1"}, "look", 0.8),
            ToolRequest("search_kb", {"query": "x"}),
            ToolRequest("list_all", {}),
        ),
        thought="Let me look.",
    )


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", "1e999", "[" * 100_000])
def test_arguments_that_are_no_object_break_the_contract(arguments: str) -> None:
    value = answered(json=completion(tool_calls=[tool_call("get_order", arguments)])).value
    with pytest.raises(msgspec.ValidationError, match=r"\$.calls\[0\].arguments"):
        msgspec.convert(value, Decision)


def test_words_without_a_call_are_the_answer() -> None:
    assert answered(json=completion(content="Refunded.")).value == {"answer": "Refunded."}
    assert answered(json=completion(content=[{"type": "text", "text": "Refunded"}, {"text": "."}])).value == {
        "answer": "Refunded."
    }


def test_a_refusal_is_an_answer() -> None:
    assert answered(json=completion(content=None, refusal="I can not help.")).value == {"answer": "I can not help."}


@pytest.mark.parametrize("message", [{}, {"content": ""}, {"content": None, "tool_calls": []}])
def test_silence_breaks_the_contract(message: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(answered(json=completion(**message)).value, Decision)


@pytest.mark.parametrize(
    "message", [{"content": "Refun"}, {"tool_calls": [tool_call("refund", '{"order_id": "O-1"}')]}]
)
def test_an_answer_that_was_cut_off_breaks_the_contract(message: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(answered(json=completion(finish_reason="length", **message)).value, Decision)


@pytest.mark.parametrize(
    ("role", "value"),
    [
        ("synthesis", {"answer": "Done."}),
        ("critique", {"accept": False, "problem": "no"}),
        ("classification", {"route": "long", "requires_human": True}),
    ],
)
@pytest.mark.parametrize("frame", ["{}", "```json\n{}\n```", "\n```\n{}\n```\n"])
def test_every_other_role_answers_in_json(role: Role, value: dict[str, Any], frame: str) -> None:
    text = frame.replace("{}", canonical_json(value).decode())
    reply = answered(in_role(role), json=completion(content=text))
    assert reply.value == value
    msgspec.convert(reply.value, CONTRACTS[role])


def test_words_where_json_was_asked_for_break_the_contract() -> None:
    reply = answered(in_role("critique"), json=completion(content="Looks good to me."))
    assert reply.value == "Looks good to me."


def test_without_function_calling_the_planner_answers_in_json_as_well() -> None:
    decision = {"calls": [{"tool": "get_order", "arguments": {"order_id": "O-1"}}], "confidence": 0.7}
    with respx.mock:
        respx.post(URL).respond(json=completion(content=canonical_json(decision).decode()))
        assert asked(function_calling=False).value == decision


def test_usage_is_what_the_endpoint_counted_at_the_price_of_the_model() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 1_000_000, "total_tokens": 2_000_000, "details": {}}
    assert answered(json=completion(usage, content="x")).usage == Usage(1_000_000, 1_000_000, 0.75)


def test_an_override_reaches_the_account() -> None:
    prices = Prices({"gpt-4o-mini": {"usd_per_million_in": 1.0, "usd_per_million_out": 0.0}})
    with respx.mock:
        respx.post(URL).respond(json=completion({"prompt_tokens": 500, "completion_tokens": 7}, content="x"))
        assert asked(prices=prices).usage == Usage(500, 7, 0.0005)


def test_the_cost_of_a_model_without_a_price_is_not_measured() -> None:
    call = msgspec.structs.replace(CALL, name="our-own")
    usage = {"prompt_tokens": 5, "completion_tokens": 7}
    assert answered(call, json=completion(usage, content="x")).usage == Usage(5, 7, None)


@pytest.mark.parametrize("usage", [None, {}, "many", {"prompt_tokens": -1, "completion_tokens": 1}])
def test_usage_that_was_not_counted_is_not_made_up(usage: Any) -> None:
    reply = answered(json=completion(usage, content="Done."))
    assert (reply.value, reply.usage) == ({"answer": "Done."}, None)


@pytest.mark.parametrize(
    ("status", "error_type", "retryable"),
    [
        (400, "validation", False),
        (401, "authorization", False),
        (402, "validation", False),
        (403, "authorization", False),
        (404, "not_found", False),
        (408, "transient_upstream", True),
        (409, "conflict", False),
        (413, "validation", False),
        (422, "validation", False),
        (429, "rate_limit", True),
        (500, "transient_upstream", True),
        (502, "transient_upstream", True),
        (503, "transient_upstream", True),
        (529, "transient_upstream", True),
        (301, "validation", False),
    ],
)
def test_each_status_has_its_error_type(status: int, error_type: str, retryable: bool) -> None:
    reply = answered(status=status, json={"error": {"message": "so it is", "type": "x"}})
    assert (reply.status, reply.error_type, reply.retryable) == ("failed", error_type, retryable)
    assert reply.message == f"{status}: so it is"


@pytest.mark.parametrize(
    "body", [{"error": "so it is"}, {"message": "so it is"}, {"error": {"error": {"message": "so it is"}}}]
)
def test_the_words_of_an_error_are_found_wherever_they_stand(body: Any) -> None:
    assert answered(status=400, json=body).message == "400: so it is"


@pytest.mark.parametrize("text", ["<html>\n  Bad   gateway</html>", "", "{}", '{"error": 7}', "[1]"])
def test_an_error_without_words_shows_its_text(text: str) -> None:
    assert answered(status=502, text=text).message == f"502: {' '.join(text.split())}"


def test_a_long_error_is_cut() -> None:
    assert len(answered(status=500, text="x" * 10_000).message) == 300


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_a_quota_is_a_rate_limit_that_no_waiting_mends(code: str) -> None:
    reply = answered(status=429, json={"error": {"message": "so it is", "code": code}})
    assert (reply.error_type, reply.retryable) == ("rate_limit", False)


@pytest.mark.parametrize(("header", "wait_s"), [("12", 12.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("nan", None)])
def test_a_retry_after_in_seconds_is_passed_on(header: str, wait_s: float | None) -> None:
    assert answered(status=429, headers={"Retry-After": header}).retry_after_s == wait_s


def test_a_retry_after_as_a_date_is_counted_from_now() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = format_datetime(now.replace(minute=2), usegmt=True)
    assert retry_after_s(later, now.timestamp()) == 120.0
    assert retry_after_s(format_datetime(now.replace(year=2025)), now.timestamp()) == 0.0
    assert retry_after_s("Thu, 01 Jan 2026 00:00:09 -0000", now.timestamp()) == 9.0


@pytest.mark.parametrize("date", ["Thu, 32 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_date_that_there_is_not_is_no_retry_after(date: str) -> None:
    assert retry_after_s(date, 0.0) is None


@given(st.text() | st.from_regex(r"\w{3}, \d{1,2} \w{3} \d{1,6} \d\d:\d\d:\d\d [+-]\d{1,9}", fullmatch=True))
def test_a_retry_after_is_no_time_or_a_time_from_now_on(header: str) -> None:
    wait_s = retry_after_s(header, 1_767_225_600.0)
    assert wait_s is None or wait_s >= 0


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout])
def test_a_timeout_is_no_answer(error: type[Exception]) -> None:
    call = msgspec.structs.replace(CALL, timeout_s=7.0)
    with respx.mock:
        respx.post(URL).mock(side_effect=error)
        reply = asked(call)
    assert (reply.status, reply.error_type, reply.message) == ("unknown", "timeout", "no answer within 7 s")


def test_an_endpoint_that_keeps_sending_does_not_outlast_the_timeout() -> None:
    async def drip(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        return httpx.Response(200)

    with respx.mock:
        respx.post(URL).mock(side_effect=drip)
        assert asked(msgspec.structs.replace(CALL, timeout_s=0.01)).status == "unknown"


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        (httpx.ConnectError("refused"), "unavailable"),
        (httpx.ReadError("reset"), "transient_upstream"),
        (httpx.RemoteProtocolError("cut"), "transient_upstream"),
        (httpx.DecodingError("bad gzip"), "transient_upstream"),
    ],
)
def test_a_connection_that_breaks_is_worth_another_attempt(error: Exception, error_type: str) -> None:
    with respx.mock:
        respx.post(URL).mock(side_effect=error)
        reply = asked()
    assert (reply.status, reply.error_type, reply.retryable) == ("failed", error_type, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Sign in</html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"error": {"message": "x"}}',
        b'{"choices": [{"message": 1}]}',
        b'{"choices": [{"message": {"content": "\\ud800"}}]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_completion_is_an_upstream_error(content: bytes) -> None:
    reply = answered(content=content)
    assert (reply.status, reply.error_type) == ("failed", "transient_upstream")
    assert reply.message.startswith("no chat completion (")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["function", "name", "arguments", "text", "_intent", "_confidence"]), inner)
    ),
    max_leaves=8,
)
MESSAGES = st.dictionaries(st.sampled_from(["content", "refusal", "tool_calls"]), JSON)
BODIES = st.one_of(
    st.binary(max_size=80),
    JSON.map(canonical_json),
    st.builds(
        lambda usage, reason, message: canonical_json(completion(usage, reason, **message)),
        JSON,
        st.sampled_from(["stop", "length", "tool_calls"]),
        MESSAGES,
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Content-Type", "Location", "Date"]),
    st.one_of(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.just("text/html; charset=hex")),
)


def said(response: httpx.Response, seen: Context, **options: Any) -> Reply:
    """Return the reply to one answer of an endpoint."""

    async def ask() -> Reply:
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: response)) as client:
            model = ChatModel(BASE_URL, KEY, client=client, **options)
            return await model.answer(msgspec.structs.replace(CALL, context=seen))

    return asyncio.run(ask())


@given(
    status=st.integers(200, 599),
    body=BODIES,
    headers=HEADERS,
    role=st.sampled_from(list(CONTRACTS)),
    tools=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_answer_of_an_endpoint_raises_and_every_reply_can_be_recorded(
    status: int, body: bytes, headers: dict[str, str], role: Role, tools: bool
) -> None:
    response = httpx.Response(status, content=body, headers=headers)
    reply = said(response, context(READ, GOT, role=role), function_calling=tools)
    assert reply.ok is (reply.error_type is None)
    canonical_json(msgspec.to_builtins(reply))


@given(status=st.integers(200, 599), before=st.text(max_size=5), after=st.text(max_size=5))
@settings(deadline=None)
def test_the_key_comes_back_in_no_reply(status: int, before: str, after: str) -> None:
    text = f"{before}{KEY}{after}"
    for body in (text, completion(content=text), {"error": {"message": text}}):
        assert KEY not in repr(said(httpx.Response(status, content=canonical_json(body)), context()))


def test_the_key_is_not_shown_with_the_model() -> None:
    assert KEY not in repr(ChatModel(BASE_URL, KEY))


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", f" {KEY}\n")
    options = ChatOptions(base_url=BASE_URL, api_key_variable="OUR_KEY", function_calling=False)
    assert KEY not in repr(options)

    async def ask() -> Reply:
        async with ChatModel.from_options(options) as model:
            return await model.answer(CALL)

    with respx.mock:
        route = respx.post(URL).respond(json=completion(content='{"answer": "Done."}'))
        assert asyncio.run(ask()).value == {"answer": "Done."}
    assert route.calls.last.request.headers["Authorization"] == f"Bearer {KEY}"


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUR_KEY", raising=False)
    with pytest.raises(AgentError, match="the environment variable OUR_KEY is not set"):
        ChatModel.from_options(ChatOptions(api_key_variable="OUR_KEY"))


@pytest.mark.parametrize("key", ["schlüssel", "one\ntwo"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(AgentError, match="no header can carry") as caught:
        ChatModel(BASE_URL, key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("base_url", ["", "models.example/v1", "ftp://models.example", "https://", "http://a:b:c/"])
def test_an_address_that_is_none_is_refused(base_url: str) -> None:
    with pytest.raises(AgentError, match="base_url"):
        ChatModel(base_url)


def test_a_client_of_the_callers_stays_open() -> None:
    async def use(ask: Callable[[ChatModel], Awaitable[Reply]]) -> bool:
        async with httpx.AsyncClient() as client:
            async with ChatModel(BASE_URL, KEY, client=client) as model:
                await ask(model)
            return client.is_closed

    with respx.mock:
        respx.post(URL).respond(json=completion(content="Done."))
        assert asyncio.run(use(lambda model: model.answer(CALL))) is False
