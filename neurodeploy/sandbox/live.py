"""A worker that stays: it answers one message after another, until it is closed."""

from __future__ import annotations

import socket
import sys
import time
import weakref
from contextlib import ExitStack, suppress

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox.environments.environment import Environment
from neurodeploy.sandbox.environments.status import installed
from neurodeploy.sandbox.exchange import Exchange
from neurodeploy.sandbox.folder import private_folder
from neurodeploy.sandbox.process.tree import ProcessTree
from neurodeploy.sandbox.worker import Call, started

LINK = "live"
_LOOK_S = 0.1


class LiveWorker:
    """A process in an installed environment, and the link to it.

    Its job is `call.job`; the worker's `run` connects by `exchange.link()` and answers there. The
    time limit is that of one answer.

    Raises: SimulatorMissingError if the environment is not installed, SimulatorError if the worker
    fails before it connects.
    """

    def __init__(self, env: Environment, call: Call) -> None:
        if sys.platform == "win32":
            raise SimulatorError(f"{env.title}: runs live on Linux and macOS")
        self._env, self._limits = env, call.limits
        venv = installed(env)
        with ExitStack() as stack:
            folder = stack.enter_context(private_folder())
            exchange = Exchange(folder)
            exchange.write(call.job, call.arrays)
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(folder / LINK))
            listener.listen(1)
            self._tree: ProcessTree = stack.enter_context(started(env, venv, folder))
            self._link = stack.enter_context(self._accepted(listener))
            self._close = weakref.finalize(self, stack.pop_all().close)

    def ask(self, message: bytes, size: int) -> bytes:
        """Send a message, and return an answer of so many bytes.

        Raises: SimulatorError if the worker ends or is too late.
        """
        answer = bytearray(size)
        view, count = memoryview(answer), 0
        try:
            self._link.sendall(message)
            while count < size:
                received = self._link.recv_into(view[count:])
                if not received:
                    raise ConnectionError
                count += received
        except TimeoutError:
            raise self._error(f"no answer within {self._limits.seconds:g} s") from None
        except OSError:
            raise self._error("the worker ended") from None
        return bytes(answer)

    def close(self) -> None:
        """End the worker; a closed one stays closed."""
        self._close()

    def _accepted(self, listener: socket.socket) -> socket.socket:
        """Return the link to the worker, once it connects."""
        listener.settimeout(_LOOK_S)
        last = time.monotonic() + self._limits.seconds
        while time.monotonic() < last and self._tree.poll():
            with suppress(TimeoutError):
                link, _ = listener.accept()
                link.settimeout(self._limits.seconds)
                return link
        raise self._error("the worker did not get ready")

    def _error(self, words: str) -> SimulatorError:
        log = self._tree.log
        return SimulatorError(f"{self._env.title}: {words}", remedy="see its output", log=log)
