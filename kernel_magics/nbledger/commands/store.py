"""The verbs on the ledger itself: where, init, doctor, gc, export, import, merge, sql."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbledger.commands.common import (
    OLD_FILE,
    OLD_PATH,
    CommandRefused,
    State,
    as_json,
    complete_runs,
    emit,
    examples,
    pass_state,
    plain,
    short,
)
from nbledger.commands.handover import FLAGS, WORD, hand_over_pipeline, handover_options
from nbledger.tables import many, pairs, size, table

if TYPE_CHECKING:
    from nbledger.ledger import Ledger
    from nbledger.ledger.gc import Swept
    from nbledger.ledger.merging import Merged

FOLDER = click.Path(file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(epilog=examples("nbledger where"))
@as_json
@pass_state
def where(state: State, as_json: bool) -> None:
    """Print which ledger is used here, and how it was found."""
    folder, how = _found(state)
    data: dict[str, Any] = {"ledger": str(folder), "found": how, "exists": folder.is_dir()}
    items: list[tuple[str, Any]] = [("ledger", str(folder)), ("found", how)]
    if data["exists"]:
        ledger = state.ledger()
        data["runs"], data["bytes"] = ledger.count(), _bytes(folder)
        items += [("runs", data["runs"]), ("size", size(data["bytes"]))]
    else:
        items.append(("", "it does not exist yet; the first run makes it"))
    emit(data, pairs(items, indent=""), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger init
        nbledger init ../shared
        nbledger init --objects s3://bucket/churn
    """)
)
@click.argument("folder", required=False, type=FOLDER)
@click.option("--objects", metavar="URL", help="Keep stored content there too: s3://, gs://, file://, ... (fsspec).")
@as_json
@pass_state
def init(state: State, folder: Path | None, objects: str | None, as_json: bool) -> None:
    """Make a ledger in a folder.

    FOLDER is the current one by default; a ledger that is there already is left as it is. You need this only to have
    a ledger somewhere else than where the first run would make it, or to keep its objects in a remote store.
    """
    from nbledger.ledger import Ledger

    ledger = Ledger.open(folder or state.path or Path.cwd(), create=True)
    try:
        if objects is not None:
            ledger.set_object_store(objects)
        url = getattr(ledger.objects, "url", None)
        items = [("ledger", str(ledger.folder)), *([("objects", url)] if url else [])]
        emit({"ledger": str(ledger.folder), "objects": url}, pairs(items, indent=""), as_json=as_json)
    finally:
        ledger.close()


@click.command(
    epilog=examples("""
        nbledger doctor
        nbledger doctor --fix
    """)
)
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@as_json
@click.pass_context
def doctor(context: click.Context, fix: bool, as_json: bool) -> None:
    """Look for what is wrong and say what to do.

    Exits with 1 when something is left to do.
    """
    from nbledger.ledger.doctor import diagnose

    folder, _ = _found(context.ensure_object(State))
    findings = diagnose(folder, fix=fix)
    left = [item for item in findings if item.level != "note" and not item.fixed]
    lines = [f"{'fixed' if item.fixed else item.level:<8} {item.what}\n{'':<8} {item.remedy}" for item in findings]
    emit(findings, "\n".join(lines) or f"{folder} is well.", as_json=as_json)
    if left:
        context.exit(1)


