import { describe, expect, it } from 'vitest';
import { automatic, column, nextOrder, orderBy, reference } from './columns';

const known = { metrics: ['accuracy', 'f1'], params: ['model', 'max_depth'], tags: ['team'], attributes: [] };
const keys = (width: number): string[] => automatic(known, width).map(({ key }) => key);

describe('columns that nobody chose', () => {
  it('are the first metric alone in a narrow sidebar, and more as far as they fit', () => {
    expect(keys(240)).toEqual(['metrics.accuracy']);
    expect(keys(340)).toEqual(['metrics.accuracy', 'attributes.started_at']);
    expect(keys(1400)).toEqual([
      'metrics.accuracy',
      'metrics.f1',
      'attributes.duration',
      'params.model',
      'params.max_depth',
      'attributes.started_at'
    ]);
  });

  it('never need more room than there is', () => {
    for (let width = 260; width < 1600; width += 10) {
      const all = automatic(known, width).reduce((sum, item) => sum + item.width, 132 + 22);
      expect(all).toBeLessThanOrEqual(width);
    }
  });

  it('are the time alone where there is no metric', () => {
    expect(automatic({ ...known, metrics: [], params: [] }, 240).map(({ key }) => key)).toEqual(['attributes.started_at']);
  });
});

describe('the order', () => {
  it('is the newest first until a header is clicked', () => {
    expect(orderBy(null)).toBe('started_at desc');
    expect(orderBy({ key: 'metrics.f1', descending: true })).toBe('metrics.f1 desc');
    expect(orderBy({ key: 'attributes.name', descending: false })).toBe('name asc');
  });

  it('turns with each click and then ends', () => {
    const first = nextOrder(null, 'metrics.f1');
    const second = nextOrder(first, 'metrics.f1');
    expect([first, second, nextOrder(second, 'metrics.f1')]).toEqual([
      { key: 'metrics.f1', descending: true },
      { key: 'metrics.f1', descending: false },
      null
    ]);
    expect(nextOrder(first, 'attributes.name')).toEqual({ key: 'attributes.name', descending: false });
  });

  it('quotes odd names', () => {
    expect(reference('params', 'max "depth"')).toBe('params."max ""depth"""');
    expect(reference('metrics', 'val/f1.macro')).toBe('metrics.val/f1.macro');
    expect(column('params.a.b').name).toBe('a.b');
  });
});
