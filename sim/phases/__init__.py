"""The quarter, one file per line: each phase reads the state as it stands, calls pure functions, commits once."""
