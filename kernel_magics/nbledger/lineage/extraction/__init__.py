"""From a slice to a notebook: which cells, imports first, literals as params."""
