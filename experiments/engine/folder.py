"""Result folders: inside the output root, writable, used by one program at a time."""

import errno
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from experiments.faults import BadInput

_LOCK, _HOLDER = ".lock", ".holder"


def result_folder(root: str, name: str) -> Path:
    """Return the folder ``name`` under the output root.

    Raises:
        BadInput: When the folder would lie elsewhere (a link that leads out of the root).
    """
    folder = Path(root).expanduser() / name
    if not folder.resolve().is_relative_to(Path(root).expanduser().resolve()):
        raise BadInput([f"{folder}: leads out of the output folder {root}"])
    return folder


def check_writable(root: str) -> None:
    """Check that results can be written under ``root``, leaving nothing behind.

    Raises:
        BadInput: When they cannot.
    """
    path = Path(root).expanduser()
    existing = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    probe = existing / f".compute-market-{os.getpid()}"
    try:
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(existing))
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        reason = f"{error.strerror}: {existing}"
        raise BadInput([f"{path}: results cannot be written here ({reason}); choose --out DIR"]) from error


@contextmanager
def plain_write_errors(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about writing into one plain line.

    Raises:
        BadInput: When the disk is full or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            advice = "the disk is full; free some space and give the same command again: finished runs are kept"
            raise BadInput([f"{folder}: {advice}"]) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise BadInput([f"{folder}: cannot be written ({error.strerror}); choose --out DIR"]) from error
        raise


@contextmanager
def locked(folder: Path) -> Iterator[str]:
    """Hold a study folder against a second program; the lock ends with the process that holds it.

    The file that is locked stays when the lock ends: removed, it could be held by two programs at once. Who holds it
    stands in a file beside it, as Windows lets nobody read what is locked.

    Yields:
        A token that stands in that file, by which a worker knows that the folder is still held for it.

    Raises:
        BadInput: When another program is writing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / _HOLDER
    try:
        lock = FileLock(folder / _LOCK, timeout=0).acquire()
    except Timeout as error:
        who = next(iter(_lines(holder)), "another program")
        raise BadInput([f"{folder}: {who} is computing this study; wait for it or choose --out DIR"]) from error
    with lock:
        token = secrets.token_hex(8)
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n{token}\n", encoding="utf-8")
        try:
            yield token
        finally:
            holder.write_text("", encoding="utf-8")


def check_holder(folder: Path, token: str) -> None:
    """Check that a folder is still held under a token: a worker that outlived its study writes nothing.

    Raises:
        RuntimeError: When it is not.
    """
    if token not in _lines(folder / _HOLDER):
        raise RuntimeError(f"{folder}: the study for which this was computed has ended or was started again")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
