/** A comparison of runs as the rows that its table shows. */
import type { IComparison } from '../api';

export type Row = IComparison['rows'][number];
export const KINDS: Row['kind'][] = ['metric', 'param', 'data', 'attribute'];

/** The rows of each kind in the order metrics, params, data, the rest; only those that differ unless `all`. */
export function rowsByKind(comparison: IComparison, all: boolean): { kind: Row['kind']; rows: Row[] }[] {
  return KINDS.map(kind => ({
    kind,
    rows: comparison.rows.filter(row => row.kind === kind && (all || row.differs || kind === 'metric'))
  })).filter(({ rows }) => rows.length > 0);
}

/** How many rows are the same for all runs and so not shown. */
export function same(comparison: IComparison): number {
  return comparison.rows.filter(row => !row.differs && row.kind !== 'metric').length;
}

/** Change of a metric against the first run's; `null` where they may not be compared or are no numbers. */
export function change(row: Row, place: number): number | null {
  const [first, own] = [row.values[0], row.values[place]];
  if (place === 0 || row.kind !== 'metric' || !row.comparable[place]) {
    return null;
  }
  return typeof first === 'number' && typeof own === 'number' ? own - first : null;
}
