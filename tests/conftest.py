"""What every test may use: the command in this process, and the rule that a skip fails continuous integration."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from sim import Parameters

pytest_plugins = ("tests.synthetic",)

SMALL = ("customers.enterprises=20", "market.end=2022Q2")
"""Overrides under which a run takes a moment."""

# Examples follow from the test alone, so that a failure is there again tomorrow; a first call compiles kernels.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile(
    "thorough", parent=hypothesis.settings.get_profile("repeatable"), max_examples=2000
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str
    made: frozenset[str]
    """Paths that are new below the current folder."""

    @property
    def lines(self) -> list[str]:
        """What was said on standard error, without the program's name."""
        return [line.removeprefix("compute-market: ") for line in self.err.splitlines()]


Command = Callable[..., Outcome]


def pytest_configure() -> None:
    """Let programs under test hear Ctrl-C where the tests run in the background, which ignores it and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _below(folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture(scope="session")
def baseline() -> Parameters:
    """Return the shipped parameters."""
    from tests.markets import parameters_of

    return parameters_of()


@pytest.fixture(scope="session")
def small() -> Parameters:
    """Return parameters of a market that runs in a moment."""
    from tests.markets import parameters_of

    return parameters_of(*SMALL)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Return the command line, run in this process from an empty folder."""
    from experiments import cli

    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["compute-market"])
        before = _below(tmp_path)
        capfd.readouterr()
        code = _code(cli.main, words)
        out, err = capfd.readouterr()
        return Outcome(code, out, err, _below(tmp_path) - before)

    return run


def _code(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> int:
    try:
        return main(words)
    except SystemExit as ended:  # as the console script would see it
        return int(ended.code or 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where continuous integration would pass over a test it could not run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
