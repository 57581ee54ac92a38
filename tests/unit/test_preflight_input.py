"""Bad input: one plain line for each thing wrong, all at once, exit code 2, and nothing written."""

import errno
from pathlib import Path
from textwrap import dedent, indent

import pytest

from experiments.faults import BAD_INPUT, OK
from experiments.preflight.folders import shipped
from tests.conftest import Command, Outcome


def refused(outcome: Outcome) -> list[str]:
    """Check that the command refused without a traceback and without a trace on disk; return its lines."""
    assert outcome.code == BAD_INPUT, outcome
    assert outcome.out == ""
    assert outcome.made == frozenset()
    assert "Traceback" not in outcome.err
    assert outcome.lines
    assert all(line.startswith("compute-market: ") for line in outcome.err.splitlines())
    return outcome.lines


MISTAKES = {
    "market.strat=2022Q1": ["market.strat: no such key", "did you mean 'start'?"],
    "customer.enterprises=3": ["no such key", "groups and keys are", "did you mean 'customers'?"],
    "senario=baseline": ["senario: no such key: groups and keys are", "scenario, seed,", "did you mean 'scenario'?"],
    "behaviour.rationing.name=lotery": ["must be one of lottery, reservations, bids; did you mean 'lottery'?"],
    "providers.aws.order_mix={nvida: 1.0}": ["providers.aws.order_mix.nvida: no such key", "did you mean 'nvidia'?"],
    "providers.aws.label.x=1": ["providers.aws.label.x: no such key: the keys of providers.aws"],
    "~providers.amazon": ["providers.amazon: no such key", "the keys of providers"],
    "+providers.aws.archetype=leader": ["archetype = 'leader': no such key; allowed are", "did you mean 'investment'?"],
    "+market.ends=2022Q1": ["market.ends = '2022Q1': no such key; allowed are", "did you mean 'end'?"],
    "customers.enterprises=many": ["customers.enterprises = 'many': must be a whole number", "(enterprises)"],
    "customers.waiting_quarters=2.5": ["customers.waiting_quarters = 2.5: must be a whole number"],
    "customers.workloads_per_enterprise=-1": ["= -1: must be", "at least 2 and at most 20 (workloads)"],
    "market.costs.card_life_years=0": ["= 0: must be a number greater than 0.5 and at most 20 (years)"],
    "market.costs.shell_life_years=inf": ["market.costs.shell_life_years = inf: must be a number"],
    "market.costs.discount_rate=nan": ["market.costs.discount_rate = nan: must be a number"],
    "market.start=2022": [
        "market.start = 2022: must be a quarter from 1900Q1 to 2099Q4",
        "write a number",
        "in quotes",
    ],
    "market.end=2022Q5": ["market.end = '2022Q5': must be a quarter from 1900Q1 to 2099Q4, such as 2024Q3"],
    "market.regions.us.label=true": ["YAML reads NO, OFF, YES and ON as true or false: write it in quotes"],
    "scenario=asymetric_efficiency": ["no such file; choose one of", "did you mean 'asymmetric_efficiency'?"],
    "behaviour=basline": ["behaviour = 'basline': no such file", "did you mean 'baseline'?"],
    "suppliers=null": ["suppliers = null: no such file; choose one of baseline"],
    "seed=-1": ["seed = -1: must be a whole number at least 0"],
    "executor.workers=0": ["executor.workers = 0: must be", "at least 1 and at most 512 (processes) or null"],
    "chips.h100.price_usd=1e9": [
        "= 1000000000.0: must be a number greater than 0 and at most 5,000,000 (USD per card)"
    ],
    "chips.h200.memory_gb=1e6": ["= 1000000.0: must be a number greater than 0 and at most 300,000 (GB)"],
    "upstream.cn.test_usd_per_card=1e6": ["= 1000000.0: must be a number at least 0 and at most 300,000 (USD per"],
    "output.tables=[prices]": ["output.tables", "one of", "providers"],
}


