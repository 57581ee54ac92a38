"""What can go wrong for a user, and the exit code that says so."""

from collections.abc import Sequence

OK = 0
INTERNAL = 1
BAD_INPUT = 2
FAILED_RUNS = 3
INTERRUPTED = 130


class BadInput(Exception):
    """Input that cannot be used: one plain line for each thing wrong, all at once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        super().__init__("\n".join(self.lines))


class Interrupted(Exception):
    """The user stopped the program; ``advice`` says how to go on."""

    def __init__(self, advice: str) -> None:
        self.advice = advice
        super().__init__(advice)
