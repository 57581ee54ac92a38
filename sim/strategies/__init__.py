"""Behaviours that scholars argue over, one a file."""
