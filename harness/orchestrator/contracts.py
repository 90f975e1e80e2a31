"""A model's answer is a contract: it has the shape of its role, or it is no answer."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from harness.planners import CONTRACTS, Contract, Decision, Role


class BrokenContract(Exception):
    """An answer without the shape of its role; the message says where."""


class Contracts(Protocol):
    """Reads the answers of models."""

    def read(self, role: Role, value: Any) -> Contract:
        """Return the answer as its contract; raises BrokenContract."""


class StrictContracts:
    """Every field has its type and its bounds; a field that the contract does not know is an error."""

    def read(self, role: Role, value: Any) -> Contract:
        """Validate the whole answer; a planner either acts or answers."""
        try:
            contract = msgspec.convert(value, CONTRACTS[role])
        except msgspec.ValidationError as error:
            raise BrokenContract(str(error)) from error
        if isinstance(contract, Decision) and bool(contract.calls) == (contract.answer is not None):
            raise BrokenContract("give either calls or an answer, not both and not neither")
        return contract
