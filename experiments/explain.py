"""``compute-market explain KEY [overrides]``: what a value means, who set it, what it overrode, what it rests on."""

import json
from collections.abc import Mapping, Sequence

from experiments.arguments import Arguments, parse
from experiments.faults import BAD_INPUT, OK, BadInput
from experiments.preflight import checked, composing
from experiments.preflight.composing import Composed
from experiments.preflight.contradictions import NOTHING
from experiments.preflight.fields import Field, find, root_of
from experiments.preflight.origins import Setting, origins, rules_of_files
from experiments.preflight.problems import ABSENT
from experiments.preflight.session import Composer
from experiments.preflight.settings import MODEL_FREE_KEYS, Settings
from experiments.preflight.validate import Config
from experiments.provenance import GRADES, Row, as_text, evidence_of_rule, is_series, leaves, rows, sources
from sim.parameters import Parameters
from sim.parameters.problems import suggestion

USAGE = """usage: compute-market explain KEY [key=value ... | group=name ...] [--config-dir DIR]

KEY is a dotted key such as market.costs.shell_cost_growth, or the beginning of one such as market.costs, which
lists what is below. Overrides and folders are those of `compute-market run`."""
TAIL_HITS = 5
"""Most keys named that end in a given word."""


def main(words: Sequence[str]) -> int:
    """Explain one key and return the exit code.

    Raises:
        BadInput: When the words are not one key with overrides, or there is no such configuration or key.
    """
    arguments = parse(words)
    keys, overrides = _parted(arguments)
    if arguments.helps or not words:
        print(USAGE)
        return OK if arguments.helps else BAD_INPUT
    if len(keys) != 1 or arguments.multirun:
        raise BadInput(
            [f"give one key to explain, not {len(keys)}" if len(keys) != 1 else "explain takes no -m", USAGE]
        )
    with composing(arguments.user_folders) as composer:
        found = checked(composer, overrides)
        if _exact(found.config, keys[0]) is ABSENT:
            raise BadInput([_absent(keys[0], found, composer)])
        print("\n".join(explained(keys[0], found.config, list(origins(composer, overrides).of(keys[0])))))
    return OK


def _parted(arguments: Arguments) -> tuple[list[str], list[str]]:
    keys = [word for word in arguments.overrides if "=" not in word and not word.startswith("~")]
    return keys, [word for word in arguments.overrides if word not in keys]


def explained(key: str, config: Config, found: Sequence[Setting]) -> list[str]:
    """Return the lines that explain a key that a composed configuration has."""
    value = _exact(config, key)
    if isinstance(value, Mapping) and value and not is_series(value):
        return _listed(key, value)
    return [f"{key} = {as_text(value)}", *_meaning(key), *_history(found), *_evidence(key, config)]


def _exact(config: object, key: str) -> object:
    for part in key.split("."):
        if not isinstance(config, Mapping) or part not in config:
            return ABSENT
        config = config[part]
    return config


def _absent(key: str, found: Composed, composer: Composer) -> str:
    """Return what is said of a key that the configuration has not: perhaps a rule of a file that is not chosen."""
    rules = {path: x for path, x in rules_of_files(composer).items() if _exact(found.config, path) is ABSENT}
    for path, (group, name, file) in rules.items():
        starts = [start for start in (path, path.rpartition(".")[2]) if f"{key}.".startswith(f"{start}.")]
        if starts:
            typed = f"compute-market explain {path}{key.removeprefix(starts[0])} {group}={name}"
            chosen = [x for x in _chosen(group, found) if x != NOTHING]
            beside = f" (or {group}=[{','.join([*chosen, name])}], beside what is chosen)" if chosen else ""
            return f"{key}: stands in {file}, which is not chosen; type {typed}{beside}"
    return f"{key}: no such key{_nearest(key, [*_all_keys(found.config), *rules])}"


def _chosen(group: str, found: Composed) -> list[str]:
    """Return the files chosen for a group."""
    return found.choices.get(group, NOTHING).strip("[]").split(",")


