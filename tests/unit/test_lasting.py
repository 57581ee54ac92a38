"""Output whose reader leaves."""

import os

from experiments.lasting import Lasting


def test_a_stream_falls_silent_when_its_reader_leaves() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w", buffering=1) as stream:
        words = Lasting(stream)
        assert words.write("heard\n") == 6
        assert os.read(read, 6) == b"heard\n"
        os.close(read)
        for _ in range(2):
            assert words.write("unheard\n") == 8
            words.flush()
        assert not words.isatty()
