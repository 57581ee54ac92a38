"""Workers of a study and Ctrl-C: the parent answers for all, from their first moment on."""

import os
import signal
import sys

import pytest

from experiments.engine.pool import run_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are masked by POSIX alone")
FROM_THE_START = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()) if sys.platform != "win32" else False
"""Whether Ctrl-C cannot reach the process that loads this file: the worker, before it begins to work."""


def heard(_: int) -> tuple[int, bool]:
    """Return the process, and whether Ctrl-C could have reached it while it was loading."""
    return os.getpid(), not FROM_THE_START


def test_a_worker_never_hears_ctrl_c_and_its_parent_still_does() -> None:
    found = [landed for landed in run_all([1, 2], heard, workers=1) if isinstance(landed, tuple)]
    assert [result for _, result in found] == [(found[0][1][0], False)] * 2
    assert found[0][1][0] != os.getpid()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
