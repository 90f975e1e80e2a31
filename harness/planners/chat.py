"""A real model: any endpoint that speaks the chat completions of OpenAI, for runs on the wall clock."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Self

import httpx
import msgspec

from harness.boundary import Call, ErrorType, Frozen, Reply, Usage, failed, http_refusal, succeeded, unanswered
from harness.boundary.http_errors import MESSAGE_LENGTH_MAX, body_text
from harness.errors import AgentError
from harness.history import canonical_json
from harness.planners.chat_answers import Completion, contract_of
from harness.planners.chat_messages import request_body
from harness.planners.decisions import Context
from harness.planners.prices import Prices


class ChatOptions(Frozen):
    """Where a model is reached; its key is read from the environment variable ``api_key_variable``.

    An endpoint without function calling gets the tools as text, and answers in JSON.
    """

    base_url: str = "https://api.openai.com/v1"
    api_key_variable: str = "OPENAI_API_KEY"
    function_calling: bool = True


class ChatModel:
    """Answers model calls over HTTP; whatever the endpoint does, the answer is a reply and never an exception.

    The key goes into a header and nowhere else: an answer that repeats it is cleaned. Usage is what the endpoint
    counted, None where it did not; so is the cost of a model without a known price.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None = None,
        prices: Prices | None = None,
        client: httpx.AsyncClient | None = None,
        *,
        function_calling: bool = True,
    ) -> None:
        """``client`` stays the caller's; without one, use the model as an asynchronous context manager."""
        self._url = _endpoint(base_url)
        self._api_key = _header_text(api_key or "")
        self._prices = prices or Prices()
        self._client = client or httpx.AsyncClient()
        self._owns_client = client is None
        self._function_calling = function_calling

    @classmethod
    def from_options(
        cls, options: ChatOptions, prices: Prices | None = None, client: httpx.AsyncClient | None = None
    ) -> Self:
        """Build the model; raises AgentError when the variable with the key is not set."""
        api_key = os.environ.get(options.api_key_variable)
        if not api_key:
            msg = f"the environment variable {options.api_key_variable} is not set; put the key of the endpoint there"
            raise AgentError(msg)
        return cls(options.base_url, api_key, prices, client, function_calling=options.function_calling)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._owns_client:
            await self._client.aclose()

    async def answer(self, call: Call) -> Reply:
        """Ask the model ``call.name`` about the context of the call."""
        context: Context = call.context
        tokens_out_max = call.arguments.get("tokens_out_max")
        calling = self._function_calling
        body = request_body(call.name, context, tokens_out_max=tokens_out_max, function_calling=calling)
        try:
            async with asyncio.timeout(call.timeout_s):
                response = await self._post(canonical_json(body), call.timeout_s)
        except (TimeoutError, httpx.TimeoutException):
            return unanswered(call.timeout_s)
        except httpx.ConnectError as error:
            return _failed("unavailable", str(error))
        except httpx.HTTPError as error:
            return _failed("transient_upstream", f"{type(error).__name__}: {error}")
        content = response.content.replace(self._api_key.encode(), b"***") if self._api_key else response.content
        return self._answered(call, content) if response.is_success else _refused(response, content)

    async def _post(self, body: bytes, timeout_s: float) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        if self._api_key:
            headers["Authorization"] = f"Bearer {self._api_key}"
        return await self._client.post(self._url, content=body, headers=headers, timeout=timeout_s)

    def _answered(self, call: Call, content: bytes) -> Reply:
        try:
            completion = msgspec.json.decode(content, type=Completion)
        except (msgspec.DecodeError, RecursionError) as error:
            return _failed("transient_upstream", f"no chat completion ({error}): {body_text(content)}")
        value = contract_of(completion, call.context.role, function_calling=self._function_calling)
        return succeeded(value, self._usage(call.name, completion))

    def _usage(self, model: str, completion: Completion) -> Usage | None:
        counts = completion.counts
        if counts is None:
            return None
        try:
            cost_usd = self._prices.cost_usd(model, counts.prompt_tokens, counts.completion_tokens)
        except AgentError:
            cost_usd = None
        return Usage(counts.prompt_tokens, counts.completion_tokens, cost_usd)


def _refused(response: httpx.Response, content: bytes) -> Reply:
    return http_refusal(response.status_code, response.headers.get("Retry-After"), content, time.time())


def _failed(error_type: ErrorType, message: str) -> Reply:
    return failed(error_type, message[:MESSAGE_LENGTH_MAX])


def _endpoint(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(f"{base_url.rstrip('/')}/chat/completions")
    except httpx.InvalidURL as error:
        raise AgentError(f"base_url {base_url!r}: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise AgentError(f"base_url {base_url!r} is no address; give one such as https://api.openai.com/v1")
    return url


def _header_text(api_key: str) -> str:
    key = api_key.strip()
    if not key.isascii() or not key.isprintable():
        raise AgentError("the key of the endpoint holds characters that no header can carry; copy it once more")
    return key
