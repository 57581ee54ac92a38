"""Order of numbers, least first, by their digits: no comparisons, whose outcomes no processor could foretell."""

import numpy as np

from sim.compiled import compiled
from sim.economics.cells import Floats, Ints

_DIGIT, _DIGITS = 8, 8
_BUCKETS = 1 << _DIGIT
_SIGN = np.uint64(1 << 63)
_LOW = np.uint64(_BUCKETS - 1)


@compiled
def ascending(values: Floats) -> Ints:
    """Return positions from the least value to the largest (n,); equal ones stay in their order. No NaN.

    Radix sort on the bits of the numbers, last byte first (Knuth 1998, 5.2.5): with the sign bit set, and all bits of
    negative ones turned, they order like the numbers. Zeros of both signs are told apart.
    """
    size = values.size
    words, order = np.empty(size, np.uint64), np.arange(size)
    next_words, next_order = np.empty(size, np.uint64), np.empty(size, np.int64)
    count = np.zeros((_DIGITS, _BUCKETS), np.int64)
    for x in range(size):
        raw = np.float64(values[x]).view(np.uint64)
        words[x] = ~raw if raw & _SIGN else raw | _SIGN
        for digit in range(_DIGITS):
            count[digit, (words[x] >> np.uint64(_DIGIT * digit)) & _LOW] += 1
    for digit in range(_DIGITS):
        if count[digit].max() == size:
            continue
        place = np.zeros(_BUCKETS, np.int64)
        for bucket in range(1, _BUCKETS):
            place[bucket] = place[bucket - 1] + count[digit, bucket - 1]
        for x in range(size):
            bucket_of_x = (words[x] >> np.uint64(_DIGIT * digit)) & _LOW
            next_words[place[bucket_of_x]], next_order[place[bucket_of_x]] = words[x], order[x]
            place[bucket_of_x] += 1
        words, next_words = next_words, words
        order, next_order = next_order, order
    return order
