"""Addressed chance: every draw is a hash of (seed, stream, address).

There is no generator whose state one more call could shift: a draw depends on its own address and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Self

_FRACTION_BITS = 53


class BranchedSeed(int):
    """A seed that is another one from some moment on; what is drawn before is drawn as without it."""

    def __new__(cls, seed: int, later: int, is_later: Callable[[], bool]) -> Self:
        """Return ``seed``, which becomes ``later`` as soon as ``is_later`` says so."""
        one = super().__new__(cls, seed)
        one.later = later
        one.is_later = is_later
        return one

    later: int
    is_later: Callable[[], bool]


def present(seed: int) -> int:
    """Return what a seed is at this moment."""
    return seed.later if isinstance(seed, BranchedSeed) and seed.is_later() else int(seed)


def draw(seed: int, stream: str, address: str) -> float:
    """Return a number in [0, 1) that depends on the three arguments alone."""
    # The length tells stream from address, so that ("a", "bc") and ("ab", "c") differ.
    text = f"{present(seed)}:{len(stream)}:{stream}{address}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"draw").digest()
    return (int.from_bytes(digest, "big") >> (64 - _FRACTION_BITS)) / (1 << _FRACTION_BITS)


def derive_seed(seed: int, *parts: str) -> int:
    """Return a seed of 63 bits for the part of ``seed``'s work that ``parts`` name."""
    text = ":".join([str(present(seed)), *(f"{len(part)}:{part}" for part in parts)])
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"seed").digest()
    return int.from_bytes(digest, "big") >> 1
