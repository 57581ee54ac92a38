"""Shell completion: the subcommand first, then Hydra's keys and groups behind it.

Hydra's shell function calls ``compute-market -sc query=bash`` without the subcommand and passes the typed
line in ``COMP_LINE``, so the subcommand is taken out of the line before Hydra sees it.
"""

import os
import sys
from collections.abc import Sequence

from experiments.cli import COMMANDS
from experiments.faults import OK

_WITH_KEYS = {"run": "", "study": "", "explain": ""}


def complete(words: Sequence[str]) -> int:
    """Answer one completion request, or print the lines that install completion."""
    line = os.environ.get("COMP_LINE", "")
    typed = line.split()
    if any(word.startswith("query=") for word in words):
        if len(typed) < 2 or (len(typed) == 2 and not line.endswith(" ")):
            print(" ".join(name for name in COMMANDS if name.startswith("".join(typed[1:]))))
            return OK
        if typed[1] not in _WITH_KEYS:
            return OK
        os.environ["COMP_LINE"] = line.replace(f"{typed[1]} ", "", 1)
    _ask_hydra(words)
    return OK


def _ask_hydra(words: Sequence[str]) -> None:
    from experiments.application import application

    sys.argv = [sys.argv[0], *words]
    application(lambda _: None)()
