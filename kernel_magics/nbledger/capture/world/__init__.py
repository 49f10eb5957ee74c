"""What a cell does beside its variables: files, hidden state, outputs."""
