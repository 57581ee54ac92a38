"""Configurations are data from strangers: what was shown to act in plain Hydra is refused, and leaves no trace.

Each attack is a folder of files that a user was given and named with --config-dir.
"""

import os
import pickle
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from experiments.faults import BAD_INPUT, OK
from tests.conftest import Command

GLOBAL = "# @package _global_\n"


class Touch:
    """Unpickled, it makes a file: the proof that a stranger's code has run."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def stranger(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the stranger's files and return their folder."""
    own = folder / "stranger"
    for name, text in files.items():
        path = own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return own


def attack(command: Command, folder: Path, files: Mapping[str, str], *words: str) -> list[str]:
    """Run with the stranger's files; check that nothing happened but a refusal, and return what was said."""
    own = stranger(folder, files)
    before = dict(os.environ), list(sys.path), dict.fromkeys(path.name for path in folder.iterdir())
    began = time.monotonic()
    outcome = command("run", "--config-dir", str(own), *(words or ("scenario=evil",)))
    assert outcome.code == BAD_INPUT, outcome
    assert time.monotonic() - began < 120.0  # a moment on an idle machine; what explodes would take days
    assert "Traceback" not in outcome.err
    assert outcome.made == frozenset()
    assert outcome.out == ""
    assert (dict(os.environ), list(sys.path), dict.fromkeys(path.name for path in folder.iterdir())) == before
    assert all(line.startswith("compute-market: ") for line in outcome.err.splitlines())
    return outcome.lines


def test_an_honest_file_from_a_stranger_is_accepted(command: Command, tmp_path: Path) -> None:
    """The refusals below refuse for what is in the files, not because they are a stranger's."""
    text = """
market:
  end: 2025Q4
  history_end: ${market.end}
  costs: &costs {card_life_years: 4.0}
  stacks: {own: &own {training: 0.5, inference: 0.5}, other: {<<: *own, training: 0.25}}
"""
    own = stranger(tmp_path, {"scenario/honest.yaml": GLOBAL + text})
    outcome = command("run", "--config-dir", str(own), "scenario=honest", "--cfg", "job", "--resolve")
    assert (outcome.code, outcome.made) == (OK, frozenset()), outcome
    market = yaml.safe_load(outcome.out)["market"]
    assert (market["costs"]["card_life_years"], market["history_end"]) == (4.0, "2025Q4")
    assert market["stacks"]["other"] == {"training": 0.25, "inference": 0.5}


HYDRA = {
    "a pickle run through a callback": "callbacks: {x: {_target_: hydra.experimental.callbacks.PickleJobInfoCallback}}",
    "a file truncated through job logging": (
        "job_logging: {handlers: {file: {class: logging.FileHandler, filename: victim, mode: w}}, "
        "root: {handlers: [file]}}"
    ),
    "a folder made anywhere": "run: {dir: made}",
    "a sweep folder made anywhere": "sweep: {dir: made}",
    "variables of the environment set for workers": "job: {env_set: {PYTHONPATH: /stranger}}",
    "variables of the environment copied": "job: {env_copy: [HOME]}",
    "the working folder changed": "job: {chdir: true}",
    "more folders searched": "searchpath: [file:///etc]",
    "another launcher": "launcher: {_target_: os.system}",
    "output kept": "output_subdir: .hydra",
    "several runs": "mode: MULTIRUN",
}


SHAPES = {
    "a section": GLOBAL + "hydra:\n  {section}\n",
    "a package": "# @package hydra\n{section}\n",
    "a global package": "# @package _global_.hydra\n{section}\n",
    "an entry of a defaults list": GLOBAL + "defaults: [_self_, part@hydra: settings]\n",
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [*((name, "a section") for name in HYDRA), *(("a folder made anywhere", shape) for shape in SHAPES)],
)
def test_hydra_itself_is_out_of_reach(command: Command, tmp_path: Path, name: str, shape: str) -> None:
    (tmp_path / "victim").write_text("precious", encoding="utf-8")
    text = SHAPES[shape].replace("{section}", HYDRA[name])
    lines = attack(command, tmp_path, {"scenario/evil.yaml": text, "scenario/part/settings.yaml": HYDRA[name] + "\n"})
    assert any("only the command line may set this" in line or "searchpath" in line for line in lines), lines
    assert (tmp_path / "victim").read_text(encoding="utf-8") == "precious"


def test_dotted_keys_do_not_reach_hydra(command: Command, tmp_path: Path) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + "hydra.run.dir: made\n"})
    assert any("hydra.run.dir: refused: only the command line may set this" in line for line in lines)


