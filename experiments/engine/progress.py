"""What is going on, on standard error: what begins, and how far it is.

One progress line: a bar on a terminal; in a log a line at each quarter of the way, and every five minutes.
"""

import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

_STEPS_IN_A_LOG = 4
_LONGEST_SILENCE = 300.0


def begins(text: str) -> None:
    """Say what begins, at once: whoever waits should know for what."""
    print(f"compute-market: {text}", file=sys.stderr, flush=True)


class Progress:
    """Counts units of work done, and of those the failed ones, on standard error."""

    def __init__(self, total: int, unit: str, label: str, note: str = "", before: int = 0) -> None:
        """Begin a line; the note says why it may be slow, ``before`` how many units were done before it began."""
        self.total, self.unit, self.label, self._before = total, unit, label, before
        self.done, self.failed, self._began = before, 0, time.monotonic()
        self._said = self._began
        said = f"{label} ({note})" if note else label
        self._bar: Any = tqdm(
            total=total, initial=before, unit=unit, desc=said, disable=None, file=sys.stderr, leave=True
        )
        if note and self._bar.disable:
            print(f"{label}: {note}", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, units: int = 1, failed: int = 0) -> None:
        """Say that ``units`` more are done, ``failed`` of them without success."""
        before, self.done = self.done, self.done + units
        self.failed += failed
        if self.failed:
            self._bar.set_postfix_str(f"{self.failed} failed", refresh=False)
        self._bar.update(units)
        late = time.monotonic() - self._said > _LONGEST_SILENCE
        if self._bar.disable and (late or self._step(before) < self._step(self.done)):
            self._say()

    def _step(self, done: int) -> int:
        return done * _STEPS_IN_A_LOG // max(self.total, 1)

    def _say(self) -> None:
        self._said = time.monotonic()
        seconds, here = self._said - self._began, self.done - self._before
        left = seconds * (self.total - self.done) / here
        failed = f", {self.failed} failed" if self.failed else ""
        ahead = f", about {duration(left)} to go" if self.done < self.total else ""
        pace = f"{duration(seconds)} at {here / max(seconds, 1e-3):.1f} {self.unit}/s"
        print(
            f"{self.label}: {self.done} of {self.total} {self.unit}{failed}, {pace}{ahead}", file=sys.stderr, flush=True
        )


def duration(seconds: float) -> str:
    """Return a time in words: seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
