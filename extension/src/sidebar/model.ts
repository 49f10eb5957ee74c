/** What a table of runs shows: of which ledger, in which scope, how filtered and sorted, and what is selected. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { Api, IColumns, IPage, IRun, IRunsQuery, Scope } from '../api';
import type { Change, IWatch } from '../common/watch';
import { orderBy, valueOf, column } from './columns';
import { asFilter } from './filter';
import { RunList } from './list';
import { restore, saved } from './state';
import type { IState } from './state';

/** Milliseconds between two questions for the names of params and metrics, however fast the ledger grows. */
const COLUMNS_PACE = 4000;

/** Problems that are the ledger's as a whole. */
const STATES = ['no-ledger', 'older-ledger', 'newer-ledger', 'locked', 'corrupt', 'unavailable', 'unreadable'];

/** What the table needs of `ILedgerClient`. */
export interface ILedgers {
  api(path: string): Pick<Api, 'runs' | 'columns' | 'experiments'>;
  watch(path: string): IWatch;
}

export interface IPlace {
  path: string;
  isNotebook: boolean;
}

export class RunsModel implements IDisposable {
  constructor(
    private readonly ledgers: ILedgers,
    place: IPlace,
    state: IState = restore(null),
    private readonly save: (state: IState) => void = () => undefined
  ) {
    this._state = state;
    this._place = place;
    this.list = new RunList(query => this.ledgers.api(this._place.path).runs(query));
    this.list.changed.connect((list, { reset }) => {
      if (reset) {
        this.rank();
      }
      if (list.error?.kind && STATES.includes(list.error.kind)) {
        void this.watch.refresh(); // the ledger is not sound any more: the watch says what is the matter
      }
    });
    this.watch = this.look(place);
  }

  readonly list: RunList;
  watch: IWatch;
  columns: IColumns = { params: [], metrics: [], tags: [], attributes: [] };
  isDisposed = false;

  /** Anything but the rows, which have their own signal. */
  get changed(): ISignal<RunsModel, void> {
    return this._changed;
  }

  get state(): IState {
    return this._state;
  }

  get place(): IPlace {
    return this._place;
  }

  /** The scope that is possible here: without a notebook it is the whole ledger. */
  get scope(): Scope {
    const { scope } = this._state;
    if (scope === 'notebook' && !this._place.isNotebook) {
      return 'ledger';
    }
    return scope === 'experiment' && this.experiments.length === 0 ? 'ledger' : scope;
  }

  get experiments(): string[] {
    return this.watch.about?.experiments ?? [];
  }

  /** How many experiments there are in all; `findExperiments` has those that `experiments` does not tell. */
  get experimentCount(): number {
    return this.watch.about?.experiment_count ?? 0;
  }

  findExperiments(text: string): Promise<IPage<string>> {
    return this.ledgers.api(this._place.path).experiments(text);
  }

  /** The experiment that was chosen, or the one that has the notebook's name. */
  get experiment(): string {
    const { experiment } = this._state;
    const areMore = this.experimentCount > this.experiments.length;
    if (this.experiments.includes(experiment) || (areMore && experiment)) {
      return experiment;
    }
    const stem = (this._place.path.split('/').pop() ?? '').replace(/\.ipynb$/, '');
    return this.experiments.includes(stem) ? stem : (this.experiments[0] ?? '');
  }

  update(patch: Partial<IState>): void {
    if (patch.filter && !this._state.filter) {
      this.before = [...this.list.known()]; // a filter that is half typed fits nothing, and its values are to be found
    }
    this._state = { ...this._state, ...patch };
    this.save(saved(this._state));
    this.sync();
    this._changed.emit();
  }

  /** Look at another notebook or folder. */
  moveTo(place: IPlace): void {
    if (place.path === this._place.path && place.isNotebook === this._place.isNotebook) {
      return;
    }
    this._place = place;
    this.before = [];
    this.watch.dispose();
    this.watch = this.look(place);
    this._changed.emit();
  }

  select(selected: string[]): void {
    this.update({ selected });
  }

  toggle(id: string): void {
    const { selected } = this._state;
    this.select(selected.includes(id) ? selected.filter(other => other !== id) : [...selected, id]);
  }

