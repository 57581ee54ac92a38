"""Designs: levers x samples x seeds, crossed, so that every policy meets the same samples and seeds."""
