"""Measurements: never a pass or fail on time. ``make benchmark`` prints a table; least of several repetitions.

Seconds are of this thread's processor time where nothing else is said, so that other programs disturb little.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import sim.model
from experiments import compose
from experiments.engine.batch import release
from sim import ComputeMarket, Parameters
from sim.economics.service import decide
from sim.phases.service import offered
from sim.policy.redesign import answers
from sim.policy.undecided import undecided
from sim.randomness import Decision, season
from sim.world import Quarter, World
from tests.benchmarks.plain_agents import PlainModel

pytestmark = pytest.mark.benchmark

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
Line = Callable[[str, str], None]


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    """Return a function that adds a line to the table, which is printed at the end."""
    lines: list[tuple[str, str]] = []
    yield lambda what, measured: lines.append((what, measured))
    print("\n\n| measured | result |\n|---|---|")
    for what, measured in lines:
        print(f"| {what} | {measured} |")
    print(f"\nProcessors: {os.cpu_count()}; load average at the end: {os.getloadavg()[0]:.1f}.")


def least(repetitions: int, work: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> float:
    """Return the least time of some repetitions, after one that is not counted."""
    work()
    times = []
    for _ in range(repetitions):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


def run(parameters: Parameters, seed: int = 1) -> None:
    """Run the market as a worker does, which lets go of it before the next."""
    release(ComputeMarket(parameters, seed).run())


def baseline(*overrides: str) -> Parameters:
    return compose(*overrides).parameters


def test_size_of_the_baseline(line: Line) -> None:
    world = ComputeMarket(baseline(), 1).world
    s, rows = world.structure, world.workloads.volume.size
    line(
        "size of the baseline",
        f"{s.quarters} quarters, {len(s.cells)} base cells, {len(s.pairs)} (cell, product) pairs, "
        f"{len(s.products)} products, {len(s.pools)} pools, {rows} workload rows",
    )
    assert rows > 0


@pytest.mark.parametrize(("behaviour", "repetitions"), [("best_response", 15), ("equilibrium", 3)])
def test_runs_per_second(line: Line, behaviour: str, repetitions: int) -> None:
    parameters = baseline(f"behaviour.pricing.name={behaviour}")
    seconds = least(repetitions, lambda: run(parameters))
    line(
        f"baseline runs a second a core, without writing, `{behaviour}`",
        f"{1.0 / seconds:.1f} ({seconds * 1e3:.0f} ms)",
    )
    tables = least(3, ComputeMarket(parameters, 1).run().tables)
    line(f"all tables of such a run, `{behaviour}`", f"{tables * 1e3:.1f} ms")


def test_phases_of_the_quarter(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters, spent = baseline(), dict[str, float]()
    phases = sim.model.QUARTER

    def timed(name: str, phase: Callable[[World], None]) -> Callable[[World], None]:
        def run(world: World) -> None:
            start = time.thread_time()
            phase(world)
            spent[name] = spent.get(name, 0.0) + time.thread_time() - start

        return run

    monkeypatch.setattr(sim.model, "QUARTER", tuple((name, timed(name, phase)) for name, phase in phases))
    best = dict.fromkeys((name for name, _ in phases), np.inf)
    for _ in range(10):
        spent.clear()
        run(parameters)
        best = {name: min(best[name], spent[name]) for name in best}
    total = sum(best.values())
    parts = ", ".join(f"{name} {seconds / total:.0%}" for name, seconds in sorted(best.items(), key=lambda x: -x[1]))
    line("time by phase", f"{parts} of {total * 1e3:.0f} ms")
    assert set(best) == {name for name, _ in phases}


def _out_of_reach(parameters: Parameters) -> Parameters:
    """Return parameters in which rules are asked as before: on cards that no maker makes, mandates for no order."""
    values = parameters.model_dump(mode="json")
    for n, rule in enumerate(rule for rules in values["policy"].values() for rule in rules.values()):
        if rule["kind"] == "chip_rule":
            rule["prongs"] = {name: {"at_least": {"tpp": 9e6 + n}} for name in rule["prongs"] or ["any"]}
            rule["only_chips"] = None
        elif rule["kind"] in ("domestic_content", "buy_ratio"):
            rule["covered_share"] = 0.0
    return Parameters.from_mapping(values)


def test_rules_of_history(line: Line) -> None:
    """Rules that catch nothing leave orders as they are, so what they take is asking them: three runs in turns."""
    none, history = (baseline(f"policy={name}") for name in ("none", "history"))
    kinds = none, _out_of_reach(history), history
    for parameters in kinds:
        run(parameters)
    rounds = [[least(1, lambda x=x: run(x)) for x in kinds] for _ in range(8)]  # type: ignore[misc]
    free, idle, bound = (min(column) for column in zip(*rounds, strict=True))
    line("time of a run with the rules of history, put out of reach, over one without rules", f"{idle / free:.2f}")
    line("the same where they bind, and orders are others", f"{bound / free:.2f}")


def test_rules_that_were_never_asked(line: Line) -> None:
    """What rules say is kept in a process: rules that differ from sample to sample are asked, and answered, anew."""
    values, rounds = baseline().model_dump(mode="json"), list[tuple[float, float]]()
    for n in range(6):
        values["policy"]["us"]["us_2022_10"]["covered_share"] = 1.0 - 0.01 * n
        parameters = Parameters.from_mapping(values)
        start = time.thread_time()
        run(parameters)
        between = time.thread_time()
        run(parameters)
        rounds.append((between - start, time.thread_time() - between))
    first, again = (min(column) for column in zip(*rounds[1:], strict=True))
    line("first run under rules that differ in one number from all before, over the next one", f"{first / again:.2f}")


def test_policy_in_an_ensemble(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that rules cost 40 members who are the first to meet them: asking, makers' answers, what is undecided."""
    values, spent = baseline().model_dump(mode="json"), [0.0]
    values["policy"]["us"]["us_2022_10"]["covered_share"] = 0.5
    parameters = Parameters.from_mapping(values)

    def timed(work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*given: object) -> object:
            start = time.thread_time()
            found = work(*given)
            spent[0] += time.thread_time() - start
            return found

        return done

    monkeypatch.setattr(
        sim.model, "QUARTER", tuple((x, timed(y) if x == "policy" else y) for x, y in sim.model.QUARTER)
    )
    monkeypatch.setattr("sim.structure.answers", timed(answers))
    monkeypatch.setattr("sim.ground.undecided", timed(undecided))
    start = time.thread_time()
    for seed in range(1, 41):
        run(parameters, seed)
    whole = time.thread_time() - start
    line("policy in 40 members under rules that nobody asked before, of their time", f"{spent[0] / whole:.0%}")
    assert spent[0] > 0.0


