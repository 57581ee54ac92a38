"""A process pool that survives its workers, and workers that do not survive their parent.

A killed worker breaks the whole pool of ``concurrent.futures``: the pool is built again, and what was in
flight is tried again one task at a time, so that only a task that kills its worker by itself is blamed.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import wait as wait_for
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_TRIES_ALONE = 2


@dataclass(frozen=True)
class Killed(Generic[T]):
    """A task whose worker died each time it ran alone."""

    task: T


@dataclass
class _Queue(Generic[T]):
    """Tasks to do: fresh ones, and suspects that were in flight when a worker died."""

    fresh: deque[T]
    suspects: deque[T] = field(default_factory=deque)
    tries: dict[int, int] = field(default_factory=dict)

    def take(self, flying: int, workers: int) -> T | None:
        """Return the next task that may start now: suspects fly alone."""
        if self.suspects:
            return None if flying else self.suspects.popleft()
        return self.fresh.popleft() if self.fresh and flying < workers else None


def watch_parent() -> None:
    """End this process when its parent ends: results nobody waits for are not written."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def end_with_parent() -> None:
        wait_for([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _start_worker(warm: Callable[[], None] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C for all
    watch_parent()
    if warm is not None:
        warm()


@contextmanager
def _deaf() -> Iterator[None]:
    """Let processes that start meanwhile never hear Ctrl-C, which the parent answers for all and hears afterwards.

    What ``_start_worker`` says comes too late for that: a worker needs seconds to load what it runs.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _executor(workers: int, warm: Callable[[], None] | None) -> ProcessPoolExecutor:
    os.environ["NUMBA_NUM_THREADS"] = "1"  # one process a core; threads inside a run collapse on a busy machine
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(warm,))


def _stop(executor: ProcessPoolExecutor) -> None:
    """Stop at once: nothing queued starts, nothing running is waited for."""
    processes = list((executor._processes or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def run_all(
    tasks: Sequence[T], work: Callable[[T], R], workers: int, warm: Callable[[], None] | None = None
) -> Iterator[tuple[T, R] | Killed[T]]:
    """Run every task on a pool of processes and yield results as they come.

    Args:
        tasks: Picklable tasks.
        work: A module-level function.
        workers: Processes at once.
        warm: Called once in each new worker.

    Yields:
        A task with its result, or :class:`Killed` for a task that kills its worker.

    Raises:
        Exception: What ``work`` raised; the pool is stopped first.
    """
    queue = _Queue(deque(tasks))
    executor = _executor(workers, warm)
    flying: dict[Future[R], T] = {}
    try:
        while queue.fresh or queue.suspects or flying:
            try:
                _launch(queue, flying, executor, work, workers)
                yield from _landed(flying)
            except BrokenProcessPool:
                _stop(executor)
                yield from _suspected(queue, flying)
                executor = _executor(workers, warm)
        executor.shutdown()
    except BaseException:
        _stop(executor)
        raise


def _launch(
    queue: _Queue[T],
    flying: dict[Future[R], T],
    executor: ProcessPoolExecutor,
    work: Callable[[T], R],
    workers: int,
) -> None:
    alone = bool(queue.suspects)
    while (task := queue.take(len(flying), workers)) is not None:
        try:
            with _deaf():
                flying[executor.submit(work, task)] = task
        except BrokenProcessPool:
            queue.fresh.appendleft(task)
            raise
        if alone:
            break


def _landed(flying: dict[Future[R], T]) -> Iterator[tuple[T, R]]:
    done, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in done:
        result = future.result()
        yield flying.pop(future), result


def _suspected(queue: _Queue[T], flying: dict[Future[R], T]) -> Iterator[tuple[T, R] | Killed[T]]:
    """Sort what was in flight: finished tasks are results, a lone task is blamed, others become suspects."""
    alone = len(flying) == 1
    for future, task in flying.items():
        if future.done() and not future.cancelled() and future.exception() is None:
            yield task, future.result()
            continue
        tries = queue.tries.get(id(task), 0) + alone
        queue.tries[id(task)] = tries
        if tries >= _TRIES_ALONE:
            yield Killed(task)
        else:
            queue.suspects.append(task)
    flying.clear()
