"""What code may depend on that no record shows prevents a hit, or is compared as well."""

from __future__ import annotations

import nbformat
import pytest

from nbledger.fingerprint.syntax import parse
from nbledger.pipeline.caching.cells import cells_of
from nbledger.pipeline.caching.constants import Constants
from nbledger.pipeline.caching.hidden import look


def hidden(*sources, module=None, params=None):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    trees = [(cell.label, cell.tree) for cell in cells_of(nb)]
    modules = [("helper.py", parse(module))] if module else []
    return look(trees, modules, Constants([tree for _, tree in trees], params))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("from datetime import date\nd = date.today()", "date or time"),
        ("import pandas as pd\nt = pd.Timestamp('now')", "date or time"),
        ("import time\nt = time.strftime('%Y')", "date or time"),
        ("import duckdb", "duckdb"),
        ("from pyspark.sql import SparkSession", "pyspark"),
        ("import pyarrow.csv as pc\nt = pc.open_csv(p)", "pyarrow's open_csv"),
        ("from joblib import Parallel", "processes"),
        ("import multiprocessing", "processes"),
        ("import os\nos.popen('cat x').read()", "processes"),
        ("import asyncio\np = await asyncio.create_subprocess_exec('ls')", "processes"),
        ("import papermill", "papermill"),
        ("import nbledger\nnbledger.runs()", "asks the ledger"),
        ("from nbledger.ledger import Ledger", "asks the ledger"),
        ("%ledger best", "asks the ledger"),
        ("!ls", "shell command"),
        ("files = !ls", "shell command"),
        ("%pip list", "%pip"),
        ("%store -r x", "%store"),
        ("exec(text)", "code that it makes"),
        ("x = eval('1')", "code that it makes"),
        ("x = input()", "input"),
        ("df = spark.read.parquet('s3://bucket/x')", "s3://"),
        ("import os\nos.path.getmtime('x')", "when a file was changed"),
        ("from pathlib import Path\nPath('x').stat()", "when a file was changed"),
        ("import os\nfor n in names:\n    os.path.exists(n)", "only the run tells"),
        ("def f(path):\n    return path.exists()", "only the run tells"),
    ],
)
def test_it_prevents_a_hit(source, why):
    found = hidden(source)
    assert any(why in reason for reason in found.prevents), found
    assert "cell 1" in found.prevents[0]


@pytest.mark.parametrize(
    "source",
    [
        "import time\nstart = time.perf_counter()",
        "import time\nstart = time.time()",
        "import pandas as pd\ndf = pd.read_csv('x.csv').query('a > 1').eval('b = a')",
        "import nbledger\nnbledger.metric('a', 1)",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1])",
        "%%time\nx = 1",
        "%load_ext nbledger",
        "from sklearn.ensemble import RandomForestClassifier\nm = RandomForestClassifier(n_jobs=2)",
        "print('see https://example.org')",
        "import numpy as np\nx = np.random.default_rng().random()",
    ],
)
def test_it_prevents_nothing(source):
    assert hidden(source).prevents == []


def test_environment_variables_are_compared_by_name():
    found = hidden(
        "import os\na = os.environ['A']\nb = os.environ.get('B', '')\nc = os.getenv('C')\nN = 'D'\nd = os.environ[N]"
    )
    assert (found.variables, found.all_variables) == ({"A", "B", "C", "D"}, False)
    assert hidden("import os\nos.environ['A'] = '1'").variables == set()


@pytest.mark.parametrize("source", ["import os\nx = dict(os.environ)", "from os import environ", "x = os.getenv(f())"])
def test_where_only_the_run_tells_which_variable_all_are_compared(source):
    assert hidden(source).all_variables


def test_a_file_that_is_asked_for_is_known_from_constants_and_params():
    source = "import os\nfrom pathlib import Path\nFOLDER = Path('data')\nos.path.exists(FOLDER / f'{name}.csv')"
    assert hidden(source, "name = 'a'").asked == {"data/a.csv": False}
    assert hidden(source, "name = 'a'", params={"name": "b"}).asked == {"data/b.csv": False}
    assert hidden(source, "name = 'a'", "name = 'c'").prevents != []
    assert hidden("import os\nos.path.getsize(os.path.join('a', 'b'))").asked == {"a/b": True}


def test_of_a_module_only_what_is_mentioned_counts():
    module = (
        "import time\ndef old():\n    return date.today()\ndef new():\n    return inner()\ndef inner():\n    return 1\n"
    )
    assert hidden("import helper\nhelper.new()", module=module).prevents == []
    assert "date or time" in hidden("import helper\nhelper.old()", module=module).prevents[0]
    assert hidden("from helper import *", module=module).prevents != []
    assert hidden("import helper", module="import duckdb\n").prevents != []


def test_the_names_in_a_module_are_its_own():
    module = "import os\ndef there(path):\n    return os.path.exists(path)\n"
    assert hidden("import helper\npath = 'a'\nhelper.there(path)", module=module).prevents != []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import nbledger as nl\nnl.runs()", "asks the ledger"),
        ("from datetime import datetime\nmake = datetime.now", "date or time"),
        ("from time import strftime as f\nf('%Y')", "date or time"),
        ("from os.path import exists as there\nthere(name)", "only the run tells"),
        ("import os\nfound = filter(os.path.exists, names)", "only the run tells"),
        ("import importlib\nimportlib.import_module(name)", "only the run tells"),
        ("loader = DataLoader(data, num_workers=4)", "processes"),
        ("import os\nos.chdir('a')\nos.path.exists('b')", "changes the folder"),
        ("import os\n%cd a\nos.path.exists('b')", "changes the folder"),
        ("import pyarrow as pa\nt = pa.memory_map(p)", "pyarrow's memory_map"),
    ],
)
def test_other_names_for_the_same_prevent_it_too(source, why):
    assert any(why in reason for reason in hidden(source).prevents)


def test_the_home_folder_is_compared_where_it_matters():
    assert hidden("import pandas as pd\npd.read_csv('~/x.csv')").variables == {"HOME"}
    assert hidden("from pathlib import Path\nf = Path.home() / 'x'").variables == {"HOME"}
