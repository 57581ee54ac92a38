"""What a run is: its parameters, its seed and the model's code. Output and executor are left out."""

import hashlib
from functools import cache

from sim.parameters import Parameters


@cache
def code_digest() -> str:
    """Return the digest of the model's sources."""
    from sim import code_digest as digest_of_sim

    return digest_of_sim()


def run_id(parameters: Parameters, seed: int) -> str:
    """Return the 16 hex digits that identify a run by its content."""
    return run_id_of(parameters.canonical_json(), seed)


def run_id_of(canonical: str, seed: int) -> str:
    """Return the identity of a run from the canonical JSON of its parameters."""
    text = "\0".join((canonical, str(seed), code_digest()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
