/** What opens at a cell's row: why its result does not hold, what to run, and every earlier execution with its diff. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';
import type { Api, IRun } from '../api';
import { ago, exact, number, short, when } from '../common/format';
import { useAnswer } from '../common/hooks';
import { Problem, withCode } from '../common/message';
import type { IOpener } from '../common/open';
import { runsNothing } from '../common/rights';
import { Changes } from './changes';
import type { NotebookCells } from './notebook';
import { label } from './standing';
import type { IStanding } from './standing';
import { badge, statusWord, took } from './words';

export interface IPopoverOptions {
  cells: NotebookCells;
  cell: Cell;
  api: Api;
  opener: IOpener | null;
  trans: TranslationBundle;
  run: (cells: Cell[]) => void;
}

/** The popover of one cell: stays at the cell's row, closes with Escape or a click elsewhere. */
export class CellPopover extends ReactWidget {
  constructor(private readonly options: IPopoverOptions) {
    super();
    this.addClass('jp-nbledger-cell-popover');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', options.trans.__('This cell in the ledger'));
    this.node.tabIndex = -1;
    options.cells.changed.connect(this.onChanged, this);
    options.cells.panel.disposed.connect(this.dispose, this);
    options.cell.disposed.connect(this.dispose, this);
  }

  /** Show it at its cell, and take the focus. */
  open(): void {
    Widget.attach(this, document.body);
  }

  get cell(): Cell {
    return this.options.cell;
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const hadFocus = this.node.contains(document.activeElement);
    const row = this.options.cells.isDisposed ? undefined : this.options.cells.row(this.cell);
    if (row) {
      row.isOpen = false;
    }
    super.dispose();
    if (hadFocus) {
      if (row) {
        row.button.focus({ preventScroll: true });
      } else if (!this.cell.isDisposed) {
        this.cell.node.focus({ preventScroll: true });
      }
    }
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case 'keydown':
        if ((event as KeyboardEvent).key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          this.dispose();
        }
        break;
      case 'pointerdown': {
        const target = event.target as Node;
        const row = this.options.cells.row(this.cell);
        if (!this.node.contains(target) && !row?.button.contains(target)) {
          this.dispose();
        }
        break;
      }
      case 'scroll':
        if (!this.node.contains(event.target as Node)) {
          this.place();
        }
        break;
      default:
        this.place();
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.node.addEventListener('keydown', this);
    document.addEventListener('pointerdown', this, true);
    document.addEventListener('scroll', this, true);
    window.addEventListener('resize', this);
    const row = this.options.cells.row(this.cell);
    if (row) {
      row.isOpen = true;
    }
    this.place();
    this.node.focus({ preventScroll: true });
  }

  protected onBeforeDetach(message: Message): void {
    this.node.removeEventListener('keydown', this);
    document.removeEventListener('pointerdown', this, true);
    document.removeEventListener('scroll', this, true);
    window.removeEventListener('resize', this);
    super.onBeforeDetach(message);
  }

  protected render(): React.ReactElement {
    return <CellView {...this.options} close={() => this.dispose()} />;
  }

  private onChanged(): void {
    requestAnimationFrame(() => this.isDisposed || this.place());
  }

  /** Below the row where there is room, else above it; gone when the row is. */
  private place(): void {
    const row = this.options.cells.row(this.cell);
    const anchor = row?.node.isConnected ? row.button : this.cell.node;
    const box = anchor.getBoundingClientRect();
    const frame = this.options.cells.panel.content.node.getBoundingClientRect();
    if (!anchor.isConnected || !this.options.cells.panel.isVisible || box.bottom < frame.top || box.top > frame.bottom) {
      if (this.isAttached) {
        this.dispose();
      }
      return;
    }
    const margin = 8;
    const below = window.innerHeight - Math.min(box.bottom, window.innerHeight) - margin;
    const above = box.top - margin;
    const isBelow = below >= Math.min(240, above);
    const { style } = this.node;
    style.maxHeight = `${Math.max(160, Math.min(520, (isBelow ? below : above) - 4))}px`;
    style.left = `${Math.max(margin, Math.min(box.left, window.innerWidth - this.node.offsetWidth - margin))}px`;
    style.top = isBelow ? `${box.bottom + 2}px` : '';
    style.bottom = isBelow ? '' : `${window.innerHeight - box.top + 2}px`;
  }
}

