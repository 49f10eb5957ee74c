"""What differs between two runs: code, data, facts, and what follows from it."""