def test_a_key_hidden_behind_a_merge_is_found(command: Command, tmp_path: Path) -> None:
    text = GLOBAL + "market: &m {hydra: {run: {dir: made}}}\n<<: *m\n"
    lines = attack(command, tmp_path, {"scenario/evil.yaml": text})
    assert any("hydra.run.dir: refused" in line for line in lines)


@pytest.mark.parametrize(
    "entry", ["override hydra/job_logging: default", "override /hydra/launcher: basic", "/hydra/help: x"]
)
def test_defaults_lists_do_not_choose_hydra_files(command: Command, tmp_path: Path, entry: str) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + f"defaults:\n  - _self_\n  - {entry}\n"})
    assert any("only the command line may set this" in line for line in lines), lines


def test_files_do_not_stand_in_for_hydras_own(command: Command, tmp_path: Path) -> None:
    files = {"hydra/job_logging/none.yaml": "version: 1\n", "scenario/evil.yaml": GLOBAL + "{}\n"}
    assert any("what belongs to Hydra" in line for line in attack(command, tmp_path, files))


def test_a_linked_folder_hides_nothing(command: Command, tmp_path: Path) -> None:
    own = stranger(tmp_path, {"elsewhere/job_logging/none.yaml": "version: 1\n", "scenario/evil.yaml": GLOBAL + "{}\n"})
    (own / "hydra").symlink_to(own / "elsewhere")
    (own / "loop").symlink_to(own)
    assert any("what belongs to Hydra" in line for line in attack(command, tmp_path, {}))


@pytest.mark.parametrize(
    "words", [("scenario=evil",), ("scenario=evil", "--cfg", "job"), ("-m", "scenario=evil", "seed=1,2")]
)
def test_the_refusals_hold_however_the_command_is_asked(
    command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    files = {"scenario/evil.yaml": GLOBAL + "hydra: {run: {dir: made}, sweep: {dir: made}}\n"}
    assert any("hydra.run.dir: refused" in line for line in attack(command, tmp_path, files, *words))


@pytest.mark.parametrize(
    "text",
    [
        "market: {start: {_target_: os.mkdir, path: made}}",
        "market: {regions: [{_target_: os.mkdir}]}",
        "market: {start: _target_}",
    ],
)
def test_nothing_is_instantiated(command: Command, tmp_path: Path, text: str) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + text + "\n"})
    assert any("nothing is instantiated" in line for line in lines), lines


def test_nothing_is_instantiated_from_the_command_line(command: Command) -> None:
    outcome = command("run", "+market.x._target_=os.mkdir", "+market.x.path=made")
    assert (outcome.code, outcome.made) == (BAD_INPUT, frozenset())
    assert "nothing is instantiated" in outcome.err


ACTS = (
    ("+hydra.callbacks.x._target_=logging.FileHandler", "+hydra.callbacks.x.filename=made"),
    ("+hydra.callbacks.x={_target_: logging.FileHandler, filename: made}",),
    ("+hydra={callbacks: {x: {class: y}}}",),
    ("hydra/job_logging=default",),
    ("++hydra.job_logging.handlers.file.class=logging.FileHandler",),
    ("hydra.launcher.params=x",),
    ("hydra/launcher=other",),
    ("hydra.sweeper.max_batch_size=1",),
    ("+scenario@hydra.callbacks=baseline",),
    ("+hydra.job.env_set.PYTHONPATH=/stranger",),
    ("hydra.output_subdir=made",),
)