function CellView(props: IPopoverOptions & { close: () => void }): JSX.Element {
  const { cells, cell, trans } = props;
  const [, draw] = React.useReducer((turn: number) => turn + 1, 0);
  React.useEffect(() => {
    cells.changed.connect(draw);
    return () => void cells.changed.disconnect(draw);
  }, [cells]);
  const standing = cells.standing(cell);
  const { problem } = cells;
  const missing = problem && problem.kind !== 'none' ? problem : null;
  return (
    <>
      <div className="jp-nbledger-cell-head">
        <h2>{standing ? title(standing, trans) : (missing?.title ?? trans.__('Not recorded yet'))}</h2>
        <button
          className="jp-nbledger-cell-close"
          aria-label={trans.__('Close')}
          title={trans.__('Close (Escape)')}
          onClick={props.close}
        >
          ×
        </button>
      </div>
      {standing ? (
        <Recorded {...props} standing={standing} />
      ) : missing ? (
        <p data-kind={missing.kind}>{withCode(`${missing.message} ${missing.remedy}`)}</p>
      ) : (
        <p>{trans.__('The ledger has no run of this cell. It is recorded when you run it after %load_ext nbledger.')}</p>
      )}
    </>
  );
}

function title(standing: IStanding, trans: TranslationBundle): string {
  const { run } = standing.state;
  return run.name ? trans.__('Cell %1: %2', label(standing.state), run.name) : trans.__('Cell %1', label(standing.state));
}

function Recorded(props: IPopoverOptions & { standing: IStanding; close: () => void }): JSX.Element {
  const { cells, api, opener, trans, standing } = props;
  const { run } = standing.state;
  const [chosen, choose] = React.useState<string | null>(null);
  const path = cells.path;
  return (
    <>
      <p className="jp-nbledger-cell-facts">
        <code title={run.id}>{short(run.id)}</code> {statusWord(run, trans)} <When at={run.started_at} />
        {run.duration === null ? '' : trans.__(' in %1', took(run.duration))}
        {standing.state.metric && (
          <>
            {' · '}
            {standing.state.metric.name}{' '}
            <b title={exact(standing.state.metric.value)}>{number(standing.state.metric.value)}</b>
          </>
        )}
      </p>
      {standing.state.metric && standing.state.runs > 1 && !standing.state.metric.comparable && (
        <p className="jp-nbledger-cell-note">
          {trans.__('Not compared with the run before: the two were not judged on the same data.')}
        </p>
      )}
      <Marks {...props} />
      <ToRun {...props} />
      <History {...props} chosen={chosen} choose={choose} />
      {chosen && <Changes api={api} before={chosen} after={run.id} trans={trans} />}
      <div className="jp-nbledger-cell-actions">
        {opener && (
          <>
            <button className="jp-nbledger-button" onClick={() => leave(props, () => opener.run(path, run.id))}>
              {trans.__('Open run')}
            </button>
            <button className="jp-nbledger-button" onClick={() => leave(props, () => opener.lineage(path, run.id))}>
              {trans.__('Show lineage')}
            </button>
            {chosen && (
              <button className="jp-nbledger-button" onClick={() => leave(props, () => opener.diff(path, chosen, run.id))}>
                {trans.__('Open the whole diff')}
              </button>
            )}
          </>
        )}
      </div>
    </>
  );
}

function leave(props: { close: () => void }, open: () => void): void {
  props.close();
  open();
}

function Marks(props: { standing: IStanding; trans: TranslationBundle }): JSX.Element | null {
  const { standing, trans } = props;
  const marks = badge(standing, trans).marks.filter(mark => mark.kind !== 'stale' && mark.kind !== 'leak');
  const { leaks } = standing.state;
  if (marks.length === 0 && leaks.length === 0 && standing.stale.length === 0) {
    return null;
  }
  return (
    <ul className="jp-nbledger-cell-marks">
      {leaks.map((leak, index) => (
        <li key={`leak-${index}`} data-kind="leak">
          <b>{trans.__('%1 leakage', leak.kind)}</b> {leak.message}
          {leak.remedy && <div className="jp-nbledger-cell-note">{leak.remedy}</div>}
        </li>
      ))}
      {standing.stale.map(reason => (
        <li key={reason} data-kind="stale">
          <b>{trans.__('stale')}</b> {reason}
        </li>
      ))}
      {marks.map(mark => (
        <li key={mark.kind} data-kind={mark.kind}>
          <b>{mark.word}</b> {mark.reason}
        </li>
      ))}
    </ul>
  );
}

