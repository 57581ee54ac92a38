"""Whether a study may go on in a folder: same configuration, same model, same ground.

``plan.json`` is written before the first run and says what the folder is for. Planned runs may grow; whatever
would mix results that do not belong together is refused, each difference by name.
"""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments import stored
from experiments.differences import Change, differences
from experiments.engine.environment import decisive, environment
from experiments.engine.manifest import write_json
from experiments.faults import BadInput
from experiments.identity import code_digest

PLAN = "plan.json"
_DERIVED = ("report.html", PLAN, stored.MANIFEST, stored.SAMPLES, stored.POINTS)
_SHOWN = 8


@dataclass(frozen=True)
class Outline:
    """What is known of a study before its lever points are composed."""

    parameters: str
    """Digest of the parameters before levers."""
    leaves: Mapping[str, Any]
    """The model's part of the configuration, leaf by leaf, so that a difference has a name."""
    seeds: Mapping[int, int]
    """Runs that are planned with each seed at most: some may turn out to be the same."""


@dataclass(frozen=True)
class Purpose(Outline):
    """What a study folder is for."""

    run_ids: frozenset[str]
    """Runs that are planned."""
    tables: tuple[str, ...]
    """Tables to store."""


@dataclass(frozen=True)
class Found:
    """What the folder says about itself."""

    tables: tuple[str, ...] = ()
    grounds: tuple[dict[str, str], ...] = ()
    """Versions and machines on which its runs were computed, first to last."""


def start_over(folder: Path) -> None:
    """Delete the study in a folder; files that are not ours stay."""
    for path in [*stored.files(folder), *folder.glob("*/*.tmp"), *(folder / name for name in _DERIVED)]:
        path.unlink(missing_ok=True)


def check_early(folder: Path, outline: Outline) -> None:
    """Refuse what the outline of a study shows to be another one than the folder holds; :func:`check` sees the rest.

    Raises:
        BadInput: Naming every difference.
    """
    found = _plan(folder)
    if found is None:
        return
    lines = [*_other_configuration(found, outline), *_other_model(found)]
    _refuse(folder, lines or _too_many(folder, outline))


def check(folder: Path, purpose: Purpose, *, anyway: bool) -> Found:
    """Return what the folder holds, after checking that ``purpose`` may be pursued in it.

    Args:
        folder: The study folder, which may be empty.
        purpose: What is asked for.
        anyway: Whether other versions or another machine are accepted.

    Raises:
        BadInput: Naming every difference.
    """
    found = _plan(folder)
    if found is None:
        return Found()
    lines = [*_other_configuration(found, purpose), *_other_model(found)]
    _refuse(folder, lines or [*_shrunk(folder, purpose), *([] if anyway else _other_ground(folder, found, purpose))])
    return Found(tuple(found["tables"]), tuple(found["grounds"]))


def _refuse(folder: Path, lines: Sequence[str]) -> None:
    if lines:
        raise BadInput([f"{folder}: {line}" for line in lines])


def write(folder: Path, purpose: Purpose, found: Found) -> Found:
    """Write the plan, so that an interrupted study knows what it was for; return it with the present ground."""
    here = decisive(environment())
    grounds = (*(ground for ground in found.grounds if ground != here), here)
    tables = tuple(dict.fromkeys((*found.tables, *purpose.tables)))
    values = {
        "parameters": purpose.parameters,
        "config": purpose.leaves,
        "code_digest": code_digest(),
        "tables": tables,
        "grounds": grounds,
    }
    write_json(folder / PLAN, values)
    return Found(tables, grounds)


def _plan(folder: Path) -> dict[str, Any] | None:
    path = folder / PLAN
    if not path.exists():
        if (folder / stored.MANIFEST).exists() or stored.files(folder):
            raise BadInput([f"{folder}: holds tables that are not a study's; choose --out DIR"])
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {name: values[name] for name in ("parameters", "config", "code_digest", "tables", "grounds")}
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput([f"{path}: unreadable ({error}); --replace starts over"]) from error


def _other_configuration(found: Mapping[str, Any], purpose: Outline) -> Iterator[str]:
    if found["parameters"] == purpose.parameters:
        return
    differing = list(differences(found["config"], purpose.leaves))
    if not differing:  # the schema itself has changed, which the line on the model's code says
        return
    yield "holds a study of another configuration; choose --out DIR, or --replace to start over. What differs:"
    yield from (_said(change) for change in differing[:_SHOWN])
    if len(differing) > _SHOWN:
        yield f"... and {len(differing) - _SHOWN} more"


def _said(change: Change) -> str:
    return f"{change.key} = {change.baseline} there, {change.value} here"


def _other_model(found: Mapping[str, Any]) -> Iterator[str]:
    if found["code_digest"] != code_digest():
        yield (
            f"was computed by another version of the model (code {found['code_digest']} there, {code_digest()} here), "
            "so none of its runs would be the same; --replace starts over, --out DIR keeps both"
        )


def _shrunk(folder: Path, purpose: Purpose) -> Iterator[str]:
    extra = len(_stored(folder).keys() - purpose.run_ids)
    if extra:
        yield _may_not_shrink(folder, str(extra))


def _too_many(folder: Path, outline: Outline) -> list[str]:
    """Return a line where more runs are stored with a seed than are planned with it."""
    with_seed = Counter(_stored(folder).values())
    extra = sum(max(0, count - outline.seeds.get(seed, 0)) for seed, count in with_seed.items())
    return [_may_not_shrink(folder, f"at least {extra}")] if extra else []


def _may_not_shrink(folder: Path, extra: str) -> str:
    return (
        f"holds {extra} runs that are not asked for (fewer seeds or samples, or other levers); a study may grow, "
        f"not shrink: `compute-market report {shlex.quote(str(folder))}` reads what is there; choose --out DIR, or "
        "--replace to start over"
    )


def _other_ground(folder: Path, found: Mapping[str, Any], purpose: Purpose) -> Iterator[str]:
    here = decisive(environment())
    grounds: Sequence[Mapping[str, str]] = found["grounds"]
    if here in grounds or is_complete(folder, purpose):
        return
    before = grounds[-1]
    for name in sorted(before.keys() | here.keys()):
        if before.get(name) != here.get(name):
            yield f"{name} was {before.get(name)} and is {here.get(name)}; --anyway goes on, --replace starts over"


def is_complete(folder: Path, purpose: Purpose) -> bool:
    """Whether the folder holds every planned run and table, whole; runs that failed count, their rows say so."""
    manifest = stored.read(folder)
    return (
        manifest is not None
        and set(purpose.tables) <= set(manifest["tables"])
        and not stored.damage(folder)
        and purpose.run_ids <= _stored(folder).keys()
    )


def _stored(folder: Path) -> dict[str, int]:
    """Return the runs of every readable part with their seeds."""
    parts = (stored.seeds_of_runs(path) or {} for path in stored.files_of(folder, "runs"))
    return {run_id: seed for part in parts for run_id, seed in part.items()}
