"""Data checks: what is inferred passes on its own data, and what breaks a check is told with its rows."""

from __future__ import annotations

import datetime
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbledger
from nbledger.cli import cli
from nbledger.pipeline.checks import BadChecks, CheckFailed, infer, read_checks, run_checks
from nbledger.pipeline.checks.data_reading import DataUnreadable, read_file


def people(rows=200):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(rows) + 1000,
            "age": rng.integers(18, 90, rows),
            "spend": np.where(rng.random(rows) < 0.05, np.nan, rng.normal(50, 10, rows)),
            "plan": rng.choice(["basic", "gold"], rows),
            "left": rng.integers(0, 2, rows),
            "since": pd.date_range("2024-01-01", periods=rows, tz="UTC"),
            "tier": pd.Categorical(rng.choice(["a", "b"], rows)),
            "name": [f"n{i}" for i in range(rows)],
            "ok": rng.random(rows) > 0.5,
        }
    )


@pytest.fixture
def judge(tmp_path):
    """A function that judges a frame by the text of a checks file."""

    def run(frame, text, **options):
        frame.to_parquet(tmp_path / "data.parquet")
        (tmp_path / "checks.yaml").write_text(text if "data:" in text else f"data: data.parquet\n{text}")
        return run_checks([tmp_path / "checks.yaml"], tmp_path, **options)

    return run


def one(report, column, check):
    [found] = [result for result in report.results if (result.column, result.check) == (column, check)]
    return found


# -- inferring ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet", "feather", "jsonl", "csv.gz", "tsv"])
def test_inferred_checks_pass_on_the_file_they_were_inferred_from(tmp_path, suffix):
    frame = people()
    path = tmp_path / f"people.{suffix}"
    writers = {
        "csv": lambda: frame.to_csv(path, index=False),
        "csv.gz": lambda: frame.to_csv(path, index=False),
        "tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        "parquet": lambda: frame.to_parquet(path),
        "feather": lambda: frame.to_feather(path),
        "jsonl": lambda: frame.to_json(path, orient="records", lines=True, date_format="iso"),
    }
    writers[suffix]()
    checks = tmp_path / "checks.yaml"
    checks.write_text(infer(read_file(path), data=path.name))
    report = run_checks([checks], tmp_path)
    assert report.passed, report.text()
    assert len(report.results) > 20


def test_what_is_inferred_reads_as_one_would_write_it():
    text = infer(people(), data="data/people.parquet")
    assert text.splitlines()[2:4] == ["data: data/people.parquet", "rows: {min: 180, max: 220}  # 200 seen"]
    assert "  plan:\n    dtype: string  # str\n    nullable: false\n    values: [basic, gold]\n" in text
    assert "  id:\n    dtype: int64\n    nullable: false\n    min: 1000\n    max: 1199\n    unique: true\n" in text
    assert "  left:\n    dtype: int64\n    nullable: false\n    values: [0, 1]\n" in text
    assert "largest share of missing values; " in text
    assert "regex" not in text


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
COLUMNS = st.sampled_from(
    [
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=True, allow_infinity=True),
        st.booleans(),
        st.text(st.characters(codec="utf-8"), max_size=10),
        st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=3)),
        st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
        st.sampled_from(["a", "b: c", "yes", "1", "~", "# x", "'", '"', "é\n"]),
        st.timedeltas(datetime.timedelta(-1000), datetime.timedelta(1000)),
    ]
)


