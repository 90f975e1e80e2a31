"""One JSON text for one value: sorted keys, no white space, so that equal data has equal digests."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder()


def canonical_json(value: object) -> bytes:
    """Encode ``value`` as JSON with sorted keys; raises TypeError for what JSON can not say."""
    return _ENCODER.encode(value)


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as 64 hex digits."""
    return hashlib.sha256(_ENCODER.encode(value)).hexdigest()


def plain(value: Any) -> Any:
    """Copy ``value`` into plain JSON data: no aliasing, and the same as after a round trip through disk."""
    return _DECODER.decode(_ENCODER.encode(value))
