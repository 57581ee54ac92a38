"""Result folders: inside the output root, writable, used by one program at a time."""

import errno
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path

from experiments.faults import BadInput

_LOCK = ".lock"
_BEHIND_THE_TEXT = 1 << 30


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

    Yields:
        A token that stands in the lock file, by which a worker knows that the folder is still held for it.

    Raises:
        BadInput: When another program is writing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    with ExitStack() as after, path.open("a+", encoding="utf-8") as handle:
        if not _lock(handle.fileno()):
            handle.seek(0)
            who = handle.readline().strip() or "another program"
            raise BadInput([f"{folder}: {who} is computing this study; wait for it or choose --out DIR"])
        handle.truncate(0)
        token = secrets.token_hex(8)
        handle.write(f"process {os.getpid()} on {socket.gethostname()}\n{token}\n")
        handle.flush()
        try:
            yield token
        finally:
            if not _removed(path):
                after.callback(_removed, path)


def check_holder(folder: Path, token: str) -> None:
    """Check that a folder is still held under a token: a worker that outlived its study writes nothing.

    Raises:
        RuntimeError: When it is not.
    """
    try:
        lines = (folder / _LOCK).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    if token not in lines:
        raise RuntimeError(f"{folder}: the study for which this was computed has ended or was started again")


def _removed(path: Path) -> bool:
    """Remove a lock file; False on Windows while it is open, by us or by another program that wants it."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return False
    return True


def _lock(descriptor: int) -> bool:
    """Lock an open file for this program; False where another one holds it."""
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock_on_windows(descriptor: int) -> bool:
    """Lock a byte far behind the text: Windows lets nobody read what is locked, and the text says who holds it."""
    windows, here = import_module("msvcrt"), os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, _BEHIND_THE_TEXT, os.SEEK_SET)
    try:
        windows.locking(descriptor, windows.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(descriptor, here, os.SEEK_SET)
    return True
