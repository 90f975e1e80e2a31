"""Addressed chance: every draw is a hash of (seed, stream, address).

There is no generator whose state one more call could shift: a draw depends on its own address and on nothing else.
"""

from __future__ import annotations

from hashlib import blake2b

_FRACTION_BITS = 53


def draw(seed: int, stream: str, address: str) -> float:
    """Return a number in [0, 1) that depends on the three arguments alone."""
    # The length tells stream from address, so that ("a", "bc") and ("ab", "c") differ.
    text = f"{seed}:{len(stream)}:{stream}{address}"
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"draw").digest()
    return (int.from_bytes(digest, "big") >> (64 - _FRACTION_BITS)) / (1 << _FRACTION_BITS)


def derive_seed(seed: int, *parts: str) -> int:
    """Return a seed of 63 bits for the part of ``seed``'s work that ``parts`` name."""
    text = ":".join([str(seed), *(f"{len(part)}:{part}" for part in parts)])
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"seed").digest()
    return int.from_bytes(digest, "big") >> 1
