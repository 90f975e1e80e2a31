"""Fences: real sockets, DNS, processes and signals are out of reach, and the error names who reached."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import httpx
import pytest

from harness.errors import Fence
from harness.simulation import simulate
from harness.simulation.fences import LOOP_COROUTINES

NOWHERE = ("127.0.0.1", 9)


def udp() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def with_socket(kind: int, act: Callable[[socket.socket], object]) -> None:
    with socket.socket(socket.AF_INET, kind) as opened:
        act(opened)


def start_a_process() -> None:
    multiprocessing.get_context("spawn").Process(target=print).start()


async def get_with_httpx() -> None:
    async with httpx.AsyncClient() as client:
        await client.get("http://example.com/")


async def get_with_httpx_by_number() -> None:
    async with httpx.AsyncClient() as client:
        await client.get("http://127.0.0.1:9/")


BLOCKING: dict[str, Callable[[], object]] = {
    "connect a socket to": lambda: with_socket(socket.SOCK_STREAM, lambda opened: opened.connect(NOWHERE)),
    "connect a socket to ": lambda: with_socket(socket.SOCK_STREAM, lambda opened: opened.connect_ex(NOWHERE)),
    "bind a socket to": lambda: with_socket(socket.SOCK_STREAM, lambda opened: opened.bind(NOWHERE)),
    "send to": lambda: with_socket(socket.SOCK_DGRAM, lambda opened: opened.sendto(b"", NOWHERE)),
    "look up the host": lambda: socket.getaddrinfo("example.com", 443),
    "look up the host ": lambda: socket.gethostbyname("example.com"),
    "look up the address": lambda: socket.gethostbyaddr("127.0.0.1"),
    "start the process": lambda: subprocess.run(["/bin/true"], check=True),
    "start the process ": start_a_process,
    "run the shell command": lambda: os.system("true"),  # noqa: S605
    "start the process  ": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "replace the process": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
    "fork the process": os.fork,
    "send a signal": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "look up the host  ": lambda: urllib.request.urlopen("http://example.com/"),
    "look up the host   ": lambda: httpx.get("http://example.com/"),
}
AWAITED: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
    "call loop.getaddrinfo": get_with_httpx,
    "call loop.create_connection": get_with_httpx_by_number,
    "call loop.create_connection ": lambda: asyncio.open_connection("127.0.0.1", 9),
    "call loop.create_server": lambda: asyncio.start_server(print, "127.0.0.1", 0),
    "call loop.subprocess_exec": lambda: asyncio.create_subprocess_exec("true"),
    "call loop.subprocess_shell": lambda: asyncio.create_subprocess_shell("true"),
}


@pytest.mark.parametrize("attempt", BLOCKING)
def test_a_blocking_call_is_fenced(attempt: str) -> None:
    async def main() -> None:
        BLOCKING[attempt]()

    with pytest.raises(Fence, match=rf"test_fences\.py:\d+ in .* tried to {attempt.strip()}"):
        simulate(main)


@pytest.mark.parametrize("attempt", AWAITED)
def test_an_awaited_call_is_fenced(attempt: str) -> None:
    async def main() -> None:
        await AWAITED[attempt]()

    with pytest.raises(Fence, match=rf"test_fences\.py:\d+.* tried to {attempt.strip()}"):
        simulate(main)


@pytest.mark.parametrize("name", LOOP_COROUTINES)
def test_every_network_method_of_the_loop_is_fenced(name: str) -> None:
    async def main() -> None:
        await getattr(asyncio.get_running_loop(), name)()

    with pytest.raises(Fence, match=rf"loop\.{name}\(\)"):
        simulate(main)


def test_the_list_of_network_methods_is_complete() -> None:
    harmless = {"run_in_executor", "shutdown_asyncgens", "shutdown_default_executor"}
    methods = inspect.getmembers(asyncio.AbstractEventLoop, inspect.iscoroutinefunction)
    assert {name for name, _ in methods} - harmless == set(LOOP_COROUTINES)


def test_signal_handlers_are_fenced() -> None:
    async def main() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)

    with pytest.raises(Fence, match="add_signal_handler"):
        simulate(main)


def test_file_descriptors_are_fenced() -> None:
    async def main() -> None:
        asyncio.get_running_loop().add_reader(0, print)

    with pytest.raises(Fence, match="add_reader"):
        simulate(main)


def test_the_fence_names_the_line_that_called() -> None:
    async def main() -> None:
        await asyncio.to_thread(socket.getaddrinfo, "example.com", 443)

    async def direct() -> None:
        socket.create_connection(("example.com", 443))

    line = inspect.getsourcelines(direct)[1] + 1
    with pytest.raises(Fence, match=re.escape(f"test_fences.py:{line} in ")):
        simulate(direct)
    with pytest.raises(Fence, match=r"at work: .*test_fences\.py:\d+"):
        simulate(main)


def test_work_in_threads_is_fenced() -> None:
    async def main() -> None:
        await asyncio.to_thread(lambda: subprocess.run(["/bin/true"], check=True))

    with pytest.raises(Fence, match="start the process"):
        simulate(main)


def test_a_swallowed_fence_is_not_lost() -> None:
    async def main() -> str:
        try:
            socket.getaddrinfo("example.com", 443)
        except Exception:  # noqa: BLE001
            return "fine"
        return "reached"

    with pytest.raises(Fence, match=r"example\.com"):
        simulate(main)


def test_a_swallowed_fence_stops_the_simulation_at_its_next_turn() -> None:
    steps = []

    async def main() -> None:
        try:
            socket.getaddrinfo("example.com", 443)
        except Exception:  # noqa: BLE001
            await asyncio.sleep(1)
        steps.append("went on")

    with pytest.raises(Fence):
        simulate(main)
    assert not steps


def test_the_first_fence_is_the_one_that_is_raised() -> None:
    async def main() -> None:
        for host in ("first.example", "second.example"):
            with suppress(Fence):
                socket.getaddrinfo(host, 443)
        raise LookupError("a consequence")

    with pytest.raises(Fence, match=r"first\.example"):
        simulate(main)


def test_other_threads_are_not_fenced() -> None:
    reached = []

    async def main() -> None:
        thread = threading.Thread(target=lambda: reached.append(socket.getaddrinfo("127.0.0.1", 9)))
        thread.start()
        thread.join()

    simulate(main)
    assert reached


def test_nothing_is_fenced_afterwards() -> None:
    async def main() -> None:
        """Do nothing."""

    simulate(main)
    assert subprocess.run([sys.executable, "-c", ""], check=True).returncode == 0


def test_the_platform_can_be_asked_for() -> None:
    """Python starts ``uname`` to find out; SDKs put the answer into a header of their first request."""

    async def main() -> str:
        return platform.platform() + platform.processor()

    assert simulate(main)


def test_a_mocked_transport_is_not_fenced() -> None:
    async def main() -> int:
        transport = httpx.MockTransport(lambda _request: httpx.Response(204))
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get("http://example.com/")).status_code

    assert simulate(main) == 204