@st.composite
def frames(draw):
    rows = draw(st.integers(0, 25))
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    return pd.DataFrame(
        {name: pd.Series(draw(st.lists(draw(COLUMNS), min_size=rows, max_size=rows))) for name in names}
    )


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(frame=frames())
def test_inferred_checks_pass_on_any_frame(tmp_path, frame):
    file = tmp_path / "checks.yaml"
    file.write_text(infer(frame, data="x.csv"), encoding="utf-8")
    report = nbledger.check(frame, file)
    assert report.passed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.integers(0, 199), min_size=1, max_size=8, unique=True),
    kind=st.sampled_from(["age", "plan", "spend", "name", "id", "since"]),
)
def test_planted_violations_are_found_in_their_rows(tmp_path, rows, kind):
    frame = people()
    file = tmp_path / "planted.yaml"
    file.write_text(infer(frame))
    planted = {
        "age": -5,
        "plan": "silver",
        "spend": 1e9,
        "name": None,
        "id": 999_999,
        "since": pd.Timestamp("1999-01-01", tz="UTC"),
    }
    check = {"age": "min", "plan": "values", "spend": "max", "name": "nullable", "id": "max", "since": "min"}[kind]
    frame.loc[rows, kind] = planted[kind]
    with pytest.raises(CheckFailed) as raised:
        nbledger.check(frame, file, rows=100)
    found = one(raised.value.report, kind, check)
    assert [row.number for row in found.rows] == sorted(rows)
    assert found.broken == len(rows)
    assert all(next(iter(row.values)) == kind for row in found.rows)


# -- each check -----------------------------------------------------------------------------------------------------


def test_missing_and_unexpected_columns_are_named_with_the_nearest(judge):
    report = judge(pd.DataFrame({"aeg": [1], "x": [2]}), "columns: [age, x]\nextra_columns: false\n")
    assert not report.passed
    assert one(report, None, "columns").detail == "not there: age (did you mean 'aeg'?)"
    assert one(report, None, "extra columns").detail == "not expected: aeg"
    optional = judge(pd.DataFrame({"x": [2]}), "columns: {age: {required: false, min: 0}, x: int64}")
    assert optional.passed


def test_a_wrong_dtype_names_the_values_that_made_it_so(judge, tmp_path):
    (tmp_path / "d.csv").write_text("n,f,d\n1,0.5,2024-01-01\ntwo,0.5,2024-01-02\n3,x,yesterday\n")
    report = judge(pd.DataFrame({"a": [1]}), "data: d.csv\ncolumns: {n: int64, f: float64, d: datetime}\n")
    assert [[row.number for row in one(report, name, "dtype").rows] for name in "nfd"] == [[1], [2], [2]]
    assert one(report, "n", "dtype").rows[0].values["n"] == "two"


def test_an_integer_column_with_a_hole_is_told_by_the_hole(judge):
    report = judge(pd.DataFrame({"n": [1.0, np.nan, 2.5]}), "columns: {n: int64}")
    assert [row.number for row in one(report, "n", "dtype").rows] == [1, 2]


@pytest.mark.parametrize(
    ("wanted", "values"),
    [
        ("integer", [1, 2]), ("integer", pd.array([1, None], "Int64")), ("float", [0.5]), ("number", [1]), ("number", [0.5]),
        ("string", ["a"]), ("boolean", [True]), ("datetime", pd.to_datetime(["2024-01-01"])), ("datetime", pd.to_datetime(["2024-01-01"], utc=True)),
        ("category", pd.Categorical(["a"])), ("timedelta", pd.to_timedelta(["1D"])), ("int8", np.array([1], "int8")),
    ],
)  # fmt: skip
def test_a_kind_of_dtype_fits_every_dtype_of_it(judge, wanted, values):
    assert judge(pd.DataFrame({"x": values}), f"columns: {{x: {wanted}}}").passed


def test_ranges_hold_for_numbers_dates_and_texts(judge):
    frame = pd.DataFrame(
        {
            "n": [0.0, 5.0, np.inf, np.nan],
            "d": pd.to_datetime(["2023-12-31", "2024-06-01", None, "2025-01-01"]),
            "t": ["2023-01-01", "2024-06-01", "2026-01-01", None],
            "k": pd.Categorical([1, 2, 3, 9]),
        }
    )
    report = judge(
        frame,
        "columns:\n  n: {min: 1, max: 10}\n  d: {min: 2024-01-01, max: '2024-12-31'}\n"
        "  t: {min: '2024-01-01', max: '2025-01-01'}\n  k: {max: 5}\n",
    )
    broken = {(r.column, r.check): [row.number for row in r.rows] for r in report.failures}
    assert broken == {
        ("n", "min"): [0], ("n", "max"): [2], ("d", "min"): [0], ("d", "max"): [3],
        ("t", "min"): [0], ("t", "max"): [2], ("k", "max"): [3],
    }  # fmt: skip


