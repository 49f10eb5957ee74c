"""A figure as a file: PNG and SVG drawn by Chrome through kaleido, HTML that holds all that it needs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nbledger.errors import NBLedgerError
from nbledger.figures import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

FORMATS = (".png", ".svg", ".html")
WIDTH, SCALE = 960, 2
_PAGES = {"light": "#FFFFFF", "dark": "#14181D"}


class ExportError(NBLedgerError):
    """A figure cannot be written. Fields: name (of the file), detail."""

    template = "{name} cannot be written: {detail}"


class ExportNeeds(NBLedgerError):
    """What draws pictures is not installed. Fields: name (of the file), detail, remedy."""

    template = "{name} cannot be drawn: {detail}; {remedy}"


def export(figure: go.Figure, path: Path, *, title: str = "", theme_name: theme.Theme = "light") -> Path:
    """Write a figure as its name's ending says: `.png`, `.svg` or `.html`; return the path.

    A file of that name is not overwritten. Pictures have the theme's page colour behind them. Raises `ExportError`, and
    `ExportNeeds` where kaleido (`nbledger[export]`) or Chrome is not there.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ExportError(name=path.name or "a figure", detail=f"the name must end in {', '.join(FORMATS)}")
    if path.exists():
        raise ExportError(name=path.name, detail="there is a file of that name; choose another name")
    data = _page(figure, title) if suffix == ".html" else _drawn(figure, path, suffix[1:], theme_name)
    _write(path, data)
    return path


def _page(figure: go.Figure, title: str) -> bytes:
    from nbledger.figures.report_page import Drawing, Page, Part, page_html

    words = title or theme.describe(figure).partition(":")[0] or "Figure"
    page = Page(words, "", (Part("Figure", (Drawing.of(figure),)),), {})
    return page_html(page).encode("utf-8", "backslashreplace")


def _drawn(figure: go.Figure, path: Path, format: str, theme_name: theme.Theme) -> bytes:
    import plotly.graph_objects as go

    try:
        import kaleido
        from kaleido.errors import ChromeNotFoundError
    except ImportError:
        remedy = "`pip install nbledger[export]` brings it, .html needs nothing"
        raise ExportNeeds(name=path.name, detail="kaleido is not installed", remedy=remedy) from None
    copy = go.Figure(figure)
    copy.update_layout(template=theme.template(theme_name), paper_bgcolor=_PAGES.get(theme_name))
    size = {"width": WIDTH, "height": int(figure.layout.height or theme.HEIGHT)}
    options = {"format": format, "scale": SCALE if format == "png" else 1, **size}
    try:  # not by plotly's `to_image`: kaleido would fetch MathJax from elsewhere, which only its own options forbid
        return bytes(kaleido.calc_fig_sync(copy.to_dict(), opts=options, kopts={"mathjax": False}))
    except ChromeNotFoundError:
        remedy = "install Chrome or Chromium, or export .html"
        raise ExportNeeds(name=path.name, detail="there is no Chrome here to draw it with", remedy=remedy) from None
    except Exception as error:
        raise ExportError(name=path.name, detail=f"{type(error).__name__}: {str(error)[:200]}") from error


def _write(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise ExportError(name=path.name, detail=error.strerror or str(error)) from None


__all__ = ["FORMATS", "ExportError", "ExportNeeds", "export"]