def _nearest(key: str, known: Sequence[str]) -> str:
    tails = [name for name in known if name.endswith(f".{key}")]
    if tails:
        more = f" and {len(tails) - TAIL_HITS} more" if len(tails) > TAIL_HITS else ""
        return f"; did you mean {', '.join(tails[:TAIL_HITS])}{more}?"
    return suggestion(key, known)


def _all_keys(config: Config) -> list[str]:
    """Return every key of the configuration: leaves, and what is above them."""
    paths = [path.split(".") for path, _ in leaves(config)]
    return list(dict.fromkeys(".".join(path[:end]) for path in paths for end in range(1, len(path) + 1)))


def _field(key: str) -> Field | None:
    parts = key.split(".")
    return find(root_of(Settings if parts[0] in MODEL_FREE_KEYS else Parameters), parts)


def _listed(key: str, values: Mapping[str, object]) -> list[str]:
    field = _field(key)
    table = [_line(f"{key}.{name}", name, value) for name, value in values.items()]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    lines = [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table
    ]
    return [f"{key}: {field.description if field is not None else ''}".rstrip(": "), *lines]


def _line(key: str, name: str, value: object) -> tuple[str, str, str, str]:
    if isinstance(value, Mapping) and value and not is_series(value):
        return name, f"({len(list(leaves(value)))} keys below)", "", ""
    field, row = _field(key), rows().get(key)
    return name, as_text(value), field.unit if field is not None else "", row.grade if row and _same(row, value) else ""


def _meaning(key: str) -> list[str]:
    field = _field(key)
    if field is None:
        return ["  the schema has no such key: a run would refuse it"]
    described = [f"  {field.description}"] if field.description else []
    return [*described, *_entry("unit", field.unit), *_entry("allowed", field.allowed())]


def _entry(name: str, text: str) -> list[str]:
    return [f"  {name:<9} {text}"] if text else []


def _history(found: Sequence[Setting]) -> list[str]:
    if not found:
        return []
    *before, last = found
    overrode = [_entry("overrode", f"{setting.place}: {as_text(setting.value)}") for setting in reversed(before)]
    return [*_entry("set by", last.place), *(line for lines in overrode for line in lines)]


def _evidence(key: str, config: Config) -> list[str]:
    if key.partition(".")[0] in MODEL_FREE_KEYS:
        return _entry("source", "not a parameter of the model")
    path = _leaf_path(key, config)
    row = rows().get(path) or _own_rule(path, config)
    if row is None:
        return _entry("source", "none on record: the shipped baseline has no such leaf")
    if _same(row, _exact(config, path)):
        return _on_record(row)
    return [
        *_entry("source", f"none on record for this value. The baseline's {_short(row.value)} rests on:"),
        *_on_record(row),
    ]


def _own_rule(path: str, config: Config) -> Row | None:
    """Return what a rule that the baseline does not have says of its own evidence."""
    parts = path.split(".", 3)
    rule = _exact(config, ".".join(parts[:3]))
    if len(parts) < 4 or parts[0] != "policy" or not isinstance(rule, Mapping) or rule.get("grade") not in GRADES:
        return None
    source, grade = evidence_of_rule(rule, parts[3])
    return Row(path, as_text(_exact(config, path)), "", source, grade, str(rule.get("label", "")), "")


def _leaf_path(key: str, config: Config) -> str:
    """Return the path of the leaf that a key belongs to: of a quarter, its series."""
    parent = key.rpartition(".")[0]
    return parent if parent and is_series(_exact(config, parent)) else key


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _same(row: Row, value: object) -> bool:
    return row.value == as_text(value) or (not isinstance(value, str) and json.loads(row.value) == value)


def _on_record(row: Row) -> list[str]:
    named = [sources()[source] for source in row.sources if source in sources()]
    lines = [line for s in named for line in _entry("source", f"{s.key}: {s.title} ({s.place})")]
    return [
        *(lines or _entry("source", row.source)),
        *_entry("grade", f"{row.grade}: {GRADES[row.grade]}"),
        *_entry("note", row.note),
        *_entry("observed", f"outcomes up to {row.observed_to}" if row.observed_to else ""),
    ]