function ToRun(props: IPopoverOptions & { standing: IStanding; close: () => void }): JSX.Element | null {
  const { cells, cell, trans } = props;
  const toRun = cells.toRun(cell);
  if (toRun.length === 0) {
    return null;
  }
  if (runsNothing) {
    return <p className="jp-nbledger-cell-note">{trans.__('Your role on this server lets you look but not run.')}</p>;
  }
  if (toRun.length === 1 && toRun[0] === cell) {
    return (
      <div className="jp-nbledger-cell-torun">
        <button className="jp-nbledger-button jp-mod-accept" onClick={() => props.run(toRun)}>
          {trans.__('Run it again')}
        </button>
      </div>
    );
  }
  const names = toRun.map(one => {
    const standing = cells.standing(one);
    return one === cell ? trans.__('this one') : standing ? label(standing.state) : trans.__('the set-up cell');
  });
  return (
    <div className="jp-nbledger-cell-torun">
      <button className="jp-nbledger-button jp-mod-accept" onClick={() => props.run(toRun)}>
        {trans._n('Run what it needs: %1 cell', 'Run what it needs: %1 cells', toRun.length)}
      </button>
      <span className="jp-nbledger-cell-note">{trans.__('in this order: %1', names.join(', '))}</span>
    </div>
  );
}

function History(
  props: IPopoverOptions & { standing: IStanding; chosen: string | null; choose: (id: string | null) => void }
): JSX.Element {
  const { api, trans, standing, chosen, choose } = props;
  const { run, cell_id: id } = standing.state;
  const { value, error, again } = useAnswer(() => api.cellHistory(id), [api, id, run.id, run.status]);
  const metric = standing.state.metric?.name;
  if (!value) {
    return error ? <Problem trans={trans} error={error} onRetry={again} inline /> : <p>{trans.__('Reading…')}</p>;
  }
  if (value.total < 2) {
    return <p className="jp-nbledger-cell-note">{trans.__('Executed once: there is no earlier execution to compare with.')}</p>;
  }
  return (
    <div className="jp-nbledger-cell-history" tabIndex={0} role="group" aria-label={trans.__('Executions of this cell')}>
      <table>
        <caption>
          {value.total > value.items.length
            ? trans.__('Executed %1 times, the last %2 are here', value.total, value.items.length)
            : trans.__('Executed %1 times', value.total)}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('When')}</th>
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col" className="jp-mod-number">
              {metric ?? trans.__('Status')}
            </th>
            <th scope="col" className="jp-mod-number">
              {trans.__('Took')}
            </th>
            <th scope="col">{trans.__('Diff')}</th>
          </tr>
        </thead>
        <tbody>
          {value.items.map(item => (
            <tr key={item.id} className={item.id === chosen ? 'jp-mod-selected' : ''}>
              <td>
                <When at={item.started_at} />
              </td>
              <td>
                <code title={item.id}>{item.name || short(item.id)}</code>
              </td>
              <td className="jp-mod-number" title={metric ? exact(item.metrics[metric]) : ''}>
                {outcome(item, metric, trans)}
              </td>
              <td className="jp-mod-number">{took(item.duration)}</td>
              <td>
                {item.id === run.id ? (
                  <span className="jp-nbledger-cell-note">{trans.__('the latest')}</span>
                ) : (
                  <button
                    className="jp-nbledger-cell-diff"
                    aria-pressed={item.id === chosen}
                    aria-label={trans.__('Diff of %1 with the latest run', short(item.id))}
                    onClick={() => choose(item.id === chosen ? null : item.id)}
                  >
                    {trans.__('diff')}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function outcome(run: IRun, metric: string | undefined, trans: TranslationBundle): string {
  const value = metric === undefined ? undefined : run.metrics[metric];
  return value === undefined || run.status !== 'finished' ? statusWord(run, trans) : number(value);
}

function When(props: { at: number }): JSX.Element {
  return (
    <time dateTime={new Date(props.at * 1000).toISOString()} title={when(props.at)}>
      {ago(props.at)}
    </time>
  );
}
