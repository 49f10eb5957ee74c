import { describe, expect, it } from 'vitest';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ICellState, INotebookState, IRun } from '../api';
import { plan, planAll, standings } from './standing';
import type { ILiveCell } from './standing';
import { badge, clock } from './words';

const fill = (text: string, values: unknown[]): string => text.replace(/%(\d)/g, (_, n) => String(values[n - 1]));
const trans = {
  __: (text: string, ...values: unknown[]) => fill(text, values),
  _n: (one: string, many: string, n: number, ...values: unknown[]) => fill(n === 1 ? one : many, [n, ...values])
} as unknown as TranslationBundle;

const NOW = new Date(2026, 4, 3, 14, 0).getTime() / 1000;

function run(id: string, position: number, more: Partial<IRun> = {}): IRun {
  return {
    id: id.repeat(8),
    kind: 'cell',
    name: '',
    status: 'finished',
    experiment: null,
    notebook: 'a.ipynb',
    cell_id: id,
    position,
    started_at: NOW - 60,
    duration: 1.5,
    parent: null,
    tracked: false,
    error: '',
    params: {},
    metrics: {},
    tags: {},
    ...more
  };
}

function cell(id: string, position: number, needs: Record<string, string[]> = {}, more: Partial<ICellState> = {}): ICellState {
  return {
    cell_id: id,
    run: run(id, position),
    metric: null,
    runs: 1,
    current: true,
    code: `code of ${id}`,
    needs: Object.entries(needs).map(([cell_id, names]) => ({ cell_id, names, files: [] })),
    stale: null,
    out_of_order: null,
    leaks: [],
    ...more
  };
}

const state = (...cells: ICellState[]): INotebookState => ({ notebook: 'a.ipynb', session: 's', cells, to_run: [] });
const live = (...ids: string[]): ILiveCell[] => ids.map(id => ({ id, source: `code of ${id}` }));
const edit = (cells: ILiveCell[], id: string): ILiveCell[] =>
  cells.map(one => (one.id === id ? { id, source: one.source + ' + 1' } : one));

/** load -> split -> fit; plot takes from load as well. */
const four = state(
  cell('load', 1),
  cell('split', 2, { load: ['df'] }),
  cell('fit', 3, { split: ['X', 'y'] }),
  cell('plot', 4, { load: ['df'] })
);
const order = live('load', 'split', 'fit', 'plot');

describe('how a cell stands', () => {
  it('is well when nothing changed', () => {
    const found = standings(four, order, trans);
    expect([...found.values()].every(one => one.stale.length === 0 && one.current && !one.edited)).toBe(true);
  });

  it('is stale when its code was changed, and so is what came from it', () => {
    const found = standings(four, edit(order, 'split'), trans);
    expect(found.get('split')?.stale).toEqual(['its code was changed since it ran']);
    expect(found.get('fit')?.stale).toEqual(['X comes from [2], which is stale', 'y comes from [2], which is stale']);
    expect(found.get('load')?.stale).toEqual([]);
    expect(found.get('plot')?.stale).toEqual([]);
  });

  it('is well again when the edit is taken back', () => {
    expect(standings(four, order, trans).get('fit')?.stale).toEqual([]);
  });

  it('is stale by the data that the server looked at, said once', () => {
    const changed = state(
      cell('load', 1, {}, { stale: { reasons: ['train.csv is another one on the disk today'] } }),
      cell('split', 2, { load: ['df'] }, { stale: { reasons: ['df comes from [1], which is stale'] } })
    );
    const found = standings(changed, live('load', 'split'), trans);
    expect(found.get('load')?.stale).toEqual(['train.csv is another one on the disk today']);
    expect(found.get('split')?.stale).toEqual(['df comes from [1], which is stale']);
  });

  it('is stale when the cell that made its data was deleted', () => {
    const found = standings(four, live('split', 'fit', 'plot'), trans);
    expect(found.get('split')?.stale).toEqual(['df comes from a cell that is no longer in the notebook']);
    expect(found.get('fit')?.stale[0]).toContain('which is stale');
  });

  it('holds wherever the cells stand, but out of order below a cell that needs it', () => {
    const found = standings(four, live('load', 'fit', 'split', 'plot'), trans);
    expect(found.get('fit')?.stale).toEqual([]);
    expect(found.get('fit')?.outOfOrder).toBe('X, y: made by [2], which stands below this cell');
    expect(found.get('plot')?.outOfOrder).toBe('');
  });

  it('is not out of order because of a file, which may have been there before, or an earlier kernel', () => {
    const file = state(cell('read', 1, {}, { needs: [{ cell_id: 'write', names: [], files: ['a.csv'] }] }), cell('write', 2));
    expect(standings(file, live('read', 'write'), trans).get('read')?.outOfOrder).toBe('');
    expect(standings(four, live('fit', 'split'), trans, 's').get('fit')?.outOfOrder).toBe('');
  });

  it('comes to an end where two cells use each other', () => {
    const both = state(cell('a', 1, { b: ['y'] }), cell('b', 2, { a: ['x'] }));
    expect(standings(both, edit(live('a', 'b'), 'a'), trans).get('b')?.stale).toHaveLength(1);
  });

  it('is not in memory once the kernel is another one', () => {
    expect(standings(four, order, trans, 's').get('load')?.current).toBe(false);
    expect(standings({ ...four, session: null }, order, trans).get('load')?.current).toBe(false);
  });

  it('is found by its code where ids were made anew', () => {
    const renamed: ILiveCell[] = order.map(one => ({ id: `new-${one.id}`, source: one.source }));
    const found = standings(four, renamed, trans);
    expect(found.size).toBe(4);
    expect(found.get('new-fit')?.state.needs).toEqual([{ cell_id: 'new-split', names: ['X', 'y'], files: [] }]);
  });

  it('is not guessed for a copy of a recorded cell', () => {
    const copied = [...order, { id: 'copy', source: 'code of load' }];
    expect(standings(four, copied, trans).has('copy')).toBe(false);
  });
});

