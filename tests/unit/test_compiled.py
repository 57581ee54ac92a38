"""How kernels are compiled: strict arithmetic, a cache that notices changes, and no need for a writable disk."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from sim import compiled as compiling
from sim.economics.cells import Floats


def total(values: Floats) -> float:
    out = 0.0
    for n in range(values.size):
        out += values[n]
    return out


def inverse(x: float) -> float:
    return 1.0 / x


@pytest.fixture(params=[True, False], ids=["cached", "in memory"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Make the folder of the cache writable, or not, and say which."""
    monkeypatch.setattr(compiling, "_cache_folder", lambda: tmp_path if request.param else None)
    return bool(request.param)


def test_sums_are_taken_in_order_and_division_by_zero_is_as_in_ieee(disk: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(sigma=3.0, size=1001)
    in_order = 0.0
    for value in values.tolist():
        in_order += value
    assert in_order != math.fsum(values), "the order must matter for the test to say anything"
    assert compiling.compiled(total)(values) == in_order
    assert compiling.inlined(inverse)(0.0) == math.inf
    assert any(tmp_path.rglob("*.nbc")) == disk


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = compiling._cache_folder.__wrapped__()
    assert folder is not None
    assert folder.parent == tmp_path / "compute-market"
    assert folder.is_dir()


def test_without_a_writable_folder_nothing_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert compiling._cache_folder.__wrapped__() is None


def test_a_change_of_any_kernel_is_another_cache_and_any_change_another_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "__file__", str(tmp_path / "compiled.py"))
    kernel = "from sim.compiled import inlined\n@inlined\ndef f(): "
    (tmp_path / "kernel.py").write_text(kernel + "...")
    (tmp_path / "plain.py").write_text("x = 1")
    kernels, everything = compiling._digest(compiling.KERNELS), compiling._digest(b"")
    (tmp_path / "plain.py").write_text("x = 2")
    assert compiling._digest(compiling.KERNELS) == kernels
    assert compiling._digest(b"") != everything
    (tmp_path / "kernel.py").write_text(kernel + "pass")
    assert compiling._digest(compiling.KERNELS) != kernels
    (tmp_path / "kernel.py").rename(tmp_path / "other.py")
    assert len({kernels, compiling._digest(compiling.KERNELS), everything, compiling._digest(b"")}) == 4


def test_the_cache_looks_at_every_file_with_a_kernel_and_at_their_constants() -> None:
    """A kernel holds the kernels and constants of other files as they were when it was compiled."""
    root = Path(compiling.__file__).parent
    texts = {path: path.read_text(encoding="utf-8") for path in root.rglob("*.py")}
    seen = {path for path, text in texts.items() if compiling.KERNELS.decode() in text}
    with_kernels = {path for path, text in texts.items() if re.search(r"^@(compiled|inlined)$", text, re.MULTILINE)}
    assert root / "economics" / "stable.py" in with_kernels
    assert with_kernels <= seen
    assert root / "compiled.py" in seen
    pure = {path for path in with_kernels if path.parent.name in {"economics", "sim"}}
    imports = [
        (root.parent / f"{home.replace('.', '/')}.py", name.strip())
        for path in pure
        for home, names in re.findall(
            r"^from (sim[\w.]+) import \(?([^)]*?)(?:\)|$)", texts[path], re.MULTILINE | re.DOTALL
        )
        for name in names.split(",")
    ]
    constants = {home for home, name in imports if name.isupper()}
    assert constants
    assert constants <= seen
