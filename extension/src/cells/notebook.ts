/**
 * One notebook panel: keeps a row in each of its recorded cells, and knows how each cell stands.
 *
 * Cells move (their widgets and models are made anew), leave the page (windowing) and start as placeholders, so nothing
 * is remembered by place: each pass over the panel puts the rows where they belong and takes away those that do not.
 * The server is asked again when the ledger changes, a cell is done, the kernel changes or the panel is shown.
 */
import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Notebook, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { PanelLayout } from '@lumino/widgets';
import type { INotebookState } from '../api';
import type { ILedgerClient, IWatch } from '../common/ledger';
import { problemOf } from '../common/message';
import type { IProblemText } from '../common/message';
import { isTracked, startsLedger } from './python';
import { Row } from './row';
import { plan, planAll, standings } from './standing';
import type { ILiveCell, IStanding, Standings } from './standing';

/** Which cells get a row: all that were recorded, tracked or marked ones, or marked ones alone. */
export type Shown = 'all' | 'tracked' | 'marked' | 'none';

/** Milliseconds without a keystroke after which a source counts as written. */
const SETTLED_AFTER = 600;
/** Milliseconds after which it counts even while something goes on changing. */
const SETTLED_AT_LAST = 2500;
/** Milliseconds to wait for more of the same before asking the server. */
const ASK_AFTER = 120;

