"""From a cell that runs to what is recorded of it: what it read, wrote, fitted, scored and opened."""
