"""Words in the terminal, which must not end the work when their reader leaves."""

import os
from typing import Any, TextIO


class Lasting:
    """A stream that falls silent once its reader (head, less) has gone, where others raise ``BrokenPipeError``."""

    def __init__(self, stream: TextIO) -> None:
        """Speak through ``stream``, which has a file descriptor."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or fall silent."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        """Flush, or fall silent."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
