"""Notebooks as steps: a papermill engine that records, and `run_notebook`, which runs one notebook by it."""