describe('what a cell needs', () => {
  const of = (target: string, cells = order, from = four): string[] => plan(standings(from, cells, trans), cells, target, false);

  it('is nothing when all is well', () => {
    expect(of('fit')).toEqual([]);
  });

  it('is what is stale and leads to it, in order, and itself; nothing else', () => {
    expect(of('fit', edit(order, 'load'))).toEqual(['load', 'split', 'fit']);
    expect(of('plot', edit(order, 'split'))).toEqual([]);
    expect(of('split', edit(order, 'split'))).toEqual(['split']);
  });

  it('goes by what was used where the notebook stands in another order', () => {
    const upside = live('fit', 'split', 'load');
    expect(of('fit', edit(upside, 'load'))).toEqual(['load', 'split', 'fit']);
  });

  it('is all of it in a new kernel, after the cells that start the recording', () => {
    const cells = [{ id: 'ext', source: '%load_ext nbledger' }, ...order];
    const found = standings(four, cells, trans, 's');
    expect(plan(found, cells, 'fit', true)).toEqual(['ext', 'load', 'split', 'fit']);
  });

  it('includes a cell that failed', () => {
    const failed = state(cell('load', 1, {}, { run: run('load', 1, { status: 'failed' }) }), cell('split', 2, { load: ['df'] }));
    expect(of('split', live('load', 'split'), failed)).toEqual(['load', 'split']);
  });

  it('is what stands above, for a cell that never ran', () => {
    const cells = edit([...live('load', 'split', 'fit'), { id: 'new', source: 'n' }, ...live('plot')], 'split');
    expect(of('new', cells)).toEqual(['split', 'fit', 'new']);
  });

  it('of the whole notebook is every stale cell once', () => {
    const cells = edit(order, 'load');
    expect(planAll(standings(four, cells, trans), cells, false)).toEqual(['load', 'split', 'fit', 'plot']);
  });
});

describe('a badge', () => {
  const said = (one: ICellState): ReturnType<typeof badge> =>
    badge(standings(state(one), live(one.cell_id), trans).get(one.cell_id)!, trans, NOW, 'en-GB');

  it('says run, metric, change and time of a tracked cell', () => {
    const tracked = cell('fit', 3, {}, {
      run: run('fit', 3, { tracked: true, name: 'baseline' }),
      metric: { name: 'accuracy', value: 0.9125, change: 0.0123, lower_is_better: false, comparable: true }
    });
    const found = said(tracked);
    expect([found.run, found.metric?.value, found.metric?.change, found.took]).toEqual(['baseline', '0.9125', '+0.0123', '1.5 s']);
    expect(found.metric?.tendency).toBe('better');
    expect(found.spoken).toContain('Run baseline, accuracy 0.9125 +0.0123, 1.5 s');
  });

  it('says no change where the two runs were not judged on the same data', () => {
    const metric = { name: 'rmse', value: 2, change: -1, lower_is_better: true, comparable: false };
    expect(said(cell('fit', 3, {}, { metric })).metric).toMatchObject({ change: '', tendency: '' });
    expect(said(cell('fit', 3, {}, { metric: { ...metric, comparable: true } })).metric?.tendency).toBe('better');
  });

  it('puts the gravest mark first', () => {
    const bad = cell('fit', 3, { late: ['c'] }, {
      run: run('fit', 3, { status: 'failed', error: 'ValueError: no\nmore' }),
      stale: { reasons: ['a', 'b'] },
      leaks: [{ kind: 'overlap', message: 'd', remedy: '' }]
    });
    const found = standings(state(bad, cell('late', 2)), live('fit', 'late'), trans).get('fit')!;
    expect(badge(found, trans, NOW, 'en-GB').marks.map(mark => [mark.kind, mark.reason])).toEqual([
      ['failed', 'ValueError: no'],
      ['leak', 'd'],
      ['stale', 'a; b'],
      ['order', 'c: made by [2], which stands below this cell']
    ]);
  });

  it('says the time of day of today, and the day of another one', () => {
    expect(clock(NOW - 60, NOW, 'en-GB')).toBe('13:59');
    expect(clock(NOW - 3 * 86400, NOW, 'en-GB')).toBe('30 Apr');
    expect(clock(NOW - 400 * 86400, NOW, 'en-GB')).toContain('2025');
  });
});
