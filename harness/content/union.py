"""What a pack promises to cover: fault items by group, each with the kind and the variant that is that item.

``fault_injectors/union.yaml`` of a pack says it, in the words of those who report such faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec
from pydantic import Field

from harness.boundary import CallFault, EffectClass, FaultKind, Frozen, Seeding
from harness.content.checked import salvage
from harness.content.fields import Name
from harness.content.packs import Pack, all_fault_kinds, find_packs
from harness.content.yaml_files import read_yaml
from harness.errors import ContentError


class Covering(Frozen):
    """The kind and the variant of it that are an item."""

    kind: str
    variant: str


class UnionFile(Frozen):
    """What ``union.yaml`` holds; an item without a kind is not covered."""

    groups: dict[Name, dict[Name, Covering | None]] = Field(min_length=1)


class CoveredItem(msgspec.Struct, frozen=True):
    """One item: what it is covered by, with which options, and where that applies; ``problem`` says why it is not."""

    group: str
    item: str
    kind: str | None
    variant: str | None
    options: Mapping[str, object] | None
    applies_to: str | None
    problem: str | None


def fault_coverage() -> list[CoveredItem]:
    """Return every item of every pack's union, in the order of the files; raises ContentError for what is no union."""
    kinds = all_fault_kinds()
    return [item for pack in find_packs().values() for item in _items_of(pack, kinds)]


def _items_of(pack: Pack, kinds: Mapping[str, FaultKind]) -> Iterator[CoveredItem]:
    path = pack.root / "fault_injectors" / "union.yaml"
    if not path.is_file():
        return
    file = salvage(UnionFile, read_yaml(path))
    if file.value is None or file.problems:
        raise ContentError(file.problems)
    for group, items in file.value.groups.items():
        for item, covering in items.items():
            where = file.located.where(("groups", group, item))
            yield _covered(group, item, covering, kinds, where)


def _covered(
    group: str, item: str, covering: Covering | None, kinds: Mapping[str, FaultKind], where: str
) -> CoveredItem:
    def uncovered(problem: str) -> CoveredItem:
        kind, variant = (covering.kind, covering.variant) if covering else (None, None)
        return CoveredItem(group, item, kind, variant, None, None, f"{where}: {problem}")

    if covering is None:
        return uncovered("nothing covers this; name a kind and one of its variants")
    kind = kinds.get(covering.kind)
    if kind is None:
        return uncovered(f"there is no fault {covering.kind!r}; known: {', '.join(sorted(kinds))}")
    if covering.variant not in kind.variants:
        known = ", ".join(kind.variants) or "none"
        return uncovered(f"{kind.name} has no variant {covering.variant!r}; known: {known}")
    options = kind.variants[covering.variant]
    return CoveredItem(group, item, kind.name, covering.variant, options, where_it_applies(kind), None)


def where_it_applies(kind: FaultKind) -> str:
    """Say at which ports a kind makes sense, and for tools of which effect classes; or what else it acts on."""
    if isinstance(kind, CallFault):
        ports = ", ".join(kind.ports)
        return ports if set(kind.effects) == set(get_args(EffectClass)) else f"{ports} ({', '.join(kind.effects)})"
    return "world" if isinstance(kind, Seeding) else "clock"
