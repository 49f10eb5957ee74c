import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IPage, IRun, IRunsQuery } from '../api';
import { PAGE, RunList } from './list';
import type { IListChange } from './list';

/** A server with so many runs, the newest first; asks are kept. */
class Server {
  constructor(public count: number) {}
  asked: IRunsQuery[] = [];
  error: unknown = null;
  runs = async (query: IRunsQuery): Promise<IPage<IRun>> => {
    this.asked.push(query);
    if (this.error) {
      throw this.error;
    }
    const offset = query.offset ?? 0;
    const length = Math.max(0, Math.min(query.limit ?? 100, this.count - offset));
    const items = Array.from({ length }, (_, index) => ({ id: `run ${this.count - offset - index}` }) as IRun);
    return { total: this.count, offset, items };
  };
}

const pass = (milliseconds = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const ALL: IRunsQuery = { scope: 'ledger', order_by: 'started_at desc' };

describe('a list of runs', () => {
  let server: Server;
  let list: RunList;
  let changes: IListChange[];
  beforeEach(() => {
    vi.useFakeTimers();
    server = new Server(100_000);
    list = new RunList(server.runs);
    changes = [];
    list.changed.connect((_, change) => changes.push(change));
  });
  afterEach(() => {
    list.dispose();
    vi.useRealTimers();
  });

  it('reads only what is looked at', async () => {
    list.query(ALL);
    await pass();
    list.need(50_000, 50_080);
    await pass();
    expect(list.total).toBe(100_000);
    expect(list.run(50_000)?.id).toBe('run 50000');
    expect(list.run(300)).toBeUndefined();
    expect(server.asked.map(({ offset }) => offset)).toEqual([0, 500 * PAGE]);
  });

  it('skips what was scrolled past', async () => {
    list.query(ALL);
    await pass();
    for (let row = 0; row < 99_000; row += 500) {
      list.need(row, row + 80);
    }
    await pass();
    expect(server.asked.length).toBeLessThan(8);
    expect(list.run(98_500)).toBeDefined();
  });

  it('forgets pages that nobody looks at any more', async () => {
    list.query(ALL);
    for (let row = 0; row < 90_000; row += PAGE) {
      list.need(row, row + 80);
      await pass();
    }
    expect([...list.known()].length).toBeLessThanOrEqual(62 * PAGE);
  });

  it('keeps the old rows until the new query is answered', async () => {
    list.query(ALL);
    await pass();
    server.count = 3;
    list.query({ ...ALL, filter: 'metrics.f1 > 1' });
    expect([list.isOld, list.run(0)?.id]).toEqual([true, 'run 100000']);
    await pass();
    expect([list.isOld, list.total, list.run(0)?.id]).toEqual([false, 3, 'run 3']);
    expect(changes.at(-1)).toEqual({ shift: 0, reset: true });
  });

  it('asks nothing again for the same query', async () => {
    list.query(ALL);
    await pass();
    list.query({ ...ALL });
    await pass();
    expect(server.asked.length).toBe(1);
  });

  it('tells by how much rows move when runs are added above them', async () => {
    list.query(ALL);
    await pass();
    list.need(5_000, 5_080);
    await pass();
    server.count += 7;
    list.refresh();
    await pass();
    expect(changes.at(-1)).toEqual({ shift: 7, reset: false });
    expect(list.run(5_007)?.id).toBe('run 95000');
  });

  it('does not shift an order in which new runs may stand anywhere', async () => {
    list.query({ ...ALL, order_by: 'metrics.f1 desc' });
    await pass();
    server.count += 1;
    list.refresh();
    await pass();
    expect(changes.at(-1)).toEqual({ shift: 0, reset: false });
  });

  it('reads at a pace of its own while the ledger grows fast', async () => {
    list.query(ALL);
    await pass();
    for (let turn = 0; turn < 100; turn++) {
      server.count += 1;
      list.refresh();
      await pass(20);
    }
    await pass(2000);
    expect(server.asked.length).toBeLessThan(7);
    expect(list.total).toBe(100_100);
  });

  it('keeps its rows when the connection is lost, and is whole again afterwards', async () => {
    list.query(ALL);
    await pass();
    server.error = Object.assign(new Error('lost'), { status: 0, remedy: '' });
    list.refresh();
    await pass(1000);
    expect([list.error?.status, list.run(0)?.id]).toEqual([0, 'run 100000']);
    server.error = null;
    list.refresh();
    await pass();
    expect(list.error).toBeNull();
    expect(changes.every(({ reset }, index) => !reset || index < 3)).toBe(true);
  });

  it('drops an answer that comes after another question', async () => {
    let release: (page: IPage<IRun>) => void = () => undefined;
    const late = new RunList(query =>
      query.filter ? new Promise(resolve => (release = resolve)) : Promise.resolve({ total: 1, offset: 0, items: [{ id: 'right' } as IRun] })
    );
    late.query({ ...ALL, filter: 'slow' });
    late.query(ALL);
    await pass();
    release({ total: 9, offset: 0, items: [] });
    await pass();
    expect([late.total, late.run(0)?.id]).toEqual([1, 'right']);
  });
});
