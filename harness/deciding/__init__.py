"""Deciding: two sides compared on equal trials, and one verdict on whether the candidate may ship.

What comes in: results folders and the gate file. Nothing in here judges a single trial; that is scoring.
"""

from harness.deciding.pairs import Pair, Pairing, PairKey, Side, pair_up, side

__all__ = ["Pair", "PairKey", "Pairing", "Side", "pair_up", "side"]
