"""Pure functions of the model: no state, no agents, no files."""
