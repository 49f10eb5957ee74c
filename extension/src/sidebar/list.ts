/**
 * A list of runs that the server holds, read page by page as far as it is looked at.
 *
 * A new query keeps the old rows in sight until its first page is there. When the ledger changed, the pages in sight are
 * read anew and put in place together; when new runs stand above them, `shift` says by how many rows they moved.
 */
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { IPage, IRun, IRunsQuery } from '../api';
import { asFailure } from '../common/watch';
import type { IFailure } from '../common/watch';

export const PAGE = 100;
/** Pages that are kept; those looked at longest ago go first. */
const KEPT = 60;
/** Requests at a time. */
const AT_ONCE = 2;
/** Milliseconds between two readings of what is in sight, however fast the ledger grows. */
const PACE = 700;

export interface IListChange {
  /** Rows that came above those that were in sight. */
  shift: number;
  /** Another query: back to the top. */
  reset: boolean;
}

export class RunList {
  constructor(private readonly fetch: (query: IRunsQuery) => Promise<IPage<IRun>>) {}

  /** `null` until the first answer. */
  total: number | null = null;
  error: IFailure | null = null;
  /** Whether the rows are still those of the query before. */
  isOld = false;

  get changed(): ISignal<RunList, IListChange> {
    return this._changed;
  }

  run(index: number): IRun | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** All runs that are in memory. */
  *known(): IterableIterator<IRun> {
    for (const page of this.pages.values()) {
      yield* page;
    }
  }

  /** Where a run stands, as far as that is known; -1 otherwise. */
  indexOf(id: string): number {
    for (const [page, runs] of this.pages) {
      const found = runs.findIndex(run => run.id === id);
      if (found >= 0) {
        return page * PAGE + found;
      }
    }
    return -1;
  }

  /** Read another list; `place` names the ledger or notebook that it is of. */
  query(query: IRunsQuery, place = ''): void {
    const key = JSON.stringify([place, query]);
    if (key === this.key && !this.error) {
      return;
    }
    this.key = key;
    this.current = query;
    this.generation += 1;
    this.error = null;
    this.isOld = this.total !== null;
    this.wanted = [0];
    this.busy.clear();
    this.start = 0;
    this.end = PAGE;
    this._changed.emit({ shift: 0, reset: false });
    void this.firstPage();
  }

  /** Rows that are in sight: whatever of them is missing is read. */
  need(start: number, end: number): void {
    this.start = start;
    this.end = end;
    if (this.total === null || this.isOld) {
      return;
    }
    this.wanted = pagesOf(start, Math.min(end, this.total)).filter(page => !this.pages.has(page));
    this.fill();
  }

  /** Read what is in sight anew, because the ledger changed. */
  refresh(): void {
    if (!this.current || this.timer !== null) {
      this.again = true;
      return;
    }
    this.again = false;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.again) {
        this.refresh();
      }
    }, PACE);
    void this.reread();
  }

  dispose(): void {
    this.generation += 1;
    if (this.timer !== null) {
      clearTimeout(this.timer);
    }
    Signal.clearData(this);
  }

  private async firstPage(): Promise<void> {
    const generation = this.generation;
    try {
      const page = await this.ask(0);
      if (generation === this.generation) {
        this.pages.clear();
        this.pages.set(0, page.items);
        this.total = page.total;
        this.isOld = false;
        this._changed.emit({ shift: 0, reset: true });
      }
    } catch (error) {
      this.fail(generation, error);
    }
  }

  private async reread(): Promise<void> {
    this.error = null;
    if (this.total === null || this.isOld) {
      this.generation += 1;
      return this.firstPage();
    }
    const generation = this.generation;
    const numbers = pagesOf(this.start, Math.max(Math.min(this.end, this.total), 1));
    try {
      const answers = await Promise.all(numbers.map(number => this.ask(number)));
      if (generation !== this.generation) {
        return;
      }
      const isNewestFirst = !this.current?.order_by || this.current.order_by === 'started_at desc';
      const shift = isNewestFirst ? Math.max(0, answers[0].total - this.total) : 0;
      this.generation += 1; // what is still under way belongs to the old rows
      this.busy.clear();
      this.pages.clear();
      numbers.forEach((number, index) => this.pages.set(number, answers[index].items));
      this.total = answers[0].total;
      this._changed.emit({ shift, reset: false });
    } catch (error) {
      this.fail(generation, error);
    }
  }

  private fill(): void {
    while (this.busy.size < AT_ONCE && this.wanted.length > 0) {
      const number = this.wanted.shift() as number;
      if (!this.busy.has(number)) {
        void this.load(number);
      }
    }
  }

  private async load(number: number): Promise<void> {
    const generation = this.generation;
    this.busy.add(number);
    try {
      const page = await this.ask(number);
      if (generation === this.generation) {
        this.keep(number, page.items);
        this.total = page.total;
        this._changed.emit({ shift: 0, reset: false });
      }
    } catch (error) {
      this.fail(generation, error);
    }
    if (generation === this.generation) {
      this.busy.delete(number);
      this.fill();
    }
  }

  private keep(number: number, items: IRun[]): void {
    this.pages.set(number, items);
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= KEPT) {
        break;
      }
      if (!pagesOf(this.start, this.end).includes(oldest)) {
        this.pages.delete(oldest);
      }
    }
  }

  private fail(generation: number, error: unknown): void {
    if (generation === this.generation) {
      this.error = asFailure(error);
      this.wanted = [];
      this._changed.emit({ shift: 0, reset: false });
    }
  }

  private ask(number: number): Promise<IPage<IRun>> {
    return this.fetch({ ...(this.current as IRunsQuery), offset: number * PAGE, limit: PAGE });
  }

  private current: IRunsQuery | null = null;
  private key = '';
  private generation = 0;
  private pages = new Map<number, IRun[]>();
  private readonly busy = new Set<number>();
  private wanted: number[] = [];
  private start = 0;
  private end = PAGE;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private again = false;
  private readonly _changed = new Signal<this, IListChange>(this);
}

function pagesOf(start: number, end: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(start / PAGE); page * PAGE < end; page++) {
    pages.push(page);
  }
  return pages;
}
