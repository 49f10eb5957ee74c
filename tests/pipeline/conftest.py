"""Small notebooks to run in real kernels."""

from __future__ import annotations

import nbformat
import pytest


@pytest.fixture
def write_notebook(project):
    """A function that writes a notebook of code cells; a first cell `parameters` is tagged as such."""

    def write(*sources, name="train.ipynb", parameters=None, folder=project):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        if parameters is not None:
            cells.insert(0, nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, folder / name)
        return folder / name

    return write
