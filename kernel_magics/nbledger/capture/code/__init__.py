"""What a cell's code touches, found from its bytecode, and which of its lines ran."""
