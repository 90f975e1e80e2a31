"""What a run of mutants has shown, as plain lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from benchmarks.mutation.mutant import Fate, Mutant
from benchmarks.mutation.share import wilson_lower


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of one mutant; of a survivor, whether it was executed and whether some history differs."""

    name: str
    file: str
    line: int
    diff: str
    fate: Fate
    by: str = ""
    how: str = ""
    reached: bool = True
    visible: bool = True

    @property
    def module(self) -> str:
        """The module that was changed."""
        return self.name.partition(":")[0]

    @property
    def remark(self) -> str:
        """What is known of a survivor."""
        if self.visible:
            return "some history differs"
        return "no history differs" if self.reached else "never executed"


def location(mutant: Mutant) -> str:
    """Name the file of a mutant as it is named in the repository."""
    return f"harness/orchestrator/{mutant.module}.py"


def lines_of(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the whole report."""
    yield from summary(findings)
    yield ""
    yield from table(findings)
    yield ""
    yield from survivors(findings)


def summary(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield how many were caught, and in which way."""
    fates = Counter(one.fate for one in findings)
    alive = [one for one in findings if one.fate == "survived"]
    total, caught = len(findings), len(findings) - len(alive)
    share, lower = caught / max(total, 1), wilson_lower(caught, total)
    yield f"{caught} of {total} mutants caught: {share:.1%}, with 95 % confidence at least {lower:.1%}"
    yield (
        f"  an expectation was not met {fates['caught']}, the trial could not be played {fates['raised']},"
        f" too slow {fates['timeout']}, process gone {fates['died']}"
    )
    remarks = Counter(one.remark for one in alive)
    told = ", ".join(f"{name} {count}" for name, count in sorted(remarks.items())) or "none"
    yield f"  {len(alive)} survivors: {told}"


def table(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one line for each module."""
    modules: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        modules[one.module].append(one)
    yield f"{'module':14} {'mutants':>7} {'caught':>7} {'share':>7}"
    for name, own in sorted(modules.items()):
        caught = sum(one.fate != "survived" for one in own)
        yield f"{name:14} {len(own):7} {caught:7} {caught / len(own):7.1%}"


def survivors(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield every mutant that no scenario noticed, with its change."""
    for one in findings:
        if one.fate == "survived":
            yield f"{one.file}:{one.line} ({one.name}; {one.remark})"
            yield from (f"    {line}" for line in one.diff.splitlines())