def test_every_mistake_is_said_at_once_in_one_plain_line_each(command: Command) -> None:
    lines = refused(command("run", *MISTAKES))
    missing = {
        word: said for word, said in MISTAKES.items() if not any(all(text in line for text in said) for line in lines)
    }
    assert missing == {}, lines
    assert len(lines) == len(MISTAKES), lines


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["market.start"], ["market.start: is not key=value or group=name"]),
        (["market.start=[1"], ["market.start=[1: is not key=value or group=name"]),
        (["seed=1,2"], ["seed=1,2: lists several values: add -m"]),
        (["--foo"], ["unrecognized arguments: --foo"]),
        (["--multirn", "seed=1,2"], ["did you mean '--multirun'?"]),
        (["--cfg", "jobs"], ["--cfg", "invalid choice: 'jobs'"]),
        (["--out"], ["--out: expected one argument"]),
        (["--config-path", "/etc"], ["--config-path is not supported", "--config-dir"]),
        (["--config-name", "other"], ["--config-name is not supported", "scenario=NAME"]),
        (["--experimental-rerun", "job.pickle"], ["refused: it executes a pickle"]),
        (["--cfg", "job", "-m", "seed=1,2"], ["--cfg and --info show one configuration: leave --multirun off"]),
        (["hydra.run.dir=x", "--out", "y"], ["hydra.run.dir=x: --out says already where results go"]),
        (["-m", "hydra.sweep.dir=x", "--out", "y"], ["hydra.sweep.dir=x: --out says already where results go"]),
        (["hydra.run.dir=x"], ["hydra.run.dir=x: no result would go there; say --out DIR"]),
        (["-m", "hydra.sweep.dir=x"], ["hydra.sweep.dir=x: no result would go there; say --out DIR"]),
        (["output.root=x", "--out", "y"], ["output.root=x: --out says already where results go"]),
        (["scenario='baseline\n'"], ["is not a name"]),
        (["+senario=baseline"], ["senario = 'baseline': no such key"]),
        (["market.rmb_per_usd.2022Q1=3"], ["may not start with a digit here; write market.rmb_per_usd={2022Q1: ...}"]),
        (["market.rmb_per_usd={2022Q9: 3.0}"], ["(a new entry: +market.rmb_per_usd={2022Q9: ...})"]),
        (
            ["+market.rmb_per_usd={2022Q9: 3.0}"],
            ["market.rmb_per_usd.2022Q9: '2022Q9' is not a quarter such as 2024Q3"],
        ),
        (["output.root="], ["output.root = '': must be text that is not empty"]),
        (['providers.alibaba.label=""'], ["providers.alibaba.label = '': must be text that is not empty"]),
        (
            ["providers.alibaba.label=阿里云"],
            ["text with letters beyond a-z must be quoted, for the shell as well: 'providers.alibaba.label="],
        ),
        (["--package", "foo"], ["--package foo: shows a part of what --cfg shows; give --cfg job as well"]),
        (["output.figures=[shares,shares]"], ["output.figures: 'shares' is listed twice; once is enough"]),
        (["output.tables=[market,market]"], ["output.tables: 'market' is listed twice; once is enough"]),
        (
            ["market.regions.us.label=${oc.env:HOME}"],
            ["market.regions.us.label = '${oc.env:HOME}': refused: a value may be one plain reference such as"],
        ),
        (["market.regions.us.label=${nothing}"], ["market.regions.us.label = '${nothing}': refers to a key that does"]),
        (
            ["market.regions.us.label=${market.regions.cn.label}", "market.regions.cn.label=${market.strat}"],
            ["market.regions.cn.label = '${market.strat}': refers to a key that does not exist; did you"],
        ),
        (
            ["upstream.cn.defects.density=0.05"],
            ["upstream.cn.defects: minimum 0.09 (defects per cm2 of a mature process) lies above density 0.05"],
        ),
        (
            ["leases.oracle-volcano-mid.lessor=aws"],
            ["leases.oracle-volcano-mid.region = 'mid': lessor aws has no site"],
        ),
        (
            ["leases.oracle-volcano-mid.stack=cann"],
            ["leases.oracle-volcano-mid.stack = 'cann': oracle has no such cards in mid; must be one of cuda"],
        ),
        (
            ["labs.openai.contracts=[]"],
            ["labs.openai.contracts: no such key", "mean 'customers.labs.openai.contracts'?"],
        ),
        (["labs.opnai.contracts=[]"], ["labs.opnai.contracts: no such key", "mean 'customers.labs.opnai.contracts'?"]),
        (["card_life_years=3"], ["card_life_years: no such key", "mean 'market.costs.card_life_years'?"]),
        (["contracts=[]"], ["contracts: no such key: groups and keys are"]),
        (
            ["+policy.us.us_2025_4={expires: 2027-01-01}"],
            ["policy.us.us_2025_4.kind: is missing", "change a rule by its id; did you mean 'us_2025_04'?"],
        ),
        (["suppliers.t_head.sells_to=[]"], ["'t_head': this supplier sells to nobody (its sells_to is empty): raise"]),
        (["policy/us=[]"], ["policy/us = []: names no file"]),
        (["--out", ""], ["--out: give a folder for results; what was given is empty"]),
        (["--replace"], ["belong to `compute-market study`"]),
        (["hydra.searchpath=[pkg://os]"], ["only folders (file://...) are searched"]),
    ],
)
def test_words_that_cannot_be_read_are_named(command: Command, words: list[str], said: list[str]) -> None:
    lines = refused(command("run", *words))
    assert len(lines) == 1, lines
    assert [text for text in said if text not in lines[0]] == []


