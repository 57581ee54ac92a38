"""From observations and stated assumptions to the baseline of conf/: one step a file."""
