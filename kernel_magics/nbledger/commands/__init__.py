"""What each verb of `nbledger` does: one module for a group of verbs, all of them thin over the ledger."""
