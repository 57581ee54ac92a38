"""How many samples a sampler can take."""

SAMPLINGS = ("grid", "latin_hypercube", "sobol", "morris")


def problem_of_size(sampling: str, keys: int, ranges: int, samples: int | None) -> str | None:
    """Return what is wrong with the number of samples, None where it fits the sampler.

    Args:
        sampling: One of ``SAMPLINGS``.
        keys: Number of uncertainties.
        ranges: How many of them have a range.
        samples: The number asked for.
    """
    if keys == 0:
        return "samples are asked for, but there are no uncertainties" if samples is not None else None
    if sampling == "grid" and ranges == 0:
        return "a grid of levels has as many points as combinations: leave samples out" if samples else None
    if samples is None:
        return f"samples is missing: {_meaning(sampling)}"
    if sampling == "sobol" and samples & (samples - 1):
        below = 1 << (samples.bit_length() - 1)
        return f"samples = {samples} is not a power of two, which Sobol points need: try {below} or {2 * below}"
    return None


def _meaning(sampling: str) -> str:
    return {
        "grid": "points on each range",
        "latin_hypercube": "how many points to draw",
        "sobol": "a power of two; n makes n x (uncertainties + 2) points",
        "morris": "how many trajectories; n makes n x (uncertainties + 1) points",
    }[sampling]