@pytest.mark.parametrize("words", ACTS, ids=lambda words: words[0])
@pytest.mark.parametrize("asked", [("run",), ("run", "--cfg", "job"), ("run", "-m", "seed=1,2"), ("study",)])
def test_hydra_does_not_act_for_the_command_line_either(
    command: Command, words: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    """A command that somebody pastes is a stranger's too."""
    outcome = command(*asked, *words)
    assert (outcome.code, outcome.made, outcome.out) == (BAD_INPUT, frozenset(), ""), outcome
    assert len(outcome.lines) == len(words)
    assert outcome.lines[0].startswith(f"{words[0]}: refused: ")


def test_hydra_may_be_told_where_to_search_and_to_say_more(command: Command, tmp_path: Path) -> None:
    own = stranger(tmp_path, {"scenario/honest.yaml": GLOBAL + "market: {end: 2025Q4}\n"})
    words = (f"hydra.searchpath=[file://{own}]", "hydra.verbose=true", "scenario=honest")
    outcome = command("run", *words, "--cfg", "job")
    assert (outcome.code, outcome.made) == (OK, frozenset()), outcome


def test_pickles_are_not_read(command: Command, tmp_path: Path) -> None:
    (tmp_path / "job.pickle").write_bytes(pickle.dumps(Touch(str(tmp_path / "made"))))
    outcome = command("run", "--experimental-rerun", "job.pickle")
    assert (outcome.code, outcome.made) == (BAD_INPUT, frozenset())


REFERENCES = (
    "${oc.env:SECRET}",
    "${oc.env:SECRET,fallback}",
    "${oc.decode:1}",
    "${hydra:runtime.cwd}",
    "${hydra.runtime.cwd}",
    "${now:%Y}",
    "${.regions}",
    "${market.${seed}}",
    "x${oc.env:SECRET}y",
    "\\${oc.env:SECRET}",
    "${market.start}${market.start}",
)


def test_no_resolver_answers(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "swordfish")
    text = GLOBAL + "market:\n" + "".join(f"  key{n}: '{reference}'\n" for n, reference in enumerate(REFERENCES))
    lines = attack(command, tmp_path, {"scenario/evil.yaml": text})
    asked = [line for line in lines if "a value may be one plain reference" in line]
    assert len(asked) == len(REFERENCES), lines
    assert "swordfish" not in " ".join(lines)


def test_what_cannot_even_be_read_as_a_reference_is_refused_by_name(command: Command, tmp_path: Path) -> None:
    text = GLOBAL + "market:\n  costs:\n    discount_rate: \"${eval:__import__('os').system('touch X')}\"\n"
    (line,) = attack(command, tmp_path, {"scenario/evil.yaml": text})
    assert "evil.yaml: market.costs.discount_rate = " in line
    assert "a value may be one plain reference" in line


def test_the_environment_cannot_be_read_from_the_command_line_either(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "swordfish")
    outcome = command("run", "market.regions.us.label=${oc.env:SECRET}")
    assert (outcome.code, outcome.made) == (BAD_INPUT, frozenset())
    assert "oc.env" in outcome.err
    assert "swordfish" not in outcome.err


@pytest.mark.parametrize("key", ["'${market.start}': 1", "? '${oc.env:HOME}'\n  : 1"])
def test_keys_hold_no_references(command: Command, tmp_path: Path, key: str) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + f"market:\n  {key}\n"})
    assert any("keys may not hold references" in line for line in lines), lines


def test_levers_reach_the_model_only(command: Command, tmp_path: Path) -> None:
    keys = ("hydra.run.dir", "hydra/launcher", "+hydra.job.env_set.X", "output.root", "executor.workers", "seed")
    levers = "".join(f"  {key}: [made]\n" for key in keys)
    own = stranger(tmp_path, {"study/evil.yaml": f"levers:\n{levers}uncertainties: {{}}\nseeds: 1\noutcomes: []\n"})
    outcome = command("study", "--config-dir", str(own), "study=evil")
    assert (outcome.code, outcome.made, outcome.out) == (BAD_INPUT, frozenset(), "")
    said = [line for line in outcome.lines if "is not part of the model, so it cannot be a lever" in line]
    assert [line.split()[1].lstrip("+") for line in said] == [key.lstrip("+") for key in keys]


def test_results_cannot_be_sent_elsewhere(command: Command, tmp_path: Path) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + "output: {root: /etc}\n"})
    assert any("output.root: refused: only the command line may set this" in line for line in lines)


@pytest.mark.parametrize(
    "entry",
    ["../../outside", "//etc/outside", "scenario@hydra: x", "${oc.env:HOME}", "evil2.yaml", "/scenario/evil2.yaml"],
)
def test_defaults_lists_stay_in_the_folder(command: Command, tmp_path: Path, entry: str) -> None:
    (tmp_path / "outside.yaml").write_text(GLOBAL + "market: {end: '2025Q4'}\n", encoding="utf-8")
    files = {
        "scenario/evil.yaml": GLOBAL + f"defaults:\n  - {entry}\n",
        "scenario/evil2.yaml": GLOBAL + "hydra: {run: {dir: made}}\n",
    }
    assert any("refused" in line for line in attack(command, tmp_path, files))


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.mkdir [made]",
        "!!python/object/apply:pathlib.Path [made]",
        "!!binary aGVsbG8=",
        "!!set {a, b}",
    ],
)
def test_tags_make_no_objects(command: Command, tmp_path: Path, value: str) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + f"market: {{start: {value}}}\n"})
    assert any("tag" in line or "YAML" in line or "not a supported" in line for line in lines), lines


