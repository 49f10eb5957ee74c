"""A figure as a file: whole or not at all, nothing fetched, and a plain word where something is missing."""

from __future__ import annotations

import shutil
import sys

import pytest

from nbledger.figures.export import ExportError, ExportNeeds, export
from nbledger.figures.runs_charts import scatter

needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="NO CHROMIUM: figures are not drawn here")


@pytest.fixture
def figure(runs_of):
    return scatter(runs_of(20), "params.lr", "metrics.f1", note="<b>$x$</b>")


@needs_chromium
def test_pictures_are_drawn_with_the_machines_own_chromium(figure, tmp_path):
    picture = export(figure, tmp_path / "a.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20]) == 1920  # twice its 960 pixels
    drawing = export(figure, tmp_path / "a.svg", theme_name="dark").read_text()
    assert drawing.startswith("<svg")
    assert "rgb(20, 24, 29)" in drawing
    assert "f1 by lr" in drawing
    assert "<b>" not in drawing
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_a_page_holds_all_that_it_needs(figure, tmp_path):
    page = export(figure, tmp_path / "a.html").read_text()
    assert "default-src 'none'" in page
    assert "<title>Scatter of 20 runs</title>" in page
    assert not any(f'{word}="http' in page for word in ("src", "href"))


@pytest.mark.parametrize("name", ["a.pdf", "a", "", ".."])
def test_other_endings_are_refused(figure, tmp_path, name):
    with pytest.raises(ExportError, match=r"the name must end in \.png, \.svg, \.html"):
        export(figure, tmp_path / name)


def test_a_file_that_is_there_stays(figure, tmp_path):
    (tmp_path / "a.html").write_text("mine")
    with pytest.raises(ExportError, match=r"a\.html cannot be written: there is a file of that name"):
        export(figure, tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(figure, tmp_path):
    with pytest.raises(ExportError, match="No such file or directory"):
        export(figure, tmp_path / "none" / "a.html")


def test_without_kaleido_the_extra_is_named(figure, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(ExportNeeds, match=r"kaleido is not installed; `pip install nbledger\[export\]`"):
        export(figure, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_without_chrome_that_is_said(figure, tmp_path, monkeypatch):
    from choreographer.browsers.chromium import Chromium

    monkeypatch.setattr(Chromium, "find_browser", classmethod(lambda *_, **__: None))
    with pytest.raises(ExportNeeds, match=r"install Chrome or Chromium, or export \.html"):
        export(figure, tmp_path / "a.svg")
