"""What only a comparison shows: one task, one run, and all looks well."""

from __future__ import annotations

from benchmarks.defects.caught import Caught
from harness.boundary import Catalogue
from harness.orchestrator import Parts, Policy, parts_without
from harness.orchestrator.reach import allowed_tools

golden_path_only = parts_without(["untrusted_content_guard", "approval_gate", "retries"])


def _without_finders(policy: Policy, catalogue: Catalogue) -> Catalogue:
    """Keep back the tools that turn a name in words into an identifier: the model will know it."""
    return {name: spec for name, spec in allowed_tools(policy, catalogue).items() if spec.identity != ("name",)}


names_are_not_resolved = Parts(reach=_without_finders)

DEFECTS = {
    "golden_path_only": Caught("three_kinds_of_evals", "D11", "R18"),
    "names_are_not_resolved": Caught("mega_tool", "L21"),
}
