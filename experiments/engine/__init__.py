"""The engine: keys of runs, batches of them, a pool that survives its workers, and the store."""
