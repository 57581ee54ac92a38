"""Labels beside the ends of lines, moved as little as needed so that none overlap."""

from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions at least ``gap`` apart within ``[low, high]``, nearest to those wanted (least squares).

    Pool adjacent violators on the positions less their rank times the gap: the exact solution when all fit.
    Labels that cannot all fit share the space evenly.

    Args:
        wanted: Positions in any order.
        gap: Least distance between two labels.
        low: Lowest allowed position.
        high: Highest allowed position.
    """
    count = len(wanted)
    if count > 1:
        gap = min(gap, (high - low) / (count - 1))
    order = sorted(range(count), key=lambda i: wanted[i])
    levels = _isotonic([wanted[i] - rank * gap for rank, i in enumerate(order)])
    top = max(low, high - gap * (count - 1))
    placed = [0.0] * count
    for rank, (i, level) in enumerate(zip(order, levels, strict=True)):
        placed[i] = min(max(level, low), top) + rank * gap
    return placed


def _isotonic(values: Sequence[float]) -> list[float]:
    """Return the nondecreasing sequence nearest to ``values`` in least squares."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, length = blocks.pop()
            mean, size = (before * length + mean * size) / (length + size), length + size
        blocks.append((mean, size))
    return [mean for mean, size in blocks for _ in range(size)]


def short(label: str, others: Sequence[str], longest: int = 18) -> str:
    """Return a label that fits beside a panel.

    It loses what stands in brackets, the names of its settings but for the last word, the names, its end; where that
    would make it like another one, its beginning; and gets its number where nothing else tells it from others.
    """
    for way in (_whole, _without_brackets, _last_words, _values, _beginning, _ending):
        cut = way(label, longest)
        if len(cut) <= longest and sum(way(other, longest) == cut for other in others) <= 1:
            return cut
    number = f"{others.index(label) + 1}: " if label in others else ""
    return f"{number}{_beginning(label, longest - len(number))}"


def _whole(label: str, _: int) -> str:
    return label


def _without_brackets(label: str, _: int) -> str:
    return label.partition(" (")[0]


def _last_words(label: str, _: int) -> str:
    """Return ``end of name = value, end of name = value``."""
    parts = (part.rpartition(" = ") for part in label.split(", "))
    return ", ".join(f"{name.rpartition(' ')[2]}{equals}{value}" for name, equals, value in parts)


def _values(label: str, _: int) -> str:
    """Return the values of ``name = value, name = value``."""
    return ", ".join(part.partition(" = ")[2] or part for part in label.split(", "))


def _beginning(label: str, longest: int) -> str:
    cut = _without_brackets(label, longest)
    return cut if len(cut) <= longest else f"{cut[: longest - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _ending(label: str, longest: int) -> str:
    return label if len(label) <= longest else f"\N{HORIZONTAL ELLIPSIS}{label[1 - longest :].lstrip()}"
