"""What the state pays for: a part of what is wanted at a place, to which a rule may be confined. P places, V cards.

Rules are asked about both parts; what they leave open of orders is that of the parts, by their shares.
"""

import numpy as np

from sim.economics.cells import Floats
from sim.policy.chip_rules import Subjects
from sim.policy.deciding import Means


def parted(subjects: Subjects) -> Subjects:
    """Return subjects with every place twice: what others pay for, then what the state does."""
    places = [place._replace(state_funded=funded) for funded in (False, True) for place in subjects.places]
    return subjects._replace(places=places, state_funded=())


def mixed(found: Floats, share: Floats) -> Floats:
    """Return (..., P, V) from both parts (..., 2 P, V) of places, of which the second has a share (P,).

    Limits: where both are the same, that to the last bit; with a share of 0 or 1 one part.
    """
    (rest, funded), part = np.split(found, 2, axis=-2), share[:, None]
    return np.where(rest == funded, rest, (1.0 - part) * rest + part * funded)


def together(found: Means, share: Floats) -> Means:
    """Return means of places from those of their two parts, see ``mixed``.

    A rule refuses where it does in either, and days are those in which either will be dearer: ``dearer`` is the mean.
    """
    part, closed = share[:, None] > 0.0, np.split(found.closed.sum(axis=0), 2)
    (rest, funded), refused = np.split(found.deciding, 2), np.split(found.refused, 2, axis=1)
    rising = np.split(found.rising, 2)
    _, *shares = found
    deciding = np.where(part & (closed[1] > closed[0]), funded, rest)
    means = Means(deciding, *(mixed(np.asarray(x, dtype=np.float64), share) for x in shares))
    return means._replace(
        refused=np.where(part, np.maximum(*refused), refused[0]), rising=np.where(part, np.maximum(*rising), rising[0])
    )
