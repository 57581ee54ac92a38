"""What stands on the command line: group choices, values, and sweeps over both."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from experiments.preflight.layers import flattened
from experiments.preflight.problems import ABSENT, listed, refuse_if_any
from experiments.preflight.session import Composer
from sim.parameters import Problem
from sim.parameters.problems import suggestion

_NOTHING = object()


@dataclass(frozen=True)
class Argument:
    """One override: its text and what Hydra's grammar makes of it."""

    text: str
    parsed: Override

    @property
    def key(self) -> str:
        """The group or dotted key, without ``+`` or ``~``."""
        return self.parsed.key_or_group

    @property
    def is_hydra(self) -> bool:
        """Whether it sets something of Hydra itself."""
        return bool(self.parsed.is_hydra_override())


def parse(texts: Sequence[str]) -> list[Argument]:
    """Parse every override.

    Raises:
        BadInput: Naming every override that is not ``key=value``.
    """
    arguments, problems = [], []
    for text in texts:
        try:
            arguments.append(Argument(text, OverridesParser.create().parse_override(text)))
        except HydraException:
            problems.append(Problem(text, ABSENT, _unreadable(text)))
    refuse_if_any(problems)
    return arguments


def _unreadable(text: str) -> str:
    parent, dot, last = text.partition("=")[0].rpartition(".")
    if dot and last[:1].isdigit():
        return f"the last part of a key may not start with a digit here; write {parent}={{{last}: ...}}"
    key, _, value = text.partition("=")
    if key.isascii() and not value.isascii():
        return f"text with letters beyond a-z must be quoted, for the shell as well: '{key}=\"{value}\"'"
    return "is not key=value or group=name (quote spaces and commas)"


def variants(arguments: Sequence[Argument]) -> list[list[str]]:
    """Return the overrides of every combination that a sweep asks for, in Hydra's order."""
    choices = [_choices(argument) for argument in arguments]
    return [list(combination) for combination in itertools.product(*choices)]


def sweep_problems(arguments: Sequence[Argument]) -> list[Problem]:
    """Return the overrides that list several values where one is wanted."""
    advice = "lists several values: add -m for a run of each (compute-market run -m ...), or write one list as [1,2]"
    found = [argument for argument in arguments if argument.parsed.is_sweep_override()]
    return [Problem(x.text, ABSENT, f"{advice}{_decimal(x.text.partition('=')[2])}") for x in found]


def _decimal(text: str) -> str:
    """Return advice where somebody may have meant one number: 0,08."""
    return f"; one number is {text.replace(',', '.')}" if re.fullmatch(r"-?\d+,\d+", text) else ""


def _choices(argument: Argument) -> list[str]:
    if not argument.parsed.is_sweep_override():
        return [argument.text]
    key = argument.parsed.get_key_element()
    return [f"{key}={value}" for value in argument.parsed.sweep_string_iterator()]


def choice_problems(arguments: Sequence[Argument], composer: Composer) -> dict[str, Problem]:
    """Return, by override text, the group choices that name no file."""
    found = {}
    for argument in arguments:
        options = composer.options(argument.key)
        if not options or argument.is_hydra or argument.parsed.is_delete():
            continue
        value = argument.parsed.value()
        for name in value if isinstance(value, list) else [value]:
            if name not in options:
                problem, where = no_file(argument.key, name, options), _elsewhere(argument.key, str(name), composer)
                found[argument.text] = replace(problem, allowed=problem.allowed + where)
    return found


def _elsewhere(group: str, name: str, composer: Composer) -> str:
    """Return where a name is that is no file of the group it was looked for in, or why its file is not read."""
    if (file := composer.misnamed(group, name)) is not None:
        return f"; {file} is not read: name it {name}.yaml"
    groups = [group for group in composer.nested_groups() if name in composer.options(group)]
    return f"; there is {' and '.join(f'{group}={name}' for group in groups)}" if groups else ""