def test_a_limit_that_cannot_be_compared_is_an_error_and_does_not_pass(judge):
    report = judge(pd.DataFrame({"t": ["a", "b"], "n": [1, 2]}), "columns: {t: {min: 1}, n: {max: big}}")
    assert [result.outcome for result in report.results if result.column] == ["error", "error"]
    assert not report.passed


def test_missing_values_are_counted_against_a_share_or_not_allowed(judge):
    frame = pd.DataFrame({"x": [1.0, None, 3.0, None]})
    assert judge(frame, "columns: {x: {missing: 0.5}}").passed
    report = judge(frame, "columns: {x: {missing: 0.4, nullable: false}}")
    assert [result.check for result in report.failures] == ["nullable", "missing"]
    assert [row.number for row in report.failures[1].rows] == [1, 3]


def test_keys_are_unique_alone_and_together(judge):
    frame = pd.DataFrame({"a": [1, 1, 2, None, None], "b": [1, 1, 1, 1, 2], "c": [1, 2, 3, 4, 5]})
    report = judge(frame, "columns: {a: {unique: true}, c: {unique: true}}\nunique: [[a, b], [a, c], c]")
    assert [row.number for row in one(report, "a", "unique").rows] == [0, 1]
    assert [row.number for row in one(report, None, "unique (a, b)").rows] == [0, 1]
    assert one(report, None, "unique (a, c)").passed
    assert list(one(report, None, "unique (a, b)").rows[0].values)[:2] == ["a", "b"]
    assert judge(frame, "unique: [[a, z]]").results[0].outcome == "error"


def test_row_counts_have_bounds(judge):
    frame = pd.DataFrame({"x": range(10)})
    assert judge(frame, "rows: {min: 5, max: 10}").passed
    assert judge(frame, "rows: 10").passed
    report = judge(frame, "rows: {min: 11}")
    assert report.results[0].detail == "at least 11 rows wanted, there are 10"


def test_values_and_texts_are_matched_as_a_whole(judge):
    frame = pd.DataFrame({"v": ["a", "b", "c", None], "m": ["x1", "x12", "ax1", None], "n": [1, 2, 3, 1]})
    report = judge(frame, "columns:\n  v: {values: [a, b]}\n  m: {regex: 'x\\d'}\n  n: {values: [1, 2]}\n")
    broken = {r.column: [row.number for row in r.rows] for r in report.failures}
    assert broken == {"v": [2], "m": [1, 2], "n": [2]}