def laughs(levels: int, opening: str, closing: str) -> str:
    """Return YAML in which each level names the one before ten times."""
    lines = [f"a0: &a0 {opening}{closing}"]
    for level in range(1, levels):
        before = f"*a{level - 1}"
        lines.append(f"a{level}: &a{level} [{', '.join([before] * 10)}]")
    return GLOBAL + "\n".join(lines) + "\n"


def test_a_billion_laughs_are_refused(command: Command, tmp_path: Path) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": laughs(12, "[", "lol]")})
    assert any("holds more than 100,000 values once its aliases are written out" in line for line in lines), lines


def test_laughs_in_merges_are_refused(command: Command, tmp_path: Path) -> None:
    links = "\n".join(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 12))
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + "a0: &a0 {x: 1}\n" + links + "\n"})
    assert any("once its aliases are written out" in line for line in lines), lines


def test_laughs_by_reference_are_refused(command: Command, tmp_path: Path) -> None:
    links = "\n".join(f"a{i}: {{x: '${{a{i - 1}}}', y: '${{a{i - 1}}}'}}" for i in range(1, 40))
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + "a0: {x: 1}\n" + links + "\n"})
    assert any("refers to a whole group" in line for line in lines), lines


def test_laughs_outside_the_chosen_files_do_not_hang_either(command: Command, tmp_path: Path) -> None:
    files = {"scenario/evil.yaml": GLOBAL + "defaults: [bomb]\n", "scenario/bomb.yaml": laughs(12, "[", "lol]")}
    assert any("bomb.yaml" in line for line in attack(command, tmp_path, files))


@pytest.mark.parametrize(
    "text",
    ["market: &m {x: *m}", "market: {start: '${market.end}', end: '${market.start}'}", "market: '${market}'"],
    ids=["alias", "two references", "one reference"],
)
def test_circles_end(command: Command, tmp_path: Path, text: str) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + text + "\n"})
    assert any("alias" in line or "refers to itself" in line for line in lines), lines
    assert len(lines) == 1
    assert len(lines[0]) < 250


CIRCLE = (("evil", "b"), ("b", "d"), ("d", "evil"), ("c", "b"))
"""File and the one that it names: the last leads into the circle and is no part of it."""


def test_defaults_lists_do_not_go_round_in_a_circle(command: Command, tmp_path: Path) -> None:
    files = {f"scenario/{name}.yaml": f"{GLOBAL}defaults: [{other}]\n" for name, other in CIRCLE}
    b, d, evil = (tmp_path / "stranger" / "scenario" / f"{name}.yaml" for name in ("b", "d", "evil"))
    said = f"{b}: defaults: lead back to this file by way of {d}, {evil}; take one of them out"
    assert attack(command, tmp_path, files) == [said]


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("scenario/b", "[evil]"),
        ("scenario/b", "[/scenario/evil.yaml, baseline]"),
        ("scenario/b", "[{optional /scenario@_global_: [other, evil]}]"),
        ("scenario/below/b", "[/scenario/evil]"),
    ],
)
def test_a_circle_is_seen_however_its_files_are_named(
    command: Command, tmp_path: Path, file: str, entries: str
) -> None:
    first = file.removeprefix("scenario/")
    files = {
        "scenario/evil.yaml": f"{GLOBAL}defaults: [{first}]\n",
        f"{file}.yaml": f"{GLOBAL}defaults: {entries}\n",
        "scenario/other.yaml": f"{GLOBAL}defaults: [{{override /policy: none}}]\n",
    }
    (line,) = attack(command, tmp_path, files)
    assert "lead back to this file by way of" in line
    assert "evil.yaml" in line
    assert "b.yaml" in line


def test_deep_nesting_is_refused(command: Command, tmp_path: Path) -> None:
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + f"market: {'[' * 5000}{']' * 5000}\n"})
    assert any("nested more than 50 deep" in line for line in lines), lines


def test_huge_files_and_devices_are_not_read(command: Command, tmp_path: Path) -> None:
    own = stranger(tmp_path, {"scenario/evil.yaml": GLOBAL + "# " + "x" * 5_000_000})
    (own / "scenario" / "endless.yaml").symlink_to("/dev/zero")
    os.mkfifo(own / "scenario" / "waiting.yaml")
    lines = attack(command, tmp_path, {})
    assert sorted(line.split("/scenario/")[1].split(":")[0] for line in lines) == [
        "endless.yaml",
        "evil.yaml",
        "waiting.yaml",
    ]


