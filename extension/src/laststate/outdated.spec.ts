import { describe, expect, it } from 'vitest';
import { IOutputs, isFirst, outdated } from './outdated';

function outputs(...all: { data: unknown; metadata: unknown }[]): IOutputs {
  return { length: all.length, get: at => all[at] };
}

const now = { 'text/html': '<p>now</p>', 'text/plain': 'now' };
const before = { 'text/html': '<p>before</p>', 'text/plain': 'before' };
const mine = { nbledger: { display_id: 'v1' } };

describe('a static form that has fallen behind', () => {
  it('is an output with the display id and other data', () => {
    const all = outputs(
      { data: before, metadata: {} },
      { data: before, metadata: mine },
      { data: { ...now }, metadata: mine },
      { data: before, metadata: { nbledger: { display_id: 'v2' } } },
      { data: before, metadata: null }
    );
    expect(outdated(all, 'v1', now)).toEqual([1]);
    expect(outdated(outputs(), 'v1', now)).toEqual([]);
  });

  it('is written by one of the pages that share a notebook', () => {
    expect(isFirst(3, [7, 3, 5])).toBe(true);
    expect(isFirst(5, [7, 3, 5])).toBe(false);
    expect(isFirst(5, [])).toBe(true);
  });
});
