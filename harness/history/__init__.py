"""What happened in a trial, as data: events, their order, their digest.

Everything that judges reads a history; nothing in here knows who wrote it. What comes in must be plain
JSON data, so that a history read back from disk equals the one that was written.
"""

from harness.history.canonical import canonical_json, digest, plain
from harness.history.events import EVENT_KINDS, Event, EventKind, History, decode_events, encode_events, history_digest

__all__ = [
    "EVENT_KINDS",
    "Event",
    "EventKind",
    "History",
    "canonical_json",
    "decode_events",
    "digest",
    "encode_events",
    "history_digest",
    "plain",
]