def test_a_folder_of_everything_is_not_walked_through(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.preflight import folders

    monkeypatch.setattr(folders, "_MOST_FOLDERS", 3)
    assert any(
        "folders; name one with" in line for line in attack(command, tmp_path, {f"{i}/x.yaml": "" for i in range(9)})
    )


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"scenario/evil.yaml": "market: {end: '2025Q4'}\n"}, "its first line must be '# @package _global_'"),
        ({"market/baseline.yaml": "start: '2023Q1'\n"}, "would be ignored"),
        ({"config.yaml": "seed: 2\n"}, "would be ignored"),
        ({"scenario/evil.yaml": GLOBAL + "market: {regions: {us: {label: NO}}}\n"}, "YAML reads NO"),
        ({"scenario/evil.yaml": GLOBAL + "customers: {demand: {NO: {}}}\n"}, "the key must be text; YAML reads NO"),
        (
            {"scenario/evil.yaml": GLOBAL + "market: {rmb_per_usd: {2024: 7.0}}\n"},
            "the key must be text; write a number",
        ),
        ({"scenario/evil.yaml": GLOBAL + "1: 2\n"}, "1 = 2: no such key"),
        ({"scenario/evil.yaml": GLOBAL + "market: {end: [\n"}, "is not YAML"),
        ({"scenario/evil.yaml": GLOBAL + "market: {end: a, end: b}\n"}, "duplicate key end"),
        ({"scenario/evil.yaml": "- a\n- b\n"}, "holds a list"),
        ({"scenario/evil.yaml": GLOBAL + "just words\n"}, "holds plain text"),
        ({"scenario/evil.yaml": GLOBAL + "market: {end: " + "9" * 5000 + "}\n"}, "Exceeds the limit"),
        ({"scenario/evil.yaml": GLOBAL + "defaults: null\nmarket: {strat: 1}\n"}, "defaults must be a list"),
        ({"scenario/evil.yaml": GLOBAL + "defaults: 3\n"}, "defaults must be a list"),
        ({"scenario/evil.yaml": GLOBAL + "defaults: [[a], {b: {c: d}}]\n"}, "Unsupported type in defaults"),
        (
            {"scenario/evil.yaml": GLOBAL + "market: {start: '???'}\n"},
            "market.start = '???': means that a value is missing",
        ),
    ],
)
def test_files_that_would_mislead_or_cannot_be_read_are_said(
    command: Command, tmp_path: Path, files: dict[str, str], said: str
) -> None:
    words = ("scenario=evil",) if "scenario/evil.yaml" in files else ("seed=1",)
    lines = attack(command, tmp_path, files, *words)
    assert any(said in line for line in lines), lines


def test_a_file_that_is_not_text_is_named(command: Command, tmp_path: Path) -> None:
    own = stranger(tmp_path, {"scenario/evil.yaml": ""})
    (own / "scenario" / "evil.yaml").write_bytes(b"\xff\xfe\x00market")
    assert any("evil.yaml: is not UTF-8 text" in line for line in attack(command, tmp_path, {}))


def test_files_that_nobody_chose_need_not_be_text(command: Command, tmp_path: Path) -> None:
    """A Mac's copies to other disks leave ``._mine.yaml`` beside ``mine.yaml``, and folders hold other things too."""
    own = stranger(tmp_path, {"scenario/honest.yaml": GLOBAL + "market: {end: 2025Q4}\n"})
    for name in ("scenario/._honest.yaml", "scenario/other.yaml", "policy/us/._mine.yaml", ".git/x/y.yaml"):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_bytes(b"\xff\xfe\x00market")
    outcome = command("run", "--config-dir", str(own), "scenario=honest", "--cfg", "job")
    assert (outcome.code, outcome.made) == (OK, frozenset()), outcome
    lines = attack(command, tmp_path, {}, "scenario=onest", "policy/usa=x")
    assert "baseline, build_cost_doubling" in lines[0] + lines[1]
    assert "._" not in " ".join(lines)
    assert ".git" not in " ".join(lines)


@pytest.mark.parametrize("entry", [".hidden", "/scenario/.hidden", ".below/hidden"])
def test_hidden_files_are_not_read_by_a_back_door(command: Command, tmp_path: Path, entry: str) -> None:
    """They are not looked through, so a bomb could wait in one."""
    files = {f"scenario/{name}.yaml": laughs(12, "[", "lol]") for name in (".hidden", ".below/hidden")}
    lines = attack(command, tmp_path, {"scenario/evil.yaml": GLOBAL + f"defaults: [{entry}]\n", **files})
    assert any("the defaults list takes plain names only" in line for line in lines), lines