def test_every_variant_of_a_multirun_is_checked_before_the_first_starts(command: Command) -> None:
    lines = refused(command("run", "-m", "market.end=2030Q4,2021Q4,2021Q3"))
    allowed = "lies before market.start = 2022Q1; must be a quarter from 2022Q1 to 2099Q4"
    assert lines == [f"market.end = '2021Q4': {allowed}", f"market.end = '2021Q3': {allowed}"]


def test_history_does_not_go_on_after_the_last_delivery(command: Command) -> None:
    (line,) = refused(command("run", "market.history_end=2035Q1", "market.end=2036Q4"))
    assert line.startswith("market.history_end = '2035Q1': lies after the last observed delivery (")
    assert "must be a quarter up to 20" in line


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "~market.regions.us",
            "market.regions.us: no such region, but suppliers.amd.headquarters, suppliers.aws_trainium.headquarters, "
            "suppliers.google_tpu.headquarters and 43 more refer to it; each must be one of ally, cn, mid",
        ),
        ("~suppliers.nvidia", "suppliers.nvidia: no such supplier, but "),
        (
            "~providers.aws",
            "providers.aws: no such provider, but suppliers.aws_trainium.sells_to and "
            "customers.labs.anthropic.contracts.provider refer to it; each must be one of alibaba, baidu",
        ),
    ],
)
def test_a_name_that_many_keys_refer_to_is_one_line(command: Command, word: str, said: str) -> None:
    (line,) = refused(command("run", word))
    assert line.startswith(said), line


def test_a_cloud_that_never_gets_a_card_is_refused(command: Command) -> None:
    cards = ("a100", "h100", "h200", "b200")
    none = [f"~providers.gulf.sites.mid.deliveries.{card}" for card in cards]
    (line,) = refused(command("run", "providers.gulf.sites.mid.opening_cards.a100=0", *none))
    assert line.startswith("providers.gulf.sites: this cloud never gets a card, so it could never sell"), line
    assert "deliveries from market.start (2022Q1) to market.history_end (2024Q4)" in line
    assert "lessee of a lease" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chips.h100.launch=2050Q1", "market.end=2024Q4"], "chips.h100.launch = '2050Q1': providers."),
        (
            ["chips.a100.launch=2022Q2"],
            ".opening_cards.a100 has cards of it in 2022Q1 already; must be a quarter up to",
        ),
        (
            ["+rest_of_world.cn_onprem.deliveries.ascend-960={2024Q3: 1.0}"],
            "chips.ascend-960.launch = '2027Q4': rest_of_world.cn_onprem.deliveries.ascend-960 has cards of it in ",
        ),
        (
            ["providers.neocloud.sites.us.launch=2026Q1"],
            "opening_cards.a100 has cards there in 2022Q1 already; must be a quarter up to 2022Q1, or change these",
        ),
    ],
)
def test_nobody_has_cards_before_their_launch(command: Command, words: list[str], said: str) -> None:
    (line,) = refused(command("run", *words))
    assert said in line, line


def test_a_launch_may_move_behind_deliveries_that_are_not_made_as_observed(command: Command) -> None:
    """What was delivered after market.history_end does not come in a run, so a later launch is a question."""
    lines = refused(command("run", "chips.h200.launch=2030Q1", "market.history_end=2024Q2", "seed=-1"))
    assert [line.partition(" ")[0] for line in lines] == ["seed"]


