"""``compute-market``: one script with subcommands. Imports only what the chosen command needs."""

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TextIO, cast

from experiments.faults import BAD_INPUT, INTERRUPTED, OK, BadInput, Interrupted
from experiments.lasting import Lasting

COMMANDS = {
    "run": ("experiments.run", "one configured experiment: tables, figures, report"),
    "study": ("experiments.study", "levers x samples x seeds, with bands; resumes and extends"),
    "report": ("experiments.rebuild", "rebuild figures and report from stored tables; several folders are compared"),
    "verify": (
        "experiments.verify",
        "the model against theory: limit cases with expected, obtained, residual, verdict",
    ),
    "explain": ("experiments.explain", "where a value comes from: file, source, grade, unit, range"),
}
_COMPLETION = ("-sc", "--shell-completion")


def _help() -> str:
    lines = [f"  {name:<8} {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            "compute-market: who ends up with the compute market, when, and how sure are we?",
            "",
            "usage: compute-market COMMAND [arguments]     (COMMAND --help says more)",
            "",
            *lines,
            "",
            "Results go to outputs/ (--out DIR elsewhere); the last line printed is the report's path.",
            "Exit codes: 0 ok, 1 internal error, 2 bad input, 3 finished with failed runs or cases, 130 interrupted.",
            'Completion: eval "$(compute-market -sc install=bash)"',
        ]
    )


def _dispatch(words: Sequence[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return OK if words else BAD_INPUT
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"compute-market {version('compute-market')}")
        return OK
    if words[0] in _COMPLETION:
        from experiments.completion import complete

        return complete(words)
    if words[0] not in COMMANDS:
        raise BadInput([_unknown(words[0])])
    code: int = import_module(COMMANDS[words[0]][0]).main(list(words[1:]))
    return code


def _unknown(word: str) -> str:
    import difflib

    close = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{word!r} is not a command: choose one of {', '.join(COMMANDS)}{hint}"


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        print(f"compute-market: {line}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if argv is None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system that stops us means Ctrl-C
        sys.stdout, sys.stderr = (cast("TextIO", Lasting(stream)) for stream in (sys.stdout, sys.stderr))
    code = _ended(sys.argv[1:] if argv is None else argv)
    sys.stdout.flush()
    return code


def _ended(words: Sequence[str]) -> int:
    """Run one command to its end, bad or good, and return its exit code."""
    try:
        return _dispatch(words)
    except BadInput as error:
        _say(error.lines)
        return BAD_INPUT
    except Interrupted as error:
        _say(["interrupted", error.advice])
        return INTERRUPTED
    except KeyboardInterrupt:
        _say(["interrupted; give the same command again to go on"])
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
