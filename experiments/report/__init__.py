"""The report: one self-contained page with figures, tables and the method, built from stored tables alone."""

from experiments.report.page import build

__all__ = ["build"]
