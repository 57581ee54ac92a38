"""The wheel, away from the checkout: its own configurations are found, and foreign folders of the same name are not."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import SMALL

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "import sys; from experiments.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, as an installer would; no network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_what_is_needed_and_no_more(site: Path) -> None:
    assert {path.name for path in site.iterdir() if not path.name.endswith(".dist-info")} == {"sim", "experiments"}
    for package in ("sim", "experiments"):
        assert (site / package / "py.typed").is_file()
    shipped = {path.relative_to(ROOT / "conf") for path in (ROOT / "conf").rglob("*.yaml")}
    assert {
        path.relative_to(site / "experiments/_conf") for path in (site / "experiments/_conf").rglob("*.yaml")
    } == shipped
    sources = {path.relative_to(ROOT) for name in ("sim", "experiments") for path in (ROOT / name).rglob("*.py")}
    assert {path.relative_to(site) for path in site.rglob("*.py")} == sources
    data = {path.relative_to(ROOT) for path in (ROOT / "experiments/data").rglob("*") if path.is_file()}
    assert data <= {path.relative_to(site) for path in site.rglob("*")}
    assert not [path for path in site.rglob("*") if "test" in path.parts or path.suffix == ".pyc"]


@pytest.fixture
def among_strangers(tmp_path: Path) -> Path:
    """Return a folder with a foreign package and a foreign configuration beside the user's own."""
    for name, text in {
        "experiments/__init__.py": "raise SystemExit('the foreign package was imported')",
        "conf/config.yaml": "hydra: {run: {dir: foreign}}",
        "own/scenario/mine.yaml": "# @package _global_\nmarket: {regions: {us: {label: Mine}}}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def installed(site: Path, folder: Path, *words: str) -> list[str]:
    """Run the command as installed from the wheel; return what it printed."""
    environ = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-P", "-c", COMMAND, *words]  # -P as in a script: packages are not searched here
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_wheel_finds_its_own_files_among_strangers(site: Path, among_strangers: Path) -> None:
    before = set(among_strangers.rglob("*"))
    lines = installed(
        site, among_strangers, "explain", "market.regions.us.label", "--config-dir", "own", "scenario=mine"
    )
    text = "\n".join(lines)
    assert "Mine" in text
    assert "mine.yaml" in text
    assert "United States" in text
    assert set(among_strangers.rglob("*")) == before


@pytest.mark.slow  # kernels are compiled anew for a new place
def test_the_wheel_runs_among_strangers(site: Path, among_strangers: Path) -> None:
    lines = installed(site, among_strangers, "run", "--config-dir", "own", "scenario=mine", *SMALL)
    report = among_strangers / lines[-1]
    assert (report.name, report.parent.name[:5], report.is_file()) == ("report.html", "mine-", True)
    assert {path.name for path in among_strangers.iterdir()} == {"experiments", "conf", "own", "outputs"}
