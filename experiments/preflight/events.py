"""What a YAML file would become, found from its events alone: nothing is built, so nothing can explode.

An alias costs a few bytes and stands for all that its anchor holds, so a small file can name more values than
memory holds ("billion laughs"); a tag can ask for an object; a link can lead to a device without an end.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

_LARGEST_FILE = 4_000_000
_MOST_VALUES = 100_000
_DEEPEST = 50
_PLAIN_TAGS = {"!"} | {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}
_Start = yaml.events.CollectionStartEvent
_End = yaml.events.CollectionEndEvent


class _ExcessError(Exception):
    """Says what a file holds too much of."""


def excess(file: Path) -> str | None:
    """Return why a file cannot be loaded safely, or None; what is no text or no YAML is said when it is chosen."""
    try:
        if not file.is_file():
            return "is not an ordinary file"
        if file.stat().st_size > _LARGEST_FILE:
            return f"is larger than {_LARGEST_FILE // 1_000_000} MB; keep only configurations in this folder"
        _count(file)
    except _ExcessError as error:
        return str(error)
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return None


def foreign_tags(file: Path) -> list[str]:
    """Return the tags by which a file asks for anything but plain values."""
    tags = {str(getattr(event, "tag", None) or "!") for event in _events(file)}
    return sorted(tags - _PLAIN_TAGS)


def _events(file: Path) -> Iterator[yaml.events.Event]:
    with file.open(encoding="utf-8") as stream:
        yield from yaml.parse(stream, Loader=yaml.SafeLoader)


def _count(file: Path) -> None:
    """Count values as if every alias were written out.

    Raises:
        _ExcessError: When there are too many, too deep, or without end.
    """
    total, sizes, open_ = 0, {}, []  # type: ignore[var-annotated]
    for event in _events(file):
        if isinstance(event, yaml.events.AliasEvent):
            total += _size(sizes, str(event.anchor))
        elif isinstance(event, _Start):
            sizes |= {event.anchor: None} if event.anchor else {}
            open_.append((event.anchor, total))
        elif isinstance(event, _End):
            anchor, before = open_.pop()
            sizes |= {anchor: total - before} if anchor else {}
        total += 1
        if total > _MOST_VALUES:
            raise _ExcessError(f"holds more than {_MOST_VALUES:,} values once its aliases are written out")
        if len(open_) > _DEEPEST:
            raise _ExcessError(f"is nested more than {_DEEPEST} deep")


def _size(sizes: dict[str, int | None], anchor: str) -> int:
    size = sizes.get(anchor, 0)
    if size is None:
        raise _ExcessError(f"holds itself through the alias *{anchor}")
    return size
