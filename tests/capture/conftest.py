"""What the tests of capture share: a notebook of observed cells, without IPython."""

from __future__ import annotations

import itertools
import linecache
import sys

import pytest

from nbledger.capture.found.experiment import Experiment, Predictions
from nbledger.capture.hooks import calls


class Notebook:
    """Runs sources as cells of one namespace while their calls are observed."""

    numbers = itertools.count()

    def __init__(self):
        from nbledger.fingerprint import fingerprint

        self.names = {"__name__": "__main__", "__builtins__": __builtins__}
        self.predictions = Predictions(self.recall)
        self.identify = lambda value: fingerprint(value).hash
        self.experiment = None
        self.source = ""

    def recall(self, token):
        """The version of an array by its change token, as the variables of a session know it."""
        from nbledger.fingerprint import change_token, fingerprint

        arrays = [value for value in self.names.values() if type(value).__name__ == "ndarray"]
        return next((fingerprint(array).hash for array in arrays if change_token(array)[0] == token), None)

    def run(self, source, *, tracked=True):
        """Run a cell and return its experiment. What the cell raises comes through."""
        self.source = source
        filename = f"<cell {next(self.numbers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        self.experiment = Experiment(self.identify, tracked=tracked, predictions=self.predictions)
        calls.wake(sys.modules)
        calls.resume_main()
        calls.activate(self.experiment)
        try:
            exec(compile(source, filename, "exec"), self.names)
        finally:
            calls.deactivate()
            calls.suspend_main()
            calls.wake(sys.modules)
        return self.experiment

    def metrics(self, source):
        """Run a cell and return its metrics by name; steps as lists."""
        experiment = self.run(source)
        found = {}
        for metric in experiment.metrics(self.names):
            if metric.step is None:
                found[metric.name] = metric.value
            else:
                found.setdefault(metric.name, []).append(metric.value)
        assert experiment.problems == []
        return found

    def params(self, source, *, defaults=False):
        """Run a cell and return its params by name."""
        experiment = self.run(source)
        assert experiment.problems == []
        return {p.name: p.value for p in experiment.params(source, self.names) if defaults or not p.is_default}

    def version(self, name):
        """Return the version of a variable as it is now."""
        return self.identify(self.names[name])


@pytest.fixture
def notebook():
    """A notebook whose calls are observed; afterwards nothing of ours is left."""
    yield Notebook()
    calls.uninstall()


@pytest.fixture
def sink():
    """A sink that keeps the events, active for the test."""
    calls.wake(sys.modules)
    sink = Events()
    calls.activate(sink)
    yield sink
    calls.uninstall()


class Events:
    """The smallest sink."""

    detailed = True

    def __init__(self):
        self.events = []
        self.problems = []

    def before(self, call):
        return {}

    def event(self, event):
        self.events.append(event)

    def problem(self, text):
        self.problems.append(text)

    @property
    def kinds(self):
        return [type(event).__name__ for event in self.events]
