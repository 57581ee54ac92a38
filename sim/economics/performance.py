"""From chip specifications to H100-equivalents (B4): by rated performance, and by workload."""

H100_TPP = 15832.0
H100_MEMORY_BANDWIDTH = 3350.0
H100_INTERCONNECT = 900.0


def h100_equivalents(tpp: float) -> float:
    """Return H100e of a card for stocks and shipments: its TPP over that of the H100."""
    return tpp / H100_TPP


def relative_performance(
    tpp: float, memory_bandwidth: float, interconnect: float, exponents: tuple[float, float, float]
) -> float:
    """Return performance in one workload relative to an H100: TPP^a * bandwidth^b * interconnect^c.

    With the baseline exponents an H20 is 0.30 of an H100 in training and 0.70 in inference.

    Args:
        tpp: total processing performance, TOPS x bit length.
        memory_bandwidth: GB/s.
        interconnect: aggregate bidirectional, GB/s.
        exponents: (a, b, c).
    """
    a, b, c = exponents
    relative = (tpp / H100_TPP) ** a * (memory_bandwidth / H100_MEMORY_BANDWIDTH) ** b
    result: float = relative * (interconnect / H100_INTERCONNECT) ** c
    return result