def test_a_site_may_begin_to_sell_after_its_firm_uses_it(command: Command) -> None:
    lines = refused(command("run", "providers.microsoft.sites.us.launch=2026Q1", "seed=-1"))
    assert [line.partition(" ")[0] for line in lines] == ["seed"]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("providers.alibaba.sites.cn.deliveries.h100", []),
        ("rest_of_world.cn_onprem.deliveries.h20", []),
        ("rest_of_world.cn_onprem.deliveries.h20", ["market.history_end=2023Q4"]),
    ],
)
def test_deliveries_after_the_history_are_not_left_out_silently(command: Command, place: str, words: list[str]) -> None:
    (line,) = refused(command("run", f"+{place}={{2025Q3: 100000, 2025Q1: 1, 2025Q2: 0}}", *words))
    assert line.startswith(f"{place} = '2025Q1, 2025Q3': comes after the history (market.history_end, 2024Q4)"), line
    assert line.endswith("must be quarters up to 2024Q4"), line


def test_a_history_that_is_made_shorter_leaves_out_deliveries(command: Command, tmp_path: Path) -> None:
    """Those of the shipped files, and those of a file that has a longer history of its own."""
    file = tmp_path / "own" / "scenario" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        """\
        # @package _global_
        market: {history_end: 2025Q3}
        providers: {alibaba: {sites: {cn: {deliveries: {h20: {2025Q3: 9}}}}}}
        """
    )
    mine = ["scenario=mine", "--config-dir", str(tmp_path / "own")]
    for words in (["market.history_end=2023Q4"], ["market.end=2023Q4"], [*mine, "market.history_end=2024Q4"], mine):
        assert [line.partition(" ")[0] for line in refused(command("run", *words, "seed=-1"))] == ["seed"]


def test_an_empty_list_of_seeds_is_one_line(command: Command) -> None:
    assert refused(command("study", "study.seeds=[]"))[1:] == [
        "study.seeds = []: must have at least 1 entry; 1 to this number, or a list of seeds."
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: {aws: {utility: 0.3}}", "its first line must be '# @package _global_' (in {file})"),
        ("# @package _global_\ndefaults: [mine, _self_]", "{file}: defaults: mine: is this file itself; write _self_"),
    ],
)
def test_a_scenario_that_misses_its_place_is_named(command: Command, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "own" / "scenario" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (line,) = refused(command("run", "scenario=mine", "--config-dir", str(tmp_path / "own")))
    assert said.format(file=file) in line, line


def test_an_outcome_that_does_not_exist_is_named(command: Command) -> None:
    assert refused(command("study", "study.outcomes=[share_revenu.aws]"))[1].startswith(
        "study.outcomes: 'share_revenu.aws' is no outcome; they begin with one of "
    )


def test_a_file_that_cannot_be_read_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "own/scenario/mine.yaml")

    monkeypatch.setattr("experiments.preflight.session.compose", refuse)
    monkeypatch.setattr("experiments.preflight.session._SHIPPED", {})  # whatever other tests have composed
    assert refused(command("run", "scenario=baseline")) == [
        "own/scenario/mine.yaml: cannot be read (Permission denied)"
    ]


def test_the_number_of_enterprises_is_at_least_one(command: Command) -> None:
    lines = refused(command("run", "customers.enterprises=0"))
    assert lines == ["customers.enterprises = 0: must be a whole number at least 1 and at most 5,000,000 (enterprises)"]


IMPOSSIBLE = {
    "chips.h100.supplier=nvida": "chips.h100.supplier = 'nvida': no supplier makes this chip; must be one of",
    "~suppliers.cambricon": "suppliers.cambricon: no such supplier, but chips.mlu370-x8.supplier",
    "providers.aws.order_mix.nvidia=0.9": "providers.aws.order_mix = 1.37: shares must sum to 1; these add up: ",
    "providers.baidu.headquarters=moon": "providers.baidu.headquarters = 'moon': must be one of",
    "providers.aws.investment=brave": "providers.aws.investment = 'brave': must be one of",
    "customers.demand.us.enterprise_share=0.99": (
        "shares must sum to 1; these add up: customers.demand.ally.enterprise_share 0."
    ),
    "upstream.cn.regions=[cn,us]": (
        "upstream.us-allied.regions = 'us': must be on one side only, and upstream.cn.regions names it too"
    ),
    "providers.aws.label=Meta": "providers.meta.label = 'Meta': must differ from providers.aws.label: figures",
    "suppliers.amd.label=Nvidia": "suppliers.amd.label = 'Nvidia': must differ from suppliers.nvidia.label: figures",
    "customers.demand.us.barred_headquarters=[us,ally,mid,cn]": "no provider serves this region",
}


