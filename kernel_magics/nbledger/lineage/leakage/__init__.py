"""Leakage, found in what the ledger holds of calls: one module for each kind."""
