import { describe, expect, it } from 'vitest';

import type { IAliasEvent, IComparison, IPromotion, ITrial } from '../api';
import { type Row, change, rowsByKind, same } from './compared';
import { changes, others } from './describing';
import { heldAt, places, spans } from './held';
import { below } from './notebookfile';
import { upTo } from './pages';
import { failing, moves, sentence, tally } from './promoting';
import { ordered } from './trials';
import { counts, lines } from './unified';

const trans = {
  __: (text: string, ...values: unknown[]) => values.reduce<string>((said, value, place) => said.replaceAll(`%${place + 1}`, String(value)), text),
  _n: (one: string, many: string, count: number, ...values: unknown[]): string => trans.__(count === 1 ? one : many, count, ...values)
} as never;

describe('a unified diff', () => {
  const text = '--- a\n+++ b\n@@ -1,3 +1,3 @@\n same\n-old\n+new\n last\n@@ -10 +10,2 @@ def f\n ten\n+eleven\n\\ No newline at end of file\n';

  it('has its lines numbered on both sides', () => {
    const rows = lines(text);
    expect(rows.map(row => row.kind)).toEqual(['same', 'removed', 'added', 'same', 'gap', 'same', 'added']);
    expect(rows.map(row => [row.before, row.after])).toEqual([[1, 1], [2, null], [null, 2], [3, 3], [null, null], [10, 10], [null, 11]]);
    expect(counts(rows)).toEqual({ added: 2, removed: 1 });
  });

  it('keeps lines that look like file names or markup as they are', () => {
    expect(lines('@@ -1 +1 @@\n--- x\n+<b>y</b>').map(row => row.text)).toEqual(['-- x', '<b>y</b>']);
    expect(lines('')).toEqual([]);
  });
});

describe('an alias in time', () => {
  const event = (alias: string, version: number | null, at: number): IAliasEvent => ({
    model: 'm',
    alias,
    version,
    previous: null,
    at,
    who: '',
    why: '',
    kind: 'moved'
  });
  const events = [event('champion', 2, 30), event('champion', 1, 10), event('champion', null, 50), event('champion', 1, 60), event('b', 1, 20)];

  it('is a span for each version, open where it still holds', () => {
    const own = spans(events).get('champion') ?? [];
    expect(own.map(({ version, from, to }) => [version, from, to])).toEqual([[1, 10, 30], [2, 30, 50], [1, 60, null]]);
    expect(heldAt(own, 9)).toBeUndefined();
    expect(heldAt(own, 30)?.version).toBe(2);
    expect(heldAt(own, 55)).toBeUndefined();
    expect(heldAt(own, 1e9)?.version).toBe(1);
  });

  it('shows even a short span wide enough to be seen, and none beyond the edge', () => {
    const own = spans([event('a', 1, 0), event('a', 2, 1), event('a', 3, 2)]).get('a') ?? [];
    const boxes = places(own, 0, 1_000_000);
    expect(boxes.every(box => box.width >= 3)).toBe(true);
    const end = boxes[2].left + boxes[2].width;
    expect(end).toBeLessThanOrEqual(100.01);
    expect(boxes[1].left).toBeGreaterThanOrEqual(boxes[0].left + boxes[0].width - 0.01);
  });
});

describe('a comparison', () => {
  const row = (more: Partial<Row>): Row => ({
    kind: 'metric',
    name: 'accuracy',
    values: [0.5, 0.75],
    differs: true,
    comparable: [true, true],
    note: '',
    best: 1,
    gains: [],
    ...more
  });
  const whole: IComparison = {
    runs: [],
    judgements: [],
    rows: [row({ kind: 'param', name: 'C', differs: false }), row({}), row({ name: 'f1', differs: false }), row({ kind: 'data', name: 'X' })]
  };

  it('shows what differs and every metric, by kind', () => {
    expect(rowsByKind(whole, false).map(group => [group.kind, group.rows.map(one => one.name)])).toEqual([
      ['metric', ['accuracy', 'f1']],
      ['data', ['X']]
    ]);
    expect(same(whole)).toBe(1);
    expect(rowsByKind(whole, true)).toHaveLength(3);
  });

  it('gives no change where metrics were judged on other data', () => {
    expect(change(row({}), 1)).toBe(0.25);
    expect(change(row({}), 0)).toBeNull();
    expect(change(row({ comparable: [true, false] }), 1)).toBeNull();
    expect(change(row({ values: [0.5, 'NaN'] }), 1)).toBeNull();
    expect(change(row({ kind: 'param' }), 1)).toBeNull();
  });
});

