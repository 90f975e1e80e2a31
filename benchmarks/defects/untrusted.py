"""What came from strangers, or from nowhere, taken for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from benchmarks.defects.caught import Caught
from benchmarks.defects.gateway import _Asked
from harness.boundary import Catalogue, ToolSpec
from harness.content import Ask
from harness.orchestrator import Parts, parts_without
from harness.orchestrator.provenance import ToldProvenance
from harness.orchestrator.rules import Question, Ruling

nothing_is_traced = parts_without(["untrusted_content_guard"])


class _Untainted(ToldProvenance):
    """Knows who has told a value, and forgets that strangers were read at all."""

    def saw(self, spec: ToolSpec, value: Any) -> None:
        super().saw(spec, value)
        self.tainted_by.clear()


untrusted_content_is_forgotten = Parts(provenance=_Untainted)


class _ShortMemory(ToldProvenance):
    """Is careful after an untrusted result only up to the next trusted one."""

    def saw(self, spec: ToolSpec, value: Any) -> None:
        super().saw(spec, value)
        if not spec.untrusted:
            self.tainted_by.clear()


caution_wears_off = Parts(provenance=_ShortMemory)


class _OnlyValues(_Asked):
    """Takes a call for steered only where one of its values comes from strangers alone."""

    def _put(self, question: Question) -> Question:
        return question if question.from_untrusted else msgspec.structs.replace(question, tainted_by=())


only_foreign_values_count = Parts(rules=_OnlyValues)


class _OnlyIrreversible(_Asked):
    """Asks people about what can not be undone, and about nothing else."""

    def decide(self, question: Question) -> Ruling:
        found = super().decide(question)
        return Ruling("allow", "writes") if found.verdict == "approval" and question.effect == "write" else found


only_the_irreversible_is_gated = Parts(rules=_OnlyIrreversible)


class _Believing(ToldProvenance):
    """Takes every identifier for a known one."""

    def ungrounded(self, _spec: ToolSpec, _arguments: Mapping[str, Any]) -> list[str]:
        return []


made_up_identifiers_pass = Parts(provenance=_Believing)


class _WellFormed(ToldProvenance):
    """Looks at what a call acts on, and not at codes and addresses in its other values."""

    def ungrounded(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        return [name for name in super().ungrounded(spec, arguments) if name in spec.identity]


only_identity_is_grounded = Parts(provenance=_WellFormed)


class _Literal(ToldProvenance):
    """Finds an identifier also as a part of a longer word."""

    def __init__(self, ask: Ask, catalogue: Catalogue) -> None:
        super().__init__(ask, catalogue)
        self._text = ask.text

    def ungrounded(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> list[str]:
        found = super().ungrounded(spec, arguments)
        return [name for name in found if str(arguments[name]) not in self._text]


parts_of_words_ground = Parts(provenance=_Literal)


class _AskOnly(ToldProvenance):
    """Knows an identifier only from the ask: what a look-up has told is made up as well."""

    def saw(self, spec: ToolSpec, value: Any) -> None:
        if spec.untrusted:
            super().saw(spec, value)


results_ground_nothing = Parts(provenance=_AskOnly)


class _Quarantine(ToldProvenance):
    """Takes an identifier that an untrusted result has told for made up."""

    def saw(self, spec: ToolSpec, value: Any) -> None:
        super().saw(spec, None if spec.untrusted else value)


untrusted_results_ground_nothing = Parts(provenance=_Quarantine)

DEFECTS = {
    "nothing_is_traced": Caught("poisoned_documents", "L13", "D3"),
    "untrusted_content_is_forgotten": Caught("poisoned_documents", "L13"),
    "caution_wears_off": Caught("letter_between_facts", "L13"),
    "only_foreign_values_count": Caught("letter_between_facts", "L13"),
    "only_the_irreversible_is_gated": Caught("poisoned_documents", "L13", "L24"),
    "made_up_identifiers_pass": Caught("invented_identifier", "D3"),
    "only_identity_is_grounded": Caught("what_nobody_has_told", "D3"),
    "parts_of_words_ground": Caught("what_nobody_has_told", "D3"),
    "results_ground_nothing": Caught("what_nobody_has_told", "D3"),
    "untrusted_results_ground_nothing": Caught("what_strangers_have_told", "D3", "L13"),
}
