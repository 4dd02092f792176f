"""Work on hostile data in a child with little memory, which is killed if it hangs."""

import os
import resource
import select
import signal
from collections.abc import Callable
from typing import Any

SECONDS = 60
MEGABYTES = 512


def confined(work: Callable[[], Any], *, megabytes: int = MEGABYTES) -> str:
    """Return what the work raised, with its class, or "done: " and what it returned.

    Raises:
        AssertionError: if it hangs or dies.
    """
    end, start = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        _limit(megabytes)
        os.write(start, _said(work).encode()[:60_000])
        os._exit(0)
    os.close(start)
    ready, _, _ = select.select([end], [], [], SECONDS)
    if not ready:
        os.kill(child, signal.SIGKILL)
    said = b""
    while ready and (piece := os.read(end, 65_536)):
        said += piece
    os.close(end)
    _, status = os.waitpid(child, 0)
    assert ready, f"does not end within {SECONDS} seconds"
    assert status == 0, f"ended with the status {status}"
    return said.decode()


def _said(work: Callable[[], Any]) -> str:
    try:
        return f"done: {work()!r}"
    # The caller asks for any error at all.
    except BaseException as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


def _limit(megabytes: int) -> None:
    """Allow this much memory beyond what the process already uses, mostly for libraries."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    limit = used + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
