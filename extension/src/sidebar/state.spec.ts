import { expect, it } from 'vitest';
import { INITIAL, restore, saved } from './state';
import { readSettings } from './settings';
import { cutMiddle } from './middle';

it('a state comes back as it was saved', () => {
  const state = {
    ...INITIAL,
    scope: 'experiment' as const,
    experiment: 'churn',
    filter: 'metrics.f1 > 0.9',
    order: { key: 'metrics.f1', descending: true },
    columns: ['metrics.f1', 'params.model'],
    widths: { name: 200 },
    untracked: true,
    wrap: true,
    selected: ['a', 'b']
  };
  expect(restore(JSON.parse(JSON.stringify(saved(state))))).toEqual(state);
});

it('a state that somebody else wrote does no harm', () => {
  for (const odd of [null, 7, 'x', [], { scope: 'universe', order: { key: 3 }, columns: [1], widths: 'wide', selected: {} }]) {
    expect(restore(odd)).toEqual(INITIAL);
  }
  expect(restore({ columns: ['nonsense', 'params.a'] }).columns).toEqual(['params.a']);
  expect(restore(undefined, { scope: 'ledger' }).scope).toBe('ledger');
});

it('settings that somebody else wrote do no harm', () => {
  expect(readSettings({ scope: 1, columns: ['x', 'params.a', 3], savedFilters: [{ name: 'a' }, { name: 'b', filter: 'c' }] })).toEqual({
    scope: 'notebook',
    untracked: false,
    columns: ['params.a'],
    savedFilters: [{ name: 'b', filter: 'c' }],
    statusBar: true
  });
});

it('a long name keeps its beginning and its end', () => {
  const measure = (text: string): number => [...text].length;
  expect(cutMiddle('train', 5, measure)).toBe('train');
  expect(cutMiddle('train_with_all_features_7', 12, measure)).toBe('train_w…es_7');
  expect(cutMiddle('🙂🙂🙂🙂🙂🙂', 4, measure)).toBe('🙂🙂…🙂');
  expect(cutMiddle('abc', 0, measure)).toBe('…');
});
