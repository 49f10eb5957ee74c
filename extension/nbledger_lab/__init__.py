"""The Jupyter Server side of nbledger, and the prebuilt JupyterLab extension: REST over the ledger."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "nbledger_lab"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nbledger"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from nbledger_lab.extension import load

    load(server)


async def _start_jupyter_server_extension(server: Any) -> None:
    from nbledger_lab.extension import start

    start(server)
