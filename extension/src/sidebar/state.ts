/** What a table of runs remembers over a reload, read with care: it may have been written by another version. */
import type { Scope } from '../api';
import type { IOrder } from './columns';

export interface IState {
  scope: Scope;
  experiment: string;
  filter: string;
  order: IOrder | null;
  /** Keys of the chosen columns; `null` shows what fits. */
  columns: string[] | null;
  widths: Record<string, number>;
  untracked: boolean;
  /** Names over two lines. */
  wrap: boolean;
  selected: string[];
}

export const INITIAL: IState = {
  scope: 'notebook',
  experiment: '',
  filter: '',
  order: null,
  columns: null,
  widths: {},
  untracked: false,
  wrap: false,
  selected: []
};

/** Ids of selected runs that are remembered. */
const MOST_SELECTED = 100;

export function restore(saved: unknown, defaults: Partial<IState> = {}): IState {
  const start = { ...INITIAL, ...defaults };
  if (typeof saved !== 'object' || saved === null) {
    return start;
  }
  const state = saved as Partial<Record<keyof IState, unknown>>;
  const order = state.order as Partial<IOrder> | null | undefined;
  return {
    scope: state.scope === 'notebook' || state.scope === 'experiment' || state.scope === 'ledger' ? state.scope : start.scope,
    experiment: typeof state.experiment === 'string' ? state.experiment : start.experiment,
    filter: typeof state.filter === 'string' ? state.filter : start.filter,
    order:
      order && typeof order.key === 'string' && order.key.includes('.')
        ? { key: order.key, descending: order.descending === true }
        : null,
    columns: isTexts(state.columns) ? state.columns.filter(key => key.includes('.')) : null,
    widths: numbersOf(state.widths),
    untracked: typeof state.untracked === 'boolean' ? state.untracked : start.untracked,
    wrap: state.wrap === true,
    selected: isTexts(state.selected) ? state.selected.slice(0, MOST_SELECTED) : []
  };
}

/** What is written down of a state. */
export function saved(state: IState): IState {
  return { ...state, selected: state.selected.slice(0, MOST_SELECTED) };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

function numbersOf(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) {
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0)
  );
}