def group_problems(arguments: Sequence[Argument], composer: Composer) -> dict[str, Problem]:
    """Return, by override text, the choices in groups that do not exist, such as ``policy/usa=deny``."""
    wanted = [a for a in arguments if "/" in a.key and not a.is_hydra and not composer.options(a.key)]
    return {argument.text: no_group(argument.key, argument.key, composer) for argument in wanted}


def no_group(key: str, group: str, composer: Composer) -> Problem:
    """Return what is said at a key of a group that does not exist."""
    names = composer.nested_groups()
    return Problem(key, ABSENT, f"no such group; groups inside of others are {listed(names)}{suggestion(group, names)}")


def no_file(group: str, name: object, options: list[str]) -> Problem:
    """Return what is said of a name that no file of a group has."""
    return Problem(group, name, f"no such file; choose one of {listed(options)}{suggestion(str(name), options)}")


def value_problems(arguments: Sequence[Argument], composer: Composer, base: DictConfig) -> dict[str, Problem]:
    """Return, by override text, the values set or deleted at keys that do not exist."""
    created = tuple(a.key for a in arguments if a.parsed.is_add() or a.parsed.is_force_add())
    return {
        argument.text: _no_key(lost[0], base, composer)
        for argument in arguments
        if argument.parsed.type in (OverrideType.CHANGE, OverrideType.DEL)
        and not argument.is_hydra
        and not composer.options(argument.key)
        and not argument.key.startswith(created)
        and (lost := _lost(argument, base))
    }


def _lost(argument: Argument, base: DictConfig) -> list[str]:
    """Return the keys that an override would set or delete and that do not exist: its own, or some in its value."""
    if not _exists(base, argument.key):
        return [argument.key]
    if argument.parsed.is_delete() or not isinstance(OmegaConf.select(base, argument.key), DictConfig):
        return []
    return [key for key, _ in flattened(argument.parsed.value(), argument.key) if not _exists(base, key)]


def _exists(base: DictConfig, key: str) -> bool:
    try:
        return OmegaConf.select(base, key, default=_NOTHING) is not _NOTHING or _is_null(base, key)
    except Exception:  # OmegaConf raises many kinds of error on odd keys; all mean "not there"
        return False


def _is_null(base: DictConfig, key: str) -> bool:
    parent, _, last = key.rpartition(".")
    node = OmegaConf.select(base, parent) if parent else base
    return isinstance(node, DictConfig) and last in node


def _no_key(key: str, base: DictConfig, composer: Composer) -> Problem:
    known, names = _known_part(key, base)
    missing = key[len(known) :].lstrip(".").split(".")[0]
    if not known:
        names = sorted({*names, *composer.groups()})
        meant = _deeper(key, base) or suggestion(missing, names)
        return Problem(key, ABSENT, f"no such key: groups and keys are {listed(names)}{meant}")
    said = f"no such key: the keys of {known} are {listed(names)}{suggestion(missing, names)}"
    parent, _, last = key.rpartition(".")
    new = f"+{parent}={{{last}: ...}}" if last[:1].isdigit() else f"+{key}=..."
    return Problem(key, ABSENT, f"{said} (a new entry: {new})")


def _deeper(key: str, base: DictConfig) -> str:
    """Return the one key further down whose last parts are those of ``key``, or else the first of them."""
    whole, parts = flattened(OmegaConf.to_container(base, resolve=False)), key.split(".")
    leaves = [name for name, _ in whole if not name.startswith("hydra.")]
    for end in range(len(parts), 0, -1):
        sought = f".{'.'.join(parts[:end])}."
        found = {x[: at + len(sought) - 1] for x in leaves if (at := f"{x}.".find(sought)) > 0}
        if len(found) == 1:
            return f"; did you mean {'.'.join([*found, *parts[end:]])!r}?"
    return ""


def _known_part(key: str, base: DictConfig) -> tuple[str, list[str]]:
    known, node = "", base
    for part in key.split("."):
        child = node.get(part)
        if not isinstance(child, DictConfig):
            break
        known, node = f"{known}.{part}".lstrip("."), child
    return known, [str(name) for name in node if name != "hydra"]
