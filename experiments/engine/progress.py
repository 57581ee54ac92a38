"""One progress line: a bar on a terminal, a line at each quarter of the way in a log."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

_STEPS_IN_A_LOG = 4


class Progress:
    """Counts units of work done, on standard error."""

    def __init__(self, total: int, unit: str, label: str) -> None:
        self.total, self.unit, self.label = total, unit, label
        self.done, self._began = 0, time.monotonic()
        self._bar: Any = tqdm(total=total, unit=unit, desc=label, disable=None, file=sys.stderr, leave=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, units: int = 1) -> None:
        """Say that ``units`` more are done."""
        before, self.done = self.done, self.done + units
        self._bar.update(units)
        if self._bar.disable and self._step(before) < self._step(self.done):
            self._say()

    def _step(self, done: int) -> int:
        return done * _STEPS_IN_A_LOG // max(self.total, 1)

    def _say(self) -> None:
        seconds = time.monotonic() - self._began
        left = seconds * (self.total - self.done) / self.done
        ahead = f", about {left:.0f} s to go" if self.done < self.total else ""
        line = f"{self.label}: {self.done} of {self.total} {self.unit}, {seconds:.1f} s{ahead}"
        print(line, file=sys.stderr, flush=True)
