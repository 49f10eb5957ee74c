"""The charts of a comparison in JupyterLab: each is drawn, in light and dark, and runs are chosen in them."""

from __future__ import annotations

import re

import pytest

from tests.browser.driving import axe, run_all, shot, uncaught, use_theme, write_notebook

DATA = """
import nbledger, numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score
rng = np.random.default_rng(0)
X = pd.DataFrame(rng.normal(size=(600, 4)), columns=list("abcd"))
y = (X.a + X.b / 2 + rng.normal(size=600) > 0).astype(int)
X_train, X_test, y_train, y_test = X[:400], X[400:], y[:400], y[400:]
"""
FIT = """%%track "{name}" --snapshot X_train --quiet
model = LogisticRegression(C={c}).fit(X_train, y_train)
accuracy = accuracy_score(y_test, model.predict(X_test))
auc = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
for step in range(30):
    nbledger.metric("loss", 1 / (step + 1) + {c} / 50, step=step)
"""
CHANGED = "X_train = X_train.assign(a=X_train.a * 2)"
OTHER = """%%track "<img src=x onerror=alert(1)>" --quiet
residual = mean_squared_error(y_test, Ridge().fit(X_train, y_train).predict(X_test))
"""
CS = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 1, 10)
CELLS = (
    DATA.strip(),
    *(FIT.format(name=f"C is {c}", c=c).strip() for c in CS),
    OTHER.strip(),
    CHANGED,
    FIT.format(name="other data", c=5).strip(),
)
#: Each tab, and what its figure's title begins with.
FIGURES = {
    "Metrics": "accuracy",
    "Parallel coordinates": "Params and accuracy",
    "Scatter": "accuracy by C",
    "Importance": "Importance of params for accuracy",
    "Learning curves": "loss",
    "Confusion": "Confusion: ",
    "ROC": "ROC",
    "Precision, recall": "Precision and recall",
    "Calibration": "Calibration",
    "Residuals": "Residuals",
    "Data": "Distribution of X_train, a",
}
TITLE = """title => [...document.querySelectorAll('.nbl-compare .js-plotly-plot')].some(
    plot => plot.offsetParent && plot._fullLayout && plot.layout.title.text.startsWith(title))"""
POINT = """([run, how]) => {
  const plot = [...document.querySelectorAll('.nbl-compare .js-plotly-plot')].find(one => one.offsetParent);
  const place = plot.getBoundingClientRect(), { xaxis, yaxis } = plot._fullLayout;
  for (const trace of plot._fullData) {
    const at = how === 'trace' ? (trace.meta?.run === run ? 15 : -1) : [...(trace.customdata ?? [])].indexOf(run);
    if (at >= 0) return [place.left + xaxis._offset + xaxis.d2p(trace.x[at]), place.top + yaxis._offset + yaxis.d2p(trace.y[at])];
  }
}"""


@pytest.fixture(scope="module")
def opened(lab, browser):
    """A page with a notebook that was run once: ten tracked cells and a comparison at its end."""
    folder = lab.root / "charts"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    show = "from nbledger.widgets.compare import compare\nview = compare()\nview"
    write_notebook(folder / "charts.ipynb", *CELLS, show)
    page = browser.new_page()
    errors = uncaught(page)
    page.set_viewport_size({"width": 1300, "height": 1000})
    lab.open(page, "charts/charts.ipynb")
    run_all(page)
    page.wait_for_selector(".nbl-compare .widget-toggle-buttons")
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    yield page
    page.close()
    assert errors == []


@pytest.fixture
def compared(opened):
    """The page with nothing selected and the table alone."""
    open_tab(opened, "Table")
    clear = opened.locator(".nbl-compare").get_by_role("button", name="Clear", exact=True)
    if clear.is_enabled():
        clear.click()
    selected(opened, 0)
    return opened


def open_tab(page, name):
    page.locator(".nbl-compare .widget-toggle-buttons button", has_text=re.compile(f"^{re.escape(name)}$")).click()
    if name in FIGURES:
        page.wait_for_function(TITLE, arg=FIGURES[name], timeout=60_000)
    page.evaluate("() => document.querySelector('.nbl-compare').scrollIntoView()")
    page.wait_for_timeout(300)


def selected(page, count):
    """Wait until so many runs are selected."""
    page.wait_for_function(
        "count => document.querySelector('.nbl-compare').innerText.includes(`${count} selected`)", arg=count
    )


def names(page):
    """Return the ids of the table's runs by their names."""
    boxes = page.locator(".nbl-compare .nbl-runs label").all_inner_texts()
    return {text.strip().split(" ", 1)[1]: text.strip().split(" ", 1)[0] for text in boxes if " " in text.strip()}


