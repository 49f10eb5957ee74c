"""Every session in a process of its own, for the price of a fork.

The tests talk to one server process that has imported the heavy libraries, has one thread and never runs a cell
itself. For each job it forks: what a cell does to modules, random state, folders or environment dies with the fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

_SECONDS = 60
HEAVY = (
    "numpy", "pandas", "sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection", "sklearn.pipeline",
    "sklearn.preprocessing",
)  # fmt: skip
"""Imported once, in the server, for all forks."""


class Workshop:
    """The tests' side of the server."""

    def __init__(self) -> None:
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.folder = tempfile.mkdtemp(prefix="workshop-")
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.lineage.workshop", self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, **single, "PYTHONHASHSEED": "0"},
        )

    def ask(self, job: str, **arguments):
        """Have a job done. Raises `RuntimeError` with the traceback when it could not be done."""
        self.process.stdin.write(json.dumps([job, arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the workshop has died")
        answer = json.loads(line)
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return answer["result"]

    def record(self, executed, files, targets):
        """Run a recorded session; returns errors, the version of each probe, and the slice of each target."""
        return self.ask("record", executed=executed, files=files, targets=targets)

    def replay(self, executed, files, probes, errors, *, same_seed=False):
        """Run cells in a new process; returns the version of each probe, or at what the replay failed."""
        return self.ask("replay", executed=executed, files=files, probes=probes, errors=errors, same_seed=same_seed)

    def smallest(self, executed, files, probe, errors, size, *, same_seed=False):
        """Return all subsets of executions of up to `size` that give an equal value, and the number tried."""
        return self.ask(
            "smallest", executed=executed, files=files, probe=probe, errors=errors, size=size, same_seed=same_seed
        )

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder_with(files) -> Path:
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _version(session, probe):
    """The version of a probe after a session, as [hash, text], or ["error", text]."""
    from nbledger.fingerprint import file_fingerprint, fingerprint

    if probe.startswith("./"):
        path = Path(probe)
        return (
            [file_fingerprint(path).hash, path.read_bytes()[:200].decode(errors="replace")]
            if path.is_file()
            else ["error", "no such file"]
        )
    try:
        value = eval(probe, session.names)
    except Exception as error:
        return ["error", f"{type(error).__name__}: {error}"]
    version = fingerprint(value, profile=False)
    if version.exactness != "exact":
        return ["opaque", f"{probe} has no exact fingerprint: {value!r:.100}"]
    return [version.hash, f"{value!r:.200}"]


def _record(executed, files, targets):
    from tests.lineage.notebook_session import NotebookSession
    from tests.lineage.plain_session import seed

    seed(1234)
    session = NotebookSession(_folder_with(files))
    for source in executed:
        session.run(source)
    problems = [problem for outcome in session.outcomes if outcome for problem in outcome.problems] + session.said
    versions, slices = {}, {}
    for _, probe in targets:
        versions[probe] = _version(session, probe)
    for name, _ in targets:
        try:
            runs = session.slice(name.removeprefix("./")).runs
            slices[name] = [[run.position, run.source, run.exactness] for run in runs]
        except Exception:
            slices[name] = traceback.format_exc()
    session.writer.close()
    return {"errors": session.errors, "versions": versions, "slices": slices, "problems": problems}


def _replay(executed, files, probes, errors, same_seed):
    from tests.lineage.plain_session import PlainSession, seed

    seed(1234 if same_seed else 98765)
    os.chdir(_folder_with(files))
    session = PlainSession()
    for number, (source, expected) in enumerate(zip(executed, errors, strict=True)):
        error = session.run(source)
        if (list(error) if error else None) != (list(expected) if expected else None):
            return {"failed": number, "error": f"{error} instead of {expected}"}
    return {"versions": {probe: _version(session, probe) for probe in probes}, "errors": session.errors}


def _run_all(executed, files):
    """Run cells whatever they raise: the reference that nothing has watched."""
    from tests.lineage.plain_session import PlainSession, seed

    seed(1234)
    os.chdir(_folder_with(files))
    session = PlainSession()
    for source in executed:
        session.run(source)
    return session.errors


def _smallest(executed, files, probe, errors, size, same_seed):
    """In the server: try all subsets by size, each in a fork; a prefix that raised is not tried again."""
    numbers = range(len(executed))
    wanted = _forked(_replay, executed, files, [probe], errors, True)["result"]["versions"][probe]
    dead: set[tuple[int, ...]] = set()
    found, tried = [], 0
    for count in range(1, size + 1):
        for subset in itertools.combinations(numbers, count):
            if any(subset[: length + 1] in dead for length in range(count)):
                continue
            tried += 1
            chosen = [executed[number] for number in subset]
            answer = _forked(_replay, chosen, files, [probe], [errors[number] for number in subset], same_seed)
            result = answer.get("result") or {"failed": len(subset) - 1}
            if "failed" in result:
                dead.add(subset[: result["failed"] + 1])
            elif result["versions"][probe][0] == wanted[0]:
                found.append([number + 1 for number in subset])
        if found:
            break
    return {"found": found, "tried": tried, "wanted": wanted}


def _forked(function, *arguments):
    """Do a job in a fork and return its answer."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        signal.alarm(_SECONDS)
        try:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 0)
            os.dup2(null, 1)
            try:
                answer = {"result": function(*arguments)}
            except BaseException:
                answer = {"failure": traceback.format_exc()}
            with os.fdopen(writer, "w") as stream:
                json.dump(answer, stream)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(pid, 0)
    return json.loads(text) if text else {"failure": f"the job was killed or took over {_SECONDS} s"}


def _serve() -> None:
    for name in HEAVY:
        importlib.import_module(name)

    import nbledger.fingerprint.version
    import nbledger.ledger.ledger  # noqa: F401

    with contextlib.suppress(ImportError):
        import tests.lineage.notebook_session  # noqa: F401 - the job itself will show the error

    gc.freeze()  # a fork need not copy what is never collected
    jobs = {"record": _record, "replay": _replay, "run_all": _run_all}
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job, arguments = json.loads(line)
        if job == "smallest":
            answer = {"result": _smallest(**arguments)}
        else:
            answer = _forked(jobs[job], *arguments.values())
        for left in Path(sys.argv[1]).iterdir():
            shutil.rmtree(left, ignore_errors=True)
        output.write(json.dumps(answer) + "\n")
        output.flush()


if __name__ == "__main__":
    _serve()
