import { describe, expect, it } from 'vitest';
import { windowOf, windowStart } from './virtual';

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