@click.command(
    epilog=examples("""
        nbledger gc --dry-run
        nbledger gc
    """)
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@as_json
@pass_state
def gc(state: State, dry_run: bool, as_json: bool) -> None:
    """Remove deleted runs and unused objects for good."""
    swept = state.ledger().gc(dry_run=dry_run)
    counts = f"{_counts(swept)} ({size(swept.bytes)})"
    lines = [f"{'would remove' if dry_run else 'removed'} {counts}"]
    lines += [f"kept {short(run)}, which was deleted: a registered model needs it" for run in swept.kept]
    emit(swept, "\n".join(lines), as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger export ledger.zip
        nbledger export best.zip 3f2a91c0 77d0e1aa
        nbledger export --prov -o last.json
        nbledger export --openlineage -o events.ndjson
        nbledger export --ro-crate churn@champion -o champion.zip
        nbledger export pipeline --airflow
        nbledger export pipeline notebooks/pipeline --github-actions --dockerfile -o .
    """)
)
@click.argument(
    "words", nargs=-1, metavar="FILE [RUN...] | [TARGET...] | pipeline [PATH]", shell_complete=complete_runs
)
@click.option("--prov", is_flag=True, help="Write W3C PROV-JSON instead.")
@click.option("--openlineage", is_flag=True, help="Write OpenLineage events, one a line, instead.")
@click.option("--ro-crate", is_flag=True, help="Write a Process Run Crate instead.")
@handover_options
@click.option("--image", metavar="NAME", help="With pipeline: the container image of its steps.")
@click.option("--force", is_flag=True, help="With pipeline: replace files that are there.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    help="With one of these, where to write it; a crate to a new folder or a .zip file, a pipeline's files into a "
    "folder. Else it is printed.",
)
@as_json
@pass_state
def export(
    state: State,
    words: tuple[str, ...],
    prov: bool,
    openlineage: bool,
    ro_crate: bool,
    image: str | None,
    force: bool,
    output: Path | None,
    as_json: bool,
    airflow: bool,
    kubeflow: bool,
    argo: bool,
    github_actions: bool,
    gitlab: bool,
    jenkins: bool,
    dockerfile: bool,
) -> None:
    """Write a portable bundle of all runs, or of some; or tell of them in a standard's words.

    A bundle holds what was recorded and what was stored; `nbledger import` takes it in elsewhere. With --prov,
    --openlineage or --ro-crate each TARGET (a variable, a file, a metric, a run or a model) is told with the runs
    that made it; without any it is the last session.

    `export pipeline` hands a pipeline (PATH, by default here) over to another system: one job for each notebook.
    """
    systems = (airflow, kubeflow, argo, github_actions, gitlab, jenkins, dockerfile)
    handed = [name for name, given in zip(FLAGS, systems, strict=True) if given]
    if words[:1] == (WORD,) and (handed or len(words) == 1):
        place = words[1] if len(words) > 1 else None
        hand_over_pipeline(state, place, handed, output, image=image, force=force, as_json=as_json)
        return
    if handed or image or force:
        raise click.UsageError("Files for another system are made by: nbledger export pipeline [PATH] --SYSTEM")
    flags = {"prov": prov, "openlineage": openlineage, "ro-crate": ro_crate}
    asked = [name for name, given in flags.items() if given]
    if len(asked) > 1:
        raise click.UsageError("Choose one of --prov, --openlineage and --ro-crate.")
    if asked:
        _export_standard(state, asked[0], words, output, as_json=as_json)
        return
    if output is not None:
        raise click.UsageError("-o goes with --prov, --openlineage or --ro-crate; a bundle's FILE comes first.")
    if not words:
        raise click.UsageError("Missing argument 'FILE'.")
    path = state.ledger().export_bundle(NEW_FILE.convert(words[0], None, None), words[1:] or None)
    count = path.stat().st_size
    emit({"bundle": str(path), "bytes": count}, f"wrote {path}  {size(count)}", as_json=as_json)


@click.command("import", epilog=examples("nbledger import ledger.zip"))
@click.argument("file", type=OLD_FILE)
@as_json
@pass_state
def import_(state: State, file: Path, as_json: bool) -> None:
    """Add what a bundle holds.

    It is checked first, and refused as a whole. Importing it twice is the same as once.
    """
    merged = state.ledger(create=True).import_bundle(file)
    _emit_merged(merged, as_json=as_json)


@click.command(epilog=examples("nbledger merge ../laptop/.nbledger"))
@click.argument("other", type=OLD_PATH)
@as_json
@pass_state
def merge(state: State, other: Path, as_json: bool) -> None:
    """Add what another ledger holds.

    OTHER is a project's root or its .nbledger folder. Merging it twice is the same as once.
    """
    merged = state.ledger(create=True).merge(other)
    _emit_merged(merged, as_json=as_json)


@click.command(
    epilog=examples("""
        nbledger sql "SELECT name, count(*) AS runs FROM run GROUP BY name"
        nbledger sql "SELECT * FROM runs LIMIT 5" --json
    """)
)
@click.argument("query")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many rows at most."
)
@as_json
@pass_state
def sql(state: State, query: str, limit: int, as_json: bool) -> None:
    """Ask the database in SQL, for reading only.

    docs/schema.md describes its tables and views.
    """
    headers, rows = _select(state.ledger(), query, limit)
    listed = rows[:limit]
    text = table(headers, [["" if cell is None else cell for cell in row] for row in listed], width=state.width)
    if len(rows) > limit:
        text += f"\n\nThe first {limit}; there are more (--limit)."
    emit([dict(zip(headers, map(plain, row), strict=True)) for row in listed], text, as_json=as_json)


def _export_standard(
    state: State, standard: str, targets: tuple[str, ...], output: Path | None, *, as_json: bool
) -> None:
    from nbledger.lineage import standards

    if standard == "ro-crate":
        if output is None:
            raise click.UsageError("--ro-crate needs -o: a new folder, or a .zip file.")
        count = standards.write_ro_crate(state.ledger(), output, targets)
    else:
        write = standards.write_prov if standard == "prov" else standards.write_openlineage
        if output is None:
            write(state.ledger(), sys.stdout, targets)  # JSON as it is, whether asked for or not
            return
        count = write(state.ledger(), NEW_FILE.convert(output, None, None), targets)
    data = {"format": standard, "path": str(output), "runs": count}
    emit(data, f"wrote {output}  {many(count, 'run')}", as_json=as_json)


def _emit_merged(merged: Merged, *, as_json: bool) -> None:
    lines = [f"added {_counts(merged)} ({size(merged.bytes)})"]
    lines += [f"{model}: their version {theirs} is version {ours} here" for model, theirs, ours in merged.renumbered]
    lines += [
        f"@{alias} of {model} moved from {before} to {now or 'nothing'}: it was moved later there; "
        f"nbledger rollback {model} --alias {alias}"
        for model, alias, before, now in merged.moved
    ]
    lines += merged.problems
    emit(merged, "\n".join(lines), as_json=as_json)


def _counts(result: Swept | Merged) -> str:
    parts = many(result.runs, "run"), many(result.versions, "version"), many(result.objects, "object")
    return f"{parts[0]}, {parts[1]} and {parts[2]}"


def _select(ledger: Ledger, query: str, limit: int) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run a query on a connection of its own that can only read, and that cannot attach other files."""
    connection = sqlite3.connect(f"{ledger.path.as_uri()}?mode=ro", uri=True)
    try:
        connection.set_authorizer(_only_reading)
        cursor = connection.execute(query)
        if cursor.description is None:
            raise CommandRefused(detail="that statement returns no rows")
        return [column[0] for column in cursor.description], cursor.fetchmany(limit + 1)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise CommandRefused(detail=f"{error} (the database is only read here; docs/schema.md)") from None
    finally:
        connection.close()


def _only_reading(action: int, name: str | None, *_details: str | None) -> int:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    asks = action == sqlite3.SQLITE_PRAGMA and name in ("table_info", "table_list", "index_list")
    return sqlite3.SQLITE_OK if action in allowed or asks else sqlite3.SQLITE_DENY


def _found(state: State) -> tuple[Path, str]:
    from nbledger.ledger.location import VARIABLE, find_folder

    if state.path is not None:
        return find_folder(state.path), "by --ledger"
    if state.given is not None:
        return state.given.folder, "this notebook records into it"
    if os.environ.get(VARIABLE):
        return find_folder(), f"by {VARIABLE}"
    return find_folder(), "from the current folder upwards"


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
