"""Where a call happened: ``run/port:name[identity]#n``, and selectors that pick such places.

``n`` counts the arrivals at one site and is never inferred, so a call somewhere else shifts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import msgspec

SELECTORS_KEPT = 1024
_SELECTOR = re.compile(
    r"^(?:(?P<run>[^/\[\]:]+)/)?(?P<port>[^/\[\]:]+)(?::(?P<name>[^\[\]]+))?(?:\[(?P<identity>.*)\])?$"
)


def identity_text(identity: Mapping[str, Any]) -> str:
    """Write identity arguments as ``key=value`` pairs, in the declared order."""
    return ",".join(f"{key}={value}" for key, value in identity.items())


def site_of(run_id: str, port: str, name: str, identity: Mapping[str, Any]) -> str:
    """Return an address without its arrival number."""
    if not identity:
        return f"{run_id}/{port}:{name}"
    return f"{run_id}/{port}:{name}[{identity_text(identity)}]"


class Selector(msgspec.Struct, frozen=True):
    """A pattern over sites: ``[run/]port[:name][[identity]]``; each part may hold ``*``.

    ``tool:issue_refund`` picks that tool in every run; ``run-1/tool:*`` every tool of one run;
    ``tool:issue_refund[order_id=O-7]`` one order; ``*`` everything.
    """

    run: str
    port: str
    name: str
    identity: str

    def picks(self, run_id: str, port: str, name: str, identity: Mapping[str, Any]) -> bool:
        """Whether a call at that site is meant."""
        return (
            _matches(port, self.port)
            and _matches(name, self.name)
            and _matches(run_id, self.run)
            and (self.identity == "*" or fnmatchcase(identity_text(identity), self.identity))
        )


def _matches(text: str, pattern: str) -> bool:
    return pattern in ("*", text) or fnmatchcase(text, pattern)


@lru_cache(SELECTORS_KEPT)
def parse_selector(text: str) -> Selector:
    """Read a selector; raises ValueError with the accepted shape when ``text`` is none."""
    match = _SELECTOR.match(text)
    if match is None:
        msg = f"{text!r} is not a selector; write [run/]port[:name][[identity]], for example tool:issue_refund"
        raise ValueError(msg)
    parts = match.groupdict()
    return Selector(*((parts[key] or "*") for key in ("run", "port", "name", "identity")))