def test_odd_frames_are_judged_too(judge, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("columns: {'0': {min: 0}, '1': {unique: true}}\nunique: [['0', '1']]")
    assert nbledger.check(np.arange(6).reshape(3, 2), file).passed
    lists = pd.DataFrame({"0": [1, 2], "1": [[1], [1]]}, index=["a", "a"])
    with pytest.raises(CheckFailed) as raised:
        nbledger.check(lists, file)
    assert [row.label for row in raised.value.report.failures[0].rows] == ["a", "a"]
    twice = pd.DataFrame([[1, 2, 3]], columns=["0", "1", "1"])
    with pytest.raises(CheckFailed, match="more than one column is called 1"):
        nbledger.check(twice, file)
    assert nbledger.check(pd.DataFrame({"0": [], "1": []}), file).passed
    with pytest.raises(DataUnreadable, match="a int is no table"):
        nbledger.check(3, file)


def test_polars_frames_are_judged_too(tmp_path):
    polars = pytest.importorskip("polars")
    file = tmp_path / "c.yaml"
    file.write_text("columns: {a: {max: 2, dtype: integer}}")
    with pytest.raises(CheckFailed, match="row 2: a=3"):
        nbledger.check(polars.DataFrame({"a": [1, 2, 3]}), file)


def test_whatever_a_column_holds_its_checks_have_an_outcome(tmp_path):
    class Odd:
        def __lt__(self, other):
            raise RuntimeError("no")

        __gt__ = __lt__

    file = tmp_path / "c.yaml"
    file.write_text(
        "columns:\n  lists: {regex: '.+', unique: true, values: [a]}\n  dates: {min: 2024-01-01, dtype: datetime}\n  odd: {min: a}\n"
    )
    frame = pd.DataFrame(
        {"lists": [[1], "a", None], "dates": ["1 May 2024", "2023-02-03", "soon"], "odd": [Odd(), None, Odd()]}
    )
    with pytest.raises(CheckFailed) as raised:
        nbledger.check(frame, file)
    report = raised.value.report
    assert [row.number for row in one(report, "lists", "regex").rows] == [0]
    assert [row.number for row in one(report, "dates", "min").rows] == [1]
    assert [row.number for row in one(report, "dates", "dtype").rows] == [2]
    assert one(report, "odd", "min").outcome in ("error", "passed", "failed")


def test_only_the_first_rows_are_shown_and_all_are_counted(judge):
    report = judge(pd.DataFrame({"x": range(1000)}), "columns: {x: {max: 9}}", rows=3)
    found = one(report, "x", "max")
    assert (found.broken, [row.number for row in found.rows]) == (990, [10, 11, 12])
    assert "... and 987 more" in report.text()
    assert report.summary == "1 of 2 checks failed: x: max: above 9 (990 rows)"


def test_secrets_in_broken_rows_are_redacted(judge):
    frame = pd.DataFrame({"n": [-1], "token": ["AKIAIOSFODNN7EXAMPLE"]})
    report = judge(frame, "columns: {n: {min: 0}}")
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(report.to_dict())


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("columns:\n  age: {mni: 0}\n", 2, "unknown check 'mni'; did you mean 'min'?"),
        ("colums: {}\n", 1, "unknown key 'colums'; did you mean 'columns'?"),
        ("columns:\n  age:\n    dtype: int46\n", 3, "did you mean 'int64'?"),
        ("columns:\n  age:\n    min: 5\n    max: 1\n", 3, "min 5 is above max 1"),
        ("rows: {min: -1}", 1, "a whole number from 0"),
        ("rows: {mim: 1}", 1, "did you mean 'min'?"),
        ("data: x.csv\nvariable: y\nrows: 1", 2, "either data or variable"),
        ("columns:\n  a: {regex: '('}", 2, "the regex is not one"),
        ("columns:\n  a: {missing: 5}", 2, "from 0 to 1"),
        ("columns:\n  a: {nullable: maybe}", 2, "nullable is true or false, not 'maybe'"),
        ("columns:\n  a: {}\n  a: {}", 3, "the key 'a' stands twice"),
        ("columns:\n  a: {values: 1}", 2, "values is a list"),
        ("columns: 3", 1, "columns is a mapping"),
        ("unique: a", 1, "unique is a list"),
        ("data: x.csv", 1, "it checks nothing"),
        ("- a", 1, "a checks file is a mapping"),
        ("", 1, "a checks file is a mapping"),
        ("a: [1", 1, "it is not YAML"),
        ("rows: !!python/object/apply:os.system ['x']", 1, "it is not plain YAML"),
        ("rows: &a {min: *a}", 1, "it contains itself"),
    ],
)
def test_a_checks_file_that_is_wrong_is_refused_with_its_line(tmp_path, text, line, said):
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(BadChecks) as raised:
        read_checks(file, "c.yaml")
    assert str(raised.value).startswith(f"c.yaml:{line}: ")
    assert said in str(raised.value)


def test_a_wrong_file_is_refused_before_anything_is_judged(tmp_path):
    (tmp_path / "good.yaml").write_text("data: none.csv\nrows: 1")
    (tmp_path / "bad.yaml").write_text("rwos: 1")
    with pytest.raises(BadChecks, match=r"bad\.yaml:1"):
        run_checks([tmp_path / "good.yaml", tmp_path / "bad.yaml"], tmp_path)