START = """
import time
start = time.perf_counter()
from experiments import compose
from experiments.engine.batch import release
from sim import ComputeMarket
ComputeMarket(compose().parameters, 1).step()
print(time.perf_counter() - start, time.process_time())
"""


def measured(program: str) -> list[float]:
    """Return the numbers that a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], env=ENVIRON, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def test_start_to_first_quarter(line: Line) -> None:
    measured(START)
    wall, processor = (min(column) for column in zip(*(measured(START) for _ in range(5)), strict=True))
    line("fresh process to the end of the first quarter, warm", f"{processor:.2f} s of processor, {wall:.2f} s of wall")


MILLION = """
import resource, time
from experiments import compose
from experiments.engine.batch import release
from sim import ComputeMarket
parameters = compose("customers.enterprises=1000000").parameters
ComputeMarket(compose("customers.enterprises=100").parameters, 1).run()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, wall = time.process_time(), time.perf_counter()
rows = ComputeMarket(parameters, 1).run().world.workloads.volume.size
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(time.process_time() - start, time.perf_counter() - wall, (peak - before) / 1024, rows)
"""


def test_a_million_enterprises(line: Line) -> None:
    columns = list(zip(*(measured(MILLION) for _ in range(2)), strict=True))
    (processor, wall), (peak, rows) = map(min, columns[:2]), map(max, columns[2:])
    line(
        f"1,000,000 enterprises x 36 quarters, {rows:,.0f} workloads",
        f"{processor:.1f} s of processor, {wall:.1f} s of wall, {peak:.0f} MiB beyond a small run",
    )


def _before_service(parameters: Parameters, quarter: int) -> World:
    """Return the market in a quarter, before customers choose."""
    model = ComputeMarket(parameters, 1)
    for _ in range(quarter):
        model.step()
    model.world.now = Quarter()
    model.world.ledger.clear()
    for name, phase in sim.model.QUARTER:
        if name == "service":
            return model.world
        phase(model.world)
    raise AssertionError("the quarter has no service")


def test_customers_choose_against_a_loop_over_agents(line: Line) -> None:
    """Which contracts end and what every free workload wants, by the same shocks: kernel and agents, in turns."""
    world = _before_service(baseline(), 8)
    menu, terms, key = offered(world), world.conditions.ties.terms, season(world.seed, Decision.CHOICE, world.t)

    def kernel() -> list[int]:
        world.population.contracted(world)
        active = decide(world.workloads, world.now.free, menu, world.links.pair_service, terms, key)
        first: list[int] = active.first.tolist()
        return first

    plain = PlainModel(world, menu, terms, key)
    chosen = kernel()
    assert plain.choices() == chosen
    assert len(set(chosen)) > 20
    pairs = [(least(20, kernel), least(2, plain.choices)) for _ in range(4)]
    fast, slow = (min(column) for column in zip(*pairs, strict=True))
    line(
        f"customers' step, {world.customers.key.size} agents, {len(chosen)} choices",
        f"kernel {fast * 1e3:.2f} ms, loop over Mesa agents {slow * 1e3:.0f} ms: {slow / fast:.0f} times",
    )


def test_a_study_against_the_model_alone(line: Line, tmp_path: Path) -> None:
    words = ["study", "study=baseline", "executor.workers=1", "--out", str(tmp_path)]
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "experiments.cli", *words], env=ENVIRON, cwd=tmp_path, capture_output=True, check=True
    )
    wall = time.perf_counter() - start
    files = sorted((tmp_path / "baseline" / "timings").glob("*.parquet"))
    seconds = np.concatenate([pq.read_table(path)["wall_seconds"].to_numpy() for path in files])
    line(
        f"a study of {seconds.size} runs with one worker, to the report",
        f"{wall:.1f} s of wall, {seconds.sum():.1f} s of it in the model: {wall / seconds.sum():.2f} times",
    )
    assert seconds.size == 40
