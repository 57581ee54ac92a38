"""Ctrl-C obeyed between quarters.

An exception raised while a compiled kernel takes or returns its tuples would crash the interpreter: Numba builds named
tuples through Python code and does not look whether that failed.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from experiments.faults import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def obeyed_between_quarters() -> Iterator[Callable[[], None]]:
    """Keep a request to stop until it is safe to obey; a second request ends the process at once.

    Only what would raise an exception is kept: a signal that is ignored or ends the process stays as it is.

    Yields:
        A function that raises KeyboardInterrupt when the user has asked to stop.

    Raises:
        KeyboardInterrupt: At the end, when the user has asked to stop and nobody looked.
    """
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if asked:
            os._exit(INTERRUPTED)
        asked.append(number)

    def obey() -> None:
        if asked:
            raise KeyboardInterrupt

    kept = {}
    if threading.current_thread() is threading.main_thread():
        kept = {number: found for number in _SIGNALS if callable(found := signal.getsignal(number))}
    for number in kept:
        signal.signal(number, note)
    try:
        yield obey
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    obey()