def test_data_that_is_not_there_does_not_pass(tmp_path):
    (tmp_path / "c.yaml").write_text("data: none.csv\nrows: 1")
    (tmp_path / "d.yaml").write_text("data: broken.parquet\nrows: 1")
    (tmp_path / "e.yaml").write_text("data: notes.docx\nrows: 1")
    (tmp_path / "f.yaml").write_text("rows: 1")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    report = run_checks([tmp_path / f"{name}.yaml" for name in "cdef"], tmp_path)
    assert [result.outcome for result in report.results] == ["error"] * 4
    assert "there is no such file" in report.text()
    assert "name a file that ends with" in report.text()
    assert "it names no data" in report.text()


def test_data_is_found_from_the_root_and_else_beside_the_checks(tmp_path):
    folder = tmp_path / "pipelines" / "churn" / "checks"
    folder.mkdir(parents=True)
    (folder / "c.yaml").write_text("data: data/x.csv\nrows: 1")
    near = folder.parent / "data"
    near.mkdir()
    (near / "x.csv").write_text("a\n1\n")
    assert run_checks([folder / "c.yaml"], tmp_path).passed
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("a\n1\n2\n")
    assert not run_checks([folder / "c.yaml"], tmp_path).passed


# -- pandera --------------------------------------------------------------------------------------------------------

SCHEMA = """
import pandera.pandas as pa

schema = pa.DataFrameSchema({"a": pa.Column(int, pa.Check.ge(0)), "b": pa.Column(str, unique=True)}, strict=True)

class Model(pa.DataFrameModel):
    a: int = pa.Field(ge=0)

number = 3
"""


@pytest.fixture
def schema(tmp_path):
    pytest.importorskip("pandera")
    (tmp_path / "team_schema.py").write_text(SCHEMA)
    (tmp_path / "c.yaml").write_text("")
    return tmp_path


FRAME = pd.DataFrame({"a": [1, -1, 3], "b": ["x", "x", "y"], "c": [1, 2, 3]}, index=[10, 20, 30])


@pytest.mark.parametrize("ref", ["team_schema:schema", "team_schema.py:schema", "schema.yaml"])
def test_a_pandera_schemas_failures_are_results_with_rows(schema, ref):
    if ref.endswith("yaml"):
        import pandera.pandas as pa

        made = pa.DataFrameSchema({"a": pa.Column(int, pa.Check.ge(0)), "b": pa.Column(str, unique=True)}, strict=True)
        made.to_yaml(schema / "schema.yaml")
    (schema / "c.yaml").write_text(f"pandera: {ref}\nrows: 3")
    with pytest.raises(CheckFailed) as raised:
        nbledger.check(FRAME, schema / "c.yaml")
    report = raised.value.report
    found = {(r.column, r.check): [(row.number, row.label) for row in r.rows] for r in report.failures}
    assert found["a", "greater_than_or_equal_to(0)"] == [(1, "20")]
    assert found["b", "field_uniqueness"] == [(0, "10"), (1, "20")]
    assert (None, "column_in_schema") in found
    assert one(report, None, "rows").passed


def test_a_pandera_model_fits_and_says_so(schema):
    (schema / "c.yaml").write_text("pandera: team_schema:Model")
    assert nbledger.check(FRAME.loc[[10, 30]], schema / "c.yaml").passed


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("team_schema:nosuch", "cannot be loaded"), ("nosuch_module:x", "cannot be loaded"), ("nosuch.py:x", "no file nosuch.py"),
        ("team_schema:number", "is a int, no schema"), ("words", "is no schema"), ("nosuch.yaml", "no file nosuch.yaml"),
    ],
)  # fmt: skip
def test_a_pandera_schema_that_cannot_be_had_does_not_pass(schema, ref, said):
    (schema / "c.yaml").write_text(f"pandera: {ref}")
    with pytest.raises(CheckFailed, match=said):
        nbledger.check(FRAME, schema / "c.yaml")


# -- in a notebook and in the shell ---------------------------------------------------------------------------------


