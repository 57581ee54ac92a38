"""Choices that cannot be meant together: the last would silently win, or one of them silently do nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from hydra.errors import ConfigCompositionException

from experiments.preflight.layers import flattened
from experiments.preflight.overrides import Argument
from experiments.preflight.problems import ABSENT, shown
from experiments.preflight.session import Composer
from sim.parameters import Problem

NOTHING = "none"
"""Name of the file of a group that holds no rule."""


def contradictions(arguments: Sequence[Argument], composer: Composer) -> Iterator[Problem]:
    """Yield groups chosen twice, files of one choice that disagree on a key, and those that add nothing to another."""
    chosen = dict[str, str]()
    for argument in arguments:
        if argument.parsed.is_delete() or argument.is_hydra or not composer.options(argument.key):
            continue
        if argument.key in chosen:
            both = f"{chosen[argument.key]} and {argument.text}"
            yield Problem(argument.key, ABSENT, f"is chosen twice, by {both}; drop one of them")
        chosen[argument.key] = argument.text
        names = argument.parsed.value()
        if isinstance(names, list):
            if not names:
                nobody = f", {NOTHING} for no rules" if NOTHING in composer.options(argument.key) else ""
                yield Problem(argument.key, [], f"names no file: choose one{nobody}")
            yield from against_each_other(argument.key, names)
            said = {str(name): _said(composer, argument.key, str(name)) for name in names}
            for one, other in combinations(said, 2):
                yield from _apart(argument.key, (one, said[one]), (other, said[other]))


def against_each_other(key: str, names: Sequence[object]) -> Iterator[Problem]:
    """Yield what cannot be meant by a list of files of one group: one named twice, and none beside another."""
    for name, count in Counter(map(str, names)).items():
        if count > 1:
            yield Problem(key, name, "is chosen twice in one list; once is enough")
    others = sorted({str(name) for name in names} - {NOTHING})
    if others and NOTHING in names:
        yield Problem(key, NOTHING, f"stands for no rule at all, so not beside {', '.join(others)}: drop one of them")


def _said(composer: Composer, group: str, name: str) -> dict[str, object]:
    """Return what a file says alone, with what it is made of, by dotted key; nothing where it overrides choices."""
    try:
        return dict(flattened(composer.alone(group, name)))
    except ConfigCompositionException:
        return {}


def _apart(group: str, one: tuple[str, dict[str, object]], other: tuple[str, dict[str, object]]) -> Iterator[Problem]:
    (first, mine), (second, yours) = one, other
    for (least, part), (most, whole) in ((one, other), (other, one)):
        if part and part.items() <= whole.items():
            yield Problem(group, [first, second], f"{most} says all that {least} says: drop {least}")
            return
    for key in sorted(mine.keys() & yours.keys()):
        if mine[key] != yours[key]:
            says = f"{first} says {shown(mine[key])} and {second} {shown(yours[key])}"
            allowed = f"{says}: choose one of the two, or change it in a file with defaults: [{first}, _self_]"
            yield Problem(key, [first, second], allowed)
