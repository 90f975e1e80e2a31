"""HTTP answers that are no success: what servers write, and the reply that a transport makes of it for its caller.

Real endpoints and the faults that stand in for them come through here, so that an agent is hurt by what it would meet.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Literal

import msgspec

from harness.boundary.calls import ErrorType, Reply, failed
from harness.history import canonical_json

HttpBody = Literal["json", "text", "html"]

MESSAGE_LENGTH_MAX = 300
_SERVER_ERRORS_FROM = 500
_ERROR_TYPES: Mapping[int, ErrorType] = {
    401: "authorization",
    403: "authorization",
    404: "not_found",
    408: "transient_upstream",
    409: "conflict",
    410: "not_found",
    412: "conflict",
    425: "transient_upstream",
    429: "rate_limit",
}
_PHRASES = {one.value: one.phrase for one in HTTPStatus} | {529: "Overloaded"}
# Refusals that no waiting mends, whatever their status says.
_LASTING_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def http_body(status: int, form: HttpBody, code: str = "") -> bytes:
    """Return what servers write under a status; ``code`` stands in JSON, for machines."""
    phrase = _PHRASES.get(status, "Error")
    if form == "html":
        page = f"<html><head><title>{status} {phrase}</title></head><body><h1>{phrase}</h1><hr>nginx</body></html>"
        return page.encode()
    if form == "text":
        return phrase.encode()
    return canonical_json({"error": {"message": phrase} | ({"code": code} if code else {})})


def http_refusal(status: int, retry_after: str | None, body: bytes, now_s: float) -> Reply:
    """Build the reply of a call that was answered with ``status`` and ``body``.

    ``retry_after`` is the header's text, ``now_s`` what the caller's clock reads, in epoch seconds.
    """
    other: ErrorType = "transient_upstream" if status >= _SERVER_ERRORS_FROM else "validation"
    message = f"{status}: {explanation(body)}"[:MESSAGE_LENGTH_MAX]
    wait_s = retry_after_s(retry_after, now_s)
    reply = failed(_ERROR_TYPES.get(status, other), message, retry_after_s=wait_s)
    return msgspec.structs.replace(reply, retryable=False) if _code(body) in _LASTING_CODES else reply


def retry_after_s(header: str | None, now_s: float) -> float | None:
    """Return how long a Retry-After asks to wait, given in seconds or as a date; None for what is neither."""
    try:
        seconds = float(header or "")
    except ValueError:
        seconds = _seconds_until(header or "", now_s)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _seconds_until(date: str, now_s: float) -> float:
    try:
        at = parsedate_to_datetime(date)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now_s
    except (ValueError, OverflowError):
        return math.nan


def explanation(body: bytes) -> str:
    """Return what an endpoint says of an error, wherever it says it, on one line."""
    found = _decoded(body)
    while isinstance(found, dict) and (inner := found.get("error") or found.get("message")):
        found = inner
    return found if isinstance(found, str) else body_text(body)


def _code(body: bytes) -> object:
    match _decoded(body):
        case {"error": {"code": str(code)}}:
            return code
    return None


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def body_text(body: bytes) -> str:
    """Return a body as text on one line."""
    return " ".join(body.decode("utf-8", "replace").split())
