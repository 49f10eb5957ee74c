"""The card as HTML: escaped, themed by `--jp-*` variables with fallbacks, readable in dark and light."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbledger.tables import span
from nbledger.widgets.card import format_change, format_number, model_text

if TYPE_CHECKING:
    from nbledger.widgets.card import Card, DataLine, MetricLine

# The class is tripled where a front end's own rules for tables in outputs would win otherwise.
# Front ends without --jp-* variables (GitHub, plain HTML) inherit the page's own colours.
_STYLE = """<style>
.nbl-card{border:1px solid var(--jp-border-color2,rgba(128,128,128,.4));border-left:4px solid var(--nbl-edge);
border-radius:4px;padding:6px 12px;margin:4px 0;max-width:60em;line-height:1.5;
font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:var(--jp-ui-font-size1,13px);
color:var(--jp-ui-font-color1,inherit);background:var(--jp-layout-color1,transparent)}
.nbl-card.nbl-finished{--nbl-edge:var(--jp-success-color1,#388e3c)}
.nbl-card.nbl-failed,.nbl-card.nbl-cancelled{--nbl-edge:var(--jp-error-color1,#d32f2f)}
.nbl-card.nbl-card.nbl-card table{border-collapse:collapse;margin:2px 0 0;border:0;font-size:inherit;color:inherit}
.nbl-card.nbl-card.nbl-card tr{background:transparent}
.nbl-card.nbl-card.nbl-card :is(th,td){padding:1px 14px 1px 0;text-align:left;vertical-align:top;border:0;
font-weight:normal;background:transparent;max-width:none;white-space:normal}
.nbl-card code{background:transparent;padding:0;color:inherit}
.nbl-card th,.nbl-card .nbl-quiet{color:var(--jp-ui-font-color2,#767676)}
.nbl-card code,.nbl-card .nbl-number{font-family:var(--jp-code-font-family,monospace)}
.nbl-card .nbl-up{color:var(--jp-success-color1,#388e3c)}.nbl-card .nbl-down{color:var(--jp-error-color1,#d32f2f)}
</style>"""


def html(card: Card) -> str:
    """Return a card as a self-contained piece of HTML; everything that came from outside is escaped."""
    name = f"<b>{escape(card.name)}</b> " if card.name else ""
    rows = [
        _row("error", escape(card.error.splitlines()[0])) if card.error else "",
        _row("params", _params(card)) if card.params else "",
        _row("metrics", "<br>".join(map(_metric, card.metrics))) if card.metrics else "",
        _row("data", "<br>".join(map(_data, card.data))) if card.data else "",
        _row("model", "<br>".join(f"<code>{escape(m.name)}</code> {escape(model_text(m))}" for m in card.models))
        if card.models
        else "",
        *(_row("not recorded", escape(problem)) for problem in card.problems),
        "" if card.recorded else _row("not recorded", "this run is not in the ledger"),
    ]
    status = "" if card.status == "finished" else f" &middot; {escape(card.status)}"
    return (
        f'{_STYLE}<div class="nbl-card nbl-{escape(card.status)}" role="group" aria-label="nbledger run">'
        f'<div>{name}<code title="{escape(card.run)}">{escape(card.run[:8])}</code>'
        f'<span class="nbl-quiet"> &middot; {escape(card.experiment)} &middot; {span(card.duration)}{status}'
        f"</span></div><table>{''.join(rows)}</table></div>"
    )


def _row(label: str, content: str) -> str:
    return f'<tr><th scope="row">{label}</th><td>{content}</td></tr>'


def _params(card: Card) -> str:
    return ", ".join(f"<code>{escape(name)}={escape(str(value))}</code>" for name, value in card.params.items())


def _metric(line: MetricLine) -> str:
    parts = [f'{escape(line.name)} <b class="nbl-number">{format_number(line.value)}</b>']
    if line.previous is not None:
        change = line.value - line.previous
        better = (change < 0) == line.lower_is_better
        sign = "" if change == 0 else f' class="{"nbl-up" if better else "nbl-down"}"'
        parts.append(
            f"<span{sign}>{format_change(change)}</span> <span class='nbl-quiet'>since the previous run</span>"
        )
    if line.to_best:
        parts.append(f"<span class='nbl-quiet'>{line.to_best}</span>")
    if not line.comparable:
        parts.append("<span class='nbl-down'>judged on other data than the previous run</span>")
    return " &middot; ".join(parts)


def _data(item: DataLine) -> str:
    shape = " &times; ".join(map(str, item.shape))
    exact = "" if item.exactness == "exact" else f" ({escape(item.exactness)})"
    change = f" &middot; {escape(item.change)}" if item.change else ""
    short = f'<code class="nbl-quiet">{escape(item.hash[:8])}</code>'
    return f"<code>{escape(item.name)}</code> {shape} {short}{exact}{change}"
