"""Many notebooks side by side: `run_notebooks`. One that fails stops none of the others."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from nbledger.errors import NBLedgerError
from nbledger.pipeline.execute import read_notebook, run_notebook
from nbledger.pipeline.outcomes import CellEvent, NotebookFailed, NotebookRun

if TYPE_CHECKING:
    from nbledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class NotebookRequest:
    """One notebook to run, its params, and options of `run_notebook` that are its own."""

    notebook: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a request: a run, or a failure (then the run too, if it had begun)."""

    request: NotebookRequest
    run: NotebookRun | None
    failure: NBLedgerError | None


def run_notebooks(
    requests: Iterable[str | Path | NotebookRequest],
    params: Mapping[str, Any] | None = None,
    *,
    jobs: int | None = None,
    ledger: Ledger | None = None,
    progress: bool = True,
    **options: Any,
) -> tuple[Ended, ...]:
    """Run notebooks, `jobs` at a time (by default as many as there are cores), and return what came of each.

    `params` are given to each of them beside its own; `options` are those of `run_notebook`. A failure is in its
    place in the result, and is not raised. On an interrupt those that run are cancelled, and no other begins.
    """
    given = [one if isinstance(one, NotebookRequest) else NotebookRequest(Path(one)) for one in requests]
    at_once = max(1, min(jobs or usable_cores(), len(given)))
    cancel = threading.Event()
    _get_ready(given, at_once, fresh=options.get("fresh"))
    ends: dict[int, Ended] = {}
    with Bar(given, shown=progress) as bar, ThreadPoolExecutor(at_once, thread_name_prefix="nbledger-run") as pool:

        def start(place: int, one: NotebookRequest) -> Future[tuple[int, Ended]]:
            shared = {"ledger": ledger, "progress": False, "cancel": cancel, **options, **one.options}
            return pool.submit(_run, place, one, {**(params or {}), **one.params}, bar, shared)

        try:
            futures = [start(place, one) for place, one in enumerate(given)]
            for future in as_completed(futures):
                place, end = future.result()
                ends[place] = end
                bar.ended(end)
        except BaseException:
            cancel.set()
            pool.shutdown(cancel_futures=True)
            raise
    return tuple(ends[place] for place in range(len(given)))


def usable_cores() -> int:
    """Return how many cores this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(
    place: int, one: NotebookRequest, params: Mapping[str, Any], bar: Bar, options: dict[str, Any]
) -> tuple[int, Ended]:
    told = options.pop("on_event", None)

    def tell(event: CellEvent) -> None:
        bar.cell(event)
        if told is not None:
            told(event)

    try:
        return place, Ended(one, run_notebook(one.notebook, params, on_event=tell, **options), None)
    except NotebookFailed as failure:
        return place, Ended(one, failure.run, failure)
    except NBLedgerError as failure:
        return place, Ended(one, None, failure)


def _get_ready(requests: list[NotebookRequest], at_once: int, *, fresh: bool | None) -> None:
    """Have the kernels' server import at once what all the notebooks import, and import here what runs them."""
    from nbledger.pipeline.kernels.pool import begin, is_fresh

    if is_fresh(fresh):
        return
    begin(at_once)
    notebooks = []
    for one in requests:
        with suppress(NBLedgerError):  # raised again, and reported, when its turn comes
            notebooks.append((read_notebook(one.notebook.expanduser()), one.notebook.absolute().parent))
    from nbledger.pipeline.kernels.starting import expect_kernels

    server = threading.Thread(target=expect_kernels, args=(notebooks, at_once), name="nbledger-ahead", daemon=True)
    server.start()
    import nbledger.pipeline.managed  # noqa: F401  (it takes as long as half of the server's imports)

    server.join()


class Bar:
    """One progress bar over the cells of all notebooks, or none."""

    def __init__(self, requests: list[NotebookRequest], *, shown: bool) -> None:
        self._count = len(requests)
        self._ended = self._failed = 0
        self._lock = threading.Lock()
        self._bar: Any = None
        if shown:
            from tqdm.auto import tqdm

            cells = 0
            for one in requests:
                with suppress(NBLedgerError):
                    cells += len(read_notebook(one.notebook.expanduser()).cells)
            self._bar = tqdm(total=cells, unit="cell", desc=self._text())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def cell(self, event: CellEvent) -> None:
        """Count a cell that ended."""
        if event.state != "running" and self._bar is not None:
            with self._lock:
                self._bar.update(1)

    def ended(self, end: Ended) -> None:
        """Count a notebook that ended."""
        self._ended += 1
        self._failed += end.failure is not None
        if self._bar is not None:
            with self._lock:
                self._bar.set_description(self._text())

    def _text(self) -> str:
        failed = f", {self._failed} failed" if self._failed else ""
        return f"{self._ended} of {self._count} notebooks{failed}"
