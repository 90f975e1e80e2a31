"""Profiles: fault plans under a name, in ``fault_injectors/profiles.yaml`` of a pack, for scenarios of any domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from harness.boundary import FaultKind, FaultPlan, Frozen, PlannedFault, plan_problems
from harness.content.checked import salvage
from harness.content.fields import Name, Text
from harness.content.located import Located, Place
from harness.content.packs import Pack, all_fault_kinds, find_packs
from harness.content.yaml_files import read_yaml
from harness.errors import ContentError


class Profile(Frozen):
    """Faults that come together, and what they are like as a whole."""

    description: Text
    faults: Annotated[tuple[PlannedFault, ...], Field(min_length=1)]


class ProfileFile(Frozen):
    """What ``profiles.yaml`` holds."""

    profiles: dict[Name, Profile]


def all_profiles() -> dict[str, Profile]:
    """Return the profiles of all packs: ``name`` where it is unambiguous, and always ``pack:name``.

    Raises ContentError with every problem of their files.
    """
    found: dict[str, Profile] = {}
    bare: dict[str, list[Profile]] = {}
    kinds = all_fault_kinds()
    for pack in find_packs().values():
        for name, profile in _profiles_of(pack, kinds).items():
            found[f"{pack.name}:{name}"] = profile
            bare.setdefault(name, []).append(profile)
    return {name: some[0] for name, some in bare.items() if len(some) == 1} | found


def _profiles_of(pack: Pack, kinds: Mapping[str, FaultKind]) -> dict[str, Profile]:
    path = pack.root / "fault_injectors" / "profiles.yaml"
    if not path.is_file():
        return {}
    file = salvage(ProfileFile, read_yaml(path))
    profiles = file.value.profiles if file.value else {}
    problems = list(file.problems)
    for name, profile in profiles.items():
        problems += fault_problems(("profiles", name, "faults"), profile.faults, kinds, file.located)
    if problems:
        raise ContentError(list(dict.fromkeys(problems)))
    return profiles


def fault_problems(
    place: Place, faults: Sequence[PlannedFault], kinds: Mapping[str, FaultKind], located: Located
) -> Iterator[str]:
    """Yield one line, with file and line, for everything in planned faults at ``place`` that no kind allows."""
    for index, fault in enumerate(faults):
        here = (*place, index)
        if located.damaged(here):
            continue  # what was taken out would be missed
        for problem in plan_problems(FaultPlan(faults=(fault,)), kinds):
            key, _, told = problem.removeprefix("faults.clean[0].").partition(": ")
            yield f"{located.where((*here, *key.split('.')))}: {told}"