def test_impossible_combinations_are_refused_all_at_once(command: Command) -> None:
    lines = refused(command("run", *IMPOSSIBLE))
    assert [said for said in IMPOSSIBLE.values() if not any(said in line for line in lines)] == [], lines


def test_names_that_would_leave_the_output_folder_are_refused(command: Command) -> None:
    for name in ("../outside", "/etc/passwd", "a/b", "NO", "x" * 65):
        lines = refused(command("run", f"scenario={name}"))
        assert "is not a name" in lines[0], lines


def test_a_folder_that_is_not_there_is_named_with_its_neighbour(command: Command, tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    lines = refused(command("run", "--config-dir", "studie"))
    assert lines == ["--config-dir = 'studie': no such folder; did you mean 'studies'?"]


def test_results_under_a_file_are_refused_before_anything_is_computed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    lines = refused(command("run", "--out", "taken/results"))
    assert len(lines) == 1
    assert "results cannot be written here" in lines[0]
    assert "choose --out DIR" in lines[0]


def test_commands_are_suggested(command: Command) -> None:
    assert refused(command("stduy")) == [
        "'stduy' is not a command: choose one of run, study, report, verify, explain; did you mean 'study'?"
    ]


def test_without_a_command_the_help_is_shown_and_the_code_is_2(command: Command) -> None:
    outcome = command()
    assert (outcome.code, outcome.made) == (BAD_INPUT, frozenset())
    assert "usage: compute-market COMMAND" in outcome.out


HELP = (
    ["--help"],
    ["run", "--help"],
    ["study", "--help"],
    ["run", "-m", "seed=1,2", "nonsense=1", "--help"],
    ["run", "seed=1,2", "--hydra-help"],
)


@pytest.mark.parametrize("words", HELP)
def test_help_names_the_program_and_makes_nothing(command: Command, words: list[str]) -> None:
    outcome = command(*words)
    assert (outcome.code, outcome.made) == (OK, frozenset())
    assert "hydra-help" in words[-1] or "compute-market run" in outcome.out or "usage: compute-market" in outcome.out


def test_the_composed_configuration_can_be_looked_at(command: Command) -> None:
    outcome = command("run", "--cfg", "job", "seed=7")
    assert (outcome.code, outcome.made) == (OK, frozenset())
    assert "seed: 7\n" in outcome.out
    assert "hydra:" not in outcome.out


def test_looking_at_a_wrong_configuration_says_what_is_wrong(command: Command) -> None:
    assert "no such key" in refused(command("run", "--cfg", "job", "market.strat=1"))[0]


def test_a_rule_that_overrides_nothing_known_is_refused(command: Command) -> None:
    (line,) = refused(command("run", "policy.us.us_2026_01.overrides=[us_2023_10]"))
    assert line.startswith("policy.us.us_2026_01.overrides = 'us_2023_10': must be one of cn_2024_12_minerals")
    assert line.endswith("did you mean 'us_2023_10_b'?")


def test_files_chosen_together_may_not_contradict_each_other(command: Command) -> None:
    lines = refused(command("run", "policy/us=[free,deny]"))
    assert [line.partition(" = ")[0] for line in lines] == [
        "policy.us.us_2023_10_a.expires", "policy.us.us_2023_10_b.expires", "policy.us.us_2025_04.expires"
    ]  # fmt: skip
    assert all("free says '2026-01-15' and deny null: choose one of the two" in line for line in lines)


def test_what_is_wrong_in_a_file_names_the_file(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "own" / "policy" / "us" / "mine.yaml"
    file.parent.mkdir(parents=True)
    shipped_rule = (shipped() / "policy" / "us" / "us_line.yaml").read_text(encoding="utf-8")
    for right, wrong in (
        ("expires: null", 'expires: "2020-01-01"'),
        ("growth: 0.0", "growth: 9.0"),
        ("  growth: 0.0\n", ""),
    ):
        file.write_text(shipped_rule.replace(right, wrong))
        lines = refused(command("run", "policy/us=mine", "--config-dir", str(tmp_path / "own")))
        assert all(line.endswith(f"(in {file})") for line in lines), lines
    said_here = refused(command("run", "policy/us=us_line", "policy.us.us_line.destinations=[uk]"))
    assert not any("(in " in line for line in said_here)


def test_a_file_that_holds_nothing_is_refused(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "own" / "policy" / "us" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# to be written\n")
    assert "holds nothing" in refused(command("run", "policy/us=mine", "--config-dir", str(tmp_path / "own")))[0]


@pytest.mark.parametrize(
    ("words", "key", "entry"),
    [
        (["policy.us.us_2023_10_a.prongs={}"], "policy.us.us_2023_10_a.prongs", "a_tpp"),
        (["providers={}"], "providers", "aws"),
        (["+market={regions: {cn: {}}}"], "market.regions.cn", "label"),
        (["policy.us.us_2023_10_a.prongs={}", "+policy.us.us_2023_10_a.prongs.mine={at_least: {tpp: 9000.0}}"],
         "policy.us.us_2023_10_a.prongs", "a_tpp"),
    ],
)  # fmt: skip
def test_an_empty_mapping_takes_nothing_away(command: Command, words: list[str], key: str, entry: str) -> None:
    (line,) = refused(command("run", *words))
    assert line == (
        f"{key} = {{}}: changes nothing, as mappings merge; to take an entry away, type it with ~ (~{key}.{entry})"
    )


def test_an_empty_mapping_in_a_file_takes_nothing_away(command: Command, tmp_path: Path) -> None:
    text = "# @package _global_\npolicy: {us: {us_2023_10_a: {prongs: {}}}}\n"
    (line,) = refused(command("run", "scenario=own", *own_file(tmp_path, "scenario/own.yaml", text)))
    assert line.startswith("policy.us.us_2023_10_a.prongs = {}: changes nothing, as mappings merge")
    assert line.endswith(f"(in {tmp_path / 'own' / 'scenario' / 'own.yaml'})")


def test_empty_mappings_that_say_what_is_so_are_accepted(command: Command, tmp_path: Path) -> None:
    """An entry of one's own begins with some, and what is taken away may be said anew."""
    site = "{launch: '2023Q1', opening_cards: {}, deliveries: {}}"
    text = f"# @package _global_\nproviders: {{aws: {{sites: {{mid: {site}}}}}}}\n"
    file = own_file(tmp_path, "scenario/own.yaml", text)
    prongs = ("~policy.us.us_2023_10_a.prongs", "+policy.us.us_2023_10_a.prongs={}")
    more = "+providers.aws.sites.mid.opening_cards={a100: 1.0}"
    outcome = command("run", "scenario=own", more, *prongs, "+providers.aws.sites.cn=" + site, "--cfg", "job", *file)
    assert outcome.code == OK, outcome
    assert "prongs: {}" in outcome.out


def own_file(folder: Path, name: str, text: str) -> list[str]:
    """Write a file of one's own and return the words that name its folder."""
    file = folder / "own" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return ["--config-dir", str(folder / "own")]


LINE = (shipped() / "policy" / "us" / "us_line.yaml").read_text(encoding="utf-8").partition("us_line:")[2]
"""A rule without its id, indented."""
DAY = "2025-01-01"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("us/own", "- deny\n", ["own.yaml: holds a list; a configuration holds keys with values"]),
        ("us/own", "deny\n", ["own.yaml: holds plain text; a configuration holds keys with values"]),
        (
            "us/own",
            "defaults: [histori]\n",
            ["own.yaml: defaults = 'histori': no such file; choose one of ", "'history'?"],
        ),
        ("own", "defaults: [{us: histori}]\n", ["own.yaml: defaults = 'histori': no such file", "mean 'history'?"]),
        ("own", "defaults: [{usa: deny}]\n", ["defaults: policy/usa/deny: no such group", "did you mean 'policy/us'?"]),
        (
            "own",
            "defaults: [{us: [none, deny]}]\n",
            ["defaults: us = 'none': stands for no rule at all", "beside deny"],
        ),
        ("own", "defaults: [{us: [deny, deny]}]\n", ["defaults: us = 'deny': is chosen twice in one list"]),
        ("own", f"mine:{LINE}", ["policy.mine: a rule belongs to a government: move its file to one of policy/us/"]),
        ("us/own", dedent(LINE.lstrip("\n")), ["policy.us.kind = 'chip_rule': a rule needs an id"]),
        (
            "us/own",
            f"us:\n  mine:{indent(LINE, '  ')}",
            ["policy.us.us: is no rule but holds one", "mine without 'us:'"],
        ),
        (
            "us/own",
            f"policy:\n  us:\n    mine:{indent(LINE, '    ')}",
            ["policy.us.policy: is no rule but holds one", "write mine without 'policy:' and 'us:' above"],
        ),
        ("us/own", "mine: {label: x}\n", ["policy.us.mine.kind: is missing; give one of buy_ratio"]),
        (
            "us/own",
            f"mine:{LINE}".replace("only_chips: null", "only_chips: [H20]"),
            ["policy.us.mine.only_chips.0 = 'H20': must be text of a-z", "did you mean 'h20'?"],
        ),
        (
            "us/own",
            f"mine:{LINE}".replace(DAY, "1925-01-01"),
            ["policy.us.mine.announced = '1925-01-01': must be a day from 2000-01-01 to 2099-12-31"],
        ),
    ],
)
def test_a_policy_file_that_is_wrong_says_how_to_mend_it(
    command: Command, tmp_path: Path, name: str, text: str, said: list[str]
) -> None:
    folder = own_file(tmp_path, f"policy/{name}.yaml", text)
    choice = "policy/us=own" if "/" in name else "policy=own"
    lines = refused(command("run", choice, *folder))
    assert len(lines) <= 2, lines
    assert [part for part in said if part not in lines[0]] == [], lines
    assert str(tmp_path / "own") in lines[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["policy/usa=ban"],
            "policy/usa: no such group; groups inside of others are policy/allies, policy/cn, policy/us",
        ),
        (["policy/us=[none,deny]"], "policy/us = 'none': stands for no rule at all, so not beside deny"),
        (["policy/allies=[egress,none]"], "policy/allies = 'none': stands for no rule at all, so not beside egress"),
        (["policy=deny"], "us_tools; there is policy/us=deny"),
        (["policy/us=[]"], "policy/us = []: names no file: choose one, none for no rules"),
        (["policy/us=[deny,fee]"], "policy/us = ['deny', 'fee']: fee says all that deny says: drop deny"),
        (["market.costs.discount_rate=0,08"], "or write one list as [1,2]; one number is 0.08"),
        (["policy/us=[deny,deny]"], "policy/us = 'deny': is chosen twice in one list; once is enough"),
        (["policy/us=deny", "policy/us=deny"], "policy/us: is chosen twice, by policy/us=deny and policy/us=deny"),
        (
            ["scenario=[easy_switching,own]"],
            "customers.switching.cost_iaas = ['easy_switching', 'own']: easy_switching says ",
        ),
    ],
)
def test_choices_that_cannot_be_meant_together(command: Command, tmp_path: Path, words: list[str], said: str) -> None:
    text = "# @package _global_\ncustomers: {switching: {cost_iaas: 9.0}}\n"
    lines = refused(command("run", *words, *own_file(tmp_path, "scenario/own.yaml", text)))
    assert said in lines[0], lines


def test_a_file_with_the_short_suffix_is_named(command: Command, tmp_path: Path) -> None:
    folder = own_file(tmp_path, "policy/us/mine.yml", "{}")
    (tmp_path / "own" / "policy" / "us" / "other.yaml").write_text("{}", encoding="utf-8")
    lines = refused(command("run", "policy/us=mine", *folder))
    assert "mine.yml is not read: name it mine.yaml" in lines[0]


def test_scenarios_that_do_not_contradict_each_other_go_together(command: Command) -> None:
    outcome = command("run", "scenario=[easy_switching,build_cost_doubling]", "--cfg", "job")
    assert outcome.code == OK, outcome


def test_the_first_and_the_last_day_are_allowed(command: Command, tmp_path: Path) -> None:
    text = f"mine:{LINE}".replace(DAY, "2000-01-01").replace("expires: null", 'expires: "2099-12-31"')
    outcome = command("run", "policy/us=own", "seed=-1", *own_file(tmp_path, "policy/us/own.yaml", text))
    assert [line.partition(" ")[0] for line in outcome.lines] == ["seed"]