describe('a promotion that was tried', () => {
  const tried: IPromotion = {
    model: 'churn',
    alias: 'champion',
    version: 3,
    from: 2,
    gates: [
      { name: 'accuracy >= 0.9', outcome: 'failed', message: '' },
      { name: 'size', outcome: 'error', message: '' },
      { name: 'no-leakage', outcome: 'passed', message: '' },
      { name: 'approval', outcome: 'waived', message: '' }
    ],
    allowed: false,
    done: false,
    message: '',
    changes: []
  };

  it('says from which version to which the alias moves', () => {
    expect(sentence(tried, trans)).toBe('@champion of churn moves from version 2 to version 3.');
    expect(sentence({ ...tried, from: null }, trans)).toBe('@champion of churn is set to version 3. No version holds it now.');
    expect(sentence({ ...tried, from: 3 }, trans)).toContain('nothing changes');
    expect(sentence({ ...tried, version: null }, trans)).toContain('is taken away from version 2');
    expect(moves({ ...tried, from: 3 })).toBe(false);
  });

  it('counts the gates', () => {
    expect(tally(tried.gates, trans)).toBe('1 gate passed, 2 gates did not pass, 1 gate is waived');
    expect(failing(tried.gates).map(gate => gate.name)).toEqual(['accuracy >= 0.9', 'size']);
    expect(tally([], trans)).toBe('');
  });
});

describe('trials', () => {
  const trial = (number: number, value: ITrial['value'], params: ITrial['params'] = {}): ITrial => ({
    number,
    run: String(number),
    status: 'finished',
    params,
    value,
    metrics: {},
    duration: null,
    reason: '',
    attempts: 1,
    worker: ''
  });
  const all = [trial(0, 0.2, { C: 10 }), trial(1, null), trial(2, 0.9, { C: 9 }), trial(3, 'NaN'), trial(4, 0.9)];

  it('are ordered with those without a value last, whichever way', () => {
    expect(ordered(all, { by: 'value', descending: true }).map(one => one.number)).toEqual([2, 4, 0, 1, 3]);
    expect(ordered(all, { by: 'value', descending: false }).map(one => one.number)).toEqual([0, 2, 4, 1, 3]);
    expect(ordered(all, { by: 'param:C', descending: false }).map(one => one.number)).toEqual([2, 0, 1, 3, 4]);
    expect(ordered(all, { by: 'number', descending: true }).map(one => one.number)).toEqual([4, 3, 2, 1, 0]);
  });
});

describe('a file that the ledger names', () => {
  it('lies beside the ledger, below the root of the server', () => {
    expect(below('project/.nbledger', 'project/sub/a.ipynb', 'b.ipynb')).toBe('project/b.ipynb');
    expect(below('.nbledger', '', 'b.ipynb')).toBe('b.ipynb');
    expect(below('.nbledger', 'sub/a.ipynb', 'above/sub/a.ipynb')).toBe('sub/a.ipynb');
    expect(below(null, 'a.ipynb', 'a.ipynb')).toBe('a.ipynb');
  });
});

describe('a list in pages', () => {
  const all = Array.from({ length: 25 }, (_, place) => place);
  const page = async (offset: number) => ({ total: all.length, offset, items: all.slice(offset, offset + 10) });

  it('is read as far as it is asked for, and always says how long it is', async () => {
    expect(await upTo(page, 10)).toEqual({ items: all.slice(0, 10), total: 25 });
    expect(await upTo(page, 12)).toEqual({ items: all.slice(0, 20), total: 25 });
    expect(await upTo(page, 1000)).toEqual({ items: all, total: 25 });
    expect(await upTo(async () => ({ total: 5, offset: 0, items: [] as number[] }), 10)).toEqual({ items: [], total: 5 });
  });

  it('is read on to the item that is shown, and to its end where there is none such', async () => {
    expect((await upTo(page, 10, one => one === 14)).items).toHaveLength(20);
    expect((await upTo(page, 10, one => one === 3)).items).toHaveLength(10);
    expect((await upTo(page, 10, one => one === 99)).items).toHaveLength(25);
  });
});

describe('what is said of a version', () => {
  const held = { owner: 'risk', description: 'who leaves', stage: 'staging' };

  it('has the stage first, and the description apart', () => {
    expect(others(held)).toEqual([
      ['stage', 'staging'],
      ['owner', 'risk']
    ]);
    expect(others({})).toEqual([]);
  });

  it('is changed by what differs alone; an empty field takes its tag away', () => {
    expect(changes(held, {})).toEqual({});
    expect(changes(held, { owner: ' risk ', stage: 'production' })).toEqual({ stage: 'production' });
    expect(changes(held, { owner: '  ' })).toEqual({ owner: null });
    expect(changes(held, { '': 'a value without a name', absent: '' })).toEqual({});
    expect(changes(held, { note: ' new ' })).toEqual({ note: 'new' });
  });
});
