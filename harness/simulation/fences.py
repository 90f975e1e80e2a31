"""Fences: code under simulation can not reach real sockets, DNS, processes or signals.

Two nets, one behind the other. The loop refuses its own network methods, so that the error comes from the call
itself; an audit hook catches whatever goes round the loop, blocking calls and C extensions that play fair included.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from threading import get_ident
from typing import Any

from harness.errors import Fence
from harness.simulation.describe import caller
from harness.simulation.state import ACTIVE, Simulation

# Audit event: what it attempts, and which of its arguments tells most.
AUDIT_EVENTS = {
    "os.exec": ("replace the process by", 0),
    "os.fork": ("fork the process", None),
    "os.forkpty": ("fork the process", None),
    "os.kill": ("send a signal to process", 0),
    "os.killpg": ("send a signal to process group", 0),
    "os.posix_spawn": ("start the process", 0),
    "os.spawn": ("start the process", 1),
    "os.system": ("run the shell command", 0),
    "socket.bind": ("bind a socket to", 1),
    "socket.connect": ("connect a socket to", 1),
    "socket.getaddrinfo": ("look up the host", 0),
    "socket.gethostbyaddr": ("look up the address", 0),
    "socket.gethostbyname": ("look up the host", 0),
    "socket.getnameinfo": ("look up the address", 0),
    "socket.sendmsg": ("send to", 1),
    "socket.sendto": ("send to", 1),
    "subprocess.Popen": ("start the process", 1),
}

LOOP_COROUTINES = (
    "connect_accepted_socket",
    "connect_read_pipe",
    "connect_write_pipe",
    "create_connection",
    "create_datagram_endpoint",
    "create_server",
    "create_unix_connection",
    "create_unix_server",
    "getaddrinfo",
    "getnameinfo",
    "sendfile",
    "sock_accept",
    "sock_connect",
    "sock_recv",
    "sock_recv_into",
    "sock_recvfrom",
    "sock_recvfrom_into",
    "sock_sendall",
    "sock_sendfile",
    "sock_sendto",
    "start_tls",
    "subprocess_exec",
    "subprocess_shell",
)
LOOP_CALLS = ("add_reader", "add_signal_handler", "add_writer")

CURE = "give it a mock transport or a simulated tool"
_TELLING = (str, bytes, int, list, tuple)


def fence(simulation: Simulation, attempt: str) -> Fence:
    """Return the breach for ``attempt``, with the name of the caller."""
    return simulation.breach(Fence(f"{caller(simulation.loop)} tried to {attempt}, which is real; {CURE}"))


def _brief(value: object, most: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}…"


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what reaches for the real world, on threads that a simulation owns."""
    if event in AUDIT_EVENTS:
        simulation = ACTIVE.get(get_ident())
        if simulation is not None:
            verb, telling = AUDIT_EVENTS[event]
            raise fence(simulation, verb if telling is None else f"{verb} {_brief(arguments[telling])}")


def fork_exec(simulation: Simulation, arguments: Any = (), *_others: Any) -> None:
    """Refuse ``_posixsubprocess.fork_exec``: multiprocessing calls it, and it raises no audit event."""
    raise fence(simulation, f"start the process {_brief(arguments)}")


class FencedLoop(asyncio.BaseEventLoop):
    """An event loop without a network, without processes and without signals."""

    simulation: Simulation


def _attempt(name: str, arguments: tuple[Any, ...], options: dict[str, Any]) -> str:
    told = [_brief(value) for value in arguments if isinstance(value, _TELLING)]
    told += [f"{key}={_brief(value)}" for key, value in options.items() if isinstance(value, _TELLING)]
    return f"call loop.{name}({', '.join(told)})"


def _refusal(name: str) -> Callable[..., None]:
    def refuse(self: FencedLoop, *arguments: Any, **options: Any) -> None:
        raise fence(self.simulation, _attempt(name, arguments, options))

    return refuse


def _async_refusal(name: str) -> Callable[..., Coroutine[Any, Any, None]]:
    async def refuse(self: FencedLoop, *arguments: Any, **options: Any) -> None:
        raise fence(self.simulation, _attempt(name, arguments, options))

    return refuse


for _name in LOOP_COROUTINES:
    setattr(FencedLoop, _name, _async_refusal(_name))
for _name in LOOP_CALLS:
    setattr(FencedLoop, _name, _refusal(_name))


def install_audit_hook() -> None:
    """Install the audit hook; Python can not take one away, so this happens once in a process."""
    sys.addaudithook(audit)
