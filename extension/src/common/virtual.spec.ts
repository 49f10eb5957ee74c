import { describe, expect, it } from 'vitest';
import { moved, passes, windowOf, windowStart } from './virtual';

describe('the window over many rows', () => {
  it('holds all rows in sight, wherever one scrolls to', () => {
    for (const top of [0, 1, 191, 192, 5000, 2_399_000]) {
      const { start, end } = windowOf(windowStart(top, 24), 800, 24, 100_000);
      expect(start * 24).toBeLessThanOrEqual(top);
      expect(Math.min(100_000 * 24, top + 800)).toBeLessThanOrEqual(end * 24);
      expect(end - start).toBeLessThan(90);
    }
  });

  it('ends with the list, also when the list became shorter', () => {
    expect(windowOf(0, 800, 24, 3)).toEqual({ start: 0, end: 3 });
    expect(windowOf(windowStart(2_000_000, 24), 800, 24, 10).end).toBe(10);
    expect(windowOf(0, 800, 24, 0)).toEqual({ start: 0, end: 0 });
  });
});

describe('a scroll', () => {
  const view = { first: 800, height: 720, shift: 0, isPassing: false };

  it('keeps the elements of rows that stay, and takes all of them along in a jump', () => {
    expect(moved(view, 808, 720, 24, false)).toEqual({ ...view, first: 808 });
    expect(moved(view, 848, 720, 24, false)).toEqual({ ...view, first: 848, shift: 48 });
    expect(moved(view, 0, 720, 24, false)).toEqual({ ...view, first: 0, shift: -800 });
  });

  it('draws nothing when nothing moved', () => {
    expect(moved(view, 800, 720, 24, false)).toBe(view);
  });

  it('passes rows by when it jumps more than half a view in each frame, whatever the frames are', () => {
    expect(passes(1333, 16.7, 720)).toBe(true);
    expect(passes(-2666, 33.3, 720)).toBe(true);
    expect(passes(133, 16.7, 720)).toBe(false);
  });

  it('does not pass rows by when it pages by a held key, or jumps once', () => {
    expect(passes(720, 33, 720)).toBe(false);
    expect(passes(2_000_000, 500, 720)).toBe(false);
  });
});
