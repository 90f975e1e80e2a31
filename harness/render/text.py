"""Untrusted text made visible: nothing that a tool, a document or a model wrote can hide, reorder or overflow."""

from __future__ import annotations

import unicodedata

LONGEST = 20_000
_PLAIN = {"\n", "\t"}
# Letters that look like nothing at all, and selectors that can carry hidden bytes.
_BLANK = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(text: str) -> str:
    """Return ``text`` with control, bidi, zero-width and other invisible characters as ``⟨U+XXXX⟩``, cut if endless."""
    kept = text[:LONGEST]
    if not kept.isascii() or not kept.isprintable():
        kept = "".join(f"⟨U+{ord(one):04X}⟩" if _is_hidden(one) else one for one in kept)
    left_out = len(text) - LONGEST
    return f"{kept}… ({left_out} characters left out)" if left_out > 0 else kept


def line(text: str, longest: int = LONGEST) -> str:
    """Return ``text`` made visible on one line, with at most ``longest`` of its characters."""
    cut = text if len(text) <= longest else f"{text[:longest]}… ({len(text) - longest} characters left out)"
    return shown(cut).replace("\n", " ⏎ ").replace("\t", " ")


def _is_hidden(one: str) -> bool:
    if one in _PLAIN:
        return False
    if one in _BLANK or "\U000e0100" <= one <= "\U000e01ef" or "\ufe00" <= one <= "\ufe0f":
        return True
    return unicodedata.category(one) in _HIDDEN


def words(name: str) -> str:
    """Return the name of a kind, a rule or a metric as words."""
    return name.replace("_", " ").replace(":", ": ")