export class NotebookCells implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    private readonly ledgers: ILedgerClient,
    private readonly trans: TranslationBundle,
    private readonly onOpen: (cells: NotebookCells, cell: Cell) => void
  ) {
    this.watch = ledgers.watch(panel.context.path);
    this.watch.changed.connect(this.ask, this);
    panel.context.pathChanged.connect(this.onPathChanged, this);
    panel.sessionContext.kernelChanged.connect(this.onKernelChanged, this);
    panel.sessionContext.statusChanged.connect(this.onStatusChanged, this);
    panel.content.modelChanged.connect(this.onModelChanged, this);
    panel.content.cellInViewportChanged.connect(this.draw, this);
    NotebookActions.executionScheduled.connect(this.onScheduled, this);
    NotebookActions.executed.connect(this.onExecuted, this);
    panel.disposed.connect(this.dispose, this);
    this.onModelChanged();
    this.ask();
  }

  isDisposed = false;

  /** How each recorded cell stands, by its id. */
  standings: Standings = new Map();

  /** Emitted when how a cell stands, or a row, may be another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What keeps the ledger from being shown; `null` where nothing does. */
  get problem(): IProblemText | null {
    return problemOf(this.trans, this.watch.about, this.watch.error);
  }

  get path(): string {
    return this.panel.context.path;
  }

  /**
   * Whether rows are to be expected, as the last time: then their places are kept free from the start, so that nothing
   * moves when the answer comes. `null` once that is known.
   */
  get expected(): boolean | null {
    return this._expected;
  }
  set expected(value: boolean | null) {
    if (this._expected !== null) {
      this._expected = value;
      this.draw();
    }
  }

  get shown(): Shown {
    return this._shown;
  }
  set shown(value: Shown) {
    this._shown = value;
    this.draw();
  }

  standing(cell: Cell | null): IStanding | undefined {
    return cell ? this.standings.get(cell.model.id) : undefined;
  }

  row(cell: Cell): Row | undefined {
    return this.rows.get(cell);
  }

  /** The cells to run so that a cell holds again, in order; of the whole notebook without one. */
  toRun(cell?: Cell): Cell[] {
    const live = this.live();
    const ids = cell
      ? plan(this.standings, live, cell.model.id, !this.isAlive)
      : planAll(this.standings, live, !this.isAlive);
    const byId = new Map(this.panel.content.widgets.map(widget => [widget.model.id, widget]));
    return ids.map(id => byId.get(id)).filter((found): found is Cell => found !== undefined);
  }

  /** Ask the server how the cells stand; several calls at once are one question, and never two are under way. */
  ask(): void {
    if (this.isAsking) {
      this.askAgain = true;
    } else if (this.askTimer === undefined && !this.isDisposed) {
      // The first question waits for nothing, so that the rows are there with the cells.
      this.askTimer = setTimeout(() => void this.fetch(), this.state ? ASK_AFTER : 0);
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    this.watch.dispose();
    clearTimeout(this.askTimer);
    clearTimeout(this.settleTimer);
    cancelAnimationFrame(this.frame);
    this.rows.forEach(row => row.dispose());
    this.rows.clear();
    Signal.clearData(this);
  }

  private async fetch(): Promise<void> {
    const { about } = this.watch;
    this.askTimer = undefined;
    if (about?.state !== 'ok' || !about.may.read) {
      if (about) {
        this.expected = null;
        this.forgetRuns(this.running);
        this.state = null;
        this.work();
      }
      return;
    }
    const { path } = this;
    const done = new Set(this.done);
    this.isAsking = true;
    try {
      const state = await this.ledgers.api(path).notebook();
      if (!this.isDisposed && path === this.path) {
        this.state = state;
        this.expected = null;
        this.forgetRuns(done);
        this.work();
      }
    } catch {
      // What is shown stays; the watch tells when the connection is back.
    } finally {
      this.isAsking = false;
      if (this.askAgain) {
        this.askAgain = false;
        this.ask();
      }
    }
  }

  private forgetRuns(ids: Iterable<string>): void {
    for (const id of [...ids]) {
      this.done.delete(id);
      this.running.delete(id);
    }
  }

  /** Work out how the cells stand and draw it. */
  private work(): void {
    this.standings = this.state ? standings(this.state, this.live(), this.trans, this.deadSession) : new Map();
    this.draw();
    this._changed.emit();
  }

  /** The code cells with their sources as last written. */
  private live(): ILiveCell[] {
    const live: ILiveCell[] = [];
    for (const model of this.panel.content.model?.cells ?? []) {
      if (model.type === 'code') {
        const source = this.sources.get(model.id) ?? model.sharedModel.getSource();
        this.sources.set(model.id, source);
        live.push({ id: model.id, source });
      }
    }
    return live;
  }

  private get isAlive(): boolean {
    const session = this.state?.session ?? null;
    return session !== null && session !== this.deadSession;
  }

  private draw(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.drawNow());
  }

  private drawNow(): void {
    if (this.isDisposed) {
      return;
    }
    const present = new Set<Cell>(this.panel.content.widgets.filter(cell => this.drawCell(cell)));
    for (const [cell, row] of this.rows) {
      if (!present.has(cell)) {
        row.dispose();
        this.rows.delete(cell);
      }
    }
    this._changed.emit();
  }

  /** Give a cell its row, and tell whether it shall have one. */
  private drawCell(cell: Cell): boolean {
    const standing = this.standings.get(cell.model.id);
    if (this.isDisposed || cell.isDisposed || !(standing ? this.isShown(standing) : this.isExpected(cell))) {
      return false;
    }
    const input = inputOf(cell);
    if (!input) {
      if (!this.awaited.has(cell)) {
        this.awaited.add(cell);
        void cell.ready.then(() => this.drawCell(cell)); // at once, before its height is measured
      }
      return false;
    }
    let row = this.rows.get(cell);
    if (!row) {
      row = new Row(this.trans, () => this.onOpen(this, cell));
      this.rows.set(cell, row);
    }
    const running = this.running.has(cell.model.id);
    row.isRunning = running;
    if (!running || !standing) {
      row.show(standing);
    }
    row.attach(input);
    return true;
  }

  private isExpected(cell: Cell): boolean {
    if (!this._expected || cell.model.type !== 'code') {
      return false;
    }
    const source = cell.model.sharedModel.getSource();
    const ran = (cell.model as ICodeCellModel).executionCount !== null && !startsLedger(source);
    return ran && (this._shown === 'all' || (this._shown === 'tracked' && isTracked(source)));
  }

  private isShown(standing: IStanding): boolean {
    const { state } = standing;
    const marked = standing.stale.length > 0 || standing.outOfOrder !== '' || state.leaks.length > 0;
    switch (this._shown) {
      case 'all':
        return true;
      case 'tracked':
        return marked || state.run.tracked;
      case 'marked':
        return marked;
      default:
        return false;
    }
  }

  private onModelChanged(): void {
    const { model } = this.panel.content;
    if (model && model !== this.model) {
      this.model = model;
      this.sources.clear();
      model.cells.changed.connect(this.onCellsChanged, this);
      model.contentChanged.connect(this.onContentChanged, this);
      this.work();
    }
  }

  private onCellsChanged(): void {
    // A cell that has just been made counts as it is.
    clearTimeout(this.cellsTimer);
    this.cellsTimer = setTimeout(() => this.isDisposed || this.work());
  }

  private onContentChanged(): void {
    const now = Date.now();
    this.unsettledSince ??= now;
    const rest = Math.max(0, this.unsettledSince + SETTLED_AT_LAST - now);
    clearTimeout(this.settleTimer);
    this.settleTimer = setTimeout(() => this.settle(), Math.min(SETTLED_AFTER, rest));
  }

  private settle(): void {
    this.unsettledSince = null;
    let edited = false;
    for (const model of this.panel.content.model?.cells ?? []) {
      if (model.type === 'code') {
        const source = model.sharedModel.getSource();
        edited ||= this.sources.get(model.id) !== source;
        this.sources.set(model.id, source);
      }
    }
    if (edited && !this.isDisposed) {
      this.work();
    }
  }

  private onScheduled(_: unknown, run: { notebook: Notebook; cell: Cell }): void {
    if (run.notebook === this.panel.content && run.cell.model.type === 'code') {
      const { id } = run.cell.model;
      this.running.add(id);
      this.done.delete(id);
      this.sources.set(id, run.cell.model.sharedModel.getSource());
      this.draw();
    }
  }

  private onExecuted(_: unknown, run: { notebook: Notebook; cell: Cell }): void {
    if (run.notebook === this.panel.content && run.cell.model.type === 'code') {
      this.done.add(run.cell.model.id);
      if (this.watch.about && this.watch.about.state !== 'ok') {
        void this.watch.refresh(); // the first run makes the ledger
      }
      this.ask();
    }
  }

  private onPathChanged(): void {
    this.watch.dispose();
    this.watch = this.ledgers.watch(this.path);
    this.watch.changed.connect(this.ask, this);
    this.ask();
  }

  private onKernelChanged(_: unknown, change: { oldValue: { id: string } | null; newValue: { id: string } | null }): void {
    if (change.oldValue && change.oldValue.id !== change.newValue?.id) {
      this.forgetKernel();
    }
  }

  private onStatusChanged(): void {
    const status = this.panel.sessionContext.kernelDisplayStatus;
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead' || status === 'terminating') {
      this.forgetKernel();
    } else if (status === 'idle' && this.running.size > 0) {
      this.ask();
    }
  }

  /** The kernel's memory is gone; the server will say so as well, a little later. */
  private forgetKernel(): void {
    this.forgetRuns(this.running);
    if (this.state?.session && this.state.session !== this.deadSession) {
      this.deadSession = this.state.session;
      this.work();
    }
    this.ask();
  }

  private watch: IWatch;
  private model: Notebook['model'] = null;
  private state: INotebookState | null = null;
  private deadSession: string | null = null;
  private _shown: Shown = 'all';
  private _expected: boolean | null = false;
  private readonly rows = new Map<Cell, Row>();
  private readonly awaited = new WeakSet<Cell>();
  /** Sources as last written: what is being typed is not judged yet. */
  private readonly sources = new Map<string, string>();
  /** Cells that were sent to the kernel, and those of them that are done but not yet known to be by the answer shown. */
  private readonly running = new Set<string>();
  private readonly done = new Set<string>();
  private isAsking = false;
  private askAgain = false;
  private frame = 0;
  private askTimer: ReturnType<typeof setTimeout> | undefined;
  private settleTimer: ReturnType<typeof setTimeout> | undefined;
  private cellsTimer: ReturnType<typeof setTimeout> | undefined;
  private unsettledSince: number | null = null;
  private readonly _changed = new Signal<this, void>(this);
}

/** What holds a cell's input, on the page or not; a placeholder has none yet. */
function inputOf(cell: Cell): HTMLElement | undefined {
  const children = (cell.layout as PanelLayout).widgets;
  return children.find(child => child.hasClass('jp-Cell-inputWrapper'))?.node;
}