def test_a_check_in_a_run_is_recorded_on_it(project):
    (project / "c.yaml").write_text("columns: {x: {max: 1}}")
    with nbledger.start_run("good") as good:
        nbledger.check(pd.DataFrame({"x": [1]}), "c.yaml")
    with nbledger.start_run("bad") as bad:
        with pytest.raises(CheckFailed, match="row 1: x=2"):
            nbledger.check(pd.DataFrame({"x": [1, 2]}), "c.yaml")
        nbledger.check(pd.DataFrame({"x": [1]}), "c.yaml")
    ledger = nbledger.open()
    assert ledger.tags(good.id)["nbledger.checks"] == "passed"
    assert ledger.tags(bad.id)["nbledger.checks"] == "failed"
    kept = [artifact for artifact in ledger.artifacts(bad.id) if artifact.name == "checks.json"]
    assert json.loads(ledger.objects.read(kept[0].object))["passed"] is False
    ledger.close()


def test_the_verbs_infer_judge_and_exit_with_3(project, capsys):
    people().to_csv(project / "people.csv", index=False)
    assert cli.main(["expect", "people.csv", "-o", "checks/people.yaml"], standalone_mode=False) is None
    assert "nbledger check checks/people.yaml" in capsys.readouterr().out
    assert cli.main(["check", "checks/people.yaml"], standalone_mode=False) in (None, 0)
    assert "checks passed" in capsys.readouterr().out
    broken = people()
    broken.loc[7, "age"] = -1
    broken.to_csv(project / "people.csv", index=False)
    assert cli.main(["check", "checks/people.yaml", "--json"], standalone_mode=False) == 3
    found = json.loads(capsys.readouterr().out)
    [failed] = [result for result in found["results"] if result["outcome"] != "passed"]
    assert (failed["column"], failed["check"], failed["rows"][0]["row"], failed["rows"][0]["values"]["age"]) == (
        "age",
        "min",
        7,
        -1,
    )
    with pytest.raises(nbledger.NBLedgerError, match="exists"):
        cli.main(["expect", "people.csv", "-o", "checks/people.yaml"], standalone_mode=False)


def test_a_recorded_variable_is_judged_from_its_stored_content(tmp_path, capsys):
    from nbledger.capture.hooks import calls
    from nbledger.capture.identity import current_session
    from nbledger.capture.recorder import Cell, Context, Recorder, TrackOptions
    from nbledger.capture.writer import Writer

    names = {"__name__": "__main__", "pd": pd}
    writer = Writer(current_session("python"), tmp_path, print)
    recorder = Recorder(names, writer, Context("notebook.ipynb"), dict(names))
    source = "df = pd.DataFrame({'x': [1, 2, 30]})\nother = df * 2"
    recorder.begin(Cell(source, (source,), None, 1), TrackOptions(quiet=True, snapshot=("df",)))
    exec(source, names)
    run = recorder.end(None).start.id
    (tmp_path / "c.yaml").write_text("variable: df\ncolumns: {x: {max: 9}}")
    (tmp_path / "d.yaml").write_text(f"variable: {run[:8]}:df\nrows: 3")
    (tmp_path / "e.yaml").write_text("variable: other\nrows: 3")
    report = run_checks([tmp_path / f"{name}.yaml" for name in "cde"], tmp_path, ledger=writer.ledger, run=run)
    assert [row.number for row in report.failures[0].rows] == [2]
    assert report.failures[1].outcome == "error" and "is not stored" in report.failures[1].detail
    assert len(report.failures) == 2
    later = run_checks([tmp_path / "c.yaml"], tmp_path, ledger=writer.ledger)
    assert later.failures[0].broken == 1
    assert cli.main(["--ledger", str(tmp_path), "expect", f"{run[:8]}:df"], standalone_mode=False) is None
    assert f"variable: {run[:8]}:df" in capsys.readouterr().out
    writer.close()
    calls.uninstall()


def test_no_text_of_the_report_breaks_a_line():
    frame = pd.DataFrame({"a\nb": ["x\ny\x1b[31m"]})
    text = infer(frame)
    assert math.isfinite(len(text))
    assert "\x1b" not in text
