/** The columns that a table of runs can have: how each is named, sorted and read from a run. */
import type { IColumns, IRun, Scalar } from '../api';

export type ColumnKind = 'attributes' | 'metrics' | 'params' | 'tags';

export interface IColumn {
  /** `metrics.accuracy`: what is remembered, and what the filter language calls it when the name is a plain word. */
  key: string;
  kind: ColumnKind;
  name: string;
  /** Pixels. */
  width: number;
}

/** Attributes that make sense as a column beside the name. */
export const ATTRIBUTES = ['started_at', 'duration', 'status', 'kind', 'experiment', 'notebook', 'position'];

const WIDTHS: Record<string, number> = { started_at: 84, duration: 92, status: 84, kind: 72, position: 60 };
export const NARROWEST = 44;
export const NAME_WIDTH = 132;
export const CHECK_WIDTH = 22;

export function column(key: string): IColumn {
  const dot = key.indexOf('.');
  const kind = key.slice(0, dot) as ColumnKind;
  const name = key.slice(dot + 1);
  // Room for the name and the arrow, and for numbers of four digits.
  const width = Math.max(76, Math.min(150, Math.round(name.length * 7.6) + 28));
  return { key, kind, name, width: (kind === 'attributes' && WIDTHS[name]) || width };
}

/** The value of a run in a column. */
export function valueOf(run: IRun, { kind, name }: IColumn): Scalar | undefined {
  switch (kind) {
    case 'metrics':
      return run.metrics[name];
    case 'params':
      return run.params[name];
    case 'tags':
      return run.tags[name];
    default:
      return (run as unknown as Record<string, Scalar>)[name];
  }
}

/** A column as the filter and the order name it; odd names are quoted. */
export function reference(kind: ColumnKind, name: string): string {
  if (kind === 'attributes') {
    return name;
  }
  return `${kind}.${/^[A-Za-z_][\w/-]*(\.[A-Za-z_][\w/-]*)*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`}`;
}

/**
 * The columns when nobody chose any: the first metric; then, as far as the width goes, the time, more metrics, the
 * duration and params.
 */
export function automatic(known: IColumns, width: number): IColumn[] {
  const [first, ...metrics] = known.metrics.map(name => column(`metrics.${name}`));
  const started = column('attributes.started_at');
  const chosen = first ? [first] : [];
  // In a wide table the names have a quarter of it, so that they can be read.
  const name = Math.max(NAME_WIDTH, Math.min(320, width / 4));
  let room = width - name - CHECK_WIDTH - (first?.width ?? 0) - started.width;
  if (room < 0) {
    return first ? chosen : [started];
  }
  const further = [...metrics.slice(0, 5), column('attributes.duration'), ...known.params.map(name => column(`params.${name}`))];
  const added: IColumn[] = [];
  for (const next of further) {
    if (next.width > room || added.length >= 12) {
      break;
    }
    room -= next.width;
    added.push(next);
  }
  const isMetric = (item: IColumn): boolean => item.kind === 'metrics';
  return [...chosen, ...added.filter(isMetric), ...added.filter(item => !isMetric(item)), started];
}

export interface IOrder {
  key: string;
  descending: boolean;
}

/** The text for `order_by`: the newest first when nothing else was asked for. */
export function orderBy(order: IOrder | null): string {
  if (!order) {
    return 'started_at desc';
  }
  const { kind, name } = column(order.key);
  return `${reference(kind, name)} ${order.descending ? 'desc' : 'asc'}`;
}

/** The order after a click on a header: for numbers and times largest first, for text A to Z; then the other way; then none. */
export function nextOrder(order: IOrder | null, key: string): IOrder | null {
  const first = !['attributes.name', 'attributes.experiment', 'attributes.notebook', 'attributes.kind'].includes(key);
  if (order?.key !== key) {
    return { key, descending: first };
  }
  return order.descending === first ? { key, descending: !first } : null;
}
