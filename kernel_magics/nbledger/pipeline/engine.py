"""The papermill engine `nbledger`: `papermill --engine nbledger in.ipynb out.ipynb -p a 1`.

Papermill imports every registered engine when it starts, in every process that uses papermill for whatever reason.
So this module imports nothing; the work is in `managed.py`, imported at the first execution.
"""

from __future__ import annotations

from typing import Any


class NBLedgerEngine:
    """Executes a notebook as papermill's own engine does, and records it: a notebook run with its cell runs.

    It has the three class methods that papermill calls. A notebook without a kernel or language in its metadata is
    taken for Python, where papermill's own engine gives up.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute the notebook node in a new kernel and return it with its outputs."""
        from nbledger.pipeline.managed import execute_recorded

        return execute_recorded(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel to run the notebook in: the one asked for, the notebook's own, or `python3`."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "python3"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the notebook's language: the one asked for, its own, or `python`."""
        own = nb.metadata.get("language_info", {}).get("name") or nb.metadata.get("kernelspec", {}).get("language")
        return language or own or "python"
