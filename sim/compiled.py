"""One way to compile a kernel: Numba, strict IEEE arithmetic, cached per version of the sources.

Numba's cache looks at the file of a kernel, not at the files of the kernels it calls, so the cache folder
carries the digest of every source file with a kernel in it. Where no folder is writable (a read-only install with
a read-only home) kernels are compiled in memory.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])
KERNELS = b"from sim.compiled import"
"""What every file with a kernel says, inlined ones as well."""


def _digest(needed: bytes) -> str:
    """Return 16 hex digits over the source files of this package that contain ``needed``, in order of their paths."""
    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(root.rglob("*.py")):
        text = path.read_bytes()
        if needed in text:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + text)
    return digest.hexdigest()


@cache
def code_digest() -> str:
    """Return the digest of every source file of this package: part of the identity of a run."""
    return _digest(b"")


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def _cache_folder() -> Path | None:
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(base).expanduser() / "compute-market" / f"kernels-{_digest(KERNELS)}"
    return folder if _writable(folder) else None


def compiled(function: F) -> F:
    """Compile a kernel on first call: no fast-math, no parallel reduction, so equal bits on equal machines."""
    return _kernel(function, forceinline=False)


def inlined(function: F) -> F:
    """Compile a small piece of a kernel into its callers: a call would copy every array of the tuples it is given."""
    return _kernel(function, forceinline=True)


def series(function: F) -> F:
    """Compile as ``inlined`` a sum of powers: products are added in the rounding of the sum, where processors do that.

    Not for balances: what is left of a number when exactly that is taken away would not be 0.
    """
    return _kernel(function, forceinline=True, fused=True)


def _kernel(function: F, *, forceinline: bool, fused: bool = False) -> F:
    folder = _cache_folder()
    if folder is not None:
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    decorate = numba.njit(
        cache=folder is not None, fastmath={"contract"} if fused else False, error_model="numpy",
        forceinline=forceinline,
    )  # fmt: skip
    kernel: Callable[..., object] = decorate(function)
    return cast("F", kernel)