def whole(page, prefix):
    """Return the whole id of a run of which the chart in sight knows."""
    return page.evaluate(
        """prefix => [...document.querySelectorAll('.nbl-compare .js-plotly-plot')].filter(one => one.offsetParent)
          .flatMap(one => one._fullData).flatMap(one => [...(one.customdata ?? []), one.meta?.run])
          .find(id => String(id).startsWith(prefix))""",
        prefix,
    )


def test_every_tab_is_drawn_in_light_and_dark(compared):
    page = compared
    for theme in ("light", "dark"):
        use_theme(page, theme)
        for name in [*FIGURES, "Code"]:
            open_tab(page, name)
            if name == "Data":
                assert page.locator(".nbl-compare .nbl-diff").last.inner_text().count("X_train")
            shot(page, f"compare-{name.lower().replace(', ', '-').replace(' ', '-')}-{theme}")
    assert page.locator(".nbl-compare img[src='x']").count() == 0
    assert "+model = LogisticRegression" in "".join(page.locator(".nbl-compare .nbl-diff pre").all_inner_texts())


def test_the_text_of_charts_stands_out_and_axe_finds_nothing(compared):
    page = compared
    use_theme(page, "dark")
    open_tab(page, "Scatter")
    ink = page.evaluate(
        "() => [...document.querySelectorAll('.nbl-compare .js-plotly-plot .xtitle')].map(e => getComputedStyle(e).fill)"
    )
    found = page.evaluate(
        """() => { const one = document.createElement('i'); one.style.color = 'var(--jp-ui-font-color1)';
          document.body.append(one); const color = getComputedStyle(one).color; one.remove(); return color; }"""
    )
    assert ink == [found]
    assert axe(page, ".nbl-compare") == []


def test_runs_are_chosen_by_a_click_a_box_and_a_double_click(compared):
    page = compared
    open_tab(page, "Scatter")
    ids = names(page)
    x, y = page.evaluate(POINT, [whole(page, ids["C is 0.01"]), "point"])
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)
    selected(page, 1)
    plot = page.locator(".nbl-compare .js-plotly-plot:visible")
    plot.hover()
    page.locator('.nbl-compare .modebar-btn[data-title="Box Select"]:visible').click()
    box = page.locator(".nbl-compare .js-plotly-plot:visible .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5, steps=6)
    page.mouse.up()
    selected(page, 9)
    shot(page, "compare-box")
    page.mouse.dblclick(box["x"] + 40, box["y"] + 40)
    selected(page, 0)


def test_what_is_chosen_in_one_chart_is_so_in_the_others(compared):
    page = compared
    open_tab(page, "Parallel coordinates")
    brush = page.locator(".nbl-compare .parcoords .axis-brush:visible").first.bounding_box()
    middle = brush["x"] + brush["width"] / 2
    page.mouse.move(middle, brush["y"] + 12)
    page.mouse.down()
    page.mouse.move(middle, brush["y"] + brush["height"] * 0.45, steps=8)
    page.mouse.up()
    settled = page.wait_for_function(
        """() => { const view = document.querySelector('.nbl-compare');
          const count = view.querySelectorAll('.nbl-runs input:checked').length;
          return count > 1 && view.innerText.includes(`${count} selected`) && count; }"""
    )
    count = settled.json_value()
    assert count < 9
    shot(page, "compare-brush")
    open_tab(page, "Learning curves")
    fading = "() => [...document.querySelectorAll('.nbl-compare .js-plotly-plot')].find(e => e.offsetParent)._fullData"
    assert page.evaluate(f"{fading}.filter(trace => trace.opacity === 1).length") == count
    faded = page.evaluate(f"{fading}.find(trace => trace.opacity < 1).meta.run")
    x, y = page.evaluate(POINT, [faded, "trace"])
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)
    selected(page, count + 1)
    open_tab(page, "Parallel coordinates")  # no longer what the brush left: shown by colour
    least = page.evaluate(f"{fading}[0].dimensions.at(-1).range[0]")
    assert page.evaluate(f"{fading}[0].line.cmin") < least
    shot(page, "compare-marked")


def test_a_chart_is_exported_beside_the_notebook(lab, compared):
    page = compared
    open_tab(page, "Scatter")
    name = page.locator(".nbl-compare input[type=text]:visible").first
    name.fill("mine.svg")
    name.press("Tab")
    page.get_by_role("button", name="Export").locator("visible=true").click()
    page.wait_for_function(
        "() => document.querySelector('.nbl-compare').innerText.includes('written: mine.svg')", timeout=60_000
    )
    assert "accuracy by C" in (lab.root / "charts" / "mine.svg").read_text()
