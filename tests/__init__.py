"""Tests: what they share stands in ``tests.conftest`` and ``tests.synthetic``."""
