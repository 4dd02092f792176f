"""Protection from Ctrl-C for the few lines that must not stop halfway."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Delay a Ctrl-C until the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        # Python raises KeyboardInterrupt only in the main thread.
        yield
        return
    signals: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        signals.append(number)

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if signals:
            signal.raise_signal(signal.SIGINT)
