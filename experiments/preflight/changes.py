"""Where a configuration departs from the shipped baseline."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from experiments.differences import Change, differences
from experiments.preflight.composing import composed
from experiments.preflight.layers import flattened
from experiments.preflight.session import Composer
from experiments.preflight.settings import MODEL_FREE_KEYS
from experiments.preflight.validate import split


@lru_cache(maxsize=4)
def _baseline(composer: Composer) -> dict[str, Any]:
    found, _ = composed(composer, [])
    assert found is not None, "the shipped configuration composes"
    return leaves(found.config)


def leaves(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the leaves of the model's part of a configuration by dotted key."""
    return dict(flattened(split(config)[0]))


def changes(composer: Composer, config: Mapping[str, Any], overrides: Sequence[str]) -> tuple[Change, ...]:
    """Return every leaf of the model's part that differs from the shipped baseline, in order of keys.

    Composing the baseline takes a third of a second, so it is spared where no override touches the model.
    """
    touched = {override.lstrip("+~").partition("=")[0].split(".")[0] for override in overrides}
    return tuple(differences(_baseline(composer), leaves(config))) if touched - {*MODEL_FREE_KEYS, "hydra"} else ()
