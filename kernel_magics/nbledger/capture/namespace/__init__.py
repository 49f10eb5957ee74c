"""What each variable is, and what a cell did to it."""
