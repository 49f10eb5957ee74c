/** Trials of a sweep in an order that one chooses; those without a value come last either way. */
import type { ITrial, Scalar } from '../api';

/** `by` is `number`, `status`, `value`, `duration` or `param:NAME`. */
export interface Order {
  by: string;
  descending: boolean;
}

export function ordered(trials: readonly ITrial[], order: Order): ITrial[] {
  const way = order.descending ? -1 : 1;
  return [...trials].sort((one, other) => {
    const [a, b] = [key(one, order.by), key(other, order.by)];
    const [hasA, hasB] = [isThere(a), isThere(b)];
    if (!hasA || !hasB) {
      return Number(hasB) - Number(hasA) || one.number - other.number;
    }
    return way * compare(a, b) || one.number - other.number;
  });
}

function key(trial: ITrial, by: string): Scalar | undefined {
  if (by.startsWith('param:')) {
    return trial.params[by.slice('param:'.length)];
  }
  return by === 'status' ? trial.status : by === 'value' ? trial.value : by === 'duration' ? trial.duration : trial.number;
}

function isThere(value: Scalar | undefined): value is Exclude<Scalar, null> {
  return value !== null && value !== undefined && value !== 'NaN';
}

function compare(a: Scalar | undefined, b: Scalar | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
