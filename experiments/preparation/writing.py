"""Values to YAML that is pleasant to read (blocks of names, one line per series); derived files written or compared."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

LINE = 116
INDENT = "  "
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._/()-]*")
_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_QUARTER = re.compile(r"\d{4}Q[1-4]")


def document(header: str, values: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """Return a YAML document.

    Args:
        header: Comment at the top, without the number signs.
        values: Nested mappings with scalars and lists.
        comments: Comment lines that stand before top-level keys.
    """
    lines = [f"# {line}".rstrip() for line in header.strip().splitlines()]
    for key, value in values.items():
        lines += ["", f"# {comments[key]}"] if key in comments else []
        lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def text(value: object) -> str:
    """Return a scalar as YAML, quoted wherever a reader could take it for something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    word = str(value)
    plain = _PLAIN.fullmatch(word) and word.lower() not in _BOOLEANS and not word.endswith(" ")
    return word if plain else '"' + word.replace('"', '\\"') + '"'


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return text(value)


def _is_series(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(_QUARTER.fullmatch(key) for key in value)


def _fits(value: object, room: int) -> bool:
    if not isinstance(value, Mapping):
        return not (isinstance(value, list) and value and isinstance(value[0], Mapping))
    if _is_series(value):
        return True
    nested = any(isinstance(item, Mapping) for item in value.values())
    return not nested and len(_flow(value)) <= room


def _entry(key: str, value: object, indent: str) -> Iterator[str]:
    start = f"{indent}{text(key)}:"
    if _fits(value, LINE - len(start)):
        yield f"{start} {_flow(value)}"
    elif isinstance(value, list):
        yield start
        yield from (f"{indent}{INDENT}- {_flow(item)}" for item in value)
    elif isinstance(value, Mapping):
        yield start
        for name, item in value.items():
            yield from _entry(name, item, indent + INDENT)


def write(texts: Mapping[Path, str]) -> None:
    """Write every derived file."""
    for path, content in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")


def differences(texts: Mapping[Path, str]) -> list[str]:
    """Return unified diffs of the files that are not what would be written."""
    return [line for path, content in texts.items() for line in _difference(path, content)]


def _difference(path: Path, content: str) -> Iterable[str]:
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    name = "/".join(path.parts[-3:])
    return difflib.unified_diff(present.splitlines(), content.splitlines(), name, f"{name} (derived)", lineterm="", n=0)
