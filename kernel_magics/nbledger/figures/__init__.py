"""Figures: pure functions from frames and plain values to plotly figures; reports are made of them.

`source` reads what they need from a ledger; all else here knows of no ledger but `report`, and nothing of Jupyter.
"""