  /** Values of a column among the runs in memory and those that were before there was a filter, most frequent first. */
  values(key: string): (string | number | boolean)[] {
    if (key === 'attributes.experiment') {
      return this.experiments;
    }
    const counted = new Map<string | number | boolean, number>();
    const runs = [...(this._state.filter ? this.before : []), ...this.list.known()];
    for (const run of new Map(runs.map(run => [run.id, run])).values()) {
      const value = valueOf(run, column(key));
      if (value !== null && value !== undefined) {
        counted.set(value, (counted.get(value) ?? 0) + 1);
      }
    }
    return [...counted].sort((a, b) => b[1] - a[1]).map(([value]) => value);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      if (this.timer !== null) {
        clearTimeout(this.timer);
      }
      this.watch.dispose();
      this.list.dispose();
      Signal.clearData(this);
    }
  }

  private look(place: IPlace): IWatch {
    const watch = this.ledgers.watch(place.path);
    watch.changed.connect((_, change) => this.onChange(watch, change));
    return watch;
  }

  private onChange(watch: IWatch, change: Change): void {
    if (watch !== this.watch || this.isDisposed) {
      return;
    }
    this.sync();
    if (change === 'data' && watch.about?.state === 'ok') {
      this.list.refresh();
      this.readColumns(false);
    }
    this._changed.emit();
  }

  /** Ask for what is to be shown now, unless that is what is shown. */
  private sync(): void {
    const { about } = this.watch;
    if (about?.state !== 'ok' || !about.may.read) {
      return;
    }
    const { scope, experiment } = this;
    const query: IRunsQuery = { scope, order_by: orderBy(this._state.order) };
    if (scope === 'experiment') {
      query.experiment = experiment;
    }
    const filter = asFilter(this._state.filter);
    if (filter) {
      query.filter = filter;
    }
    if (this._state.untracked) {
      query.untracked = true;
    }
    const place = scope === 'notebook' ? this._place.path : String(about.id);
    this.list.query(query, place);
    const of = JSON.stringify([place, scope, query.experiment]);
    if (of !== this.columnsOf) {
      this.columnsOf = of;
      this.readColumns(true);
    }
  }

  /** Put the metrics and params that most of the runs in memory have first: what one compares by. */
  private rank(): void {
    const of = `${this.columnsOf}\n${this.columnsRead}`;
    if (of === this.rankedOf || !this.list.total || this.list.isOld) {
      return; // once, so that the columns stay where they are while one filters
    }
    this.rankedOf = of;
    const counted = new Map<string, number>();
    for (const run of this.list.known()) {
      for (const name of [...Object.keys(run.metrics), ...Object.keys(run.params)]) {
        counted.set(name, (counted.get(name) ?? 0) + 1);
      }
    }
    const ranked = (names: string[]): string[] =>
      names
        .map((name, index) => ({ name, index, count: counted.get(name) ?? 0 }))
        .sort((a, b) => b.count - a.count || a.index - b.index)
        .map(({ name }) => name);
    this.columns = { ...this.columns, metrics: ranked(this.columns.metrics), params: ranked(this.columns.params) };
  }

  private readColumns(isNow: boolean): void {
    const now = Date.now();
    if (!isNow && now - this.columnsAt < COLUMNS_PACE) {
      if (this.timer === null) {
        this.timer = setTimeout(() => {
          this.timer = null;
          this.readColumns(true);
        }, COLUMNS_PACE);
      }
      return;
    }
    if (this.isDisposed) {
      return;
    }
    this.columnsAt = now;
    const of = this.columnsOf;
    const query = this.scope === 'experiment' ? { scope: this.scope, experiment: this.experiment } : { scope: this.scope };
    this.ledgers
      .api(this._place.path)
      .columns(query)
      .then(
        columns => {
          if (of === this.columnsOf && !this.isDisposed && JSON.stringify(columns) !== this.columnsRead) {
            this.columnsRead = JSON.stringify(columns);
            this.columns = columns;
            this.rank();
            this._changed.emit();
          }
        },
        () => undefined // the list says what is wrong; without the names there are only fewer columns to choose from
      );
    if (this.list.total !== null) {
      void this.watch.refresh(); // there may be another experiment
    }
  }

  private _state: IState;
  private _place: IPlace;
  private before: IRun[] = [];
  private columnsOf = '';
  private columnsRead = '';
  private rankedOf = '';
  private columnsAt = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
