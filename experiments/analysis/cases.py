"""Cases: what a report shows side by side. A run is a case, and so is each lever point of a study."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import pandas as pd

from experiments import stored
from experiments.analysis.bands import bands, only
from experiments.analysis.loading import Results, gathered
from sim.names import quarter_code, quarter_number
from sim.tables import WORLD

BASES = {"revenue": "share_revenue", "compute": "share_compute", "tokens": "share_tokens"}
"""Basis of a market share and its column in the table ``providers``."""
MUCH_UNMET, MUCH = "much_unmet", 0.01
"""Column that says whether more than this part of new demand is unmet."""
_NOT_SAID = {"scenario", "output", "executor"}
"""Groups that a name has already, or that change no number."""
_SHIPPED = {"baseline", "history"}
"""Files chosen where nobody chooses."""
_WORDS = 4
"""Words of a key from which on those in the middle are left out."""
_SAID = 2
"""Values that the name of a single folder says."""


@dataclass(frozen=True)
class Case:
    """Runs of one configuration that differ in the seed only."""

    label: str
    results: Results
    levers: Mapping[str, Any]
    runs: pd.DataFrame
    """Rows of the table ``runs``, failed runs included."""

    @cached_property
    def ids(self) -> list[str]:
        """Runs that ended well."""
        return [str(name) for name in self.runs.loc[self.runs["status"] == "ok", "run_id"]]

    @property
    def count(self) -> int:
        """Number of runs that ended well."""
        return len(self.ids)

    @property
    def failed(self) -> int:
        """Number of failed runs."""
        return len(self.runs) - self.count

    def setting(self, *path: str) -> Any:
        """Return a value of the configuration, levers included."""
        key = ".".join(path)
        if key in self.levers:
            return self.levers[key]
        node: Any = self.results.manifest["config"]
        for name in path:
            node = node[name]
        return node

    @property
    def quarters(self) -> list[str]:
        """Every simulated quarter."""
        start, end = (quarter_number(self.setting("market", name)) for name in ("start", "end"))
        return [quarter_code(number) for number in range(start, end + 1)]

    @property
    def history_end(self) -> str:
        """Last quarter in which fleets follow observed deliveries."""
        return str(self.setting("market", "history_end"))

    @property
    def regions(self) -> dict[str, str]:
        """Label of each region by id."""
        return {name: str(region["label"]) for name, region in self.setting("market", "regions").items()}

    @property
    def providers(self) -> dict[str, str]:
        """Label of each provider by id."""
        return {name: str(firm["label"]) for name, firm in self.setting("providers").items()}

    def name_of(self, provider: str) -> str:
        """Return the label of a provider, its id where a lever added it."""
        return self.providers.get(provider, provider)

    @cached_property
    def _config(self) -> Mapping[str, Any]:
        """The configuration of the lever point, before samples."""
        text = stored.points(self.results.folders[0]).get(json.dumps(self.levers, sort_keys=True))
        config: Mapping[str, Any] = self.results.manifest["config"] if text is None else json.loads(text)
        return config

    @cached_property
    def policy(self) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """Rules by government and id, with their terms: those of the lever point, own ones included, before samples."""
        policy: Mapping[str, Mapping[str, Mapping[str, Any]]] = self._config["policy"]
        return policy

    @property
    def chips(self) -> dict[str, str]:
        """Label by id of each chip of the catalogue that is launched before the end, own ones included."""
        last = self.quarters[-1]
        return {name: str(chip["label"]) for name, chip in self._config["chips"].items() if chip["launch"] <= last}

    @cached_property
    def rules(self) -> Mapping[str, Mapping[str, Any]]:
        """Terms of every rule by id."""
        return {name: rule for rules in self.policy.values() for name, rule in rules.items()}

    def rule_label(self, rule: str) -> str:
        """Return the label of an instrument of policy, with its id where others have the same; else the id."""
        if rule not in self.rules:
            return rule
        label = str(self.rules[rule]["label"])
        alike = sum(other["label"] == label for other in self.rules.values())
        return label if alike == 1 else f"{label} ({rule})"

    def label_of(self, name: str) -> str:
        """Return the label of a provider, maker, owner elsewhere or region by its id; the id of anything else."""
        groups = (self.setting(key) for key in ("providers", "suppliers", "rest_of_world", "upstream"))
        found = next((str(group[name]["label"]) for group in groups if name in group), None)
        return found or self.regions.get(name, name)

    @property
    def makers(self) -> dict[str, str]:
        """Label of each maker of chips by id."""
        return {name: str(maker["label"]) for name, maker in self.setting("suppliers").items()}

    def maker_of(self, supplier: str) -> str:
        """Return the label of a maker, its id where a lever added it."""
        return self.makers.get(supplier, supplier)

    def frame(self, table: str, columns: Sequence[str], **where: Any) -> pd.DataFrame:
        """Return columns of a table for the runs of this case."""
        names = ["run_id", *columns]
        return self.results[table].pandas(names, {**where, "run_id": self.ids})[names]

    @cached_property
    def market(self) -> pd.DataFrame:
        """The table ``market`` of this case, and whether more than a little of new demand is unmet (0 or 1)."""
        measures = (
            "hhi_revenue", "hhi_compute", "unmet_share", "gap_at_cost", "price_iaas_usd_per_h100e_hour",
            "price_maas_usd_per_m_tokens", "lrmc_usd_per_h100e_hour", "owned_by_headquarters_h100e", "accessed_h100e",
            "build_cost_usd_m_per_mw", *(f"domestic_chip_share_{of}" for of in ("units", "h100e", "value")),
            "self_sufficiency",
        )  # fmt: skip
        rows = self.frame("market", ["quarter", "region", *measures])
        unmet = rows["unmet_share"]
        return rows.assign(**{MUCH_UNMET: (unmet > MUCH).astype(float).where(unmet.notna())})

    def measure(self, name: str, region: str = WORLD) -> pd.DataFrame:
        """Return the band by quarter of a measure of the table ``market`` in one region."""
        return bands(only(self.market, region=region), name, ["quarter"])

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Shares of all products and workloads: a row per run, quarter, region and provider, a column per basis."""
        return self.frame(
            "providers", ["quarter", "region", "provider", *BASES.values()], product="all", workload="all"
        ).rename(columns={column: basis for basis, column in BASES.items()})

    @cached_property
    def share_bands(self) -> Mapping[str, pd.DataFrame]:
        """Band of the shares by basis: a row per region, provider and quarter."""
        return {basis: bands(self.shares, basis, ["region", "provider", "quarter"]) for basis in BASES}

    @cached_property
    def owned(self) -> pd.DataFrame:
        """Band of the cards owned by each provider in H100e: a row per provider and quarter."""
        sites = self.frame("sites", ["quarter", "site_region", "provider", "owned_h100e"])
        sites = sites[sites["site_region"] != WORLD]
        total = sites.groupby(["run_id", "provider", "quarter"])["owned_h100e"].sum().reset_index()
        return bands(total, "owned_h100e", ["provider", "quarter"])

    @property
    def horizons(self) -> list[str]:
        """Quarters at which tables are read: the end of history, half-way from there, the end."""
        last = quarter_number(self.quarters[-1])
        first = min(quarter_number(self.history_end), last)
        first = max(first, quarter_number(self.quarters[0]))
        return [quarter_code(number) for number in sorted({first, (first + last) // 2, last})]


def cases(results: Sequence[Results]) -> list[Case]:
    """Return the cases of finished folders, in the order of the folders and of the lever points in each.

    Runs that differ in the seed only are one case, as they are in a study.
    """
    groups = gathered(results)
    names = result_names(groups)
    return [case for found, name in zip(groups, names, strict=True) for case in _cases_of(found, name, len(names) > 1)]


def result_names(results: Sequence[Results]) -> list[str]:
    """Return a name for each folder: its scenario or study where these differ, then what differs, else the folder.

    Runs put together, which differ in the seed only, are as one folder. One folder alone says what it chooses and sets
    unlike the shipped baseline, and beside a scenario or study what its command sets; several of other names say what
    the command of one sets and not that of all.
    Where folders choose unlike files of a group, such as ``policy``, what these files hold is not said again; what is
    chosen in their place is.
    """
    names = [_plain_name(found.manifest) for found in results]
    if len(names) == 1:
        return [_alone(names[0], results[0].manifest)]
    if _all_differ(names):
        own = [_by_hand(found.manifest) for found in results]
        return [
            _joined(name, _in_words({k: x for k, x in mine.items() if any(one.get(k) != x for one in own)}))
            for name, mine in zip(names, own, strict=True)
        ]
    settings = [_settings(found.manifest) for found in results]
    differing = {key for one in settings for key in one if _tells_apart(key, names, settings)}
    keys = {key for key in differing if differing.isdisjoint(_groups(key))}
    chosen = [{key for key in differing if _is_own(key, one)} for one in settings]
    short = _short_keys(keys.union(*chosen))
    parts = [
        [f"{short[k]} = {one[k]}" for k in one if k in keys or k in mine]
        for one, mine in zip(settings, chosen, strict=True)
    ]
    alike = len(set(names)) == 1
    longer = [
        ", ".join(said) if alike and said else _joined(name, said) for name, said in zip(names, parts, strict=True)
    ]
    return (
        longer
        if _all_differ(longer)
        else [f"{found.folders[0].parent.name}/{found.folders[0].name}" for found in results]
    )


def _alone(name: str, manifest: Mapping[str, Any]) -> str:
    """Return the name of a single folder, with the files and values that it has in place of the shipped ones."""
    if manifest["kind"] == "study" or name not in _SHIPPED:
        return _joined(name, _in_words(_by_hand(manifest)))
    files = _files(manifest)
    chosen = {
        group: file
        for group, file in files.items()
        if file not in _SHIPPED and ("/" not in group or _is_own(group, files))
    }
    words = _in_words(chosen | _changed(manifest))
    return ", ".join(words if chosen else [name, *words])


def _changed(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a folder sets unlike the shipped baseline, by key."""
    return {change["key"]: _shown(change["value"]) for change in manifest["changes"]}


def _by_hand(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return files and values that a folder's command names itself, which its scenario or study need not have."""
    named = {word.lstrip("+~").partition("=")[0] for word in manifest["command"] if "=" in word} - {"study"}
    files = {group: file for group, file in _files(manifest).items() if group in named}
    values = _changed(manifest).items()
    return files | {key: x for key, x in values if any(f"{key}.".startswith(f"{name}.") for name in named)}


def _in_words(said: Mapping[str, str]) -> list[str]:
    """Return files and values as ``name = value``: all files, the first values that no file holds, and how many more.

    A file's group has no point in its name.
    """
    files = {key: file for key, file in said.items() if "." not in key}
    values = [key for key in said if key not in files and files.keys().isdisjoint(_groups(key))]
    shown = [*files, *values[:_SAID]]
    short, more = _short_keys(set(shown)), len(values) - _SAID
    words = [f"{short[key]} = {said[key]}" for key in shown]
    return words + ([f"{more} more setting{'s' if more > 1 else ''}"] if more > 0 else [])


def _is_own(key: str, settings: Mapping[str, str]) -> bool:
    """Whether a file of a group within another was chosen for itself, and is not what a preset of the other holds."""
    outer, inner, _ = key.partition("/")
    held = _SHIPPED if settings.get(outer) in _SHIPPED else {settings.get(outer)} & {"none"}
    return bool(inner and held) and settings.get(key) not in {*held, None}


def _groups(key: str) -> Iterator[str]:
    """Yield the groups of files that a key, or a group within another, lies in: policy and policy/us.

    A group that holds nothing is a key itself (``policy.us``), and lies in the group (``policy/us``).
    """
    words = key.replace("/", ".").split(".")
    found = ("/".join(words[:count]) for count in range(1, len(words) + 1))
    return (group for group in found if group != key)


def _tells_apart(key: str, names: Sequence[str], settings: Sequence[Mapping[str, str]]) -> bool:
    """Whether folders of the same name differ in a setting."""
    return len({(name, str(one.get(key))) for name, one in zip(names, settings, strict=True)}) > len(set(names))


def _plain_name(manifest: Mapping[str, Any]) -> str:
    return str(manifest["name"] if manifest["kind"] == "study" else manifest["choices"].get("scenario", "baseline"))


def _settings(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that a folder chooses, what it sets unlike the baseline, and the seeds of runs."""
    seeds = manifest["seeds"]
    said = {"seed": _shown(seeds if len(seeds) > 1 else seeds[0])} if manifest["kind"] == "run" else {}
    return _files(manifest) | _changed(manifest) | said


def _files(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the file that a folder chooses for each group that a name may say."""
    return {group: str(file) for group, file in manifest["choices"].items() if group not in _NOT_SAID}


def _joined(name: str, said: Sequence[str]) -> str:
    return ", ".join([name, *said])


def _all_differ(names: Sequence[str]) -> bool:
    return len(set(names)) == len(names)


def _said(key: str, name: str, value: object) -> str:
    """Return a lever setting in words; a scenario's name says enough by itself."""
    return _shown(value) if key == "scenario" else f"{name} = {_shown(value)}"


def _cases_of(results: Results, name: str, several: bool) -> Iterator[Case]:
    table = results["runs"].pandas().sort_values(["seed", "run_id"])
    design = results.manifest.get("design") or {}
    points = {point: json.loads(point) for point in point_order(design.get("levers") or {}, set(table["levers"]))}
    names = _short_keys({key for levers in points.values() for key in levers})
    for point, levers in points.items():
        said = [_said(key, names[key], value) for key, value in levers.items()]
        label = _joined(name, said) if several or not said else ", ".join(said)
        yield Case(label, results, levers, table[table["levers"] == point].reset_index(drop=True))


def point_order(levers: Any, found: set[str]) -> tuple[str, ...]:
    """Return lever points (JSON) in the order of the study's file, so that the reference comes first."""
    if isinstance(levers, dict):
        listed = [dict(zip(levers, values, strict=True)) for values in product(*levers.values())]
    else:
        listed = list(levers)
    order = list(dict.fromkeys(json.dumps(point, sort_keys=True) for point in listed))
    return (*[point for point in order if point in found], *sorted(found - set(order)))


def _short_keys(keys: set[str]) -> dict[str, str]:
    """Return each key or group in few words, the whole key where two are alike."""
    brief = {key: _few_words(key) for key in keys}
    endings = Counter(brief.values())
    return {key: words if endings[words] == 1 else key for key, words in brief.items()}


def _few_words(key: str) -> str:
    """Return the last word of a group, and of a key what it names and its last two words, without the group."""
    if "/" in key:
        return key.rpartition("/")[2]
    first, *words = key.split(".")
    named = words[1:] if first == "policy" else words  # a rule, whose id says the government
    return " ".join(named if len(named) < _WORDS else [named[0], *named[-2:]]) or key.rpartition(".")[2]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_shown, value))}]"
    return "null" if value is None else str(value)


def drawable(found: Sequence[Case]) -> list[Case]:
    """Return the cases with at least one run that ended well."""
    return [case for case in found if case.count]
