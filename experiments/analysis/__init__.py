"""From stored tables to what can be said: lazy tables, cases to compare, bands, headlines. Knows no engine."""

from experiments.analysis.loading import Results, Table, load

__all__ = ["Results", "Table", "load"]
