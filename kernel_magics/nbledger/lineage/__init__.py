"""Lineage: what made this, what did it touch, and can you get it again. Answers are computed from the ledger alone."""
